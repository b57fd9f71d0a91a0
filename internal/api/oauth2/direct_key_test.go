package oauth2_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"usher/internal/apptest"
	"usher/internal/factor/keytest"
)

const keyGrant = "urn:okta:params:oauth:grant-type:mfa-webauthn"

// enrollKey enrols a security key for a user.
func enrollKey(t testing.TB, app *apptest.App, login, seed string) *keytest.Key {
	t.Helper()
	k := keytest.New(t, seed, base, strings.TrimPrefix(base, "https://"))
	at := "/api/v1/users/" + login + "/factors"
	made := app.Post(at, `{"factorType":"webauthn","provider":"FIDO"}`).Want(200)
	app.Post(at+"/"+made.Text("id")+"/lifecycle/activate", k.Create(made.Text("_embedded.activation.challenge"))).Want(200)
	return k
}

// keyAnswer is the answer of a key in the words of the token endpoint: base64url,
// as the official SDKs send it.
func keyAnswer(k *keytest.Key, challenge string) []string {
	said, out := k.Get(challenge), []string{}
	for name, param := range map[string]string{"clientData": "clientDataJSON", "authenticatorData": "authenticatorData", "signatureData": "signature"} {
		raw, err := base64.StdEncoding.DecodeString(said[name])
		if err != nil {
			k.T.Fatal(err)
		}
		out = append(out, param, base64.RawURLEncoding.EncodeToString(raw))
	}
	return out
}

// TestDirectKey: the password and the signature of any of the user's security keys
// give tokens, once.
func TestDirectKey(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		allowFactors(t, app, "fido_webauthn")
		d := &direct{t, app, web(t, app, map[string]any{"grant_types": []string{"authorization_code", "refresh_token", "password", keyGrant}})}
		one, two := enrollKey(t, app, isaac, "one"), enrollKey(t, app, isaac, "two")
		wantFactor(t, app)
		byKey := func(token string, pairs ...string) *apptest.Answer {
			return d.post(ownToken, append([]string{"grant_type", keyGrant, "scope", "openid", "mfa_token", token}, pairs...)...)
		}
		ask := func(token string) *apptest.Answer {
			return d.post("/oauth2/v1/challenge", "mfa_token", token, "challenge_types_supported", keyGrant+" "+oobGrant+" "+otpGrant).Want(200)
		}
		token := d.begin()
		refused(t, byKey(token, keyAnswer(one, "none")...), 400, "invalid_request", "There is no challenge for a security key. Begin one at the challenge endpoint.")
		refused(t, byKey(token), 400, "invalid_request", "")
		a := ask(token)
		challenge := a.Text("publicKey.challenge")
		if a.Text("challenge_type") != keyGrant || a.Text("challengeType") != keyGrant || a.Text("publicKey.rpId") != "id.example.com" || a.Text("publicKey.userVerification") != "preferred" ||
			a.At("publicKey.allowCredentials.1.id") == nil || a.At("authenticatorEnrollments.1.credentialId") == nil || a.Text("authenticatorEnrollments.0.displayName") == "" || a.At("oob_code") != nil {
			t.Fatalf("%s", a.Body)
		}
		stranger := keytest.New(t, "three", base, "id.example.com")
		refused(t, byKey(token, keyAnswer(stranger, challenge)...), 400, "invalid_grant", "")
		far := *two
		far.Origin = "https://id.example.org"
		refused(t, byKey(token, keyAnswer(&far, challenge)...), 400, "invalid_grant", "")
		answer := keyAnswer(two, challenge)
		refused(t, d.post(defaultToken, append([]string{"grant_type", keyGrant, "scope", "openid", "mfa_token", token}, answer...)...), 403, "access_denied", "")
		got := byKey(token, answer...).Want(200)
		if amr := strings.Join(texts(claimsOf(t, got.Text("id_token"))["amr"]), " "); amr != "pwd pop mfa" {
			t.Errorf("%s", amr)
		}
		refused(t, byKey(token, answer...), 403, "access_denied", "")
		// An older challenge is none of a new sign-in.
		token = d.begin()
		ask(token)
		refused(t, byKey(token, keyAnswer(one, challenge)...), 400, "invalid_grant", "")
		// A client without the grant type is not offered it.
		plain := newDirect(t, app)
		plain.post(ownToken, "grant_type", "password", "scope", "openid", "username", isaac, "password", apptest.Password).Want(400)
	})
}
