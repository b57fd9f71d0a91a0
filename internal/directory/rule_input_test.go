package directory_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"usher/internal/directory"
	"usher/internal/idp"
	"usher/internal/jobs"
	"usher/internal/store"
)

// runTasks does what is queued until nothing is left.
func (w *world) runTasks(t testing.TB) {
	t.Helper()
	for {
		var rows []store.JobRow
		w.tx(t, func(tx *store.Tx) (err error) {
			rows, err = tx.ClaimJobs([]string{"group rule run", "group rule release", "group rule repeat"}, time.Minute, 100)
			return err
		})
		if len(rows) == 0 {
			return
		}
		for _, r := range rows {
			task := jobs.Task{OrgID: r.OrgID, ID: r.ID, Kind: r.Kind, Document: r.Document, Attempt: r.Attempts}
			w.must(t, w.Tasks()[r.Kind](t.Context(), task))
			w.tx(t, func(tx *store.Tx) error { return tx.DeleteJob(r) })
		}
	}
}

func TestRuleInput(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		west, admins, everyone := w.aGroup(t, "West"), w.aGroup(t, "Admins"), w.org.Settings.EveryoneID
		w.tx(t, func(tx *store.Tx) error {
			return tx.InsertRole(store.Role{OrgID: w.org.ID, PrincipalID: admins, ID: "gra1", Type: idp.RoleReportAdmin, Created: noon, LastUpdated: noon})
		})
		missing := "00g" + strings.Repeat("x", 17)
		const ok = `user.lastName == "Brock"`
		_, err := w.CreateRule(t.Context(), w.admin, directory.RuleInput{Name: "taken", Expression: ok, GroupIDs: []string{west, west}})
		w.must(t, err)
		before := w.snapshot(t)
		many := make([]string, 1001)
		for _, c := range []struct {
			n      directory.RuleInput
			kind   idp.Kind
			object string
			causes []string
		}{
			{directory.RuleInput{Expression: ok, GroupIDs: []string{west}}, idp.KindInvalid, "name", []string{"name: The field cannot be left blank"}},
			{directory.RuleInput{Name: strings.Repeat("ö", 51), Expression: ok, GroupIDs: []string{west}}, idp.KindInvalid, "name", []string{"name: The field is too long"}},
			{directory.RuleInput{Name: "taken", Expression: ok, GroupIDs: []string{west}}, idp.KindInvalid, "name", []string{"name: Policy rule name already in use"}},
			{directory.RuleInput{Name: "x", Expression: ok}, idp.KindInvalid, "groupIds", nil},
			{directory.RuleInput{Name: "x", Expression: ok, GroupIDs: []string{missing}}, idp.KindNotFound, "UserGroup", nil},
			{directory.RuleInput{Name: "x", Expression: ok, GroupIDs: []string{"\x00"}}, idp.KindNotFound, "UserGroup", nil},
			{directory.RuleInput{Name: "x", Expression: ok, GroupIDs: []string{everyone}}, idp.KindInvalid, "groupIds", nil},
			{directory.RuleInput{Name: "x", Expression: ok, GroupIDs: []string{admins}}, idp.KindInvalid, "groupIds", nil},
			{directory.RuleInput{Name: "x", Expression: ok, GroupIDs: many}, idp.KindInvalid, "groupIds", nil},
			{directory.RuleInput{Name: "x", Expression: ok, ExpressionType: "urn:other", GroupIDs: []string{west}}, idp.KindInvalid, "type", nil},
			{directory.RuleInput{Name: "x", Expression: ok, GroupIDs: []string{west}, Excluded: many}, idp.KindInvalid, "exclude", nil},
			{directory.RuleInput{Name: "x", Expression: ok, GroupIDs: []string{west}, Excluded: []string{"00u" + strings.Repeat("x", 17)}}, idp.KindNotFound, "User", nil},
			{directory.RuleInput{Name: "x", Expression: `user.lastName ==`, GroupIDs: []string{west}}, idp.KindInvalid, "validateRule", []string{"Invalid expression syntax user.lastName ==", "conditions: Invalid expression"}},
			{directory.RuleInput{Name: "x", GroupIDs: []string{west}}, idp.KindInvalid, "validateRule", nil},
			{directory.RuleInput{Name: "x", Expression: `"a"`, GroupIDs: []string{west}}, idp.KindInvalid, "validateRule", nil},
			{directory.RuleInput{Name: "x", Expression: `user.shoeSize == "9"`, GroupIDs: []string{west}}, idp.KindInvalid, "validateRule", []string{`Invalid property shoeSize in expression user.shoeSize == "9"`, "conditions: Invalid expression"}},
			{directory.RuleInput{Name: "x", Expression: `user.getInternalProperty("lastLogin") == "9"`, GroupIDs: []string{west}}, idp.KindInvalid, "validateRule", nil},
			{directory.RuleInput{Name: "x", Expression: fmt.Sprintf("isMemberOfGroup(%q)", missing), GroupIDs: []string{west}}, idp.KindInvalid, "validateRule", nil},
			{directory.RuleInput{Name: "x", Expression: `user.department`, GroupIDs: []string{west}}, idp.KindInvalid, "validateRule", []string{`Invalid expression syntax user.department`, "conditions: Invalid expression"}},
			{directory.RuleInput{Name: "x", Expression: `user.city == "x" ? user.department : "no"`, GroupIDs: []string{west}}, idp.KindInvalid, "validateRule", nil},
			{directory.RuleInput{Name: "x", Expression: `user.getInternalProperty("status")`, GroupIDs: []string{west}}, idp.KindInvalid, "validateRule", nil},
			{directory.RuleInput{Name: "x", Expression: `session.amr == "x"`, GroupIDs: []string{west}}, idp.KindInvalid, "validateRule", nil},
			{directory.RuleInput{Name: "x", Expression: `user.city == ` + strings.Repeat("(", 5000), GroupIDs: []string{west}}, idp.KindInvalid, "validateRule", nil},
		} {
			_, err := w.CreateRule(t.Context(), w.admin, c.n)
			if c.kind == idp.KindInvalid && errors.Is(err, nil) {
				t.Fatalf("%+v was accepted", c.n)
			}
			wantKind(t, err, c.kind, c.object, c.causes...)
		}
		if w.snapshot(t) != before {
			t.Error("a refused rule has left something")
		}
		rules, _, err := w.Rules(t.Context(), w.admin, "", idp.Page{Limit: 10})
		if err != nil || len(rules) != 1 || len(rules[0].GroupIDs) != 1 {
			t.Errorf("rules %v, %v", rules, err)
		}
		// Rights cannot be handed out by an older rule either.
		late := w.rule(t, ok, west)
		w.tx(t, func(tx *store.Tx) error {
			return tx.InsertRole(store.Role{OrgID: w.org.ID, PrincipalID: west, ID: "gra1", Type: idp.RoleReportAdmin, Created: noon, LastUpdated: noon})
		})
		wantKind(t, w.ActivateRule(t.Context(), w.admin, late), idp.KindInvalid, "groupIds")
	})
}

