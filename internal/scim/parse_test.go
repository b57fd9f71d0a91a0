package scim_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"usher/internal/scim"
)

func compareValues(a, b scim.Value) bool { return a == b }

func str(path, op, s string) scim.Expr { return is(path, op, scim.StringValue(s)) }

func is(path, op string, v scim.Value) scim.Expr {
	for o := scim.Eq; o <= scim.Co; o++ {
		if o.String() == op {
			return scim.Compare{Path: scim.Path(path), Op: o, Value: v}
		}
	}
	panic("no operator " + op)
}

func has(path string) scim.Expr        { return scim.Present{Path: scim.Path(path)} }
func and(terms ...scim.Expr) scim.Expr { return scim.And{Terms: terms} }
func or(terms ...scim.Expr) scim.Expr  { return scim.Or{Terms: terms} }
func not(term scim.Expr) scim.Expr     { return scim.Not{Term: term} }

func TestParse(t *testing.T) {
	tests := []struct {
		name, text string
		want       scim.Expr
		canonical  string // "" means: the text itself
	}{
		{"equality", `status eq "ACTIVE"`, str("status", "eq", "ACTIVE"), ""},
		{
			"deep path", `credentials.signing.kid eq "SIMcCQNY3uwXoW3y0vf6VxiBb5n9pf8L2fK8d-F1bm4"`,
			str("credentials.signing.kid", "eq", "SIMcCQNY3uwXoW3y0vf6VxiBb5n9pf8L2fK8d-F1bm4"), "",
		},
		{"presence", `profile.email pr`, has("profile.email"), ""},
		{
			"words in any case", `profile.email PR AnD a EQ 1 oR NoT (b Sw "x")`,
			or(and(has("profile.email"), is("a", "eq", scim.IntValue(1))), not(str("b", "sw", "x"))),
			`profile.email pr and a eq 1 or not (b sw "x")`,
		},
		{"and binds closer than or", `a pr or b pr and c pr or d pr`, or(has("a"), and(has("b"), has("c")), has("d")), ""},
		{"grouping", `a pr and (b pr or c pr)`, and(has("a"), or(has("b"), has("c"))), ""},
		{"needless grouping", `((a pr)) and ((b pr and (c pr)))`, and(has("a"), has("b"), has("c")), `a pr and b pr and c pr`},
		{"grouped or merges", `(a pr or b pr) or c pr`, or(has("a"), has("b"), has("c")), `a pr or b pr or c pr`},
		{"not binds closest", `not (a pr) and b pr`, and(not(has("a")), has("b")), ""},
		{"not of or", `not(a pr or b pr)`, not(or(has("a"), has("b"))), `not (a pr or b pr)`},
		{
			"the documented way round ne", `(status lt "STAGED" or status gt "STAGED")`,
			or(str("status", "lt", "STAGED"), str("status", "gt", "STAGED")), `status lt "STAGED" or status gt "STAGED"`,
		},
		{"negative number", `a gt -12`, is("a", "gt", scim.IntValue(-12)), ""},
		{"fraction", `a ge 0.5`, is("a", "ge", scim.FloatValue(0.5)), ""},
		{"number in whole form", `a le 1.50e2`, is("a", "le", scim.IntValue(150)), `a le 150`},
		{"minus zero", `a eq -0.0`, is("a", "eq", scim.IntValue(0)), `a eq 0`},
		{"beyond 64 bits", `a eq 1e300`, is("a", "eq", scim.FloatValue(1e300)), `a eq 1e+300`},
		{"true", `a eq true`, is("a", "eq", scim.BoolValue(true)), ""},
		{"false", `a ne false`, is("a", "ne", scim.BoolValue(false)), ""},
		{"null", `a eq null`, is("a", "eq", scim.NullValue()), ""},
		{
			"every comparison", `a eq 1 and a ne 1 and a gt 1 and a ge 1 and a lt 1 and a le 1 and a sw "1" and a ew "1" and a co "1"`,
			and(is("a", "eq", scim.IntValue(1)), is("a", "ne", scim.IntValue(1)), is("a", "gt", scim.IntValue(1)),
				is("a", "ge", scim.IntValue(1)), is("a", "lt", scim.IntValue(1)), is("a", "le", scim.IntValue(1)),
				str("a", "sw", "1"), str("a", "ew", "1"), str("a", "co", "1")), "",
		},
		{
			"escapes", `a eq "\"\\\/\b\f\n\r\t\u0041\u00e9"`, str("a", "eq", "\"\\/\b\f\n\r\tAé"),
			`a eq "\"\\/\u0008\u000c\n\r\tAé"`,
		},
		{"surrogates", `a eq "\ud83d\ude00"`, str("a", "eq", "😀"), `a eq "😀"`},
		{"words inside a string", `a eq "x and (y or z)"`, str("a", "eq", "x and (y or z)"), ""},
		{"odd spacing", "\t a\neq\r\n\"b\"  ", str("a", "eq", "b"), `a eq "b"`},
		{"no spaces", `not(a eq"b")and(c pr)`, and(not(str("a", "eq", "b")), has("c")), `not (a eq "b") and c pr`},
		{"attribute named like an operator", `eq eq "pr" and pr pr`, and(str("eq", "eq", "pr"), has("pr")), ""},
		{"word as inner segment", `a.and.not pr`, has("a.and.not"), ""},
		{"odd but fair names", `_x.$y.z-1.2nd pr`, has("_x.$y.z-1.2nd"), ""},
		{"empty string", `a eq ""`, str("a", "eq", ""), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := scim.Parse(tt.text, scim.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got, cmp.Comparer(compareValues)); diff != "" {
				t.Errorf("tree (-want +got):\n%s", diff)
			}
			want := tt.canonical
			if want == "" {
				want = tt.text
			}
			if got.String() != want {
				t.Errorf("String() = %s, want %s", got, want)
			}
		})
	}
}

