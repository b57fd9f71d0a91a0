package el_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"usher/internal/el"
)

// isaac is a user as the examples have one; missing attributes are null.
func isaac() el.Scope {
	user := map[string]any{
		"login": "isaac.brock@example.com", "email": "isaac.brock@example.com", "firstName": "Isaac", "lastName": "Brock",
		"city": "San Francisco", "salary": 1200000, "rate": 12.5, "isContractor": false, "empty": "", "middleName": nil,
		"tags": []any{"red", "blue"}, "numbers": []any{10.0, 20.0, 30.0}, "nested": []any{1, []any{2, []any{3}}}, "emoji": "a😀é",
		"text": "42", "or": "odd name", "nothing": []any{},
	}
	return el.Scope{
		Attributes: map[string]any{
			"user": user, "source": user, "org": map[string]any{"externalKey": "exk1"},
			"session": map[string]any{"amr": []string{"pwd", "mfa"}},
		},
		Member: []el.Group{
			{ID: "00g1", Name: "Everyone", Type: "BUILT_IN"},
			{ID: "00g2", Name: "West Coast Users", Type: "OKTA_GROUP"},
			{ID: "00g3", Name: "Engineering Users", Type: "APP_GROUP"},
		},
		Properties: map[string]any{"status": "ACTIVE"},
		Time:       time.Date(2015, 7, 31, 17, 18, 37, 979e6, time.UTC),
	}
}

func everything() el.Features {
	f := el.Claims()
	f.Roots = append(f.Roots, "source")
	return f
}

func evaluate(t testing.TB, text string, f el.Features) any {
	t.Helper()
	p, err := el.Parse(text, f)
	if err != nil {
		t.Fatalf("Parse(%s): %v", text, err)
	}
	v, err := p.Value(isaac())
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v.Any()
}

type evalTest struct {
	text string
	want any
}

func runEval(t *testing.T, tests []evalTest) {
	t.Helper()
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, evaluate(t, tt.text, everything())); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestOperators(t *testing.T) {
	runEval(t, []evalTest{
		{`1234`, int64(1234)},
		{`3.141`, 3.141},
		{`1e3`, 1000.0},
		{`'Hello world'`, "Hello world"},
		{`TRUE`, true},
		{`Null`, nil},
		{`'it''s'`, "it's"},
		{`"say ""x"""`, `say "x"`},
		{`"XDOMAIN\" + user.firstName`, `XDOMAIN\Isaac`},
		{`'a"b'`, `a"b`},
		{`user.firstName`, "Isaac"},
		{`user.missing`, nil},
		{`user.or`, "odd name"},
		{`user.firstName + " " + user.lastName`, "Isaac Brock"},
		{`"n" + 1 + 2.5 + true`, "n12.5true"},
		{`1 + 2 + "x"`, "3x"},
		{`1 + 2`, int64(3)},
		{`1 + 0.5`, 1.5},
		{`5 - 7`, int64(-2)},
		{`5 - 0.5`, 4.5},
		{`- -3`, int64(3)},
		{`-user.rate`, -12.5},
		{`1 - 2 - 3`, int64(-4)},
		{`1 - (2 - 3)`, int64(2)},
		{`user.city == "San Francisco"`, true},
		{`user.city == "san francisco"`, false},
		{`user.city != 'x'`, true},
		{`user.city EQ "San Francisco"`, true},
		{`user.city ne "San Francisco"`, false},
		{`user.salary >= 1000000`, true},
		{`user.salary > 1200000`, false},
		{`user.salary == 1200000.0`, true},
		{`user.rate lt 13`, true},
		{`"a" < "b"`, true},
		{`"a" ge "b"`, false},
		{`user.text == 42`, false},
		{`true == "true"`, false},
		{`{1, 2} == {1, 2.0}`, true},
		{`!user.isContractor`, true},
		{`not user.isContractor`, true},
		{`!!user.isContractor`, false},
		{`user.salary > 1000000 AND !user.isContractor`, true},
		{`true && false || true`, true},
		{`true or false and false`, true},
		{`(true or false) and false`, false},
		{`!true or true`, true},
		{`false == !true`, true},
		{`user.salary > 5 ? 'Sales' : 'Other'`, "Sales"},
		{`false ? 1 : true ? 2 : 3`, int64(2)},
		{`false ? true ? 1 : 2 : 3`, int64(3)},
		{`user.missing ?: "x"`, "x"},
		{`user.empty ?: "x"`, "x"},
		{`user.firstName ?: "x"`, "Isaac"},
		{`0 ?: 1`, int64(0)},
		{`{1, "a", {true}}`, []any{int64(1), "a", []any{true}}},
		{`{}`, []any{}},
		{`user.tags`, []any{"red", "blue"}},
		{`session.amr`, []any{"pwd", "mfa"}},
	})
}