func TestUpdateRule(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		west, east := w.aGroup(t, "West"), w.aGroup(t, "East")
		id, other := w.rule(t, `user.city == "Oslo"`, west, east), w.rule(t, `user.city == "Rome"`, east)
		w.clock.Advance(time.Minute)
		r, err := w.UpdateRule(t.Context(), w.admin, id, directory.RuleInput{Name: "new", Expression: fmt.Sprintf("isMemberOfGroup(%q)", east), GroupIDs: []string{east, west}})
		if err != nil || r.Name != "new" || !r.LastUpdated.After(r.Created) || r.Status != idp.RuleInactive || r.GroupIDs[0] != west {
			t.Fatalf("%+v, %v", r, err)
		}
		if r, err = w.UpdateRule(t.Context(), w.admin, id, directory.RuleInput{Name: "newer", Expression: "true"}); err != nil || len(r.GroupIDs) != 2 {
			t.Fatalf("%+v, %v", r, err)
		}
		_, err = w.UpdateRule(t.Context(), w.admin, id, directory.RuleInput{Name: "newer", Expression: "true", GroupIDs: []string{west}})
		wantKind(t, err, idp.KindInvalid, "actions", "actions: The groups of a rule cannot be changed")
		_, err = w.UpdateRule(t.Context(), w.admin, other, directory.RuleInput{Name: "newer", Expression: "true"})
		wantKind(t, err, idp.KindInvalid, "name", "name: Policy rule name already in use")
		w.must(t, w.ActivateRule(t.Context(), w.admin, id))
		_, err = w.UpdateRule(t.Context(), w.admin, id, directory.RuleInput{Name: "newer", Expression: "true"})
		wantKind(t, err, idp.KindInvalid, "updateRule", "Cannot update a Group Rule with the status ACTIVE.")
		for _, bad := range []string{"0pr" + strings.Repeat("x", 17), "", "x", "0pr\x00"} {
			_, err = w.UpdateRule(t.Context(), w.admin, bad, directory.RuleInput{Name: "newer", Expression: "true"})
			wantKind(t, err, idp.KindNotFound, "PolicyRule")
			_, err = w.Rule(t.Context(), w.admin, bad)
			wantKind(t, err, idp.KindNotFound, "PolicyRule")
			wantKind(t, w.ActivateRule(t.Context(), w.admin, bad), idp.KindNotFound, "PolicyRule")
			wantKind(t, w.DeactivateRule(t.Context(), w.admin, bad), idp.KindNotFound, "PolicyRule")
			wantKind(t, w.DeleteRule(t.Context(), w.admin, bad, false), idp.KindNotFound, "PolicyRule")
		}
	})
}

