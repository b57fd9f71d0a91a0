package authn_test

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"usher/internal/apptest/transcript"
	"usher/internal/factor"
	"usher/internal/factor/keytest"
	"usher/internal/factor/password"
	"usher/internal/factor/u2f"
	"usher/internal/factor/webauthn"
	"usher/internal/idp"
	"usher/internal/policy"
	"usher/internal/signin/signintest"
	"usher/internal/store/storetest"
)

// newKeySite is a site that asks its users for a security key.
func newKeySite(t testing.TB, url string) *site {
	t.Helper()
	s := newSite(t, url)
	s.Engine.Factors = factor.NewService(
		&password.Method{Credentials: s.Engine.Credentials}, &webauthn.Method{Rand: s.Rand, Vault: s.Vault}, &u2f.Method{Rand: s.Rand, Vault: s.Vault},
	)
	s.Engine.Ceremonies.Methods = s.Engine.Factors
	s.SetEnroll(policy.EnrollAtChallenge, map[string]policy.SelfEnroll{"fido_webauthn": policy.EnrollOptional})
	s.RequireFactor(policy.PromptAlways, 0)
	return s
}

// newestOf is the value that was shown last by a name.
func newestOf(known map[string]string, name string) string {
	out := known[name]
	for i := 2; known[name+strconv.Itoa(i)] != ""; i++ {
		out = known[name+strconv.Itoa(i)]
	}
	return out
}

// answerOf writes what a key says as a body.
func answerOf(t testing.TB, token string, fields map[string]string) string {
	t.Helper()
	body := map[string]string{"stateToken": token}
	for name, v := range fields {
		body[name] = v
	}
	out, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// TestKeyFlows replays sign-ins with a security key, whose answers are made as
// the flow goes.
func TestKeyFlows(t *testing.T) {
	for _, file := range transcript.Files(t, "testdata/keys/*.txtar") {
		t.Run(file, func(t *testing.T) {
			s := newKeySite(t, storetest.SQLite(t))
			u := s.User(login)
			if strings.Contains(file, "u2f") {
				s.SetEnroll(policy.EnrollAtChallenge, map[string]policy.SelfEnroll{"fido_u2f": policy.EnrollOptional, "fido_webauthn": policy.EnrollNotAllowed})
			}
			k := keytest.New(t, "one", "https://id.example.com", "id.example.com")
			var last map[string]string
			computed := map[string]func(map[string]string) string{
				"attestation": func(known map[string]string) string {
					last = k.Create(newestOf(known, "challenge"))
					return last["attestation"]
				},
				"signature": func(known map[string]string) string {
					last = k.Get(newestOf(known, "challenge"))
					return last["signatureData"]
				},
			}
			// Of keys of the older kind, whose appId is the origin.
			older := keytest.New(t, "one", "https://id.example.com", "https://id.example.com")
			computed["registrationData"] = func(known map[string]string) string {
				last = older.Register(newestOf(known, "nonce"))
				return last["registrationData"]
			}
			computed["signed"] = func(known map[string]string) string {
				last = older.Sign(newestOf(known, "nonce"))
				return last["signatureData"]
			}
			computed["lateSigned"] = func(known map[string]string) string { last = older.Sign(known["nonce"]); return last["signatureData"] }
			computed["copied"] = func(known map[string]string) string {
				older.Counter -= 2 // of a key that was copied before the last use
				last = older.Sign(newestOf(known, "nonce"))
				older.Counter += 2
				return last["signatureData"]
			}
			computed["lateSignature"] = func(known map[string]string) string { last = k.Get(known["challenge"]); return last["signatureData"] }
			for _, name := range []string{"clientData", "authenticatorData"} {
				computed[name] = func(map[string]string) string { return last[name] }
			}
			transcript.Play(t, file, transcript.Stage{
				Handler: s, Advance: s.Clock.Advance, Values: map[string]string{"userId": u.ID, "password": signintest.Password}, Computed: computed,
			})
		})
	}
}

// TestAnyKeyOfTheType: who has several keys is asked for any of them by their
// type; a page that asks again gets options of which the last are good.
func TestAnyKeyOfTheType(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		s := newKeySite(t, url)
		u := s.User(login)
		keys := []*keytest.Key{
			keytest.New(t, "one", "https://id.example.com", "id.example.com"), keytest.New(t, "two", "https://id.example.com", "id.example.com"),
		}
		for _, k := range keys {
			s.enrolKey(t, u.ID, k)
		}
		for _, k := range keys {
			a := s.signIn(login, signintest.Password)
			token := a.member(t, "stateToken")
			if a.member(t, "status") != "MFA_REQUIRED" || !strings.Contains(a.body, `"factorTypes":[{"factorType":"webauthn","_links":{"next":{"href":"https://id.example.com/api/v1/authn/factors/webauthn/verify"`) {
				t.Fatal(a.body)
			}
			const at = "/api/v1/authn/factors/webauthn/verify"
			stale := after(s.do("POST", at, `{"stateToken":"`+token+`"}`).body, `"challenge":{"challenge":"`)
			a = s.do("POST", at, `{"stateToken":"`+token+`"}`)
			if a.member(t, "status") != "MFA_CHALLENGE" || a.member(t, "challengeType") != "FACTOR_TYPE" || a.member(t, "factorResult") != "CHALLENGE" ||
				strings.Count(a.body, `"credentialId"`) != 2 || strings.Contains(a.body, `"factor":`) {
				t.Fatal(a.body)
			}
			fresh := after(a.body, `"challenge":{"challenge":"`)
			if a := s.do("POST", at, answerOf(t, token, k.Get(stale))); a.status != 403 || a.member(t, "errorCode") != "E0000068" {
				t.Errorf("options of before: %d %s", a.status, a.body)
			}
			if a := s.do("POST", at, answerOf(t, token, k.Get(fresh))); a.status != 200 || a.member(t, "status") != "SUCCESS" {
				t.Errorf("%d %s", a.status, a.body)
			}
		}
	})
}

// enrolKey has an administrator's page enrol a key for a user.
func (s *site) enrolKey(t testing.TB, userID string, k *keytest.Key) {
	t.Helper()
	all := s.Enrolments("fido_webauthn")
	a := idp.SystemActor(s.Org)
	c, err := all.Enroll(t.Context(), a, userID, factor.EnrollInput{Type: "webauthn", Provider: "FIDO"})
	if err != nil {
		t.Fatal(err)
	}
	challenge, _ := c.View.Options["challenge"].(string)
	if c, err = all.Activate(t.Context(), a, userID, c.ID, k.Create(challenge)); err != nil || c.Status != factor.StatusActive {
		t.Fatalf("%+v, %v", c, err)
	}
}

// after is the text between a mark and the next quotation mark.
func after(text, mark string) string {
	_, rest, _ := strings.Cut(text, mark)
	out, _, _ := strings.Cut(rest, `"`)
	return out
}
