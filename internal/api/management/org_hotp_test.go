package management_test

import (
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"usher/internal/apptest"
)

const (
	hotpProfiles = "/api/v1/org/factors/hotp/profiles"
	// hotpSecret is the secret of RFC 4226 appendix D, hotpBase32 the same in base32.
	hotpSecret = "3132333435363738393031323334353637383930"
	hotpBase32 = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
)

// countedProfile is a profile of tokens that count.
func countedProfile(name string) string {
	return `{"name":"` + name + `","settings":{"timeBased":false,"otpLength":6,"acceptableAdjacentIntervals":3,"encoding":"hexadecimal","hmacAlgorithm":"HMacSHA1"}}`
}

// enrolToken is the body that enrols a token.
func enrolToken(profileID, secret string) string {
	return `{"factorType":"token:hotp","provider":"CUSTOM","factorProfileId":"` + profileID + `","profile":{"sharedSecret":"` + secret + `"}}`
}

// TestHOTPProfiles: administrators say how tokens make their passwords; one
// profile is the default one.
func TestHOTPProfiles(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		if a := app.Get(hotpProfiles).Want(200); string(a.Body) != "[]" {
			t.Fatalf("%s", a.Body)
		}
		var first *apptest.Answer
		app.WantEvents(t, []string{"security.authenticator.lifecycle.update SUCCESS"}, func() {
			first = app.Post(hotpProfiles, `{"name":"Entrust","settings":{"timeBased":true}}`).Want(200)
		})
		if first.At("default") != true || first.At("settings.otpLength") != 6.0 || first.At("settings.timeStep") != 15.0 ||
			first.Text("settings.hmacAlgorithm") != "HMacSHA512" || first.Text("settings.encoding") != "base32" || !strings.HasPrefix(first.Text("id"), "fpr") {
			t.Fatalf("%s", first.Body)
		}
		second := app.Post(hotpProfiles, countedProfile("Counters")).Want(200)
		if second.At("default") != false {
			t.Errorf("%s", second.Body)
		}
		for body, field := range map[string]string{
			countedProfile("Counters"):                                     "name",
			`{"name":"","settings":{}}`:                                    "name",
			`{"name":"x","settings":{"otpLength":7}}`:                      "otpLength",
			`{"name":"x","settings":{"encoding":"rot13"}}`:                 "encoding",
			`{"name":"x","settings":{"hmacAlgorithm":"MD5"}}`:              "hmacAlgorithm",
			`{"name":"x","settings":{"timeBased":true,"timeStep":1}}`:      "timeStep",
			`{"name":"x","settings":{"acceptableAdjacentIntervals":1000}}`: "acceptableAdjacentIntervals",
		} {
			if a := app.Post(hotpProfiles, body).Want(400); !strings.Contains(string(a.Body), field) {
				t.Errorf("%s: %s", body, a.Body)
			}
		}
		at := hotpProfiles + "/" + second.Text("id")
		moved := strings.Replace(countedProfile("Counting"), `{"name"`, `{"default":true,"name"`, 1)
		if a := app.Put(at, moved).Want(200); a.At("default") != true || a.Text("name") != "Counting" {
			t.Errorf("%s", a.Body)
		}
		if a := app.Get(hotpProfiles + "/" + first.Text("id")).Want(200); a.At("default") != false {
			t.Errorf("%s", a.Body)
		}
		app.Put(at, strings.Replace(countedProfile("Counting"), "HMacSHA1", "HMacSHA256", 1)).Fails(400, "E0000001")
		app.Delete(at).Fails(400, "E0000001")
		app.Delete(hotpProfiles + "/" + first.Text("id")).Want(204)
		app.Get(hotpProfiles+"/"+first.Text("id")).Fails(404, "E0000007")
		app.Delete(at).Want(204)
		app.Put(at, moved).Fails(404, "E0000007")
	})
}

