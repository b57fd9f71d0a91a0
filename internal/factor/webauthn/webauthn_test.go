package webauthn_test

import (
	"encoding/json"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"usher/internal/env"
	"usher/internal/factor"
	"usher/internal/factor/keytest"
	"usher/internal/factor/password"
	"usher/internal/factor/webauthn"
	"usher/internal/idp"
	"usher/internal/policy"
	"usher/internal/signin"
	"usher/internal/signin/signintest"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

const (
	origin = "https://id.example.com"
	host   = "id.example.com"
	ann    = "ann@example.com"
)

// world asks everybody for a security key.
func world(t *testing.T, url string) *signintest.World {
	t.Helper()
	w := signintest.New(t, url)
	w.Engine.Factors = factor.NewService(
		&password.Method{Credentials: w.Engine.Credentials}, &webauthn.Method{Rand: w.Rand, Vault: w.Vault},
	)
	w.Engine.Ceremonies.Methods = w.Engine.Factors
	w.SetEnroll(policy.EnrollAtChallenge, map[string]policy.SelfEnroll{"fido_webauthn": policy.EnrollOptional})
	w.RequireFactor(policy.PromptAlways, 0)
	return w
}

func begin(t *testing.T, w *signintest.World, login string) *signin.Transaction {
	t.Helper()
	w.Tick()
	tx := w.Engine.Begin(t.Context(), w.Anonymous(), signin.Options{Finish: signin.FinishToken})
	_, err := w.Engine.Apply(t.Context(), w.Anonymous(), tx, signin.GiveLogin{Login: login},
		signin.VerifyFactor{Method: factor.Password, Answer: map[string]string{"password": signintest.Password}})
	if err != nil {
		t.Fatal(err)
	}
	return tx
}

func apply[S signin.Step](t *testing.T, w *signintest.World, tx *signin.Transaction, a signin.Action) S {
	t.Helper()
	step, err := w.Engine.Apply(t.Context(), w.Anonymous(), tx, a)
	if err != nil {
		t.Fatalf("%T: %v", a, err)
	}
	s, ok := step.(S)
	if !ok {
		t.Fatalf("%T: step %T %+v", a, step, step)
	}
	return s
}

func challengeOf(t *testing.T, v factor.View) string {
	t.Helper()
	text, _ := v.Options["challenge"].(string)
	if b, err := factor.Binary(text); err != nil || len(b) != 32 {
		t.Fatalf("options %+v: %v", v.Options, err)
	}
	return text
}

// enrol enrols a key at a sign-in of its own.
func enrol(t *testing.T, w *signintest.World, login string, k *keytest.Key) {
	t.Helper()
	tx := begin(t, w, login)
	a := apply[signin.Activate](t, w, tx, signin.EnrollFactor{Key: "fido_webauthn"})
	apply[signin.Done](t, w, tx, signin.ActivateFactor{Fields: k.Create(challengeOf(t, a.View))})
}

// ask begins a sign-in and has it ask for the key.
func ask(t *testing.T, w *signintest.World, login string) (*signin.Transaction, string) {
	t.Helper()
	tx := begin(t, w, login)
	return tx, challengeOf(t, apply[signin.Challenge](t, w, tx, signin.Choose{Method: "webauthn"}).View)
}

func answer(t *testing.T, w *signintest.World, tx *signin.Transaction, fields map[string]string) idp.Kind {
	t.Helper()
	step, err := w.Engine.Apply(t.Context(), w.Anonymous(), tx, signin.VerifyFactor{Method: "webauthn", Answer: fields})
	if _, done := step.(signin.Done); err == nil && !done {
		t.Fatalf("step %T", step)
	}
	return idp.KindOf(err)
}

// TestKeySignsIn enrols a key and signs in with it, on both databases: what the
// browser is given, what is kept, and that the counter goes up.
func TestKeySignsIn(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		w := world(t, url)
		u := w.User(ann)
		k := keytest.New(t, "one", origin, host)
		tx := begin(t, w, ann)
		a := apply[signin.Activate](t, w, tx, signin.EnrollFactor{Key: "fido_webauthn"})
		got, err := json.Marshal(a.View.Options)
		if err != nil {
			t.Fatal(err)
		}
		want := `{"attestation":"direct","authenticatorSelection":{"requireResidentKey":false,"userVerification":"preferred"},"challenge":"` +
			challengeOf(t, a.View) + `","excludeCredentials":[],"pubKeyCredParams":[{"type":"public-key","alg":-7},{"type":"public-key","alg":-257}],` +
			`"rp":{"name":"Example"},"u2fParams":{"appid":"https://id.example.com"},"user":{"displayName":"` + idp.UserTarget(u).DisplayName + `","id":"` + u.ID + `","name":"` + ann + `"}}`
		if string(got) != want {
			t.Errorf("options\n%s\nwant\n%s", got, want)
		}
		apply[signin.Done](t, w, tx, signin.ActivateFactor{Fields: k.Create(challengeOf(t, a.View))})
		rows, err := w.Store.Read(t.Context()).FactorsOf(u.OrgID, u.ID)
		if err != nil || len(rows) != 1 || rows[0].Status != factor.StatusActive ||
			string(rows[0].Profile) != `{"credentialId":"`+factor.Text(k.ID)+`","authenticatorName":"Authenticator","appId":null,"version":null}` {
			t.Fatalf("%s, %v", rows[0].Profile, err)
		}
		for range 3 {
			tx, challenge := ask(t, w, ann)
			if kind := answer(t, w, tx, k.Get(challenge)); kind != 0 {
				t.Fatalf("kind %v", kind)
			}
		}
	})
}

