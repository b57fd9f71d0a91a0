package oauth2_test

import (
	"testing"
	"time"

	"usher/internal/apptest"
)

// TestInteraction: a client signs its user in by its own pages, over the
// Identity Engine's interface, and gets tokens for the code at the end.
func TestInteraction(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		c := spa(t, app, map[string]any{"grant_types": []string{"authorization_code", "interaction_code", "refresh_token"}})
		begin := func(at string, pairs ...string) *apptest.Answer {
			v := request(c, "scope", "openid offline_access", "response_type", "")
			for i := 0; i < len(pairs); i += 2 {
				v.Set(pairs[i], pairs[i+1])
			}
			return app.Anonymous().Post(at, v)
		}
		const interact, introspect = "/oauth2/default/v1/interact", "/idp/idx/introspect"
		handle := begin(interact).Want(200).Text("interaction_handle")
		b := app.Browser()
		state := b.Post(introspect, map[string]any{"interactionHandle": handle}).Want(200).Text("stateHandle")
		// The handle may be looked at again before each step.
		b.Post(introspect, map[string]any{"interactionHandle": handle}).Want(200)
		done := b.Post("/idp/idx/identify", map[string]any{
			"stateHandle": state, "identifier": isaac, "credentials": map[string]any{"passcode": apptest.Password},
		}).Want(200)
		if done.At("success") != nil || done.Text("successWithInteractionCode.href") != base+"/oauth2/default/v1/token" || b.Cookie("idx") == "" {
			t.Fatalf("%s", done.Body)
		}
		code := ""
		for _, i := range []string{"0", "1", "2", "3"} {
			if done.Text("successWithInteractionCode.value."+i+".name") == "interaction_code" {
				code = done.Text("successWithInteractionCode.value." + i + ".value")
			}
		}
		// An official client sends everything in the query of an empty request.
		trade := func(verifier string, pairs ...string) *apptest.Answer {
			return app.Anonymous().Post("/oauth2/default/v1/token?"+form(append(pairs,
				"grant_type", "interaction_code", "interaction_code", code, "client_id", c.id, "code_verifier", verifier)...).Encode(), nil)
		}
		a := trade(verifier).Want(200)
		if id := claimsOf(t, a.Text("id_token")); id["nonce"] != "n-1" || id["aud"] != c.id || a.Text("refresh_token") == "" {
			t.Errorf("%s", a.Body)
		}
		refused(t, trade(verifier), 400, "invalid_grant", "The interaction code is invalid or has expired.")
		// The browser is signed in for the hosted endpoint as well.
		if got := answered(t, b.Get(authorizeAt("default", request(c, "prompt", "none")))); got.Get("code") == "" {
			t.Errorf("%v", got)
		}
		begin("/oauth2/v1/interact").Want(200)
		refused(t, begin(interact, "redirect_uri", "https://evil.example"), 400, "invalid_request", "")
		refused(t, begin(interact, "code_challenge", ""), 400, "invalid_request", "")
		refused(t, begin(interact, "code_challenge_method", "plain"), 400, "invalid_request", "")
		refused(t, begin(interact, "scope", "nosuch"), 400, "invalid_scope", "")
		other := spa(t, app, nil)
		refused(t, begin(interact, "client_id", other.id), 400, "unauthorized_client", "")
		app.Clock.Advance(time.Minute)
		refused(t, trade("wrong"), 400, "invalid_grant", "")
	})
}