// TestCountedTokens: a token that counts is good once a password, a little ahead,
// and far ahead after two passwords in a row. The passwords are those of RFC 4226
// appendix D.
func TestCountedTokens(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		allowFactors(t, app, "hotp")
		at := factorsOf(t, app, "counting@example.org")
		app.Post(at, enrolToken("", hotpSecret)).Fails(400, "E0000001")
		id := app.Post(hotpProfiles, countedProfile("Acme tokens")).Want(200).Text("id")
		app.Post(at, enrolToken("fpr0", hotpSecret)).Fails(400, "E0000001")
		app.Post(at, enrolToken(id, "31323334")).Fails(400, "E0000001")
		app.Post(at, enrolToken(id, "not hexadecimal")).Fails(400, "E0000001")
		var made *apptest.Answer
		app.WantEvents(t, []string{"user.mfa.factor.activate SUCCESS"}, func() { made = app.Post(at, enrolToken("", hotpSecret)).Want(200) })
		if made.Text("status") != "ACTIVE" || made.Text("vendorName") != "Acme tokens" || strings.Contains(string(made.Body), hotpSecret) {
			t.Fatalf("%s", made.Body)
		}
		verify := at + "/" + made.Text("id") + "/verify"
		app.Post(verify, passCode("755224")).Want(200)                    // 0
		app.Post(verify, passCode("755224")).Fails(403, "E0000082")       // again
		app.Post(verify, passCode("969429")).Want(200)                    // 3: the window's end
		app.Post(verify, passCode("287082")).Fails(403, "E0000082")       // 1: before it
		app.Post(verify, passCode("399871")).Fails(403, "E0000083")       // 8: too far alone
		app.Post(verify, passCode("000000")).Fails(403, "E0000068")       // none
		app.Post(verify, passCode("520489")).Want(200)                    // 9 follows 8: found again
		app.Post(verify, passCode("399871")).Fails(403, "E0000082")       // which was 8
		app.Post(verify, passCode(counted(t, 13))).Fails(403, "E0000083") // one beyond the window
		app.Post(verify, passCode(counted(t, 15))).Fails(403, "E0000083") // not the one behind it
		app.Post(verify, passCode(counted(t, 12))).Want(200)              // the window is where it was
		app.Post(verify, passCode(counted(t, 16))).Fails(403, "E0000083") // beyond the window
		pair := `{"passCode":"` + counted(t, 100) + `","nextPassCode":"` + counted(t, 101) + `"}`
		app.Post(verify, strings.Replace(pair, counted(t, 101), counted(t, 102), 1)).Fails(403, "E0000083")
		app.Post(verify, pair).Want(200)
		app.Post(verify, pair).Fails(403, "E0000082")
		app.Post(verify, passCode(counted(t, 101))).Fails(403, "E0000082")
		app.Post(verify, passCode(counted(t, 102))).Want(200)
		app.Post(verify, passCode(counted(t, 102+250))).Fails(403, "E0000068")
	})
}

// TestATokenGoesOnWhereItStands: a password that is given with the secret counts
// as used, and so do those before it: a token that is enrolled again does not
// begin anew.
func TestATokenGoesOnWhereItStands(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		allowFactors(t, app, "hotp")
		at := factorsOf(t, app, "again@example.org")
		id := app.Post(hotpProfiles, countedProfile("Acme tokens")).Want(200).Text("id")
		with := func(code string) string {
			return strings.Replace(enrolToken(id, hotpSecret), `"provider"`, `"passCode":"`+code+`","provider"`, 1)
		}
		app.Post(at, with("000000")).Fails(403, "E0000068")
		app.Post(at, with(counted(t, 500))).Fails(403, "E0000068")
		verify := at + "/" + app.Post(at, with(counted(t, 40))).Want(200).Text("id") + "/verify"
		for _, used := range []uint64{40, 39, 35} {
			app.Post(verify, passCode(counted(t, used))).Fails(403, "E0000082")
		}
		app.Post(verify, passCode(counted(t, 0))).Fails(403, "E0000068")
		app.Post(verify, passCode(counted(t, 42))).Want(200)
		app.Post(verify, passCode(counted(t, 41))).Fails(403, "E0000082")

		timed := app.Post(hotpProfiles, `{"name":"timed","settings":{"timeBased":true,"timeStep":30,"encoding":"hexadecimal","hmacAlgorithm":"HMacSHA1"}}`).Want(200).Text("id")
		at = factorsOf(t, app, "again.timed@example.org")
		id = timed
		now := uint64(app.Clock.Now().Unix() / 30)
		app.Post(at, with(counted(t, now+5))).Fails(403, "E0000068")
		verify = at + "/" + app.Post(at, with(counted(t, now+1))).Want(200).Text("id") + "/verify"
		app.Post(verify, passCode(counted(t, now))).Fails(403, "E0000082")
		app.Post(verify, passCode(counted(t, now+2))).Want(200)
	})
}