// TestWrongSignatures: each way in which a signature is not the one that was
// asked for. The right one is good afterwards: nothing else was wrong.
func TestWrongSignatures(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*keytest.Key)
		edit  func(map[string]string)
	}{
		"another origin":       {spoil: func(k *keytest.Key) { k.Origin = "https://id.example.org" }},
		"another port":         {spoil: func(k *keytest.Key) { k.Origin = origin + ":444" }},
		"another scheme":       {spoil: func(k *keytest.Key) { k.Origin = "http://id.example.com" }},
		"an upper-case one":    {spoil: func(k *keytest.Key) { k.Origin = "https://ID.example.com" }},
		"a path":               {spoil: func(k *keytest.Key) { k.Origin = origin + "/" }},
		"another rp id":        {spoil: func(k *keytest.Key) { k.Host = "example.com" }},
		"another ceremony":     {spoil: func(k *keytest.Key) { k.Type = "webauthn.create" }},
		"nobody there":         {spoil: func(k *keytest.Key) { k.Absent = true }},
		"a counter the same":   {spoil: func(k *keytest.Key) { k.Counter-- }},
		"a counter going back": {spoil: func(k *keytest.Key) { k.Counter = 1 }},
		"a counter of zero":    {spoil: func(k *keytest.Key) { k.Counter = ^uint32(0) }},
		"another key":          {spoil: func(k *keytest.Key) { *k = *keytest.New(k.T, "two", origin, host); k.Counter = 90 }},
		"a cut signature":      {edit: func(f map[string]string) { f["signatureData"] = f["signatureData"][:20] }},
		"no base64":            {edit: func(f map[string]string) { f["clientData"] = "!!!" }},
		"no JSON":              {edit: func(f map[string]string) { f["clientData"] = factor.Text([]byte("no")) }},
		"short data":           {edit: func(f map[string]string) { f["authenticatorData"] = f["authenticatorData"][:16] }},
	} {
		t.Run(name, func(t *testing.T) {
			w := world(t, storetest.SQLite(t))
			w.User(ann)
			k := keytest.New(t, "one", origin, host)
			k.Counter = 5
			enrol(t, w, ann, k)
			tx, challenge := ask(t, w, ann)
			bad := *k
			if c.spoil != nil {
				c.spoil(&bad)
			}
			fields := bad.Get(challenge)
			if c.edit != nil {
				c.edit(fields)
			}
			if kind := answer(t, w, tx, fields); kind != idp.KindWrongPasscode {
				t.Errorf("kind %v", kind)
			}
			if kind := answer(t, w, tx, k.Get(challenge)); kind != 0 {
				t.Errorf("the right one afterwards: kind %v", kind)
			}
		})
	}
}

// TestCostlyKeys: nobody enrols a key of a size that keeps the server busy with
// each of its signatures.
func TestCostlyKeys(t *testing.T) {
	w := world(t, "sqlite:"+t.TempDir()+"/w.db")
	w.User(ann)
	modulus := func(bits int) []byte { return slices.Repeat([]byte{0xfb}, bits/8) }
	enrols := func(bits int) error {
		tx := begin(t, w, ann)
		a := apply[signin.Activate](t, w, tx, signin.EnrollFactor{Key: "fido_webauthn"})
		fields := keytest.New(t, "large", origin, host).CreateRSA(challengeOf(t, a.View), modulus(bits))
		_, err := w.Engine.Apply(t.Context(), w.Anonymous(), tx, signin.ActivateFactor{Fields: fields})
		return err
	}
	for _, bits := range []int{9216, 65536} {
		if err := enrols(bits); idp.KindOf(err) != idp.KindWrongPasscode {
			t.Errorf("%d bits: %v", bits, err)
		}
	}
	if err := enrols(4096); err != nil {
		t.Errorf("a key that is in use: %v", err)
	}
}

