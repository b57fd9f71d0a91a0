package management_test

import (
	"strings"
	"testing"

	"usher/internal/apptest"
	"usher/internal/factor/keytest"
)

const (
	yubiPublic  = "vvccccfiluij"
	yubiPrivate = "8792ebfe26cc"
	yubiKey     = "ecde18dbe76fbd0c33330f1c354871db"
)

// typed is what the token types at its n-th use.
func typed(t *testing.T, uses uint16, session byte) string {
	t.Helper()
	return keytest.YubiKey{T: t, Public: yubiPublic, Private: yubiPrivate, AES: yubiKey}.Typed(uses, session)
}

// TestYubiKeys: a token that an administrator has made known is whose first
// password enrols it; each password is good once, and no earlier one after it.
func TestYubiKeys(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		allowFactors(t, app, "yubikey_token")
		const tokens = "/api/v1/org/factors/yubikey_token/tokens"
		seed := `{"serialNumber":"7886622","publicId":"` + yubiPublic + `","privateId":"` + yubiPrivate + `","aesKey":"` + yubiKey + `"}`
		ann, bob := factorsOf(t, app, "ann.token@example.org"), factorsOf(t, app, "bob.token@example.org")
		enrol := func(code string) string {
			return `{"factorType":"token:hardware","provider":"YUBICO","verify":{"passCode":"` + code + `"}}`
		}
		app.Post(ann, enrol(typed(t, 1, 0))).Fails(403, "E0000068")
		var made *apptest.Answer
		app.WantEvents(t, []string{"security.authenticator.lifecycle.update SUCCESS"}, func() { made = app.Post(tokens, seed).Want(200) })
		if made.Text("status") != "UNASSIGNED" || made.Text("profile.serial") != "000007886622" || strings.Contains(string(made.Body), yubiKey) {
			t.Fatalf("%s", made.Body)
		}
		app.Post(tokens, seed).Fails(400, "E0000001")
		app.Post(tokens, strings.Replace(seed, yubiKey, "00", 1)).Fails(400, "E0000001")
		app.Post(ann, enrol("cccccccccccccccccccccccccccccccccccccccccccc")).Fails(403, "E0000068")
		f := app.Post(ann, enrol(typed(t, 1, 0))).Want(200)
		if f.Text("status") != "ACTIVE" || f.Text("profile.credentialId") != "000007886622" {
			t.Fatalf("%s", f.Body)
		}
		if a := app.Get(tokens + "/" + made.Text("id")).Want(200); a.Text("status") != "ACTIVE" {
			t.Errorf("%s", a.Body)
		}
		app.Get(tokens+"/ykk0").Fails(404, "E0000007")
		app.Post(bob, enrol(typed(t, 1, 1))).Fails(403, "E0000068")
		at := ann + "/" + f.Text("id") + "/verify"
		app.Post(at, passCode(typed(t, 1, 0))).Fails(403, "E0000082")
		if a := app.Post(at, passCode(typed(t, 2, 1))).Want(200); a.Text("factorResult") != "SUCCESS" {
			t.Errorf("%s", a.Body)
		}
		app.Post(at, passCode(typed(t, 2, 1))).Fails(403, "E0000082")
		app.Post(at, passCode(typed(t, 2, 0))).Fails(403, "E0000082")
		// The example of libyubikey: use 19, session 17.
		app.Post(at, passCode(yubiPublic+"hknhfjbrjnlnldnhcujvddbikngjrtgh")).Want(200)
		app.Post(at, passCode(typed(t, 19, 17))).Fails(403, "E0000082")
		app.Post(at, passCode("x"+typed(t, 3, 0)[1:])).Fails(403, "E0000068")
	})
}