func TestNull(t *testing.T) {
	runEval(t, []evalTest{
		{`user.missing == null`, true},
		{`user.middleName == NULL`, true},
		{`user.missing == ""`, false},
		{`user.empty == null`, false},
		{`user.missing != ""`, true},
		{`user.missing != null`, false},
		{`user.missing < 5`, nil},
		{`5 >= user.missing`, nil},
		{`!(user.missing < 5)`, nil},
		{`!user.missing`, nil},
		{`-user.missing`, nil},
		{`user.missing && true`, nil},
		{`user.missing && false`, false},
		{`false && user.missing`, false},
		{`user.missing || true`, true},
		{`user.missing || false`, nil},
		{`true || user.missing`, true},
		{`user.missing ? 1 : 2`, nil},
		{`user.missing + user.missing`, nil},
		{`user.missing + 1`, nil},
		{`1 - user.missing`, nil},
		{`user.missing + "x"`, "x"},
		{`"x" + user.missing`, "x"},
		{`String.len(user.missing)`, int64(0)},
		{`String.toUpperCase(user.missing)`, nil},
		{`String.stringContains(user.missing, "")`, false},
		{`String.stringContains("a", user.missing)`, false},
		{`String.startsWith(user.missing, "a")`, false},
		{`String.append(user.missing, "x")`, "x"},
		{`String.append("x", user.missing)`, "x"},
		{`String.append(null, null)`, nil},
		{`String.join(",", "a", user.missing, "b")`, "a,b"},
		{`String.substring(user.missing, 0, 1)`, nil},
		{`String.replace(user.missing, "a", "b")`, nil},
		{`String.replace("abc", "b", user.missing)`, "ac"},
		{`String.stringSwitch(user.missing, "d", "", "v")`, "d"},
		{`String.substringBefore(user.missing, "@")`, nil},
		{`Arrays.size(NULL)`, int64(0)},
		{`Arrays.isEmpty(NULL)`, true},
		{`Arrays.contains(null, 1)`, false},
		{`Arrays.toCsvString(null)`, nil},
		{`Arrays.contains({null}, null)`, true},
		{`Convert.toInt(null)`, nil},
		{`isMemberOfGroup(user.missing)`, false},
		{`isMemberOfGroupName(user.missing)`, false},
		{`isMemberOfGroupNameContains(user.missing)`, false},
		{`Time.fromUnixToIso8601(user.missing)`, nil},
		{`Time.fromIso8601ToUnix(null)`, nil},
	})
}

// The examples of the vendor's reference, with their results.
func TestDocumentedExamples(t *testing.T) {
	runEval(t, []evalTest{
		{`String.append("This is", " a test")`, "This is a test"},
		{`String.join(",", "This", "is", "a", "test")`, "This,is,a,test"},
		{`String.join("", "This", "is", "a", "test")`, "Thisisatest"},
		{`String.len("This")`, int64(4)},
		{`String.removeSpaces("This is a test")`, "Thisisatest"},
		{`String.replace("This is a test", "is", "at")`, "That at a test"},
		{`String.replaceFirst("This is a test", "is", "at")`, "That is a test"},
		{`String.stringContains("This is a test", "test")`, true},
		{`String.stringContains("This is a test", "doesn'tExist")`, false},
		{`String.stringSwitch("This is a test", "default", "key1", "value1")`, "default"},
		{`String.stringSwitch("This is a test", "default", "test", "value1")`, "value1"},
		{`String.stringSwitch("First match wins", "default", "absent", "value1", "wins", "value2", "match", "value3")`, "value2"},
		{`String.stringSwitch("Substrings count", "default", "ring", "value1")`, "value1"},
		{`String.substring("This is a test", 2, 9)`, "is is a"},
		{`String.substringAfter("abc@okta.com", "@")`, "okta.com"},
		{`String.substringBefore("abc@okta.com", "@")`, "abc"},
		{`String.toUpperCase("This")`, "THIS"},
		{`String.toLowerCase("ThiS")`, "this"},
		{`toUpperCase("Alexander")`, "ALEXANDER"},
		{`substring("Alexander", 1, 4)`, "lex"},
		{`Arrays.add({10, 20, 30}, 40)`, []any{int64(10), int64(20), int64(30), int64(40)}},
		{`Arrays.remove({10, 20, 30}, 20)`, []any{int64(10), int64(30)}},
		{`Arrays.clear({10, 20, 30})`, []any{}},
		{`Arrays.get({0, 1, 2}, 0)`, int64(0)},
		{`Arrays.flatten(10, {20, 30}, 40)`, []any{int64(10), int64(20), int64(30), int64(40)}},
		{`Arrays.contains({10, 20, 30}, 10)`, true},
		{`Arrays.contains({10, 20, 30}, 50)`, false},
		{`Arrays.size({10, 20, 30})`, int64(3)},
		{`Arrays.isEmpty({10, 20})`, false},
		{`Arrays.toCsvString({"This", "is", " a ", "test"})`, "This,is, a ,test"},
		{`Convert.toInt('1234')`, int64(1234)},
		{`Convert.toInt(123.4)`, int64(123)},
		{`Convert.toInt(123.6)`, int64(124)},
		{`Convert.toNum('3.141')`, 3.141},
		{`Time.now()`, "2015-07-31T17:18:37.979Z"},
		{`Time.now("America/New_York")`, "2015-07-31T13:18:37.979-04:00"},
		{`Time.now("America/New_York", "YYYY-MM-dd HH:mm:ss")`, "2015-07-31 13:18:37"},
		{`toUpperCase(substringBefore( substringAfter(user.email, "@"), ".")) + "\" + substringBefore( user.email, "@")`, `EXAMPLE\isaac.brock`},
		{`substring(user.firstName, 0, 1) + substring(user.lastName, 0, 6)`, "IBrock"},
		{`user.firstName + " " + (String.len(user.middleName) == 0 ? "" : (String.substring(user.middleName, 0, 1) + ". ")) + user.lastName`, "Isaac Brock"},
		{`(user.title != "" ? (user.title + " ") : user.prefix != "" ? (user.prefix + " ") : "") + user.firstName`, " Isaac"},
	})
}

