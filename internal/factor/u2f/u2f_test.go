package u2f_test

import (
	"testing"

	"usher/internal/factor"
	"usher/internal/factor/keytest"
	"usher/internal/factor/password"
	"usher/internal/factor/u2f"
	"usher/internal/idp"
	"usher/internal/policy"
	"usher/internal/signin"
	"usher/internal/signin/signintest"
	"usher/internal/store/storetest"
)

const (
	origin = "https://id.example.com" // and the appId
	ann    = "ann@example.com"
)

// world asks everybody for a security key.
func world(t *testing.T, url string) *signintest.World {
	t.Helper()
	w := signintest.New(t, url)
	w.Engine.Factors = factor.NewService(&password.Method{Credentials: w.Engine.Credentials}, &u2f.Method{Rand: w.Rand, Vault: w.Vault})
	w.Engine.Ceremonies.Methods = w.Engine.Factors
	w.SetEnroll(policy.EnrollAtChallenge, map[string]policy.SelfEnroll{"fido_u2f": policy.EnrollOptional})
	w.RequireFactor(policy.PromptAlways, 0)
	return w
}

func begin(t *testing.T, w *signintest.World) *signin.Transaction {
	t.Helper()
	w.Tick()
	tx := w.Engine.Begin(t.Context(), w.Anonymous(), signin.Options{Finish: signin.FinishToken})
	_, err := w.Engine.Apply(t.Context(), w.Anonymous(), tx, signin.GiveLogin{Login: ann},
		signin.VerifyFactor{Method: factor.Password, Answer: map[string]string{"password": signintest.Password}})
	if err != nil {
		t.Fatal(err)
	}
	return tx
}

// nonce takes the nonce of what a step shows.
func nonce(t *testing.T, w *signintest.World, tx *signin.Transaction, a signin.Action) string {
	t.Helper()
	step, err := w.Engine.Apply(t.Context(), w.Anonymous(), tx, a)
	if err != nil {
		t.Fatalf("%T: %v", a, err)
	}
	var v factor.View
	switch s := step.(type) {
	case signin.Activate:
		v = s.View
		if v.Options["appId"] != origin || v.Options["version"] != "U2F_V2" {
			t.Fatalf("%+v", v.Options)
		}
	case signin.Challenge:
		v = s.View
	case signin.ChangePassword, signin.Consent, signin.Denied, signin.Done, signin.Enroll, signin.EnrollProfile, signin.Identify,
		signin.Locked, signin.Recover, signin.Unlock, signin.Verify:
		t.Fatalf("step %T", step)
	}
	text, _ := v.Options["nonce"].(string)
	if b, err := factor.Binary(text); err != nil || len(b) != 32 || v.Options["timeoutSeconds"] != 20 {
		t.Fatalf("%+v: %v", v.Options, err)
	}
	return text
}

func kindOf(t *testing.T, w *signintest.World, tx *signin.Transaction, a signin.Action) idp.Kind {
	t.Helper()
	step, err := w.Engine.Apply(t.Context(), w.Anonymous(), tx, a)
	if _, done := step.(signin.Done); err == nil && !done {
		t.Fatalf("step %T", step)
	}
	return idp.KindOf(err)
}

// enrol enrols a key at a sign-in of its own.
func enrol(t *testing.T, w *signintest.World, k *keytest.Key) idp.Kind {
	t.Helper()
	tx := begin(t, w)
	return kindOf(t, w, tx, signin.ActivateFactor{Fields: k.Register(nonce(t, w, tx, signin.EnrollFactor{Key: "fido_u2f"}))})
}

// TestKeySignsIn enrols a key and signs in with it, on both databases.
func TestKeySignsIn(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		w := world(t, url)
		u := w.User(ann)
		k := keytest.New(t, "one", origin, origin)
		if kind := enrol(t, w, k); kind != 0 {
			t.Fatalf("kind %v", kind)
		}
		rows, err := w.Store.Read(t.Context()).FactorsOf(u.OrgID, u.ID)
		if err != nil || len(rows) != 1 || rows[0].Status != factor.StatusActive ||
			string(rows[0].Profile) != `{"credentialId":"`+factor.Text(k.ID)+`","appId":"https://id.example.com","version":"U2F_V2"}` {
			t.Fatalf("%+v, %v", rows, err)
		}
		for range 2 {
			tx := begin(t, w)
			if kind := kindOf(t, w, tx, signin.VerifyFactor{Method: "u2f", Answer: k.Sign(nonce(t, w, tx, signin.Choose{Method: "u2f"}))}); kind != 0 {
				t.Fatalf("kind %v", kind)
			}
		}
	})
}