// counted is the password of a counter.
func counted(t *testing.T, counter uint64) string {
	t.Helper()
	code, err := hotp.GenerateCodeCustom(hotpBase32, counter, hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// TestOnePasswordOfATokenOneProof: of many that bring the same password at once,
// one succeeds.
func TestOnePasswordOfATokenOneProof(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		allowFactors(t, app, "hotp")
		at := factorsOf(t, app, "racing@example.org")
		id := app.Post(hotpProfiles, countedProfile("Acme tokens")).Want(200).Text("id")
		verify := at + "/" + app.Post(at, enrolToken(id, hotpSecret)).Want(200).Text("id") + "/verify"
		var mu sync.Mutex
		var all sync.WaitGroup
		proved := 0
		for range 4 {
			all.Go(func() {
				a := app.Post(verify, passCode("755224"))
				mu.Lock()
				defer mu.Unlock()
				if a.Status == 200 {
					proved++
				} else if a.Text("errorCode") != "E0000082" {
					t.Errorf("%d %s", a.Status, a.Body)
				}
			})
		}
		all.Wait()
		if proved != 1 {
			t.Errorf("%d proofs", proved)
		}
	})
}

// TestTimedTokens: tokens of every kind of profile that goes by the time.
func TestTimedTokens(t *testing.T) {
	app := apptest.New(t)
	allowFactors(t, app, "hotp")
	for i, c := range []struct {
		settings, secret, base32 string
		digits                   int
		algorithm                otp.Algorithm
	}{
		{`"otpLength":6,"encoding":"base32","hmacAlgorithm":"HMacSHA1"`, hotpBase32, hotpBase32, 6, otp.AlgorithmSHA1},
		{`"otpLength":8,"encoding":"base64","hmacAlgorithm":"HMacSHA256"`, "MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=", hotpBase32, 8, otp.AlgorithmSHA256},
		{`"otpLength":10,"encoding":"hexadecimal","hmacAlgorithm":"HMacSHA512"`, hotpSecret, hotpBase32, 10, otp.AlgorithmSHA512},
	} {
		n := strconv.Itoa(i)
		id := app.Post(hotpProfiles, `{"name":"p`+n+`","settings":{"timeBased":true,"timeStep":30,"acceptableAdjacentIntervals":3,`+c.settings+`}}`).Want(200).Text("id")
		at := factorsOf(t, app, "timed"+n+"@example.org")
		verify := at + "/" + app.Post(at, enrolToken(id, c.secret)).Want(200).Text("id") + "/verify"
		code := func(off int64) string {
			step := app.Clock.Now().Unix()/30 + off
			v, err := hotp.GenerateCodeCustom(c.base32, uint64(step), hotp.ValidateOpts{Digits: otp.Digits(c.digits), Algorithm: c.algorithm})
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
		app.Post(verify, passCode(code(-3))).Want(200)
		app.Post(verify, passCode(code(-3))).Fails(403, "E0000082")
		app.Post(verify, passCode(code(4))).Fails(403, "E0000083")
		app.Post(verify, passCode(code(3))).Want(200)
		app.Post(verify, passCode(code(0))).Fails(403, "E0000082")
		app.Clock.Advance(5 * time.Minute)
		app.Post(verify, passCode(code(-4))).Fails(403, "E0000083")
		app.Post(verify, passCode(code(0))).Want(200)
	}
}
