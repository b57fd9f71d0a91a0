package oauth2_test

import (
	"encoding/base64"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"usher/internal/apptest"
	"usher/internal/saml/samltest"
)

const samlGrant = "urn:ietf:params:oauth:grant-type:saml2-bearer"

// trustIssuer makes an issuer and has the organisation trust it; change may
// settle more of the identity provider.
func trustIssuer(t testing.TB, app *apptest.App, name string, change func(map[string]any)) *samltest.Issuer {
	t.Helper()
	i := samltest.New(t, name, app.Clock.Now())
	kid := app.Post("/api/v1/idps/credentials/keys", map[string]any{"x5c": []string{i.X5C()}}).Want(200).Text("kid")
	body := idpOf(name, kid)
	if change != nil {
		change(body)
	}
	app.Post("/api/v1/idps", body).Want(200)
	return i
}

// idpOf is an identity provider as an administrator writes it down.
func idpOf(issuer, kid string) map[string]any {
	return map[string]any{
		"type": "SAML2", "name": "IdP " + issuer,
		"protocol": map[string]any{
			"type": "SAML2", "endpoints": map[string]any{"sso": map[string]any{"url": "https://idp.example.com/sso", "binding": "HTTP-REDIRECT"}},
			"credentials": map[string]any{"trust": map[string]any{"issuer": issuer, "kid": kid, "audience": "urn:usher:sp"}},
		},
		"policy": map[string]any{"subject": map[string]any{"userNameTemplate": map[string]any{"template": "idpuser.subjectNameId"}, "matchType": "USERNAME"}},
	}
}

func saying(app *apptest.App, subject string) samltest.Saying {
	now := app.Clock.Now()
	return samltest.Saying{
		ID: "_" + unique(), Subject: subject, Audience: "urn:usher:sp", Recipient: base + ownToken, From: now, Until: now.Add(5 * time.Minute),
		Attributes: map[string]string{"login": subject},
	}
}

func encoded(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

// TestSAMLBearer: a trusted identity provider speaks for users, once each time.
func TestSAMLBearer(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		i := trustIssuer(t, app, "urn:example:idp", nil)
		c := web(t, app, map[string]any{"grant_types": []string{"authorization_code", "refresh_token", samlGrant}})
		who := app.Anonymous().With("Authorization", c.basicAuth())
		ask := func(text string) *apptest.Answer {
			return who.Post(ownToken, form("grant_type", samlGrant, "scope", "openid offline_access", "assertion", text))
		}
		say := func(change func(*samltest.Saying)) string {
			s := saying(app, isaac)
			if change != nil {
				change(&s)
			}
			return encoded(i.Say(t, s))
		}
		once := say(nil)
		var a *apptest.Answer
		app.WantEvents(t, []string{
			"user.authentication.auth_via_inbound_SAML SUCCESS", "app.oauth2.token.grant.access_token SUCCESS", "app.oauth2.token.grant.id_token SUCCESS",
			"app.oauth2.token.grant.refresh_token SUCCESS",
		}, func() { a = ask(once).Want(200) })
		if id := claimsOf(t, a.Text("id_token")); id["auth_time"] != float64(app.Clock.Now().Unix()) || a.Text("refresh_token") == "" {
			t.Errorf("%s %v", a.Body, id)
		}
		who.Post(ownToken, form("grant_type", "refresh_token", "refresh_token", a.Text("refresh_token"))).Want(200)
		refused(t, ask(once), 400, "invalid_grant", "The assertion has been used already.")
		ask(strings.TrimRight(strings.NewReplacer("+", "-", "/", "_").Replace(say(nil)), "=")).Want(200)
		ask(say(func(s *samltest.Saying) { s.Audience = base })).Want(200) // as RFC 7522 has it

		stranger := samltest.New(t, "urn:example:idp", app.Clock.Now())
		for name, text := range map[string]string{
			"another audience":  say(func(s *samltest.Saying) { s.Audience = "urn:other" }),
			"another recipient": say(func(s *samltest.Saying) { s.Recipient = base + defaultToken }),
			"too old":           say(func(s *samltest.Saying) { s.From, s.Until = s.From.Add(-time.Hour), s.From.Add(-10*time.Minute) }),
			"good for a day":    say(func(s *samltest.Saying) { s.Until = s.From.Add(24 * time.Hour) }),
			"not yet":           say(func(s *samltest.Saying) { s.From = s.From.Add(10 * time.Minute) }),
			"a stranger's":      encoded(stranger.Say(t, saying(app, isaac))),
			"an unknown issuer": encoded(samltest.New(t, "urn:example:other", app.Clock.Now()).Say(t, saying(app, isaac))),
			"not signed":        encoded(i.Text(saying(app, isaac))),
			"another subject":   encoded(strings.Replace(i.Say(t, saying(app, isaac)), isaac, "admin@example.com", 1)),
			"nonsense":          "nonsense",
			"no base64":         "<a/>",
		} {
			t.Run(name, func(t *testing.T) {
				refused(t, who.On(t).Post(ownToken, form("grant_type", samlGrant, "scope", "openid", "assertion", text)), 400, "invalid_grant",
					"The assertion is invalid, or its issuer is not trusted.")
			})
		}
		refused(t, ask(say(func(s *samltest.Saying) { s.Subject = "nobody@example.com" })), 400, "invalid_grant", "The subject of the assertion is no user.")
		refused(t, ask(""), 400, "invalid_request", "")

		id := app.Get("/api/v1/idps?q=idp").Want(200).Text("0.id")
		app.Post("/api/v1/idps/"+id+"/lifecycle/deactivate", nil).Want(200)
		refused(t, ask(say(nil)), 400, "invalid_grant", "")
		app.Post("/api/v1/idps/"+id+"/lifecycle/activate", nil).Want(200)
		race := say(nil)
		var got atomic.Int32
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				if ask(race).Status == 200 {
					got.Add(1)
				}
			})
		}
		wg.Wait()
		if got.Load() != 1 {
			t.Errorf("%d got something for one assertion", got.Load())
		}
	}, apptest.Random())
}