// TestWrongRegistrations: what a key or a page says wrongly enrols nothing.
func TestWrongRegistrations(t *testing.T) {
	w := world(t, storetest.SQLite(t))
	w.User(ann)
	for name, c := range map[string]struct {
		spoil func(*keytest.Key)
		edit  func(map[string]string)
	}{
		"another origin":   {spoil: func(k *keytest.Key) { k.Origin = "https://id.example.org" }},
		"another appId":    {spoil: func(k *keytest.Key) { k.Host = "https://id.example.org" }},
		"another ceremony": {spoil: func(k *keytest.Key) { k.Type = "navigator.id.getAssertion" }},
		"another handle":   {edit: func(f map[string]string) { f["registrationData"] = flip(f["registrationData"], 100) }},
		"another point":    {edit: func(f map[string]string) { f["registrationData"] = flip(f["registrationData"], 20) }},
		"no such message":  {edit: func(f map[string]string) { f["registrationData"] = flip(f["registrationData"], 0) }},
		"cut":              {edit: func(f map[string]string) { f["registrationData"] = f["registrationData"][:120] }},
		"short":            {edit: func(f map[string]string) { f["registrationData"] = "BQ==" }},
		"no base64":        {edit: func(f map[string]string) { f["registrationData"] = "!" }},
	} {
		k := keytest.New(t, "one", origin, origin)
		if c.spoil != nil {
			c.spoil(k)
		}
		tx := begin(t, w)
		fields := k.Register(nonce(t, w, tx, signin.EnrollFactor{Key: "fido_u2f"}))
		if c.edit != nil {
			c.edit(fields)
		}
		if kind := kindOf(t, w, tx, signin.ActivateFactor{Fields: fields}); kind != idp.KindWrongPasscode {
			t.Errorf("%s: kind %v", name, kind)
		}
	}
}

// flip changes one byte of what base64 stands for.
func flip(text string, at int) string {
	b, err := factor.Binary(text)
	if err != nil {
		return err.Error()
	}
	b[at] ^= 1
	return factor.Text(b)
}

// TestWrongSignatures: each way in which a signature is not the one that was
// asked for; the right one is good afterwards, and once.
func TestWrongSignatures(t *testing.T) {
	for name, spoil := range map[string]func(*keytest.Key){
		"another origin":       func(k *keytest.Key) { k.Origin = "https://id.example.org" },
		"another appId":        func(k *keytest.Key) { k.Host = "https://id.example.org" },
		"another ceremony":     func(k *keytest.Key) { k.Type = "navigator.id.finishEnrollment" },
		"nobody there":         func(k *keytest.Key) { k.Absent = true },
		"a counter the same":   func(k *keytest.Key) { k.Counter-- },
		"a counter going back": func(k *keytest.Key) { k.Counter = 0 },
		"another key":          func(k *keytest.Key) { *k = *keytest.New(k.T, "two", origin, origin); k.Counter = 90 },
	} {
		t.Run(name, func(t *testing.T) {
			w := world(t, storetest.SQLite(t))
			w.User(ann)
			k := keytest.New(t, "one", origin, origin)
			if kind := enrol(t, w, k); kind != 0 {
				t.Fatalf("kind %v", kind)
			}
			k.Counter = 4
			tx := begin(t, w)
			used := k.Sign(nonce(t, w, tx, signin.Choose{Method: "u2f"}))
			if kind := kindOf(t, w, tx, signin.VerifyFactor{Method: "u2f", Answer: used}); kind != 0 {
				t.Fatalf("kind %v", kind)
			}
			tx = begin(t, w)
			asked := nonce(t, w, tx, signin.Choose{Method: "u2f"})
			bad := *k
			spoil(&bad)
			for _, fields := range []map[string]string{bad.Sign(asked), used} {
				if kind := kindOf(t, w, tx, signin.VerifyFactor{Method: "u2f", Answer: fields}); kind != idp.KindWrongPasscode {
					t.Errorf("kind %v", kind)
				}
			}
			if kind := kindOf(t, w, tx, signin.VerifyFactor{Method: "u2f", Answer: k.Sign(asked)}); kind != 0 {
				t.Errorf("the right one afterwards: kind %v", kind)
			}
		})
	}
}