func TestFunctionEdges(t *testing.T) {
	runEval(t, []evalTest{
		{`String.len(user.emoji)`, int64(3)},
		{`String.substring(user.emoji, 1, 2)`, "😀"},
		{`String.substring(user.emoji, 2)`, "é"},
		{`String.substring("abc", 1, 99)`, "bc"},
		{`String.substring("abc", -5, 1)`, "a"},
		{`String.substring("abc", 2, 1)`, ""},
		{`String.substring("abc", 99, 100)`, ""},
		{`String.substring("abc", String.len("abc") - 2, 3)`, "bc"},
		{`String.substringBefore("abc", "@")`, ""},
		{`String.substringAfter("abc", "@")`, ""},
		{`String.substringAfter("a@b@c", "@")`, "b@c"},
		{`String.replace("aaa", "", "b")`, "aaa"},
		{`String.replace("aaa", "a", "")`, ""},
		{`String.replaceFirst("aaa", "x", "b")`, "aaa"},
		{`String.len(12)`, int64(2)},
		{`String.toUpperCase(true)`, "TRUE"},
		{`String.join("-", user.tags, 1)`, "red-blue-1"},
		{`String.join("-", "a")`, "a"},
		{`String.startsWith(user.firstName, "Is")`, true},
		{`String.startsWith(user.firstName,String.toLowerCase("IS"))`, false},
		{`String.stringSwitch("x", 5, "y", 1)`, "5"},
		{`Arrays.contains(user.tags, "Red")`, false},
		{`Arrays.contains(user.tags, "re")`, false},
		{`Arrays.contains(user.numbers, 20)`, true},
		{`Arrays.get(user.tags, 9)`, nil},
		{`Arrays.get(user.tags, -1)`, nil},
		{`Arrays.remove({1, 2, 1}, 1)`, []any{int64(2), int64(1)}},
		{`Arrays.remove(user.tags, "x")`, []any{"red", "blue"}},
		{`Arrays.flatten(user.nested)`, []any{int64(1), int64(2), int64(3)}},
		{`Arrays.isEmpty(user.nothing)`, true},
		{`Arrays.toCsvString(user.nothing)`, ""},
		{`Arrays.toCsvString({1, null, true})`, "1,,true"},
		{`Convert.toInt("123.5")`, int64(124)},
		{`Convert.toInt(-1.6)`, int64(-2)},
		{`Convert.toInt(7)`, int64(7)},
		{`Convert.toNum(7)`, 7.0},
		{`"" + 3.0`, "3.0"},
		{`"" + 1e21`, "1e+21"},
		{`"" + 0.000001`, "0.000001"},
		{`user.getInternalProperty("status") == "ACTIVE"`, true},
		{`user.getInternalProperty("unknown")`, nil},
	})
}

