package scim_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"usher/internal/scim"
)

func genPath() *rapid.Generator[scim.Path] {
	return rapid.Custom(func(t *rapid.T) scim.Path {
		first := rapid.StringMatching(`[a-zA-Z_$][a-zA-Z0-9_$-]{0,8}`).Filter(func(s string) bool {
			switch strings.ToLower(s) {
			case "and", "or", "not":
				return false
			}
			return true
		}).Draw(t, "first")
		rest := rapid.SliceOfN(rapid.StringMatching(`[a-zA-Z0-9_$][a-zA-Z0-9_$-]{0,8}`), 0, 3).Draw(t, "rest")
		return scim.Path(strings.Join(append([]string{first}, rest...), "."))
	})
}

func genValue() *rapid.Generator[scim.Value] {
	return rapid.OneOf(
		rapid.Map(rapid.String().Filter(func(s string) bool { return !strings.Contains(s, "\x00") }), scim.StringValue),
		rapid.Map(rapid.Int64(), scim.IntValue),
		rapid.Map(rapid.Float64(), scim.FloatValue),
		rapid.Map(rapid.Bool(), scim.BoolValue),
		rapid.Just(scim.NullValue()),
	)
}

// genExpr makes trees of the form that Parse makes: And and Or have two terms or more and none of their own kind.
func genExpr(depth int, parent string) *rapid.Generator[scim.Expr] {
	return rapid.Custom(func(t *rapid.T) scim.Expr {
		kinds := []string{"compare", "present"}
		if depth > 0 {
			kinds = append(kinds, "not", "and", "or")
		}
		kind := rapid.SampledFrom(kinds).Filter(func(k string) bool { return k != parent || k == "not" }).Draw(t, "kind")
		switch kind {
		case "compare":
			return scim.Compare{
				Path: genPath().Draw(t, "path"), Value: genValue().Draw(t, "value"),
				Op: scim.Op(rapid.IntRange(int(scim.Eq), int(scim.Co)).Draw(t, "op")),
			}
		case "present":
			return scim.Present{Path: genPath().Draw(t, "path")}
		case "not":
			return scim.Not{Term: genExpr(depth-1, kind).Draw(t, "term")}
		}
		terms := rapid.SliceOfN(genExpr(depth-1, kind), 2, 4).Draw(t, "terms")
		if kind == "and" {
			return scim.And{Terms: terms}
		}
		return scim.Or{Terms: terms}
	})
}

func roomy() scim.Limits { return scim.Limits{MaxBytes: 1 << 20, MaxTerms: 1 << 16} }

func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := genExpr(4, "").Draw(t, "expr")
		back, err := scim.Parse(e.String(), roomy())
		if err != nil {
			t.Fatalf("%s: %v", e, err)
		}
		if diff := cmp.Diff(e, back, cmp.Comparer(compareValues)); diff != "" {
			t.Fatalf("%s: (-printed +parsed)\n%s", e, diff)
		}
	})
}

// Match must obey the laws of logic, and ne must be the negation of eq, whatever the document.
func TestMatchLaws(t *testing.T) {
	paths := []scim.Path{"a", "b.c", "d", "missing"}
	genCompare := rapid.Custom(func(t *rapid.T) scim.Expr {
		return scim.Compare{
			Path: rapid.SampledFrom(paths).Draw(t, "path"), Value: genValue().Draw(t, "value"),
			Op: scim.Op(rapid.IntRange(int(scim.Eq), int(scim.Co)).Draw(t, "op")),
		}
	})
	genAny := rapid.OneOf(
		rapid.Map(rapid.String(), func(s string) any { return s }), rapid.Map(rapid.Int64(), func(i int64) any { return i }),
		rapid.Map(rapid.Bool(), func(b bool) any { return b }), rapid.Map(rapid.Float64(), func(f float64) any { return f }),
		rapid.Just[any](nil),
	)
	rapid.Check(t, func(t *rapid.T) {
		doc := map[string]any{
			"a": genAny.Draw(t, "a"), "b": map[string]any{"c": genAny.Draw(t, "c")},
			"d": rapid.SliceOfN(genAny, 0, 3).Draw(t, "d"),
		}
		get := scim.Document(doc)
		m := func(e scim.Expr) bool { return scim.Match(e, get, scim.Options{}) }
		x, y := genCompare.Draw(t, "x"), genCompare.Draw(t, "y")
		if m(not(and(x, y))) != m(or(not(x), not(y))) || m(not(or(x, y))) != m(and(not(x), not(y))) {
			t.Fatal("De Morgan's laws do not hold")
		}
		c := x.(scim.Compare)
		eq, ne := c, c
		eq.Op, ne.Op = scim.Eq, scim.Ne
		if m(eq) == m(ne) {
			t.Fatalf("%s and its ne agree", eq)
		}
		if c.Path == "d" {
			return // several values: each of the orders below may hold
		}
		lt, le, gt, ge := c, c, c, c
		lt.Op, le.Op, gt.Op, ge.Op = scim.Lt, scim.Le, scim.Gt, scim.Ge
		if m(lt) && m(gt) || m(lt) && m(eq) || m(gt) && m(eq) {
			t.Fatalf("%s: order is ambiguous", eq)
		}
		if ordered := c.Value.Kind() == scim.String || c.Value.Kind() == scim.Number; ordered {
			if m(le) != (m(lt) || m(eq)) || m(ge) != (m(gt) || m(eq)) {
				t.Fatalf("%s: le or ge is not the union", eq)
			}
		}
	})
}
