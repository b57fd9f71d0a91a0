package policy

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"usher/internal/idp"
)

// conditions reads conditions as they are stored.
func conditions(t *testing.T, text string) *Conditions {
	t.Helper()
	var c *Conditions
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return c
}

func TestConditions(t *testing.T) {
	ann := Subject{UserID: "ann", GroupIDs: []string{"everyone", "staff"}, Provider: idp.ProviderOkta, Zones: []string{"office"}}
	for _, c := range []struct{ conditions, fails string }{
		{`null`, ""},
		{`{}`, ""},
		{`{"people":{}}`, ""},
		{`{"people":{"users":{"include":[],"exclude":[]},"groups":{"include":[]}}}`, ""},
		{`{"people":{"groups":{"include":["everyone"]}}}`, ""},
		{`{"people":{"groups":{"include":["admins"]}}}`, "people.groups"},
		{`{"people":{"groups":{"include":["everyone"],"exclude":["staff"]}}}`, "people.groups"},
		{`{"people":{"users":{"include":["ann"]}}}`, ""},
		{`{"people":{"users":{"include":["bob"]}}}`, "people.users"},
		{`{"people":{"users":{"exclude":["ann"]},"groups":{"include":["staff"]}}}`, "people.users"},
		{`{"network":{"connection":"ANYWHERE"}}`, ""},
		{`{"network":{"connection":"ZONE","include":["office"]}}`, ""},
		{`{"network":{"connection":"ZONE","include":["home"]}}`, "network"},
		{`{"network":{"connection":"ZONE","exclude":["office"]}}`, "network"},
		{`{"network":{"connection":"ZONE","exclude":["home"]}}`, ""},
		{`{"network":{"connection":"ZONE","include":["ALL_ZONES"]}}`, ""},
		{`{"network":{"connection":"ZONE","exclude":["ALL_ZONES"]}}`, "network"},
		{`{"authContext":{"authType":"ANY"}}`, ""},
		{`{"authContext":{"authType":"RADIUS"}}`, "authContext"},
		{`{"authProvider":{"provider":"ANY"}}`, ""},
		{`{"authProvider":{"provider":"OKTA"}}`, ""},
		{`{"authProvider":{"provider":"LDAP"}}`, "authProvider"},
		{`{"riskScore":{"level":"ANY"},"risk":{"behaviors":[]},"identityProvider":{"provider":"ANY"},"mdm":null}`, ""},
		{`{"riskScore":{"level":"HIGH"}}`, "riskScore"},
		{`{"risk":{"behaviors":["new device"]}}`, "risk"},
		{`{"app":{"include":[{"type":"APP","id":"0oa1"}]}}`, "app"},
	} {
		if got := conditions(t, c.conditions).fails(ann); got != c.fails {
			t.Errorf("%s: fails %q, want %q", c.conditions, got, c.fails)
		}
	}
}

func TestAuthProviderOfOthers(t *testing.T) {
	for _, c := range []struct {
		provider idp.ProviderType
		wanted   string
		holds    bool
	}{
		{idp.ProviderImport, "OKTA", true},
		{idp.ProviderFederation, "OKTA", true},
		{idp.ProviderActiveDirectory, "OKTA", false},
		{idp.ProviderActiveDirectory, "ACTIVE_DIRECTORY", true},
		{idp.ProviderLDAP, "LDAP", true},
		{idp.ProviderLDAP, "ANY", true},
	} {
		if got := (&AuthProvider{Provider: c.wanted}).holds(c.provider); got != c.holds {
			t.Errorf("%s for %s: %v", c.wanted, c.provider, got)
		}
	}
}

// TestConditionsAreGivenBack: what came in goes out again, empty lists and
// members that nobody evaluates included.
func TestConditionsAreGivenBack(t *testing.T) {
	for _, text := range []string{
		`{}`,
		`{"people":{"users":{"exclude":[]}}}`,
		`{"network":{"connection":"ANYWHERE"},"authContext":{"authType":"ANY"},"riskScore":{"level":"ANY"},"risk":{"behaviors":[]}}`,
		`{"people":{"groups":{"include":["a","b"]}},"authProvider":{"provider":"OKTA"}}`,
	} {
		out, err := json.Marshal(conditions(t, text))
		if err != nil {
			t.Fatal(err)
		}
		var got, want any
		if err := json.Unmarshal(out, &got); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(text), &want); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
}

