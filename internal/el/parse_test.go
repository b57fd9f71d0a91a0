package el_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"usher/internal/el"
)

func TestParseErrors(t *testing.T) {
	tests := []struct {
		text   string
		offset int
		msg    string
	}{
		{``, 0, "expected a value, found the end"},
		{`  `, 2, "found the end"},
		{`user`, 0, "needs an attribute"},
		{`user.`, 5, "expected a name, found the end"},
		{`user."a"`, 5, "expected a name"},
		{`firstName`, 0, `unknown name "firstName"`},
		{`appuser.x == 1`, 0, `unknown name "appuser"`},
		{`session.amr == null`, 0, `unknown name "session"`},
		{`String.len == 1`, 0, `unknown name "String"`},
		{`user.a = "x"`, 7, "assignment is not allowed"},
		{`user.a++`, 6, "counting"},
		{`user.a ==`, 9, "expected a value, found the end"},
		{`user.a == == 1`, 10, "expected a value"},
		{`user.a == 1 == 2`, 12, "cannot be chained"},
		{`(user.a == 1) == true == false`, 22, "cannot be chained"},
		{`user.a < 1 && user.b < 2 < 3`, 25, "cannot be chained"},
		{`user.a user.b`, 7, "expected an operator or the end"},
		{`(user.a`, 7, `expected ")"`},
		{`user.a)`, 6, "expected an operator or the end"},
		{`{1, 2`, 5, `expected ","`},
		{`{1,}`, 3, "expected a value"},
		{`'abc`, 0, "unterminated string"},
		{`"abc""`, 0, "unterminated string"},
		{`user.a == 12ab`, 10, "malformed number"},
		{`user.a == 99999999999999999999`, 10, "out of range"},
		{`user.a == 1e999`, 10, "out of range"},
		{`user.a & user.b`, 7, "unexpected character '&'"},
		{`user.a[0]`, 6, "unexpected character '['"},
		{`#root`, 0, "unexpected character '#'"},
		{`@bean.x`, 0, "unexpected character '@'"},
		{`T(java.lang.Runtime).getRuntime()`, 0, `unknown function "T"`},
		{`new java.util.Date()`, 0, `unknown name "new"`},
		{`user.getClass()`, 0, `unknown function "user.getClass"`},
		{`user.a.toUpperCase()`, 0, "unknown function"},
		{`string.len("a")`, 0, `unknown function "string.len"`},
		{`Convert.toInt("1") == 1`, 0, "not allowed here"},
		{`Time.now() == "x"`, 0, "not allowed here"},
		{`Arrays.add({1}, 2) == {1}`, 0, "not allowed here"},
		{`fn:toLowerCase(user.a)`, 0, `unknown name "fn"`},
		{`${user.a}`, 0, `unknown name "$"`},
		{`String.len()`, 0, "does not take 0 arguments"},
		{`String.len("a", "b") == 1`, 0, "does not take 2 arguments"},
		{`String.stringSwitch("a", "b", "c", "d", "e")`, 0, "key without a value"},
		{`String.stringSwitch("a", "b")`, 0, "does not take 2 arguments"},
		{`Arrays.size("x") == 1`, 0, "a string stands in Arrays.size where a list is needed"},
		{`"a" AND true`, 0, `a string stands beside "&&" where a boolean is needed`},
		{`true || {1}`, 8, `a list stands beside "||"`},
		{`!"a"`, 1, `a string stands after "!"`},
		{`"a" - 1 == 1`, 0, `a string stands beside "-"`},
		{`-"a" == 1`, 1, `a string stands after "-"`},
		{`"a" ? true : false`, 0, `a string stands before "?"`},
		{`user.a ? true`, 13, `expected ":"`},
		{`"text"`, 0, "the result is a string, not a boolean"},
		{`user.a + "x"`, 0, "the result is a string"},
		{`user.b ? "x" : "y"`, 0, "the result is a string"},
		{`{true}`, 0, "the result is a list"},
		{`1 - 1`, 0, "the result is a number"},
		{`isMemberOfGroupNameRegex(user.a)`, 25, "expected a quoted string"},
		{`isMemberOfGroupNameRegex("(")`, 25, "no regular expression"},
		{`isMemberOfGroupNameRegex("(?=x)")`, 25, "no regular expression"},
		{`isMemberOfGroupNameRegex("` + strings.Repeat("x", 257) + `")`, 25, "longer than 256"},
		{`isMemberOfGroupNameRegex("(` + strings.Repeat("x", 200) + `){1000}")`, 25, "repeats too much"},
		{`isMemberOfGroupNameRegex("a", "b")`, 28, `expected ")"`},
		{`user.getInternalProperty(user.a) == 1`, 25, "expected a quoted string"},
		{`user.isMemberOf()`, 16, `expected "{"`},
		{`user.isMemberOf("x")`, 16, `expected "{"`},
		{`user.isMemberOf({})`, 17, "expected a quoted key"},
		{`user.isMemberOf({'group.id'})`, 27, `expected ":"`},
		{`user.isMemberOf({'group.id': user.a})`, 29, "expected a quoted string"},
		{`user.isMemberOf({'group.id': {}})`, 30, "expected a quoted string"},
		{`user.isMemberOf({'group.name': 'x'})`, 17, "unknown or repeated key"},
		{`user.isMemberOf({'group.id': 'x', 'group.id': 'y'})`, 34, "unknown or repeated key"},
		{`user.isMemberOf({'operator': 'EXACT'})`, 16, "no criterion"},
		{`user.isMemberOf({'group.id': 'x', 'operator': 'EXACT'})`, 16, "the operator must be"},
		{`user.isMemberOf({'group.profile.name': 'x', 'operator': 'ENDS_WITH'})`, 16, "the operator must be"},
		{`user.isMemberOf({'group.id': 'x'}, 'y')`, 35, `expected "{"`},
		{"user.a == \"\xff\"", 11, "not UTF-8"},
		{"user.a == \"\x00\"", 11, "U+0000"},
		{`user.a.b.c.d.e.f.g.h`, 0, "more than 8 names"},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			p, err := el.Parse(tt.text, el.GroupRules())
			var se *el.SyntaxError
			if !errors.As(err, &se) {
				t.Fatalf("Parse = %v, %v, want a *SyntaxError", p, err)
			}
			if se.Offset != tt.offset || !strings.Contains(se.Msg, tt.msg) {
				t.Errorf("error %q at %d, want %q at %d", se.Msg, se.Offset, tt.msg, tt.offset)
			}
		})
	}
}

