package el

import (
	"errors"
	"fmt"
	"testing"
)

func TestGroupLists(t *testing.T) {
	scope := Scope{
		Attributes: map[string]any{"user": map[string]any{"login": "a"}, "appuser": map[string]any(nil)},
		Member:     []Group{{ID: "g0", Name: "Everyone", Type: "BUILT_IN"}, {ID: "g1", Name: "Admins EU", Type: "OKTA_GROUP"}, {ID: "g2", Name: "Admins US", Type: "APP_GROUP"}},
	}
	for text, want := range map[string]string{
		`Groups.startsWith("OKTA", "Adm", 10)`:                    "[Admins EU]",
		`Groups.startsWith("APP_GROUP", "Adm", 10)`:               "[Admins US]",
		`Groups.endsWith("OKTA", "one", 10)`:                      "[Everyone]",
		`Groups.contains("OKTA", "", 1)`:                          "[Everyone]",
		`Groups.contains("OKTA", "e", 0)`:                         "[]",
		`getFilteredGroups({"g1", "g2", "g9"}, "group.name", 10)`: "[Admins EU Admins US]",
		`getFilteredGroups({"g1"}, "group.id", 10)`:               "[g1]",
		`Arrays.contains(Groups.contains("OKTA", "EU", 5), "x")`:  "false",
		`appuser != null ? "an app user" : user.login`:            "a",
		`user == null`: "false",
		`session == null ? "no session" : "a session"`:             "no session",
		`(appuser != null) ? appuser.userName : user.login + "@x"`: "a@x",
	} {
		p, err := Parse(text, Claims())
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if v, err := p.Value(scope); err != nil || fmt.Sprint(v.Any()) != want {
			t.Errorf("%s: %v, %v; want %s", text, v.Any(), err, want)
		}
	}
	for _, text := range []string{`Groups.contains("OKTA", "e", 101)`, `getFilteredGroups({"g1"}, "group.profile", 10)`, `Groups.contains("OKTA", "e", "1")`} {
		p, err := Parse(text, Claims())
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if v, err := p.Value(scope); !errors.As(err, new(*EvalError)) {
			t.Errorf("%s: %v, %v", text, v.Any(), err)
		}
	}
	for _, f := range []Features{GroupRules(), Usernames()} {
		if _, err := Parse(`Groups.contains("OKTA", "e", 1)`, f); err == nil {
			t.Error("groups are listed outside of claims")
		}
		if _, err := Parse(`user == null`, f); err == nil {
			t.Error("a root stands alone outside of claims")
		}
	}
}