// TestYubiKeysAreListed: administrators see whose each token is, find and sort
// them, and take back the ones that nobody has.
func TestYubiKeysAreListed(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		allowFactors(t, app, "yubikey_token")
		const tokens = "/api/v1/org/factors/yubikey_token/tokens"
		upload := func(serial, public string) string {
			return app.Post(tokens, `{"serialNumber":"`+serial+`","publicId":"`+public+`","privateId":"`+yubiPrivate+`","aesKey":"`+yubiKey+`"}`).Want(200).Text("id")
		}
		third, first, second := upload("3", yubiPublic), upload("1", "cccccccccccb"), upload("=2", "cccccccccccd")
		ids := func(query string) string {
			t.Helper()
			var list []struct{ ID string }
			app.Get(tokens + query).Want(200).JSON(&list)
			var out []string
			for _, k := range list {
				out = append(out, k.ID)
			}
			return strings.Join(out, " ")
		}
		at := factorsOf(t, app, "ann.lists@example.org")
		f := app.Post(at, `{"factorType":"token:hardware","provider":"YUBICO","verify":{"passCode":"`+typed(t, 1, 0)+`"}}`).Want(200)
		a := app.Get(tokens + "?expand=user").Want(200)
		if a.Text("0.status") != "ACTIVE" || a.Text("0.activated") == "" || a.Text("0._embedded.user.profile.login") != "ann.lists@example.org" || a.At("1._embedded") != nil ||
			!strings.HasSuffix(a.Text("0._links.deactivate.href"), at+"/"+f.Text("id")) || a.Text("1.status") != "UNASSIGNED" || a.Text("1._links.self.hints.allow.1") != "DELETE" {
			t.Errorf("%s", a.Body)
		}
		for query, want := range map[string]string{
			"":                                       third + " " + first + " " + second,
			"?sortBy=profile.serial":                 first + " " + third + " " + second,
			"?sortBy=profile.serial&sortOrder=DESC":  second + " " + third + " " + first,
			"?sortBy=activated&sortOrder=desc":       third + " " + first + " " + second,
			"?limit=1&sortBy=profile.serial":         first,
			"?limit=2&after=" + third:                first + " " + second,
			"?filter=status+eq+%22ACTIVE%22":         third,
			"?filter=profile.serial+eq+%22%3D2%22":   second,
			"?filter=status+eq+%22REVOKED%22":        "",
			"?limit=1&filter=status+eq+%22ACTIVE%22": third,
		} {
			if got := ids(query); got != want {
				t.Errorf("%s: %q, want %q", query, got, want)
			}
		}
		if links := app.Get(tokens + "?limit=1").Want(200).Header.Values("Link"); len(links) != 2 || !strings.Contains(links[1], "after="+third) {
			t.Errorf("%q", links)
		}
		app.Get(tokens+"?after=ykk0").Fails(400, "E0000029")
		app.Get(tokens+"?sortBy=aesKey").Fails(400, "E0000002")
		app.Get(tokens + "?filter=aesKey+pr").Want(400)
		table := app.With("Accept", "text/csv").Get(tokens + "?forDownload=true").Want(200)
		if !strings.HasPrefix(string(table.Body), "id,serial,publicId,status,") || !strings.Contains(string(table.Body), ",'=2,") || strings.Contains(string(table.Body), yubiKey) {
			t.Errorf("%s", table.Body)
		}

		app.Delete(tokens+"/"+third).Fails(400, "E0000001")
		app.WantEvents(t, []string{"user.mfa.factor.deactivate SUCCESS"}, func() { app.Delete(at + "/" + f.Text("id")).Want(204) })
		if a := app.Get(tokens + "/" + third).Want(200); a.Text("status") != "REVOKED" {
			t.Errorf("%s", a.Body)
		}
		bob := factorsOf(t, app, "bob.lists@example.org")
		enrol := `{"factorType":"token:hardware","provider":"YUBICO","verify":{"passCode":"` + typed(t, 2, 0) + `"}}`
		app.Post(bob, enrol).Fails(403, "E0000068")
		app.WantEvents(t, []string{"security.authenticator.lifecycle.update SUCCESS"}, func() { app.Delete(tokens + "/" + third).Want(204) })
		app.Delete(tokens+"/"+third).Fails(404, "E0000007")
		upload("3", yubiPublic)
		app.Post(bob, enrol).Want(200)
	})
}