func TestTemplateErrors(t *testing.T) {
	for text, msg := range map[string]string{
		`${`: "found the end", `${}`: "expected a value", `${source.login`: `expected an operator or "}"`, `${source.login)}`: `expected an operator or "}"`,
		`a${1 2}`: `expected an operator or "}"`, `${fn:nothing(1)}`: "unknown function", `${fn:toLowerCase}`: "unknown name", `${fn :toLowerCase("a")}`: "unknown name",
		`${session.amr}`: "unknown name",
	} {
		if p, err := el.Parse(text, el.Usernames()); err == nil || !strings.Contains(err.Error(), msg) {
			t.Errorf("Parse(%s) = %v, %v, want an error with %q", text, p, err, msg)
		}
	}
}

func TestCanonical(t *testing.T) {
	for text, want := range map[string]string{
		`user.a=="x"and!user.b`:                        `user.a == "x" AND !user.b`,
		`((user.a eq 'it''s')) || (user.b && user.c)`:  `user.a == "it's" OR user.b AND user.c`,
		`(user.a or user.b) and not user.c`:            `(user.a OR user.b) AND !user.c`,
		`user.a or (user.b or user.c)`:                 `user.a OR (user.b OR user.c)`,
		`(user.a or user.b) or user.c`:                 `user.a OR user.b OR user.c`,
		`(user.a == 1) == (user.b != 2.50)`:            `(user.a == 1) == (user.b != 2.5)`,
		`1-(2-3) lt -(4) == false ? true : false`:      "",
		`(1-(2-3)) lt -(4)`:                            `1 - (2 - 3) < -4`,
		`- - 1 lt 0`:                                   `- -1 < 0`,
		`!(user.a && user.b)`:                          `!(user.a AND user.b)`,
		`user.a?true:user.b?false:true`:                `user.a ? true : user.b ? false : true`,
		`(user.a ? user.b : user.c) ? true : false`:    `(user.a ? user.b : user.c) ? true : false`,
		`user.a?:user.b ?:true`:                        `user.a ?: user.b ?: true`,
		`Arrays.contains({ 1,'a',{ } },user.x)`:        `Arrays.contains({1, "a", {}}, user.x)`,
		`isMemberOfGroupNameRegex('a"b')`:              `isMemberOfGroupNameRegex("a""b")`,
		`user.getInternalProperty('status')=='ACTIVE'`: `user.getInternalProperty("status") == "ACTIVE"`,
		`user.isMemberOf({"group.id":"a"} , {'group.profile.name':{"b",'c'},'operator':'EXACT'})`: `user.isMemberOf({"group.id": {"a"}}, ` +
			`{"group.profile.name": {"b", "c"}, "operator": "EXACT"})`,
	} {
		p, err := el.Parse(text, el.GroupRules())
		if want == "" {
			if err == nil {
				t.Errorf("Parse(%s) is allowed: %s", text, p.Canonical())
			}
			continue
		}
		if err != nil {
			t.Errorf("Parse(%s): %v", text, err)
			continue
		}
		if got := p.Canonical(); got != want || p.Source() != text {
			t.Errorf("Canonical(%s) = %s, want %s", text, got, want)
		}
	}
}

