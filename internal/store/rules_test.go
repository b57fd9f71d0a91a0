package store_test

import (
	"errors"
	"testing"
	"time"

	"usher/internal/idp"
	"usher/internal/store"
)

func (w *world) rule(name string, status idp.RuleStatus, groups ...string) *idp.GroupRule {
	return &idp.GroupRule{
		OrgID: w.org.ID, ID: w.ids.New("0pr"), Name: name, Status: status, Expression: `user.login == "a"`, ExpressionType: "urn:okta:expression:1.0",
		GroupIDs: groups, GroupsValid: true, Created: noon, LastUpdated: noon,
	}
}

// populateRule puts a row into each table of group rules.
func (w *world) populateRule(tx *store.Tx, userID, groupID string) error {
	r := w.rule("rule", idp.RuleActive, groupID)
	_, err := tx.HoldRules(w.org.ID)
	return errors.Join(err, tx.ReviseRules(w.org.ID, "rev1"), tx.InsertGroupRule(r), tx.SetRuleGroups(w.org.ID, r.ID, r.GroupIDs),
		tx.StartRuleRun(store.RuleRun{OrgID: w.org.ID, RuleID: r.ID, Run: "run1", Reached: userID}), tx.CountActiveRules(w.org.ID),
		second(tx.Exclude(w.org.ID, []store.Exclusion{{RuleID: r.ID, UserID: userID}})))
}

func second(_ int, err error) error { return err }

func TestGroupRules(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		g := w.addGroup(t, "people")
		a, b := w.rule("a", idp.RuleActive, g.ID), w.rule("b", idp.RuleInactive, g.ID)
		w.tx(t, func(tx *store.Tx) error {
			return errors.Join(tx.ReviseRules(w.org.ID, "rev1"), tx.InsertGroupRule(a), tx.InsertGroupRule(b),
				tx.SetRuleGroups(w.org.ID, a.ID, []string{g.ID, g.ID}), tx.CountActiveRules(w.org.ID))
		})
		w.taken(t, "group_rules.name", func(tx *store.Tx) error { return tx.InsertGroupRule(w.rule("a", idp.RuleActive, g.ID)) })
		w.tx(t, func(tx *store.Tx) error {
			if h, err := tx.HoldRules(w.org.ID); err != nil || h != (store.RuleHead{Revision: "rev1", Active: 1, Since: noon}) {
				t.Errorf("head %+v, %v", h, err)
			}
			if h, err := tx.HoldRules("00oNone"); err != nil || h != (store.RuleHead{}) {
				t.Errorf("head of an organisation without rules %+v, %v", h, err)
			}
			return nil
		})
		read := w.Read(t.Context())
		got, err := read.GroupRule(w.org.ID, a.ID)
		if err != nil || got.Expression != a.Expression || got.GroupIDs[0] != g.ID || got.Status != idp.RuleActive || !got.GroupsValid || got.Version != 1 {
			t.Errorf("rule %+v, %v", got, err)
		}
		for what, list := range map[string]func() ([]*idp.GroupRule, error){
			"active": func() ([]*idp.GroupRule, error) { return read.ActiveGroupRules(w.org.ID) },
			"naming": func() ([]*idp.GroupRule, error) { return read.GroupRulesNaming(w.org.ID, g.ID) },
			"page":   func() ([]*idp.GroupRule, error) { return read.GroupRulesAfter(w.org.ID, "", 1) },
		} {
			if rules, err := list(); err != nil || len(rules) != 1 || rules[0].ID != a.ID {
				t.Errorf("%s: %v, %v", what, rules, err)
			}
		}
		got.Name, got.Status, got.LastUpdated = "c", idp.RuleInvalid, noon.Add(time.Minute)
		w.tx(t, func(tx *store.Tx) error { return tx.UpdateGroupRule(got) })
		w.fails(t, store.ErrStale, func(tx *store.Tx) error { return tx.UpdateGroupRule(a) })
		w.tx(t, func(tx *store.Tx) error { return tx.DeleteGroupRule(w.org.ID, a.ID) })
		w.fails(t, store.ErrNotFound, func(tx *store.Tx) error { return tx.DeleteGroupRule(w.org.ID, a.ID) })
		if rules, err := read.GroupRulesNaming(w.org.ID, g.ID); err != nil || len(rules) != 0 {
			t.Errorf("a deleted rule still names %v, %v", rules, err)
		}
	})
}

