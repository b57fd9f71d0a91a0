package directory

import (
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"testing"

	"usher/internal/idp"
)

func minimal() idp.Attributes {
	return idp.Attributes{"login": "i@example.com", "email": "i@example.com", "firstName": "I", "lastName": "B"}
}

func TestCanonicalProfile(t *testing.T) {
	a := minimal()
	a["title"], a["city"], a["department"], a["mobilePhone"] = `Dr. "X"`, nil, "<R&D>", nil
	_, text, err := untouched().profile(a, "newUser")
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"firstName":"I","lastName":"B","mobilePhone":null,"secondEmail":null,"login":"i@example.com","email":"i@example.com","title":"Dr. \"X\"","department":"<R&D>"}`
	if string(text) != want {
		t.Errorf("%s\nwant\n%s", text, want)
	}
}

func TestProfileFaults(t *testing.T) {
	long := func(n int) string { return strings.Repeat("é", n) }
	for name, c := range map[string]struct {
		change idp.Attributes
		causes string // "" for none
	}{
		"nothing wrong":         {idp.Attributes{}, ""},
		"everything that is on": {idp.Attributes{"countryCode": "US", "preferredLanguage": "en-us", "locale": "en_US", "profileUrl": "http://www.example.com/profile", "zipCode": long(50), "postalAddress": long(4096)}, ""},
		"empty texts":           {idp.Attributes{"secondEmail": "", "countryCode": "", "title": ""}, ""},
		"blank":                 {idp.Attributes{"firstName": "  "}, "firstName: The field cannot be left blank"},
		"null":                  {idp.Attributes{"email": nil}, "email: The field cannot be left blank"},
		"two faults":            {idp.Attributes{"lastName": "", "firstName": nil}, "firstName: The field cannot be left blank; lastName: The field cannot be left blank"},
		"no address":            {idp.Attributes{"login": "isaac"}, "login: Username must be in the form of an email address"},
		"two at signs":          {idp.Attributes{"login": "a@b@example.com", "email": "a@b@example.com"}, "login: Username must be in the form of an email address; email: Does not match required pattern"},
		"no top level":          {idp.Attributes{"email": "a@localhost"}, "email: Does not match required pattern"},
		"second address":        {idp.Attributes{"secondEmail": "x y@example.com"}, "secondEmail: Does not match required pattern"},
		"too long":              {idp.Attributes{"firstName": long(51)}, "firstName: The field is too long"},
		"just long enough":      {idp.Attributes{"firstName": long(50)}, ""},
		"long login":            {idp.Attributes{"login": strings.Repeat("x", 60) + "@" + strings.Repeat("y", 40) + ".com"}, "login: The field is too long"},
		"number":                {idp.Attributes{"firstName": 5.0}, "firstName: The value must be a string"},
		"number as login":       {idp.Attributes{"login": true}, "login: The value must be a string"},
		"list":                  {idp.Attributes{"city": []any{"a"}}, "city: The value must be a string"},
		"country":               {idp.Attributes{"countryCode": "U1"}, "countryCode: Does not match required pattern"},
		"url":                   {idp.Attributes{"profileUrl": "www.example.com"}, "profileUrl: Does not match required pattern"},
		"language":              {idp.Attributes{"preferredLanguage": "e"}, "preferredLanguage: Does not match required pattern"},
		"unknown":               {idp.Attributes{"b": "x", "a": nil}, "Property name 'a' is not defined in profile; Property name 'b' is not defined in profile"},
		"unknown of any length": {idp.Attributes{strings.Repeat("x", 500): "x"}, "Property name '" + strings.Repeat("x", 100) + "...' is not defined in profile"},
		"faults before unknown": {idp.Attributes{"x": "x", "email": nil}, "email: The field cannot be left blank"},
	} {
		a := minimal()
		maps.Copy(a, c.change)
		_, _, err := untouched().profile(a, "newUser")
		var got []string
		if e, ok := errors.AsType[*idp.Error](err); ok {
			for _, c := range e.Causes {
				got = append(got, strings.TrimPrefix(c.Field+": "+c.Text, ": "))
			}
		} else if err != nil {
			t.Fatal(err)
		}
		if strings.Join(got, "; ") != c.causes {
			t.Errorf("%s: %q, want %q", name, strings.Join(got, "; "), c.causes)
		}
	}
}

func TestEmailForm(t *testing.T) {
	for s, want := range map[string]bool{
		"a@b.co": true, "first.last+tag@sub.example.com": true, "o'neil@example.com": true, "用户@例子.公司": true, "a_b-c@x-y.de": true,
		"": false, "@": false, "a@": false, "@b.co": false, "a@b": false, "a..b@c.de": false, ".a@c.de": false, "a.@c.de": false,
		"a@-b.de": false, "a@b-.de": false, "a@b..de": false, "a b@c.de": false, "a\u00a0b@c.de": false, "a\u200bb@c.de": false, "a@c.de\n": false,
		"\"a b\"@c.de": false, "a@c_d.de": false, "<a@b.de>": false, "a,b@c.de": false,
	} {
		if got := isEmail(s); got != want {
			t.Errorf("%q: %v", s, got)
		}
	}
}

func TestLoginKey(t *testing.T) {
	for _, same := range [][]string{
		{"isaac.brock@example.com", "ISAAC.Brock@Example.COM"},
		{"jose@example.com", "José@example.com", "jose\u0301@example.com", "JOSÉ@example.com"},
		{"strasse@example.com", "Straße@example.com"},
		{"i@example.com", "İ@example.com"},
	} {
		for _, s := range same[1:] {
			if LoginKey(s) != LoginKey(same[0]) {
				t.Errorf("%q is another login than %q: %q", s, same[0], LoginKey(s))
			}
		}
	}
	// The marks of scripts in which they spell other words stay.
	if LoginKey("किताब@example.com") == LoginKey("कतब@example.com") {
		t.Error("two words are one login")
	}
}

// FuzzProfile: whatever is accepted is written so that reading it back and
// writing it again changes nothing, and its keys can be stored.
func FuzzProfile(f *testing.F) {
	for _, s := range []string{
		`{"login":"i@example.com","email":"i@example.com","firstName":"I","lastName":"B"}`,
		`{"login":"i@example.com","email":"i@example.com","firstName":"\ud800","lastName":"\u2028","mobilePhone":null,"title":""}`,
		`{"login":5}`, `{}`, `{"x":{}}`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var a idp.Attributes
		if json.Unmarshal([]byte(text), &a) != nil {
			return
		}
		kept, first, err := untouched().profile(a, "newUser")
		if err != nil {
			if e, ok := errors.AsType[*idp.Error](err); !ok || e.Kind != idp.KindInvalid || len(e.Causes) == 0 {
				t.Fatalf("%v", err)
			}
			return
		}
		var back idp.Attributes
		if err := json.Unmarshal(first, &back); err != nil {
			t.Fatalf("%s: %v", first, err)
		}
		_, second, err := untouched().profile(back, "newUser")
		if err != nil || string(first) != string(second) {
			t.Fatalf("%s\nthen\n%s: %v", first, second, err)
		}
		if k := keysOf(kept); !searchable(k.Login) || !strings.Contains(k.Login, "@") || strings.Contains(k.Short, "@") {
			t.Fatalf("%+v", k)
		}
	})
}