func TestListRules(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		west := w.aGroup(t, "West")
		for i := range 5 {
			_, err := w.CreateRule(t.Context(), w.admin, directory.RuleInput{Name: fmt.Sprintf("Rule %d", i), Expression: "true", GroupIDs: []string{west}})
			w.must(t, err)
		}
		var names []string
		for after := ""; ; {
			rules, next, err := w.Rules(t.Context(), w.admin, "", idp.Page{After: after, Limit: 2})
			w.must(t, err)
			for _, r := range rules {
				names = append(names, r.Name)
			}
			if after = next; after == "" {
				break
			}
		}
		if got := strings.Join(names, ","); got != "Rule 0,Rule 1,Rule 2,Rule 3,Rule 4" {
			t.Errorf("rules %s", got)
		}
		found, next, err := w.Rules(t.Context(), w.admin, "rULE 3", idp.Page{Limit: 1})
		if err != nil || next != "" || len(found) != 1 || found[0].Name != "Rule 3" {
			t.Errorf("found %v, %q, %v", found, next, err)
		}
		byID, err := w.RuleGroupNames(t.Context(), w.admin, found...)
		if err != nil || len(byID) != 1 || byID[west] != "West" {
			t.Errorf("names %v, %v", byID, err)
		}
		_, _, err = w.Rules(t.Context(), w.admin, "", idp.Page{After: "00u", Limit: 1})
		wantKind(t, err, idp.KindBadPaging, "after")
		// Another organisation sees nothing of it.
		second := idp.SystemActor(w.addOrg(t, "second", "second.example.com"))
		if rules, _, err := w.Rules(t.Context(), second, "", idp.Page{Limit: 10}); err != nil || len(rules) != 0 {
			t.Errorf("rules of another organisation %v, %v", rules, err)
		}
		_, err = w.Rule(t.Context(), second, found[0].ID)
		wantKind(t, err, idp.KindNotFound, "PolicyRule")
	})
}

// TestMembersBy lists members by who has put them into a group.
func TestMembersBy(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		west := w.aGroup(t, "West")
		id := w.activeRule(t, `user.city == "Oslo"`, west)
		ruled := w.add(t, directory.NewUser{Profile: person("a@example.com", "city", "Oslo")})
		both := w.add(t, directory.NewUser{Profile: person("b@example.com", "city", "Oslo"), GroupIDs: []string{west}})
		hand := w.add(t, directory.NewUser{Profile: person("c@example.com"), GroupIDs: []string{west}})
		for managedBy, want := range map[string][]string{
			directory.MembersAll: {ruled.ID, both.ID, hand.ID}, directory.MembersByRule: {ruled.ID, both.ID},
			directory.MembersByHand: {both.ID, hand.ID}, id: {ruled.ID, both.ID}, "0pr" + strings.Repeat("x", 17): nil,
		} {
			var got []string
			for after := ""; ; {
				users, next, err := w.MembersBy(t.Context(), w.admin, west, managedBy, idp.Page{After: after, Limit: 1})
				w.must(t, err)
				for _, u := range users {
					got = append(got, u.ID)
				}
				if after = next; after == "" {
					break
				}
			}
			if strings.Join(got, " ") != strings.Join(want, " ") {
				t.Errorf("%s: %v, want %v", managedBy, got, want)
			}
		}
		_, _, err := w.MembersBy(t.Context(), w.admin, west, "nobody", idp.Page{Limit: 1})
		wantKind(t, err, idp.KindBadRequest, "managedBy")
		if users, _, err := w.MembersBy(t.Context(), w.admin, w.org.Settings.EveryoneID, directory.MembersByRule, idp.Page{Limit: 1}); err != nil || len(users) != 0 {
			t.Errorf("of everyone %v, %v", users, err)
		}
	})
}

// TestFirstRuleLooksTwice plays a user who was on the way while the first rule
// of the organisation came: the transaction had nothing to hold.
func TestFirstRuleLooksTwice(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		west := w.aGroup(t, "West")
		id := w.activeRule(t, `user.city == "Oslo"`, west)
		w.load(t, 3)
		w.runTasks(t)
		if n := w.count(t, west); n != 0 {
			t.Fatalf("%d members", n)
		}
		w.clock.Advance(time.Minute)
		if got := w.causes(t, func() { w.runTasks(t) }); got != "group.user_membership.add group.user_membership.add" {
			t.Errorf("events %s", got)
		}
		// Later rules find everybody at once, and nothing waits.
		w.must(t, w.DeactivateRule(t.Context(), w.admin, id))
		w.must(t, w.ActivateRule(t.Context(), w.admin, id))
		w.runTasks(t)
		if n, err := w.Store.Read(t.Context()).CountJobs(); err != nil || n != 0 {
			t.Errorf("%d tasks wait, %v", n, err)
		}
	})
}