func TestRuleRun(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		r := w.rule("a", idp.RuleActive)
		run := store.RuleRun{OrgID: w.org.ID, RuleID: r.ID, Run: "one"}
		w.tx(t, func(tx *store.Tx) error { return errors.Join(tx.InsertGroupRule(r), tx.StartRuleRun(run)) })
		w.tx(t, func(tx *store.Tx) error { return tx.AdvanceRuleRun(run, "00u1") })
		w.fails(t, store.ErrStale, func(tx *store.Tx) error { return tx.AdvanceRuleRun(run, "00u2") })
		w.tx(t, func(tx *store.Tx) error {
			got, err := tx.RuleRun(w.org.ID, r.ID)
			if err != nil || got.Reached != "00u1" || got.Run != "one" {
				t.Errorf("run %+v, %v", got, err)
			}
			return errors.Join(tx.StartRuleRun(store.RuleRun{OrgID: w.org.ID, RuleID: r.ID, Run: "two"}))
		})
		w.fails(t, store.ErrStale, func(tx *store.Tx) error {
			return tx.AdvanceRuleRun(store.RuleRun{OrgID: w.org.ID, RuleID: r.ID, Run: "one", Reached: "00u1"}, "00u2")
		})
		w.tx(t, func(tx *store.Tx) error { return tx.EndRuleRun(w.org.ID, r.ID) })
		w.fails(t, store.ErrNotFound, func(tx *store.Tx) error { _, err := tx.RuleRun(w.org.ID, r.ID); return err })
	})
}

// TestManyMemberships takes numbers on both sides of what one statement holds.
func TestManyMemberships(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		g, r := w.addGroup(t, "people"), w.rule("a", idp.RuleActive)
		w.tx(t, func(tx *store.Tx) error { return tx.InsertGroupRule(r) })
		var list []store.Membership
		var out []store.Exclusion
		var ids []string
		for range 64 + 32 + 3 {
			u := w.addUser(t, w.ids.New("log"))
			ids = append(ids, u.ID)
			list = append(list, store.Membership{GroupID: g.ID, UserID: u.ID, RuleID: r.ID})
			out = append(out, store.Exclusion{RuleID: r.ID, UserID: u.ID})
		}
		w.tx(t, func(tx *store.Tx) error {
			_, err := tx.AddMember(w.org.ID, g.ID, ids[0], "")
			n, err2 := tx.Exclude(w.org.ID, out)
			if again, err := tx.Exclude(w.org.ID, out[:5]); again != 0 || n != len(out) || err != nil {
				t.Errorf("%d exclusions, %d again, %v", n, again, err)
			}
			return errors.Join(err, err2, tx.AddMembers(w.org.ID, list), tx.AddMembers(w.org.ID, list), tx.LockUsers(w.org.ID, ids), tx.TouchUser(w.org.ID, ids[0]))
		})
		read := w.Read(t.Context())
		count := func(want int, got []store.Membership, err error) {
			t.Helper()
			if err != nil || len(got) != want {
				t.Errorf("%d memberships, want %d, %v", len(got), want, err)
			}
		}
		n := len(ids)
		got, err := read.MembershipsOf(w.org.ID, ids[0])
		count(2, got, err)
		got, err = read.MembershipsOfUsers(w.org.ID, ids)
		count(n+1, got, err)
		got, err = read.MembershipsBetween(w.org.ID, ids[1], ids[n-1], nil)
		count(n-1, got, err)
		got, err = read.MembershipsBetween(w.org.ID, ids[1], ids[n-1], []string{"00gOther"})
		count(0, got, err)
		got, err = read.MembershipsBy(w.org.ID, r.ID, 10)
		count(10, got, err)
		got, err = read.ReasonsFor(w.org.ID, g.ID, ids[0])
		count(2, got, err)
		if ex, err := read.ExclusionsBetween(w.org.ID, ids[3], ids[3]); err != nil || len(ex) != 1 || ex[0].UserID != ids[3] {
			t.Errorf("exclusions %v, %v", ex, err)
		}
		w.tx(t, func(tx *store.Tx) error {
			return errors.Join(tx.RemoveMembers(w.org.ID, list[1:]), tx.ClearExclusions(w.org.ID, r.ID))
		})
		got, err = read.MembershipsOfUsers(w.org.ID, ids)
		count(2, got, err)
		if ex, err := read.ExclusionsBy(w.org.ID, r.ID); err != nil || len(ex) != 0 {
			t.Errorf("exclusions %v, %v", ex, err)
		}
		w.fails(t, store.ErrNotFound, func(tx *store.Tx) error {
			return tx.AddMembers(w.org.ID, []store.Membership{{GroupID: g.ID, UserID: "00uNone", RuleID: r.ID}})
		})
	})
}