func TestUses(t *testing.T) {
	tests := []struct {
		text string
		f    el.Features
		want el.Uses
	}{
		{`user.b == user.a && user.b != null`, el.GroupRules(), el.Uses{Attributes: []string{"user.b", "user.a"}}},
		{
			`isMemberOfGroup("00g1") or isMemberOfAnyGroup("00g2", {"00g1"}) or isMemberOfGroupName("n")`, el.GroupRules(),
			el.Uses{GroupIDs: []string{"00g1", "00g2"}, GroupNames: []string{"n"}},
		},
		{`isMemberOfGroup(user.g)`, el.GroupRules(), el.Uses{Attributes: []string{"user.g"}, AnyGroup: true}},
		{`isMemberOfGroupNameStartsWith("n")`, el.GroupRules(), el.Uses{AnyGroup: true}},
		{`isMemberOfGroupNameContains("n")`, el.GroupRules(), el.Uses{AnyGroup: true}},
		{`isMemberOfGroupNameRegex("n")`, el.GroupRules(), el.Uses{AnyGroup: true}},
		{`user.isMemberOf({'group.id': {'a', 'b'}}, {'group.type': 'APP_GROUP'})`, el.GroupRules(), el.Uses{GroupIDs: []string{"a", "b"}}},
		{`user.isMemberOf({'group.profile.name': 'a', 'operator': 'EXACT'})`, el.GroupRules(), el.Uses{GroupNames: []string{"a"}}},
		{`user.isMemberOf({'group.profile.name': 'a'})`, el.GroupRules(), el.Uses{AnyGroup: true}},
		{`isMemberOfGroupNameContains("n") || user.isMemberOf({'group.id': 'a'})`, el.GroupRules(), el.Uses{GroupIDs: []string{"a"}, AnyGroup: true}},
		{`user.isMemberOf({'group.type': 'a'})`, el.GroupRules(), el.Uses{AnyGroup: true}},
		{`user.getInternalProperty("status") == "x" || user.getInternalProperty("status") == "y"`, el.GroupRules(), el.Uses{Properties: []string{"status"}}},
		{`${source.login}-${Time.now()}${appuser.x.y}`, el.Usernames(), el.Uses{Attributes: []string{"source.login", "appuser.x.y"}, Clock: true}},
	}
	for _, tt := range tests {
		p, err := el.Parse(tt.text, tt.f)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.want, p.Uses()); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", tt.text, diff)
		}
		wantGroups := len(tt.want.GroupIDs)+len(tt.want.GroupNames) > 0 || tt.want.AnyGroup
		if p.Uses().Groups() != wantGroups {
			t.Errorf("%s: Groups() = %v", tt.text, !wantGroups)
		}
	}
}

func TestAnyRoot(t *testing.T) {
	f := el.Features{AnyRoot: true, Functions: el.AllFunctions, Template: true}
	if _, err := el.Parse(`zendesk.firstName`, f); err != nil {
		t.Error(err)
	}
	for _, text := range []string{`Arrays.size`, `fn:x.y`} {
		if _, err := el.Parse(text, f); err == nil {
			t.Errorf("%s is a reference", text)
		}
	}
}

