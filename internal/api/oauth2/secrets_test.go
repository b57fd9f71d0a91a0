package oauth2_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"strings"
	"testing"

	"usher/internal/apptest"
)

// TestNothingToSteal: neither the database nor the log holds anything that a
// bearer could present.
func TestNothingToSteal(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		c := web(t, app, map[string]any{"grant_types": []string{"authorization_code", "refresh_token", "password", deviceGrant}})
		auth := app.Anonymous().With("Authorization", c.basicAuth())
		b := signedIn(t, app, isaac)
		secrets := map[string]string{"client secret": c.secret, "session": b.Cookie("sid")}
		secrets["unused code"] = code(t, b, "", request(c))
		secrets["code"] = code(t, b, "", request(c, "scope", "openid offline_access"))
		tokens := redeem(app, "", c, secrets["code"]).Want(200)
		for _, name := range []string{"access_token", "refresh_token", "id_token"} {
			secrets[name] = tokens.Text(name)
		}
		secrets["family"] = secrets["refresh_token"][:22]
		secrets["next refresh token"] = refresh(app, c, secrets["refresh_token"]).Want(200).Text("refresh_token")
		secrets["pushed request"] = auth.Post("/oauth2/v1/par", request(c, "client_id", "")).Want(201).Text("request_uri")
		device := auth.Post("/oauth2/v1/device/authorize", form("scope", "openid")).Want(200)
		secrets["device code"], secrets["user code"] = device.Text("device_code"), device.Text("user_code")
		_, key, _ := strings.Cut(app.Browser().Get(authorizeAt("", request(c))).Want(302).Header.Get("Location"), "okta_key%3D")
		secrets["waiting request"] = key
		auth.Post(ownToken, form("grant_type", "password", "scope", "openid", "username", isaac, "password", apptest.Password)).Want(200)
		secrets["password"] = apptest.Password

		packed, err := app.Server.Snapshot(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		zip, err := gzip.NewReader(bytes.NewReader(packed))
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(zip)
		if err != nil {
			t.Fatal(err)
		}
		for name, secret := range secrets {
			if len(secret) < 8 {
				t.Fatalf("no %s: %q", name, secret)
			}
			if bytes.Contains(data, []byte(secret)) {
				t.Errorf("the database holds the %s", name)
			}
			if strings.Contains(app.Logs.String(), secret) {
				t.Errorf("the log holds the %s", name)
			}
		}
		if !bytes.Contains(data, []byte(c.id)) {
			t.Error("the dump lacks what it must have")
		}
	})
}

// TestRevokeAll: an administrator ends what clients hold of a user.
func TestRevokeAll(t *testing.T) {
	app := apptest.New(t)
	c := web(t, app, nil)
	token := offline(t, app, signedIn(t, app, isaac), c).Text("refresh_token")
	app.Delete("/api/v1/users/" + isaac + "/sessions").Want(204)
	refresh(app, c, token).Want(200)
	app.Delete("/api/v1/users/" + isaac + "/sessions?oauthTokens=true").Want(204)
	refused(t, refresh(app, c, token), 400, "invalid_grant", "")
}
