package apps_test

import (
	"encoding/json"
	"testing"

	"usher/internal/apps"
	"usher/internal/idp"
	"usher/internal/store/storetest"
)

// FuzzInput gives applications of any form: each is refused as a bad request,
// or stored so that it can be read back and written again to the same effect.
func FuzzInput(f *testing.F) {
	w := newWorld(f, storetest.SQLite(f))
	for _, text := range []string{
		bookmark, swa, client,
		`{"label":"x","signOnMode":"AUTO_LOGIN","settings":{"signOn":{"loginUrl":"https://a.example.com","redirectUrl":""}}}`,
		`{"name":"office365","settings":{"app":{"msftTenant":"t","domains":["a"],"occSettings":{"a":1}}},"visibility":{"appLinks":{"mail":true}}}`,
		`{"name":"oidc_client","credentials":{"oauthClient":{"client_secret":"0123456789abcdef","pkce_required":true}},"settings":{"oauthClient":{"application_type":"service","grant_types":["client_credentials"],"jwks":{"keys":[{"kty":"EC"}]}}}}`,
		`{"name":"bookmark","profile":{"a":[1]},"settings":{"app":{"url":"http://x"},"notifications":{"vpn":{"network":{"connection":"ANYWHERE"}}},"notes":{"admin":"\u2028"}},"credentials":{"userNameTemplate":{"type":"CUSTOM","template":"user.login"}}}`,
		`{"name":null,"settings":{"app":[]}}`,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var in apps.Input
		if json.Unmarshal([]byte(text), &in) != nil {
			return
		}
		if in.SignOnMode != nil && *in.SignOnMode != idp.SignOnBookmark && *in.SignOnMode != idp.SignOnOIDC && *in.SignOnMode != idp.SignOnAutoLogin &&
			*in.SignOnMode != idp.SignOnBrowserPlugin {
			return // a key for each takes too long
		}
		a, err := w.Create(t.Context(), w.actor, &in, true)
		if err != nil {
			if k := idp.KindOf(err); k == 0 || k == idp.KindConflict || k == idp.KindNotFound {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		got, err := w.Get(t.Context(), w.actor, a.ID)
		if err != nil {
			t.Fatal(err)
		}
		if !json.Valid(got.Details.App) || (len(got.Details.SignOn) > 0 && !json.Valid(got.Details.SignOn)) {
			t.Fatalf("%q is kept as %s %s", text, got.Details.App, got.Details.SignOn)
		}
		again, err := w.Replace(t.Context(), w.actor, a.ID, &in)
		if err != nil {
			t.Fatalf("%q is refused the second time: %v", text, err)
		}
		if string(again.Settings) != string(got.Settings) || again.Label != got.Label {
			t.Fatalf("%q differs the second time:\n%s\n%s", text, got.Settings, again.Settings)
		}
		if err := w.Deactivate(t.Context(), w.actor, a.ID); err != nil {
			t.Fatal(err)
		}
		if err := w.Delete(t.Context(), w.actor, a.ID); err != nil {
			t.Fatal(err)
		}
	})
}