func TestParseErrors(t *testing.T) {
	tests := []struct {
		text   string
		offset int
		msg    string // part of the message
	}{
		{``, 0, "expected an attribute, found the end"},
		{`   `, 3, "found the end"},
		{`status`, 6, "expected an operator, found the end"},
		{`status eq`, 9, "expected a quoted string"},
		{`status eq ACTIVE`, 10, `found "ACTIVE"`},
		{`status eq TRUE`, 10, `found "TRUE"`},
		{`status is "ACTIVE"`, 7, `expected an operator, found "is"`},
		{`status "eq" "x"`, 7, "expected an operator"},
		{`status = "x"`, 7, `unexpected character '='`},
		{`status eq 'x'`, 10, `unexpected character '\''`},
		{`a eq "x`, 5, "unterminated string"},
		{`a eq "x\`, 7, "unknown escape"},
		{`a eq "\x"`, 6, "unknown escape"},
		{`a eq "\u12"`, 6, "malformed escape"},
		{`a eq "\u+123"`, 6, "malformed escape"},
		{`a eq "\u0000"`, 6, "U+0000"},
		{`a eq "\ud800"`, 6, "unpaired surrogate"},
		{`a eq "\ud800\u0041"`, 6, "unpaired surrogate"},
		{`a eq "\udc00"`, 6, "unpaired surrogate"},
		{"a eq \"x\ny\"", 7, "control character"},
		{"a eq \"\\n\x01\"", 8, "control character"},
		{"a eq \"\xff\"", 6, "not UTF-8"},
		{`a eq 01`, 5, "malformed number"},
		{`a eq -`, 5, "malformed number"},
		{`a eq 1.`, 5, "malformed number"},
		{`a eq 1e`, 5, "malformed number"},
		{`a eq 1and b pr`, 5, "malformed number"},
		{`a eq 1e999`, 5, "out of range"},
		{`a eq 1 b`, 7, `expected "and", "or" or the end, found "b"`},
		{`a pr and`, 8, "expected an attribute, found the end"},
		{`and a pr`, 0, "expected an attribute"},
		{`a pr and or b pr`, 9, "expected an attribute"},
		{`not a pr`, 4, `expected "(" after "not"`},
		{`(a pr`, 5, `expected ")", found the end`},
		{`a pr)`, 4, `expected "and", "or" or the end`},
		{`()`, 1, "expected an attribute"},
		{`.a pr`, 0, "unexpected character"},
		{`a. pr`, 0, "malformed attribute path"},
		{`a..b pr`, 0, "malformed attribute path"},
		{`a.-b pr`, 0, "malformed attribute path"},
		{`urn:okta:x pr`, 3, "unexpected character ':'"},
		{`emails[type eq "work"]`, 6, "unexpected character '['"},
		{`"a" eq "b"`, 0, "expected an attribute"},
		{strings.Repeat("a.", 16) + "a pr", 0, "more than 16 segments"},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			e, err := scim.Parse(tt.text, scim.Limits{})
			var se *scim.SyntaxError
			if !errors.As(err, &se) {
				t.Fatalf("Parse = %v, %v, want a *SyntaxError", e, err)
			}
			if se.Offset != tt.offset || !strings.Contains(se.Msg, tt.msg) {
				t.Errorf("error %q at %d, want %q at %d", se.Msg, se.Offset, tt.msg, tt.offset)
			}
		})
	}
}

func TestParseLimits(t *testing.T) {
	nested := func(n int) string { return strings.Repeat("(", n) + "a pr" + strings.Repeat(")", n) }
	chain := func(n int) string { return strings.Repeat("a pr or ", n-1) + "a pr" }
	long := func(n int) string { return `a eq "` + strings.Repeat("x", n-7) + `"` }
	small := scim.Limits{MaxBytes: 40, MaxDepth: 2, MaxTerms: 3}
	tests := []struct {
		name     string
		fits     string
		tooMuch  string
		limits   scim.Limits
		contains string
	}{
		{"default depth", nested(32), nested(33), scim.Limits{}, "deeper than 32"},
		{"default terms", chain(100), chain(101), scim.Limits{}, "more than 100 terms"},
		{"default length", long(4096), long(4097), scim.Limits{}, "longer than 4096 bytes"},
		{"own depth", nested(2), nested(3), small, "deeper than 2"},
		{"own terms", chain(3), chain(4), small, "more than 3 terms"},
		{"own length", long(40), long(41), small, "longer than 40 bytes"},
		{"depth of siblings", "(a pr)or(a pr)or(a pr)", "((a pr)or((a pr)))", small, "deeper than 2"},
		{"depth of not", "not (not (a pr))", "not (not (not (a pr)))", small, "deeper than 2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := scim.Parse(tt.fits, tt.limits); err != nil {
				t.Errorf("at the limit: %v", err)
			}
			if _, err := scim.Parse(tt.tooMuch, tt.limits); err == nil || !strings.Contains(err.Error(), tt.contains) {
				t.Errorf("over the limit: error %v, want %q", err, tt.contains)
			}
		})
	}
}

func TestErrorsStayShort(t *testing.T) {
	_, err := scim.Parse("a "+strings.Repeat("é", 1000), scim.Limits{})
	if err == nil || len(err.Error()) > 150 {
		t.Errorf("error %q of a long bad character run", err)
	}
	_, err = scim.Parse("a "+strings.Repeat("q", 1000)+" 1", scim.Limits{})
	if err == nil || len(err.Error()) > 150 {
		t.Errorf("error %q of a long word", err)
	}
}

func TestPaths(t *testing.T) {
	e, err := scim.Parse(`b pr and (a eq 1 or not (b eq 2)) and c.d co "x"`, scim.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]scim.Path{"b", "a", "c.d"}, scim.Paths(e)); diff != "" {
		t.Error(diff)
	}
}