func TestMembership(t *testing.T) {
	runEval(t, []evalTest{
		{`isMemberOfGroup("00g2")`, true},
		{`isMemberOfGroup("00g9")`, false},
		{`isMemberOfAnyGroup("00g9", "00g3")`, true},
		{`isMemberOfAnyGroup("00g8", "00g9")`, false},
		{`isMemberOfAnyGroup({"00g9", "00g1"})`, true},
		{`isMemberOfGroupName("Everyone")`, true},
		{`isMemberOfGroupName("everyone")`, false},
		{`isMemberOfGroupName("Every")`, false},
		{`isMemberOfGroupNameStartsWith("West")`, true},
		{`isMemberOfGroupNameStartsWith("Coast")`, false},
		{`isMemberOfGroupNameContains("Coast")`, true},
		{`isMemberOfGroupNameContains("coast")`, false},
		{`isMemberOfGroupNameRegex("W.*Users")`, true},
		{`isMemberOfGroupNameRegex("Coast")`, false},
		{`isMemberOfGroupNameRegex("Every|zzz")`, false},
		{`isMemberOfGroupNameRegex("(?i)everyone|x")`, true},
		{`user.isMemberOf({'group.id': '00g2'})`, true},
		{`user.isMemberOf({'group.id': {'00g8', '00g9'}})`, false},
		{`user.isMemberOf({'group.id': {'00g3', '00g2'}}, {'group.type': 'APP_GROUP'})`, true},
		{`user.isMemberOf({'group.id': {'00g3', '00g2'}}, {'group.type': 'BUILT_IN'})`, false},
		{`user.isMemberOf({'group.id': {'00g3'}, 'group.type': {'APP_GROUP', 'OKTA_GROUP'}})`, true},
		{`user.isMemberOf({'group.profile.name': 'West Coast', 'operator': 'STARTS_WITH' })`, true},
		{`user.isMemberOf({'group.profile.name': 'West Coast', 'operator': 'EXACT' })`, false},
		{`user.isMemberOf({'operator': 'EXACT', 'group.profile.name': 'West Coast Users'})`, true},
		{`user.isMemberOf({'group.profile.name': 'West Coast'})`, true},
		{`user.isMemberOf({'group.profile.name': 'West Coast.*'})`, false},
		{`!user.isMemberOf({'group.id': '00g2'}) || isMemberOfGroup("00g1")`, true},
	})
}

func TestTemplates(t *testing.T) {
	for text, want := range map[string]string{
		`${source.login}`:                                        "isaac.brock@example.com",
		`${fn:substringBefore(source.login,"@")}`:                "isaac.brock",
		`${f:substringBefore(user.email, "@")}`:                  "isaac.brock",
		`${fn:substringAfter(source.login,"@")}`:                 "example.com",
		`${fn:toUpperCase(source.firstName)}`:                    "ISAAC",
		`${fn:toLowerCase(source.firstName)}`:                    "isaac",
		`${fn:replace(source.login, "example", "test")}`:         "isaac.brock@test.com",
		`${fn:substring(source.firstName, 0, 1)}`:                "I",
		`http://www.okta.com/${org.externalKey}`:                 "http://www.okta.com/exk1",
		`${source.firstName}.${source.lastName}@corp.test`:       "Isaac.Brock@corp.test",
		`$${source.firstName}$`:                                  "$Isaac$",
		`${source.missing}`:                                      "",
		`a${ {1}=={1} ? "}" : '{' }b`:                            "a}b",
		`${isMemberOfGroup("00g1") ? fn:toLowerCase("X") : "y"}`: "x",

		// Without a hole the whole text is an expression.
		`source.login`:                     "isaac.brock@example.com",
		`user.firstName`:                   "Isaac",
		`substringBefore(user.login, "@")`: "isaac.brock",
		`source.salary`:                    "1200000",
		`source.isContractor`:              "false",
	} {
		t.Run(text, func(t *testing.T) {
			p, err := el.Parse(text, el.Usernames())
			if err != nil {
				t.Fatal(err)
			}
			if got, err := p.String(isaac()); err != nil || got != want {
				t.Errorf("String = %q, %v, want %q", got, err, want)
			}
		})
	}
}

func TestBool(t *testing.T) {
	for text, want := range map[string]bool{
		`String.startsWith(user.firstName,"Isa")`: true, `user.isContractor`: false, `user.missing`: false, `!user.missing`: false,
		`user.city == "San Francisco" or isMemberOfGroup("x")`: true,
	} {
		p, err := el.Parse(text, el.GroupRules())
		if err != nil {
			t.Fatal(err)
		}
		if got, err := p.Bool(isaac()); err != nil || got != want {
			t.Errorf("%s = %v, %v, want %v", text, got, err, want)
		}
	}
}