// TestChallengesAreBound: a signature is good once, in its own sign-in, by its
// own user, and in time.
func TestChallengesAreBound(t *testing.T) {
	w := world(t, storetest.SQLite(t))
	w.User(ann)
	w.User("bob@example.com")
	k := keytest.New(t, "one", origin, host)
	enrol(t, w, ann, k)
	other := keytest.New(t, "bob", origin, host)
	enrol(t, w, "bob@example.com", other)

	tx, challenge := ask(t, w, ann)
	used := k.Get(challenge)
	if kind := answer(t, w, tx, used); kind != 0 {
		t.Fatalf("kind %v", kind)
	}
	later, fresh := ask(t, w, ann)
	for name, fields := range map[string]map[string]string{
		"used before": used, "another sign-in's": k.Get(challenge), "another user's key": other.Get(fresh),
	} {
		if kind := answer(t, w, later, fields); kind != idp.KindWrongPasscode {
			t.Errorf("%s: kind %v", name, kind)
		}
	}
	signed := k.Get(fresh)
	w.Clock.Advance(5 * time.Minute)
	if _, err := w.Engine.Apply(t.Context(), w.Anonymous(), later, signin.VerifyFactor{Method: "webauthn", Answer: signed}); err == nil {
		t.Error("a signature is good for ever")
	}
	tx, challenge = ask(t, w, ann)
	if kind := answer(t, w, tx, k.Get(challenge)); kind != 0 {
		t.Errorf("kind %v", kind)
	}
}

// TestOneAnswerOfMany: of many that bring the same signature at once one is let
// in.
func TestOneAnswerOfMany(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		w := world(t, url)
		u := w.User(ann)
		all, a := w.Enrolments("fido_webauthn"), idp.SystemActor(w.Org)
		k := keytest.New(t, "one", origin, host)
		enrol(t, w, ann, k)
		rows, err := w.Store.Read(t.Context()).FactorsOf(u.OrgID, u.ID)
		if err != nil {
			t.Fatal(err)
		}
		c, err := all.Verify(t.Context(), a, u.ID, rows[0].ID, nil, factor.ChallengeOptions{})
		if err != nil {
			t.Fatal(err)
		}
		signed := k.Get(challengeOf(t, c.View))
		var proved atomic.Int32
		var wg sync.WaitGroup
		for range 12 {
			wg.Go(func() {
				if c, err := all.Verify(t.Context(), a, u.ID, rows[0].ID, signed, factor.ChallengeOptions{}); err == nil && c.Proved {
					proved.Add(1)
				}
			})
		}
		wg.Wait()
		if n := proved.Load(); n != 1 {
			t.Errorf("%d are let in", n)
		}
	})
}

// TestUserVerification: where the organisation asks for it, a key must make sure
// who uses it, at the enrolment and ever after.
func TestUserVerification(t *testing.T) {
	w := world(t, storetest.SQLite(t))
	w.User(ann)
	k := keytest.New(t, "one", origin, host)
	k.Verified = false
	enrol(t, w, ann, k)
	tx, challenge := ask(t, w, ann)
	if kind := answer(t, w, tx, k.Get(challenge)); kind != 0 {
		t.Fatalf("preferred: kind %v", kind)
	}
	w.Org.Settings.UserVerification = "required"
	tx, challenge = ask(t, w, ann)
	if kind := answer(t, w, tx, k.Get(challenge)); kind != idp.KindWrongPasscode {
		t.Errorf("required: kind %v", kind)
	}
	k.Verified = true
	if kind := answer(t, w, tx, k.Get(challenge)); kind != 0 {
		t.Errorf("required and done: kind %v", kind)
	}
	w.User("bob@example.com")
	tx = begin(t, w, "bob@example.com")
	a := apply[signin.Activate](t, w, tx, signin.EnrollFactor{Key: "fido_webauthn"})
	b := keytest.New(t, "bob", origin, host)
	b.Verified = false
	_, err := w.Engine.Apply(t.Context(), w.Anonymous(), tx, signin.ActivateFactor{Fields: b.Create(challengeOf(t, a.View))})
	if idp.KindOf(err) != idp.KindWrongPasscode {
		t.Errorf("an enrolment without it: %v", err)
	}
}

