package oauth2_test

import (
	"strings"
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
		handle := begin(interact, "acr_values", "unknown urn:okta:loa:1fa:pwd").Want(200).Text("interaction_handle")
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
		if id := claimsOf(t, a.Text("id_token")); id["nonce"] != "n-1" || id["aud"] != c.id || id["acr"] != "urn:okta:loa:1fa:pwd" || a.Text("refresh_token") == "" {
			t.Errorf("%s", a.Body)
		}
		refused(t, trade(verifier), 400, "invalid_grant", "The interaction code is invalid or has expired.")
		// The browser is signed in for the hosted endpoint as well.
		if got := answered(t, b.Get(authorizeAt("default", request(c, "prompt", "none")))); got.Get("code") == "" {
			t.Errorf("%v", got)
		}
		begin("/oauth2/v1/interact").Want(200)
		// More than the user can prove brings no code.
		more := app.Browser()
		state = more.Post(introspect, map[string]any{"interactionHandle": begin(interact, "acr_values", twoFactors).Want(200).Text("interaction_handle")}).Want(200).Text("stateHandle")
		if a := more.Post("/idp/idx/identify", map[string]any{
			"stateHandle": state, "identifier": isaac, "credentials": map[string]any{"passcode": apptest.Password},
		}); a.Status < 400 || a.At("successWithInteractionCode") != nil || more.Cookie("idx") != "" {
			t.Errorf("%d %s", a.Status, a.Body)
		}
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

// TestInteractionByToken: an interaction that begins with an invitation or a
// recovery goes on at the new password, and the token is used up.
func TestInteractionByToken(t *testing.T) {
	app := apptest.New(t)
	settings := map[string]any{"grant_types": []string{"authorization_code", "interaction_code"}}
	c, public := web(t, app, settings), spa(t, app, settings)
	begin := func(c *client, pairs ...string) *apptest.Answer {
		v := request(c, append([]string{"scope", "openid", "response_type", ""}, pairs...)...)
		who := app.Anonymous()
		if c.secret != "" {
			who = who.With("Authorization", c.basicAuth())
		}
		return who.Post("/oauth2/default/v1/interact", v)
	}
	finish := func(handle, password string) map[string]any {
		t.Helper()
		b := app.Browser()
		first := b.Post("/idp/idx/introspect", map[string]any{"interactionHandle": handle}).Want(200)
		if first.Text("remediation.value.0.name") != "reset-authenticator" {
			t.Fatalf("%s", first.Body)
		}
		done := b.Post("/idp/idx/challenge/answer", map[string]any{
			"stateHandle": first.Text("stateHandle"), "credentials": map[string]any{"passcode": password},
		}).Want(200)
		code := ""
		for _, i := range []string{"0", "1", "2", "3"} {
			if done.Text("successWithInteractionCode.value."+i+".name") == "interaction_code" {
				code = done.Text("successWithInteractionCode.value." + i + ".value")
			}
		}
		a := app.Anonymous().With("Authorization", c.basicAuth()).Post("/oauth2/default/v1/token",
			form("grant_type", "interaction_code", "interaction_code", code, "code_verifier", verifier)).Want(200)
		return claimsOf(t, a.Text("id_token"))
	}
	made := app.Post("/api/v1/users?activate=false", map[string]any{
		"profile": map[string]any{"login": "new@example.com", "email": "new@example.com", "firstName": "New", "lastName": "Comer"},
	}).Want(200)
	invited := app.Post("/api/v1/users/"+made.Text("id")+"/lifecycle/activate?sendEmail=false", nil).Want(200).Text("activationToken")
	refused(t, begin(public, "activation_token", invited), 400, "unauthorized_client", "Only confidential clients can use the activation token flow")
	refused(t, begin(c, "activation_token", invited+"x"), 400, "invalid_request", "The activation token is invalid")
	refused(t, begin(c, "activation_token", invited, "recovery_token", "x"), 400, "invalid_request", "")
	if id := finish(begin(c, "activation_token", invited).Want(200).Text("interaction_handle"), "A-First-Passw0rd"); id["sub"] != made.Text("id") {
		t.Errorf("%v", id)
	}
	refused(t, begin(c, "activation_token", invited), 400, "invalid_request", "The activation token is invalid")

	link := app.Post("/api/v1/users/"+isaac+"/lifecycle/reset_password?sendEmail=false", nil).Want(200).Text("resetPasswordUrl")
	forgot := link[strings.LastIndex(link, "/")+1:]
	refused(t, begin(public, "recovery_token", forgot+"x"), 400, "invalid_request", "The recovery token is invalid")
	user := app.Get("/api/v1/users/" + isaac).Want(200).Text("id")
	if id := finish(begin(c, "recovery_token", forgot).Want(200).Text("interaction_handle"), "A-Second-Passw0rd"); id["sub"] != user {
		t.Errorf("%v", id)
	}
	refused(t, begin(c, "recovery_token", forgot), 400, "invalid_request", "The recovery token is invalid")
}
