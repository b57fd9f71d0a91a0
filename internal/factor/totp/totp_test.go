package totp_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"usher/internal/env"
	"usher/internal/factor"
	"usher/internal/factor/totp"
	"usher/internal/idp"
	"usher/internal/keys"
	"usher/internal/signin/signintest"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

func method(t *testing.T) *totp.Method {
	t.Helper()
	keeper, err := keys.NewKeeper(env.NewSeeded(1), []byte("a master key of a test, 32 bytes"))
	if err != nil {
		t.Fatal(err)
	}
	return &totp.Method{Rand: env.NewSeeded(2), Vault: factor.Vault{Keeper: keeper}}
}

// TestSecretIsShownOnce: what an app scans holds the secret, the names and how
// codes are made; nothing is shown once it is active.
func TestSecretIsShownOnce(t *testing.T) {
	m := method(t)
	u := &idp.User{OrgID: "00o1", ID: "00u1", Login: "zoë b@example.com"}
	d, err := m.Enroll(t.Context(), factor.Subject{User: u}, factor.Kind{Key: "okta_otp"}, nil)
	if err != nil || len(d.Secret) != 20 || d.Active {
		t.Fatalf("%+v, %v", d, err)
	}
	f := &store.Factor{OrgID: "00o1", UserID: "00u1", ID: "ost1", Status: factor.StatusPending}
	m.Vault.Seal(f, d.Secret)
	s := factor.Subject{Org: &idp.Org{ID: "00o1", Name: "Example & Co", BaseURL: "https://id.example.com"}, User: u, Factor: f}
	v, err := m.View(nil, s)
	if err != nil || v.Seed == nil || v.Seed.Step != 30*time.Second || v.Seed.Digits != 6 || len(v.Seed.Secret) != 32 {
		t.Fatalf("%+v, %v", v, err)
	}
	at, err := url.Parse(v.QR)
	if err != nil || at.Scheme != "otpauth" || at.Host != "totp" || at.Path != "/id.example.com:zoë b@example.com" || strings.Contains(v.QR, "+") {
		t.Fatalf("%s, %v", v.QR, err)
	}
	if q := at.Query(); q.Get("secret") != v.Seed.Secret || q.Get("issuer") != "id.example.com" || q.Get("digits") != "6" || q.Get("period") != "30" {
		t.Errorf("%v", q)
	}
	f.Status = factor.StatusActive
	if v, err := m.View(nil, s); err != nil || v.Seed != nil || v.QR != "" {
		t.Errorf("active: %+v, %v", v, err)
	}
	f.ID = "ost2"
	f.Status = factor.StatusPending
	if _, err := m.View(nil, s); err == nil {
		t.Error("a secret opens at another factor")
	}
}

// TestWindow: the codes of this step and of those beside it are good, each once
// and in order; those a few steps away are told from wrong ones.
func TestWindow(t *testing.T) {
	w := signintest.New(t, storetest.SQLite(t))
	w.Factors()
	u := w.User("ann@example.com")
	m, _ := w.Engine.Factors.Method("totp")
	d, err := m.(*totp.Method).Enroll(t.Context(), factor.Subject{User: u}, factor.Kind{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	f := &store.Factor{OrgID: u.OrgID, UserID: u.ID, ID: "ost1", Type: "token:software:totp", Provider: "OKTA", Status: factor.StatusPending, Profile: []byte("{}")}
	w.Vault.Seal(f, d.Secret)
	if err := w.Store.Tx(t.Context(), func(tx *store.Tx) error { return tx.InsertFactor(f) }); err != nil {
		t.Fatal(err)
	}
	s := factor.Subject{Org: w.Org, User: u, Factor: f}
	v, err := m.(factor.Viewer).View(nil, s)
	if err != nil {
		t.Fatal(err)
	}
	try := func(code string) factor.Outcome {
		t.Helper()
		var out factor.Outcome
		err := w.Store.Tx(t.Context(), func(tx *store.Tx) error {
			a, err := m.Check(t.Context(), s, map[string]string{factor.FieldPassCode: code})
			if err != nil {
				return err
			}
			out, err = m.Settle(tx, s, a)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	for i, c := range []struct {
		off    int
		proved bool
		why    idp.Kind
	}{
		{2, false, idp.KindPasscodeWindow},
		{-2, false, idp.KindPasscodeWindow},
		{10, false, idp.KindPasscodeWindow},
		{11, false, 0},
		{-1, true, 0},
		{-1, false, idp.KindPasscodeReplayed},
		{0, true, 0},
		{-1, false, idp.KindPasscodeReplayed},
		{1, true, 0},
		{0, false, idp.KindPasscodeReplayed},
	} {
		if out := try(" " + w.AppCode(v.Seed.Secret, c.off) + " "); out.Proved != c.proved || out.Why != c.why {
			t.Errorf("%d: %d steps off: %+v", i, c.off, out)
		}
	}
	for _, code := range []string{"", "x", "12345", "1234567", strings.Repeat("1", 64)} {
		if out := try(code); out.Proved || out.Why != 0 {
			t.Errorf("%q: %+v", code, out)
		}
	}
	if _, err := m.Settle(nil, s, factor.Attempt{OK: true}); err != factor.ErrChanged { //nolint:errorlint // returned bare
		t.Errorf("another method's attempt: %v", err)
	}
}