func TestLimits(t *testing.T) {
	nested := func(n int) string { return strings.Repeat("(", n-1) + "user.a" + strings.Repeat(")", n-1) }
	tests := []struct {
		name, fits, tooMuch, msg string
		limits                   el.Limits
	}{
		{"length", `user.a == "` + strings.Repeat("x", 4084) + `"`, `user.a == "` + strings.Repeat("x", 4085) + `"`, "longer than 4096", el.Limits{}},
		{"depth", nested(32), nested(33), "deeper than 32", el.Limits{}},
		{"depth of signs", strings.Repeat("!", 31) + "user.a", strings.Repeat("!", 32) + "user.a", "deeper than 32", el.Limits{}},
		{"depth of choices", strings.Repeat("user.a?user.b:", 31) + "user.a", strings.Repeat("user.a?user.b:", 32) + "user.a", "deeper than 32", el.Limits{}},
		{"nodes", "user.a" + strings.Repeat("||user.a", 255), "user.a" + strings.Repeat("||user.a", 256), "more than 512 parts", el.Limits{}},
		{"own", `user.a`, `user.a || user.b`, "more than 2 parts", el.Limits{MaxNodes: 2}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := el.GroupRules()
			f.Limits = tt.limits
			if _, err := el.Parse(tt.fits, f); err != nil {
				t.Errorf("at the limit: %v", err)
			}
			if _, err := el.Parse(tt.tooMuch, f); err == nil || !strings.Contains(err.Error(), tt.msg) {
				t.Errorf("over the limit: error %v, want %q", err, tt.msg)
			}
		})
	}
}

func TestReplacingOnceCountsOnce(t *testing.T) {
	f := everything()
	f.Limits = el.Limits{MaxString: 12}
	p, err := el.Parse(`String.replaceFirst("aaaaaaaaaa", "a", "bbb")`, f)
	if err != nil {
		t.Fatal(err)
	}
	if s, err := p.String(isaac()); err != nil || s != "bbbaaaaaaaaa" {
		t.Errorf("String = %q, %v", s, err)
	}
}

func TestEvaluationLimits(t *testing.T) {
	tens := `"xxxxxxxxxx"`
	doubling := strings.Repeat(`String.replace(`, 20) + `"x"` + strings.Repeat(`, "x", "xx")`, 20)
	tests := []struct {
		name, text string
		limits     el.Limits
	}{
		{"text by joining", tens + "+" + tens, el.Limits{MaxString: 19}},
		{"text by replacing", doubling, el.Limits{}},
		{"text by join", `String.join("", ` + tens + `, ` + tens + `)`, el.Limits{MaxString: 19}},
		{"text by commas", `Arrays.toCsvString({` + tens + `, ` + tens + `})`, el.Limits{MaxString: 20}},
		{"text of a template", `${` + tens + `}` + strings.Repeat("x", 10), el.Limits{MaxString: 19}},
		{"text of an attribute", `source.login`, el.Limits{MaxString: 5}},
		{"list", `{1, 2, 3}`, el.Limits{MaxItems: 2}},
		{"list by adding", `Arrays.add(user.numbers, 1)`, el.Limits{MaxItems: 3}},
		{"list by flattening", `Arrays.flatten(user.numbers, user.numbers)`, el.Limits{MaxItems: 5}},
		{"steps", `1 + 1 + 1`, el.Limits{MaxSteps: 4}},
		{"steps over groups", `isMemberOfGroupNameContains("x")`, el.Limits{MaxSteps: 4}},
		{"steps over items", `Arrays.contains(user.numbers, 9)`, el.Limits{MaxSteps: 5}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := everything()
			roomy, err := el.Parse(tt.text, f)
			if err != nil {
				t.Fatal(err)
			}
			if tt.limits != (el.Limits{}) {
				if _, err := roomy.Value(isaac()); err != nil {
					t.Errorf("with room: %v", err)
				}
			}
			f.Limits = tt.limits
			p, err := el.Parse(tt.text, f)
			if err != nil {
				t.Fatal(err)
			}
			s, err := p.String(isaac())
			var ee *el.EvalError
			if !errors.As(err, &ee) || !ee.Limit {
				t.Errorf("String = %q, %v, want a limit", s, err)
			}
		})
	}
}
