package el_test

import (
	"errors"
	"fmt"
	"testing"
	"unicode/utf8"

	"usher/internal/el"
)

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		`String.startsWith(user.firstName,String.toLowerCase("bob"))`, `user.salary > 1000000 AND !user.isContractor`, `${fn:substringBefore(source.login,"@")}`,
		`user.isMemberOf({'group.id': {'a'}}, {'group.profile.name': 'b', 'operator': 'EXACT'})`, `user.a ?: - -1 lt 2.5e3 ? {1, {}} : 'it''s'`,
		`isMemberOfGroupNameRegex("a{2,5}|[^x]*")`, `Time.fromStringToIso8601(user.login, "yyyy-MM-dd'T'HH:mm")`, `x${"}"}y${user.tags}`,
		`Arrays.toCsvString(Arrays.flatten(user.tags, {1, null}))`, `Time.now("EST", "ZZZ hh a")`, `String.replace("aaaa", "a", "aaaa")`,
		`user.getInternalProperty("status") == null`, `Convert.toInt("1e9") - 1`,
	} {
		f.Add(s, true)
		f.Add(s, false)
	}
	f.Fuzz(func(t *testing.T, text string, asTemplate bool) {
		features := everything()
		features.Template = asTemplate
		features.Limits = el.Limits{MaxBytes: 512, MaxDepth: 8, MaxNodes: 64, MaxSteps: 2000, MaxString: 256, MaxItems: 32}
		p, err := el.Parse(text, features)
		if err != nil {
			var se *el.SyntaxError
			if !errors.As(err, &se) || se.Offset < 0 || se.Offset > len(text) || len(se.Msg) > 200 || !utf8.ValidString(se.Msg) {
				t.Fatalf("bad error %#v", err)
			}
			return
		}
		if len(text) > features.Limits.MaxBytes {
			t.Fatal("longer than allowed")
		}
		canonical := p.Canonical()
		roomy := features
		roomy.Limits.MaxBytes = 1 << 16
		again, err := el.Parse(canonical, roomy)
		if err != nil {
			t.Fatalf("%q printed as %q: %v", text, canonical, err)
		}
		if got := again.Canonical(); got != canonical {
			t.Fatalf("%q printed again as %q", canonical, got)
		}
		s, err := p.String(isaac())
		checkResult(t, s, err)
		if s2, err2 := again.String(isaac()); s2 != s || fmt.Sprint(err2) != fmt.Sprint(err) {
			t.Fatalf("%q gives %q, %v; %q gives %q, %v", text, s, err, canonical, s2, err2)
		}
	})
}

func checkResult(t *testing.T, s string, err error) {
	var ee *el.EvalError
	switch {
	case err != nil && (!errors.As(err, &ee) || len(ee.Msg) > 200):
		t.Fatalf("bad error %#v", err)
	case len(s) > 256 || !utf8.ValidString(s):
		t.Fatalf("result %q", s)
	}
}