// TestSAMLBearerPolicy: whom an identity provider may speak for, and by which
// name.
func TestSAMLBearerPolicy(t *testing.T) {
	app := apptest.New(t)
	group := app.Post("/api/v1/groups", `{"profile":{"name":"partners"}}`).Want(200).Text("id")
	c := web(t, app, map[string]any{"grant_types": []string{"authorization_code", samlGrant}})
	ask := func(i *samltest.Issuer, s samltest.Saying) *apptest.Answer {
		return app.Anonymous().With("Authorization", c.basicAuth()).Post(ownToken, form("grant_type", samlGrant, "scope", "openid", "assertion", encoded(i.Say(t, s))))
	}
	limited := trustIssuer(t, app, "urn:limited", func(b map[string]any) {
		b["policy"].(map[string]any)["accountLink"] = map[string]any{"action": "AUTO", "filter": map[string]any{"groups": map[string]any{"include": []string{group}}}}
	})
	refused(t, ask(limited, saying(app, isaac)), 400, "invalid_grant", "The identity provider does not speak for the subject of the assertion.")
	app.Put("/api/v1/groups/"+group+"/users/"+app.Get("/api/v1/users/"+isaac).Want(200).Text("id"), nil).Want(204)
	ask(limited, saying(app, isaac)).Want(200)
	nobody := trustIssuer(t, app, "urn:nobody", func(b map[string]any) {
		b["policy"].(map[string]any)["accountLink"] = map[string]any{"action": "DISABLED"}
	})
	refused(t, ask(nobody, saying(app, isaac)), 400, "invalid_grant", "")
	named := trustIssuer(t, app, "urn:named", func(b map[string]any) {
		b["policy"].(map[string]any)["subject"] = map[string]any{
			"userNameTemplate": map[string]any{"template": "idpuser.login"}, "filter": `.*@example\.com`, "matchType": "USERNAME",
		}
	})
	s := saying(app, isaac)
	s.Subject = "0815"
	ask(named, s).Want(200)
	s = saying(app, isaac)
	s.Attributes["login"] = "isaac.brock@example.com.evil.example"
	refused(t, ask(named, s), 400, "invalid_grant", "")
	s = saying(app, isaac)
	s.Attributes = nil
	refused(t, ask(named, s), 400, "invalid_grant", "")
	app.WantEvents(t, []string{
		"user.authentication.auth_via_inbound_SAML FAILURE federation: the assertion is refused: saml: not a valid assertion: it is made out to somebody else",
		"app.oauth2.token.grant FAILURE invalid_grant",
	}, func() {
		s := saying(app, isaac)
		s.Audience = "urn:other"
		ask(named, s)
	})
	plain := web(t, app, nil)
	refused(t, app.Anonymous().With("Authorization", plain.basicAuth()).Post(ownToken, form("grant_type", samlGrant, "scope", "openid", "assertion", "x")), 400, "unauthorized_client", "")
}

// TestIDPParameter: a request that wants users to sign in elsewhere is told that
// they cannot.
func TestIDPParameter(t *testing.T) {
	app := apptest.New(t)
	c := spa(t, app, nil)
	b := signedIn(t, app, isaac)
	trustIssuer(t, app, "urn:example:idp", nil)
	id := app.Get("/api/v1/idps").Want(200).Text("0.id")
	for value, want := range map[string]string{"0oanobody": "The identity provider is not valid.", id: "Users cannot sign in with this identity provider: it only speaks for them at the token endpoint."} {
		got := answered(t, b.Get(authorizeAt("", request(c, "idp", value))))
		if got.Get("error") != "invalid_request" || got.Get("error_description") != want || got.Get("state") != "s-1" {
			t.Errorf("%s: %v", value, got)
		}
	}
	code(t, b, "", request(c, "idp", "OKTA"))
}