func TestEvalErrors(t *testing.T) {
	tests := []struct{ text, msg string }{
		{`user.firstName < 5`, "have no order"},
		{`user.tags > user.tags`, "have no order"},
		{`user.firstName - 1`, "cannot be taken"},
		{`user.isContractor + 1`, "cannot be added"},
		{`-user.firstName`, `"-" stands before a string`},
		{`!user.firstName`, "a string stands for a condition"},
		{`user.firstName && true`, "stands for a condition"},
		{`user.salary ? 1 : 2`, "stands for a condition"},
		{`"x" + user.tags`, "list is joined"},
		{`String.len(user.tags)`, "String.len: a list stands for a text"},
		{`String.substring("abc", user.firstName)`, "stands for an integer"},
		{`Arrays.size(user.firstName)`, "stands for a list"},
		{`Arrays.get(user.tags, "0")`, "stands for an integer"},
		{`Convert.toInt("abc")`, "no number"},
		{`Convert.toNum("0x10")`, "no number"},
		{`Convert.toNum("inf")`, "no number"},
		{`Convert.toInt(1e300)`, "out of range"},
		{`Convert.toInt(user.tags)`, "no number"},
		{`9223372036854775807 + 1`, "out of range"},
		{`-9223372036854775807 - 2`, "out of range"},
		{`1e308 + 1e308`, "out of range"},
		{`Time.now("Nowhere/Land")`, "unknown time zone"},
		{`Time.now("Local")`, "unknown time zone"},
		{`Time.now("../etc/passwd")`, "unknown time zone"},
		{`Time.now("UTC", "jj")`, "unknown letter"},
		{`Time.now("UTC", "'x")`, "unfinished"},
		{`Time.now("UTC", "")`, "empty or too long"},
		{`Time.fromUnixToIso8601("x")`, "no whole number"},
		{`Time.fromUnixToIso8601("9223372036854775807")`, "out of range"},
		{`Time.fromIso8601ToUnix("yesterday")`, "no ISO 8601"},
		{`Time.fromStringToIso8601("31 June 2015", "dd MMMM yyyy")`, "not in the calendar"},
		{`Time.fromStringToIso8601("2015-06", "yyyy-MM-dd")`, "form of the pattern"},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			p, err := el.Parse(tt.text, everything())
			if err != nil {
				t.Fatal(err)
			}
			v, err := p.Value(isaac())
			var ee *el.EvalError
			if !errors.As(err, &ee) || ee.Limit || !strings.Contains(err.Error(), tt.msg) {
				t.Errorf("Value = %v, %v, want an error with %q", v.Any(), err, tt.msg)
			}
		})
	}
}

func TestResultKinds(t *testing.T) {
	p, err := el.Parse(`user.tags`, el.Usernames())
	if err != nil {
		t.Fatal(err)
	}
	if s, err := p.String(isaac()); err == nil {
		t.Errorf("String of a list = %q", s)
	}
	if p, err = el.Parse(`user.firstName`, el.GroupRules()); err != nil {
		t.Fatal(err)
	}
	if b, err := p.Bool(isaac()); err == nil || b {
		t.Errorf("Bool of a string = %v", b)
	}
}

// bare knows attributes and nothing else.
type bare struct{}

func (bare) Lookup([]string) (el.Value, bool) { return el.Null(), false }

func TestBareEnv(t *testing.T) {
	for text, msg := range map[string]string{
		`isMemberOfGroup("x")`: "no groups", `isMemberOfGroupNameContains("x")`: "no groups", `user.isMemberOf({"group.id": "x"})`: "no groups",
		`user.isMemberOf({"group.type": "x"})`: "no groups", `isMemberOfGroupName("x")`: "no groups", `Time.now()`: "no clock",
		`user.getInternalProperty("status")`: "no internal properties",
	} {
		p, err := el.Parse(text, everything())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Value(bare{}); err == nil || !strings.Contains(err.Error(), msg) {
			t.Errorf("%s: error %v, want %q", text, err, msg)
		}
	}
}

func TestErrorsHoldNoValues(t *testing.T) {
	for _, text := range []string{
		`user.firstName < 5`, `Convert.toInt(user.firstName)`, `!user.firstName`, `Time.now(user.firstName)`,
		`Time.fromIso8601ToUnix(user.firstName)`, `Time.now("UTC", user.firstName)`,
	} {
		p, err := el.Parse(text, everything())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Value(isaac()); err == nil || strings.Contains(err.Error(), "Isaac") {
			t.Errorf("%s: error %v", text, err)
		}
	}
}
