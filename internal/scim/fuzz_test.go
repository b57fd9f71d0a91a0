package scim_test

import (
	"errors"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"usher/internal/scim"
)

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		`status eq "ACTIVE"`, `not (a pr) and b co "x" or c le -1.5e3`, `((a pr))`, `a eq "\ud83d\ude00\n\""`,
		`a eq 1e999`, `a..b pr`, `published gt "2024-05-01T12:00:00+02:00"`, `a eq null or a eq true`, `a eq "`, ``,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		limits := scim.Limits{MaxBytes: 512, MaxDepth: 8, MaxTerms: 20}
		e, err := scim.Parse(text, limits)
		if err != nil {
			var se *scim.SyntaxError
			if !errors.As(err, &se) || se.Offset < 0 || se.Offset > len(text) || len(se.Msg) > 200 || !utf8.ValidString(se.Msg) {
				t.Fatalf("bad error %#v", err)
			}
			return
		}
		if len(text) > limits.MaxBytes {
			t.Fatal("longer than allowed")
		}
		terms, deepest := measure(e)
		if terms > limits.MaxTerms || deepest > 3*limits.MaxDepth+2 {
			t.Fatalf("%d terms, %d levels", terms, deepest)
		}
		canonical := e.String()
		back, err := scim.Parse(canonical, scim.Limits{MaxBytes: 1 << 16, MaxDepth: limits.MaxDepth, MaxTerms: limits.MaxTerms})
		if err != nil {
			t.Fatalf("canonical text %q: %v", canonical, err)
		}
		if diff := cmp.Diff(e, back, cmp.Comparer(compareValues)); diff != "" {
			t.Fatalf("%q: (-first +second)\n%s", canonical, diff)
		}
		if back.String() != canonical {
			t.Fatalf("%q printed again is %q", canonical, back)
		}
		get := scim.Document(map[string]any{"a": text, "status": []any{"ACTIVE", 1.5, nil}})
		if scim.Match(e, get, scim.Options{}) == scim.Match(scim.Not{Term: e}, get, scim.Options{}) {
			t.Fatal("not does not negate")
		}
	})
}

// measure counts the terms and the levels of a tree.
func measure(e scim.Expr) (terms, levels int) {
	var below []scim.Expr
	switch e := e.(type) {
	case scim.And:
		below = e.Terms
	case scim.Or:
		below = e.Terms
	case scim.Not:
		below = []scim.Expr{e.Term}
	default:
		return 1, 1
	}
	for _, b := range below {
		n, l := measure(b)
		terms += n
		levels = max(levels, l+1)
	}
	return terms, levels
}