// TestSeveralKeys: a user may have several; any of them signs in, none is
// enrolled twice, and browsers are told which there are.
func TestSeveralKeys(t *testing.T) {
	w := world(t, storetest.SQLite(t))
	u := w.User(ann)
	one, two := keytest.New(t, "one", origin, host), keytest.New(t, "two", origin, host)
	enrol(t, w, ann, one)
	enrolments := w.Enrolments("fido_webauthn")
	a := idp.SystemActor(w.Org)
	in := factor.EnrollInput{Type: "webauthn", Provider: "FIDO", EnrollOptions: factor.EnrollOptions{Trusted: true}}
	c, err := enrolments.Enroll(t.Context(), a, u.ID, in)
	if err != nil || c.Status != factor.StatusPending {
		t.Fatalf("%+v, %v", c, err)
	}
	if got, _ := c.View.Options["excludeCredentials"].([]map[string]any); len(got) != 1 || got[0]["id"] != factor.Text(one.ID) {
		t.Errorf("exclude %+v", got)
	}
	if _, err := enrolments.Activate(t.Context(), a, u.ID, c.ID, one.Create(challengeOf(t, c.View))); idp.KindOf(err) != idp.KindWrongPasscode {
		t.Errorf("the same key twice: %v", err)
	}
	if c, err = enrolments.Activate(t.Context(), a, u.ID, c.ID, two.Create(challengeOf(t, c.View))); err != nil || c.Status != factor.StatusActive {
		t.Fatalf("%+v, %v", c, err)
	}
	for _, k := range []*keytest.Key{one, two, one, two} {
		tx, challenge := ask(t, w, ann)
		if kind := answer(t, w, tx, k.Get(challenge)); kind != 0 {
			t.Errorf("kind %v", kind)
		}
	}
	// A caller of the users' factors means the one that it names.
	c, err = enrolments.Verify(t.Context(), a, u.ID, c.ID, nil, factor.ChallengeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := enrolments.Verify(t.Context(), a, u.ID, c.ID, one.Get(challengeOf(t, c.View)), factor.ChallengeOptions{}); idp.KindOf(err) != idp.KindWrongPasscode {
		t.Errorf("another credential: %v", err)
	}
	if c, err = enrolments.Verify(t.Context(), a, u.ID, c.ID, two.Get(challengeOf(t, c.View)), factor.ChallengeOptions{}); err != nil || !c.Proved {
		t.Errorf("%+v, %v", c, err)
	}
}

// TestTrustedOrigins: a page of a trusted origin that may call the server enrols
// and uses a key of its own host; one that may only be redirected to does not.
func TestTrustedOrigins(t *testing.T) {
	w := world(t, storetest.SQLite(t))
	w.User(ann)
	add := func(o store.TrustedOrigin) {
		t.Helper()
		o.OrgID, o.Name, o.Created, o.LastUpdated = w.Org.ID, o.Origin, w.Clock.Now(), w.Clock.Now()
		if err := w.Store.Tx(t.Context(), func(tx *store.Tx) error { return tx.InsertOrigin(o) }); err != nil {
			t.Fatal(err)
		}
	}
	add(store.TrustedOrigin{ID: "tos1", Origin: "https://app.example.net:8443", CORS: true, Active: true})
	add(store.TrustedOrigin{ID: "tos2", Origin: "https://redirect.example.net", Redirect: true, Active: true})
	add(store.TrustedOrigin{ID: "tos3", Origin: "https://off.example.net", CORS: true})
	for _, at := range []string{"redirect.example.net", "off.example.net", "strange.example.net"} {
		tx := begin(t, w, ann)
		a := apply[signin.Activate](t, w, tx, signin.EnrollFactor{Key: "fido_webauthn"})
		k := keytest.New(t, at, "https://"+at, at)
		_, err := w.Engine.Apply(t.Context(), w.Anonymous(), tx, signin.ActivateFactor{Fields: k.Create(challengeOf(t, a.View))})
		if idp.KindOf(err) != idp.KindWrongPasscode {
			t.Errorf("%s: %v", at, err)
		}
	}
	k := keytest.New(t, "app", "https://app.example.net:8443", "app.example.net")
	enrol(t, w, ann, k)
	tx, challenge := ask(t, w, ann)
	stolen := *k
	stolen.Origin, stolen.Host = origin, host
	if kind := answer(t, w, tx, stolen.Get(challenge)); kind != idp.KindWrongPasscode {
		t.Errorf("the key of one host at another: kind %v", kind)
	}
	if kind := answer(t, w, tx, k.Get(challenge)); kind != 0 {
		t.Errorf("kind %v", kind)
	}
}

// TestForeignAttempt: an attempt of another method tells nothing.
func TestForeignAttempt(t *testing.T) {
	m := &webauthn.Method{Rand: env.NewSeeded(1)}
	if _, err := m.Settle(nil, factor.Subject{}, factor.Attempt{OK: true}); err != factor.ErrChanged { //nolint:errorlint // returned bare
		t.Error(err)
	}
}