func rule(id string, status Status, c *Conditions) *Rule {
	return &Rule{ID: id, Name: "Rule " + id, Status: status, Conditions: c, Actions: Actions{SignOn: DefaultSignOnAction()}}
}

func TestEvaluate(t *testing.T) {
	staff := &Conditions{People: &People{Groups: &Selection{Include: []string{"staff"}}}}
	notAnn := &Conditions{People: &People{Users: &Selection{Exclude: []string{"ann"}}}}
	office := &Conditions{Network: &Network{Connection: Zone, Include: []string{"office"}}}
	policies := []*Policy{
		{ID: "off", Name: "Off", Status: Inactive, Rules: []*Rule{rule("o1", Active, nil)}},
		{ID: "empty", Name: "Empty", Status: Active},
		{ID: "asleep", Name: "Asleep", Status: Active, Rules: []*Rule{rule("a1", Inactive, nil)}},
		{ID: "staff", Name: "Staff", Status: Active, Conditions: staff, Rules: []*Rule{
			rule("s1", Inactive, nil), rule("s2", Active, notAnn), rule("s3", Active, office),
		}},
		{ID: "default", Name: "Default", Status: Active, System: true, Rules: []*Rule{rule("d1", Active, nil)}},
	}
	for _, c := range []struct {
		subject             Subject
		policy, rule, trace string
	}{
		{
			Subject{UserID: "ann", GroupIDs: []string{"staff"}, Zones: []string{"office"}},
			"staff", "s3",
			"Off (off) failed inactive; Empty (empty) failed no active rule; Asleep (asleep) failed no active rule; " +
				"Staff (staff) / Rule s1 (s1) failed inactive; Staff (staff) / Rule s2 (s2) failed people.users; Staff (staff) / Rule s3 (s3) matched",
		},
		{Subject{UserID: "bob", GroupIDs: []string{"staff"}}, "staff", "s2", ""},
		{Subject{UserID: "ann", GroupIDs: []string{"staff"}}, "default", "d1", ""}, // on to the next policy
		{
			Subject{UserID: "cid"},
			"default", "d1",
			"Off (off) failed inactive; Empty (empty) failed no active rule; Asleep (asleep) failed no active rule; " +
				"Staff (staff) failed people.groups; Default (default) / Rule d1 (d1) matched",
		},
	} {
		m, trace := Evaluate(policies, c.subject)
		if m == nil || m.Policy.ID != c.policy || m.Rule.ID != c.rule {
			t.Errorf("%+v: %+v, %s", c.subject, m, trace)
			continue
		}
		if c.trace != "" && trace.String() != c.trace {
			t.Errorf("%+v:\n got %s\nwant %s", c.subject, trace, c.trace)
		}
	}
	if m, _ := Evaluate(policies[:3], Subject{UserID: "ann"}); m != nil {
		t.Errorf("nothing holds, yet %+v", m)
	}
	if d := signOn(nil, nil); d.Allowed {
		t.Error("without a rule somebody is let in")
	}
	// Settings depend on the policy's own conditions alone.
	if p, _ := Applies(policies, Subject{UserID: "ann", GroupIDs: []string{"staff"}}); p == nil || p.ID != "staff" {
		t.Errorf("applies: %+v", p)
	}
}

func TestTraceIsBounded(t *testing.T) {
	var trace Trace
	for range 500 {
		trace.add(&Policy{ID: "00p", Name: strings.Repeat("n", 50)}, nil, "people.groups")
	}
	trace.add(&Policy{ID: "last", Name: "Last"}, &Rule{ID: "rule", Name: "R"}, "")
	text := trace.String()
	if len(text) > maxTrace+200 || !strings.HasSuffix(text, " more ...; Last (last) / R (rule) matched") {
		t.Errorf("%d bytes: %s", len(text), text)
	}
}
