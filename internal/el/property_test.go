package el_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"usher/internal/el"
)

// genText makes the text of an expression that parses, with needless parentheses here and there.
func genText(depth int) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		kinds := []string{"string", "int", "number", "bool", "null", "reference"}
		if depth > 0 {
			kinds = append(kinds, "compare", "logic", "not", "choice", "fallback", "call", "list", "plus", "group", "parens")
		}
		sub := func() string { return genText(depth-1).Draw(t, "sub") }
		condition := func() string {
			return fmt.Sprintf("((%s) == (%s))", sub(), sub())
		}
		switch rapid.SampledFrom(kinds).Draw(t, "kind") {
		case "string":
			s := rapid.String().Filter(func(s string) bool { return !strings.Contains(s, "\x00") }).Draw(t, "s")
			return "'" + strings.ReplaceAll(s, "'", "''") + "'"
		case "int":
			return fmt.Sprint(rapid.Int64Range(0, 1<<62).Draw(t, "i"))
		case "number":
			return fmt.Sprintf("%g", rapid.Float64Range(0, 1e300).Draw(t, "f"))
		case "bool":
			return rapid.SampledFrom([]string{"true", "FALSE"}).Draw(t, "b")
		case "null":
			return "null"
		case "reference":
			return rapid.SampledFrom([]string{"user.firstName", "user.tags", "user.missing", "user.salary"}).Draw(t, "r")
		case "compare":
			return fmt.Sprintf("(%s) %s (%s)", sub(), rapid.SampledFrom([]string{"==", "!=", "<", "le", "GT", ">="}).Draw(t, "op"), sub())
		case "logic":
			return fmt.Sprintf("%s %s %s", condition(), rapid.SampledFrom([]string{"and", "OR", "&&", "||"}).Draw(t, "op"), condition())
		case "not":
			return rapid.SampledFrom([]string{"!", "not "}).Draw(t, "op") + condition()
		case "choice":
			return fmt.Sprintf("%s ? %s : %s", condition(), sub(), sub())
		case "fallback":
			return fmt.Sprintf("(%s) ?: (%s)", sub(), sub())
		case "call":
			return fmt.Sprintf("String.append((%s), %s)", sub(), sub())
		case "list":
			return fmt.Sprintf("{%s, %s}", sub(), sub())
		case "plus":
			return fmt.Sprintf("(%s) + (%s)", sub(), sub())
		case "group":
			return `user.isMemberOf({'group.profile.name': {'a', "b"}}, {'group.type': 'APP_GROUP'})`
		default:
			return "(" + sub() + ")"
		}
	})
}

func TestRoundTripAndMeaning(t *testing.T) {
	f := el.GroupRules()
	f.Condition = false
	f.Limits = el.Limits{MaxBytes: 1 << 20, MaxDepth: 100, MaxNodes: 1 << 16}
	rapid.Check(t, func(t *rapid.T) {
		text := genText(4).Draw(t, "text")
		p, err := el.Parse(text, f)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		canonical := p.Canonical()
		again, err := el.Parse(canonical, f)
		if err != nil {
			t.Fatalf("%s printed as %s: %v", text, canonical, err)
		}
		if got := again.Canonical(); got != canonical {
			t.Fatalf("%s printed again as %s", canonical, got)
		}
		if diff := cmp.Diff(p.Uses(), again.Uses()); diff != "" {
			t.Fatalf("%s: uses differ\n%s", text, diff)
		}
		v1, err1 := p.Value(isaac())
		v2, err2 := again.Value(isaac())
		if diff := cmp.Diff(v1.Any(), v2.Any()); diff != "" || fmt.Sprint(err1) != fmt.Sprint(err2) {
			t.Fatalf("%s means something else than %s: %v, %v\n%s", text, canonical, err1, err2, diff)
		}
	})
}

func TestLogicLaws(t *testing.T) {
	// Three truth values: De Morgan's laws hold, and a double negation is none.
	atoms := []string{"true", "false", "user.missing"}
	for _, a := range atoms {
		for _, b := range atoms {
			left := evaluate(t, fmt.Sprintf("!(%s && %s)", a, b), everything())
			right := evaluate(t, fmt.Sprintf("!%s || !%s", a, b), everything())
			if left != right {
				t.Errorf("not (%s and %s): %v, %v", a, b, left, right)
			}
			if x, y := evaluate(t, a+"&&"+b, everything()), evaluate(t, b+"&&"+a, everything()); x != y {
				t.Errorf("%s and %s: %v, turned round %v", a, b, x, y)
			}
		}
		if x := evaluate(t, "!!"+a, everything()); x != evaluate(t, a, everything()) {
			t.Errorf("not not %s is %v", a, x)
		}
	}
}

func TestStringFunctionLaws(t *testing.T) {
	plain := rapid.String().Filter(func(s string) bool { return !strings.Contains(s, "\x00") })
	quote := func(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }
	rapid.Check(t, func(t *rapid.T) {
		s, sep := plain.Draw(t, "s"), plain.Filter(func(s string) bool { return s != "" }).Draw(t, "sep")
		n := rapid.IntRange(0, 20).Draw(t, "n")
		for _, text := range []string{
			fmt.Sprintf(`!String.stringContains(%[1]s, %[2]s) || String.substringBefore(%[1]s, %[2]s) + %[2]s + String.substringAfter(%[1]s, %[2]s) == %[1]s`,
				quote(s), quote(sep)),
			fmt.Sprintf(`String.substring(%[1]s, 0, %[2]d) + String.substring(%[1]s, %[2]d) == %[1]s`, quote(s), n),
			fmt.Sprintf(`String.len(%[1]s + %[2]s) == String.len(%[1]s) + String.len(%[2]s)`, quote(s), quote(sep)),
			fmt.Sprintf(`String.replace(%[1]s, %[2]s, %[2]s) == %[1]s`, quote(s), quote(sep)),
		} {
			p, err := el.Parse(text, el.GroupRules())
			if err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			if ok, err := p.Bool(isaac()); err != nil || !ok {
				t.Fatalf("%s: %v, %v", text, ok, err)
			}
		}
	})
}
