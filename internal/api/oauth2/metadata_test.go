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
			if etag == "" || a.Header.Get("Cache-Control") != "max-age=86400, must-revalidate" {
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
