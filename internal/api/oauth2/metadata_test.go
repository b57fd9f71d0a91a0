package oauth2_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"usher/internal/apptest"
)

// texts reads a list of texts of an answer.
func texts(v any) []string {
	var out []string
	list, _ := v.([]any)
	for _, e := range list {
		out = append(out, e.(string))
	}
	return out
}

func TestMetadata(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		c := app.Anonymous()
		for path, want := range map[string]struct {
			issuer, token string
			openID        bool
		}{
			"/.well-known/oauth-authorization-server":                {"https://id.example.com", "https://id.example.com/oauth2/v1/token", false},
			"/.well-known/openid-configuration":                      {"https://id.example.com", "https://id.example.com/oauth2/v1/token", true},
			"/oauth2/default/.well-known/oauth-authorization-server": {"https://id.example.com/oauth2/default", "https://id.example.com/oauth2/default/v1/token", false},
			"/oauth2/default/.well-known/openid-configuration":       {"https://id.example.com/oauth2/default", "https://id.example.com/oauth2/default/v1/token", true},
		} {
			a := c.Get(path).Want(http.StatusOK)
			var v map[string]any
			a.JSON(&v)
			if v["issuer"] != want.issuer || v["token_endpoint"] != want.token {
				t.Errorf("%s: %v, %v", path, v["issuer"], v["token_endpoint"])
			}
			if (v["userinfo_endpoint"] != nil) != want.openID || (v["id_token_signing_alg_values_supported"] != nil) != want.openID {
				t.Errorf("%s: what is for OpenID Connect: %v", path, v)
			}
			if !slices.Contains(texts(v["scopes_supported"]), "openid") {
				t.Errorf("%s: %v", path, v["scopes_supported"])
			}
			own := !strings.Contains(path, "default")
			if got := slices.Contains(texts(v["scopes_supported"]), "okta.users.read"); got != (own && !want.openID) {
				t.Errorf("%s: management scopes %v", path, got)
			}
			etag := a.Header.Get("Etag")
			if slices.Contains(texts(v["response_types_supported"]), "token") == want.openID {
				t.Errorf("%s: %v", path, v["response_types_supported"])
			}
			if got := c.Get(path + "?client_id=0oanobody").Want(400); got.Text("errorCode") != "invalid_client" {
				t.Errorf("%s: %s", path, got.Body)
			}
			if etag == "" || a.Header.Get("Vary") != "Origin" || a.Header.Get("Cache-Control") != "max-age=86400, must-revalidate" {
				t.Errorf("%s: %v", path, a.Header)
			}
			if again := c.With("If-None-Match", etag).Get(path).Want(http.StatusNotModified); len(again.Body) != 0 {
				t.Errorf("%s: %s", path, again.Body)
			}
		}
		c.Get("/oauth2/aus404/.well-known/openid-configuration").Want(http.StatusNotFound)
		c.Get("/oauth2/aus404/v1/keys").Want(http.StatusNotFound)
	})
}

// TestPublishedKeys reads the published keys as a client does.
func TestPublishedKeys(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		for _, path := range []string{"/oauth2/v1/keys", "/oauth2/default/v1/keys"} {
			a := app.Anonymous().Get(path).Want(http.StatusOK)
			var set jose.JSONWebKeySet
			a.JSON(&set)
			if len(set.Keys) != 2 || set.Keys[0].KeyID == set.Keys[1].KeyID {
				t.Fatalf("%s: %s", path, a.Body)
			}
			for _, k := range set.Keys {
				if !k.Valid() || !k.IsPublic() || k.Algorithm != "RS256" || k.Use != "sig" {
					t.Errorf("%s: %+v", path, k)
				}
			}
			if strings.Contains(string(a.Body), `"d"`) {
				t.Errorf("%s tells a private key", path)
			}
			app.Anonymous().With("If-None-Match", a.Header.Get("Etag")).Get(path).Want(http.StatusNotModified)
		}
	})
}

// TestMetadataIsTrue: what the documents announce is there, and what is there is
// announced. The one that is recorded lists one grant type more.
func TestMetadataIsTrue(t *testing.T) {
	app := apptest.New(t)
	c := web(t, app, nil)
	recorded := []string{"urn:okta:params:oauth:grant-type:otp"}
	given := []string{
		"authorization_code", "refresh_token", "password", "client_credentials", "urn:ietf:params:oauth:grant-type:device_code",
		"http://auth0.com/oauth/grant-type/mfa-otp", "http://auth0.com/oauth/grant-type/mfa-oob", "urn:ietf:params:oauth:grant-type:token-exchange",
		"urn:ietf:params:oauth:grant-type:jwt-bearer", "urn:ietf:params:oauth:grant-type:saml2-bearer", "interaction_code", "urn:openid:params:grant-type:ciba",
		"urn:okta:params:oauth:grant-type:oob", "urn:okta:params:oauth:grant-type:mfa-webauthn",
	}
	for _, server := range []string{"", "/oauth2/default"} {
		for _, name := range []string{"oauth-authorization-server", "openid-configuration"} {
			var v map[string]any
			app.Anonymous().Get(server + "/.well-known/" + name).Want(http.StatusOK).JSON(&v)
			want := append([]string{"implicit"}, given...)
			if server == "" && name == "oauth-authorization-server" {
				want = append(want, recorded...)
			}
			got := texts(v["grant_types_supported"])
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("%s/%s: %v", server, name, got)
			}
			for _, member := range []string{"backchannel_logout_supported", "backchannel_logout_session_supported", "frontchannel_logout_supported", "frontchannel_logout_session_supported"} {
				if v[member] != true {
					t.Errorf("%s/%s: %s is %v", server, name, member, v[member])
				}
			}
			if openID := name == "openid-configuration"; openID && v["request_uri_parameter_supported"] != false {
				t.Errorf("%s/%s: %v", server, name, v["request_uri_parameter_supported"])
			}
			// Every endpoint is there: none answers that it is not, or a gap.
			for member, address := range v {
				at, ours := strings.CutPrefix(textOf(address), base)
				if !ours || !strings.HasSuffix(member, "_endpoint") && member != "jwks_uri" {
					continue
				}
				method := app.Anonymous().Get
				if !slices.Contains([]string{"authorization_endpoint", "userinfo_endpoint", "end_session_endpoint", "jwks_uri"}, member) {
					method = func(path string) *apptest.Answer { return app.Anonymous().Post(path, form()) }
				}
				if a := method(at); a.Status == http.StatusNotFound || a.Status == http.StatusMethodNotAllowed || a.Status == http.StatusNotImplemented {
					t.Errorf("%s: %d", at, a.Status)
				}
			}
		}
		for _, name := range append(given, recorded...) {
			a := app.Anonymous().With("Authorization", c.basicAuth()).Post("/oauth2"+strings.TrimPrefix(server, "/oauth2")+"/v1/token", form("grant_type", name))
			if unknown := a.Text("error") == "unsupported_grant_type"; unknown != slices.Contains(recorded, name) {
				t.Errorf("%s: %s", name, a.Body)
			}
		}
	}
}

func textOf(v any) string {
	s, _ := v.(string)
	return s
}
