package authn_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"usher/internal/apptest"
	"usher/internal/factor"
	"usher/internal/factor/keytest"
)

// proved lists the factors whose answers nobody can guess: a key signs them, or
// the vendor does, and not a person who types.
func proved() []string { return []string{"duo", "fido_u2f", "fido_webauthn", "okta_push"} }

// TestGuessesAreBoundedEverywhere: whatever is typed to prove something, at
// whichever door, can be guessed at a few times. One kind after the other meets
// every door that it has.
func TestGuessesAreBoundedEverywhere(t *testing.T) {
	ad := newAdapter(t)
	app := apptest.New(t, apptest.Configure(ad.configure))
	key := keytest.YubiKey{T: t, Public: "vvccccfiluij", Private: "8792ebfe26cc", AES: "ecde18dbe76fbd0c33330f1c354871db"}
	var keys []string
	for _, k := range factor.Kinds() {
		keys = append(keys, k.Key)
	}
	tokenOrg(t, app, keys...)
	app.Post("/api/v1/org/factors/hotp/profiles", `{"name":"Acme","settings":{"otpLength":6,"encoding":"base32","hmacAlgorithm":"HMacSHA1"}}`).Want(200)
	app.Post("/api/v1/org/factors/yubikey_token/tokens", `{"serialNumber":"7886622","publicId":"`+key.Public+`","privateId":"`+key.Private+`","aesKey":"`+key.AES+`"}`).Want(200)
	ad.begin(t, map[string]string{"token": "111 112 113 114"})
	const wrong, locks = "000000", 4
	met := map[string]bool{}
	for n, k := range factor.Kinds() {
		name := func(door string) string { return fmt.Sprintf("%s%d@example.com", door, n) }
		number := func(door int) string { return fmt.Sprintf("+1555415%04d", 10*n+door) }
		body := func(door int, code string) map[string]any {
			out := map[string]any{"factorType": k.Type, "provider": k.Provider, "profile": map[string]any{}}
			p := out["profile"].(map[string]any)
			switch k.Key {
			case "okta_sms", "okta_call":
				p["phoneNumber"] = number(door)
			case "okta_question":
				p["question"], p["answer"] = "disliked_food", "mashed potatoes"
			case "hotp":
				p["sharedSecret"] = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
			case "rsa_token", "symantec_vip":
				p["credentialId"] = "token"
				out["verify"] = map[string]any{"passCode": code, "nextPassCode": "next" + code}
			case "yubikey_token":
				out["verify"] = map[string]any{"passCode": code}
			}
			return out
		}
		answer := map[string]any{"passCode": wrong, "answer": "wrong " + wrong}
		enrol := func(door string, n int) (at string, made *apptest.Answer) {
			code := map[string]string{"yubikey_token": key.Typed(uint16(n+1), byte(n)), "rsa_token": "111", "symantec_vip": "112"}[k.Key]
			at = tokenUser(app, name(door))
			made = app.Post(at, body(n, code)).Want(200)
			return at + "/" + made.Text("id"), made
		}
		t.Run(k.Key, func(t *testing.T) {
			switch k.Key {
			case "rsa_token", "symantec_vip", "yubikey_token":
				at := tokenUser(app, name("enrols"))
				bounded(t, app, 10, func() *apptest.Answer { return app.Post(at, body(0, wrong)) })
				self, _ := enrol("verifies", 1)
				bounded(t, app, locks, func() *apptest.Answer { return app.Post(self+"/verify", answer) })
			case "hotp", "okta_question":
				self, _ := enrol("verifies", 1)
				bounded(t, app, locks, func() *apptest.Answer { return app.Post(self+"/verify", answer) })
				enrol("signs", 2)
				bounded(t, app, locks, ask(t, app, name("signs"), "verify", nil, answer))
			case "okta_sms", "okta_call", "okta_email", "okta_otp", "google_otp":
				self, _ := enrol("activates", 1)
				bounded(t, app, locks, func() *apptest.Answer { return app.Post(self+"/lifecycle/activate", answer) })
				tokenUser(app, name("begins"))
				bounded(t, app, locks, ask(t, app, name("begins"), "activate", body(2, ""), answer))
				for i, door := range []string{"verifies", "signs"} {
					self, made := enrol(door, 3+i)
					code := ""
					if k.Method == "totp" {
						code, _ = totp.GenerateCode(made.Text("_embedded.activation.sharedSecret"), app.Clock.Now())
					} else if code = name(door); k.Key != "okta_email" {
						code = number(3 + i)
					}
					if k.Method != "totp" {
						code = app.Code(t, code)
					}
					app.Post(self+"/lifecycle/activate", map[string]any{"passCode": code}).Want(200)
					if door == "signs" {
						bounded(t, app, locks, ask(t, app, name(door), "verify", nil, answer))
						continue
					}
					app.Post(self+"/verify", map[string]any{})
					bounded(t, app, locks, func() *apptest.Answer { return app.Post(self+"/verify", answer) })
				}
			default:
				return
			}
			met[k.Key] = true
		})
	}
	for _, key := range proved() {
		met[key] = true
	}
	for _, k := range factor.Kinds() {
		if !met[k.Key] {
			t.Errorf("nobody has tried to guess %s", k.Key)
		}
	}
}

// bounded guesses until nothing is judged any more, which must be so after few
// guesses.
func bounded(t *testing.T, app *apptest.App, most int, guess func() *apptest.Answer) {
	t.Helper()
	judged := 0
	for range 2*most + 2 {
		app.Clock.Advance(time.Second)
		switch a := guess(); a.Text("errorCode") {
		case "E0000068":
			judged++
		case "E0000069", "E0000047":
		default:
			t.Fatalf("%d %s", a.Status, a.Body)
		}
	}
	if judged != most {
		t.Errorf("%d guesses were judged, want %d", judged, most)
	}
}

// ask begins a sign-in and returns what guesses there, at what is enrolled or at
// what is to be.
func ask(t *testing.T, app *apptest.App, login, door string, body, answer map[string]any) func() *apptest.Answer {
	t.Helper()
	a := begin(app, login)
	token := map[string]any{"stateToken": a.Text("stateToken")}
	at := strings.TrimPrefix(a.Text("_embedded.factors.0._links.verify.href"), "https://id.example.com")
	if door == "activate" {
		body["stateToken"] = token["stateToken"]
		a = app.Anonymous().Post("/api/v1/authn/factors", body).Want(200)
		at = "/api/v1/authn/factors/" + a.Text("_embedded.factor.id") + "/lifecycle/activate"
	} else if kind := a.Text("_embedded.factors.0.factorType"); kind == "sms" || kind == "call" || kind == "email" {
		app.Anonymous().Post(at, token).Want(200)
	}
	given := map[string]any{"stateToken": token["stateToken"]}
	for name, v := range answer {
		given[name] = v
	}
	return func() *apptest.Answer { return app.Anonymous().Post(at, given) }
}
