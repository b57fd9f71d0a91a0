package factor_test

import (
	"strings"
	"testing"

	"usher/internal/credential"
	"usher/internal/env"
	"usher/internal/factor"
	"usher/internal/factor/password"
	"usher/internal/idp"
)

func TestCatalogue(t *testing.T) {
	m := &password.Method{}
	s := factor.NewService(m)
	if got, ok := s.Method(factor.Password); !ok || got != factor.Method(m) {
		t.Fatal("the method is not found")
	}
	if _, ok := s.Method("totp"); ok {
		t.Fatal("a method that is not there is found")
	}
	if d := s.Descriptions(); len(d) != 1 || d[0].Kind != "password" || !d[0].Primary || d[0].Credential != "PASSWORD" || d[0].AMR[0] != "pwd" {
		t.Fatalf("%+v", d)
	}
	for user, want := range map[*idp.User]int{nil: 0, {HasPassword: false}: 0, {HasPassword: true}: 1} {
		if got, err := s.Enrolled(nil, factor.Subject{User: user}); err != nil || len(got) != want {
			t.Errorf("%+v: %v, %v", user, got, err)
		}
	}
	defer func() {
		if recover() == nil {
			t.Fatal("a kind can be registered twice")
		}
	}()
	factor.NewService(m, m)
}

func TestComplete(t *testing.T) {
	d := (&password.Method{}).Describe()
	for name, c := range map[string]struct {
		answer map[string]string
		ok     bool
	}{
		"nil": {nil, false}, "empty": {map[string]string{"password": ""}, false}, "given": {map[string]string{"password": "x", "more": "y"}, true},
		"longest": {map[string]string{"password": strings.Repeat("x", 4096)}, true}, "too long": {map[string]string{"password": strings.Repeat("x", 4097)}, false},
	} {
		if err := d.Complete(c.answer); (err == nil) != c.ok || (err != nil && idp.KindOf(err) != idp.KindInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDerivedIdentifiers(t *testing.T) {
	a := factor.AuthenticatorID("00o1", "password")
	if len(a) != 20 || !strings.HasPrefix(a, "aut") || a != factor.AuthenticatorID("00o1", "password") {
		t.Fatal(a)
	}
	others := map[string]bool{
		a: true, factor.AuthenticatorID("00o2", "password"): true, factor.AuthenticatorID("00o1", "totp"): true,
		factor.EnrolmentID("aut", "00o1", "", "password"): true, factor.EnrolmentID("aut", "00o1", "x", "password"): true,
		factor.EnrolmentID("aut", "00o1x", "", "password"): true,
	}
	if len(others) != 6 {
		t.Fatalf("identifiers collide: %v", others)
	}
}

// An attempt that was made for somebody else, or by another method, settles
// nothing.
func TestForeignAttempts(t *testing.T) {
	m := &password.Method{Credentials: &credential.Service{Hasher: credential.NewHasher(env.NewSeeded(1), credential.Params{Memory: 8, Time: 1, Threads: 1}, 1)}}
	ann := factor.Subject{Org: &idp.Org{ID: "00o1"}, User: &idp.User{ID: "00uann"}}
	for name, a := range map[string]factor.Attempt{
		"nothing": {}, "another method's": {OK: true, State: 7},
		"somebody else's": {OK: true, State: credential.Proof{OrgID: "00o1", UserID: "00ubob", OK: true}},
	} {
		if o, err := m.Settle(nil, ann, a); err != factor.ErrChanged || o.Proved { //nolint:errorlint // returned bare
			t.Errorf("%s: %+v, %v", name, o, err)
		}
	}
	nobody, err := m.Check(t.Context(), factor.Subject{Org: ann.Org}, map[string]string{"password": "x"})
	if err != nil || nobody.OK {
		t.Fatalf("%+v, %v", nobody, err)
	}
}
