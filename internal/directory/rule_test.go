package directory_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"usher/internal/directory"
	"usher/internal/idp"
	"usher/internal/store"
)

// aGroup adds a group and returns its identifier.
func (w *world) aGroup(t testing.TB, name string) string {
	t.Helper()
	g, err := w.CreateGroup(t.Context(), w.admin, idp.Attributes{"name": name})
	if err != nil {
		t.Fatal(err)
	}
	return g.ID
}

// rule adds a rule and returns its identifier.
func (w *world) rule(t testing.TB, expression string, groups ...string) string {
	t.Helper()
	n := directory.RuleInput{Name: "rule " + w.IDs.New("nam"), Expression: expression, GroupIDs: groups}
	r, err := w.CreateRule(t.Context(), w.admin, n)
	if err != nil {
		t.Fatal(err)
	}
	return r.ID
}

// activeRule adds a rule that is active.
func (w *world) activeRule(t testing.TB, expression string, groups ...string) string {
	t.Helper()
	id := w.rule(t, expression, groups...)
	w.must(t, w.ActivateRule(t.Context(), w.admin, id))
	return id
}

func (w *world) must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// in lists the names of the groups that a user is in, but for the built-in one.
func (w *world) in(t testing.TB, userID string) string {
	t.Helper()
	groups, err := w.GroupsOf(t.Context(), w.admin, userID)
	w.must(t, err)
	var names []string
	for _, g := range groups {
		if g.Type != idp.GroupBuiltIn {
			names = append(names, g.Name)
		}
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

func (w *world) wantIn(t testing.TB, userID, want string) {
	t.Helper()
	if got := w.in(t, userID); got != want {
		t.Errorf("groups %q, want %q", got, want)
	}
}

// set changes attributes of a user.
func (w *world) set(t testing.TB, id string, pairs ...any) {
	t.Helper()
	a := idp.Attributes{}
	for i := 0; i < len(pairs); i += 2 {
		a[pairs[i].(string)] = pairs[i+1]
	}
	_, err := w.UpdateUser(t.Context(), w.admin, id, directory.UserChange{Profile: a})
	w.must(t, err)
}

func (w *world) getRule(t testing.TB, id string) *idp.GroupRule {
	t.Helper()
	r, err := w.Rule(t.Context(), w.admin, id)
	w.must(t, err)
	return r
}

func TestRuleFollowsProfile(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		west := w.aGroup(t, "West")
		early := w.add(t, directory.NewUser{Profile: person("early@example.com", "department", "Sales"), Activate: true})
		staged := w.add(t, directory.NewUser{Profile: person("staged@example.com", "department", "Sales")})
		gone := w.inState(t, "gone@example.com", idp.UserDeprovisioned)
		other := w.add(t, directory.NewUser{Profile: person("other@example.com"), Activate: true})
		id := w.rule(t, `user.department == "Sales"`, west)
		w.wantIn(t, early.ID, "")
		got := w.causes(t, func() { w.must(t, w.ActivateRule(t.Context(), w.admin, id)) })
		if want := "group.user_membership.rule.trigger group.user_membership.add group.user_membership.add group.user_membership.rule.evaluation"; got != want {
			t.Errorf("events %s", got)
		}
		w.wantIn(t, early.ID, "West")
		w.wantIn(t, staged.ID, "West")
		w.wantIn(t, gone.ID, "")
		w.wantIn(t, other.ID, "")
		// Activating again changes nothing.
		if got := w.causes(t, func() { w.must(t, w.ActivateRule(t.Context(), w.admin, id)) }); got != "" {
			t.Errorf("events %s", got)
		}
		if got := w.causes(t, func() { w.set(t, other.ID, "department", "Sales") }); got != "user.account.update_profile group.user_membership.add" {
			t.Errorf("events %s", got)
		}
		if got := w.causes(t, func() { w.set(t, early.ID, "department", "sales") }); got != "user.account.update_profile group.user_membership.remove" {
			t.Errorf("events %s", got)
		}
		w.wantIn(t, other.ID, "West")
		w.wantIn(t, early.ID, "")
		late := w.add(t, directory.NewUser{Profile: person("late@example.com", "department", "Sales"), GroupIDs: []string{west}})
		w.wantIn(t, late.ID, "West")
		// A membership by hand stays when the rule's ends.
		if got := w.causes(t, func() { w.set(t, late.ID, "department", nil) }); got != "user.account.update_profile" {
			t.Errorf("events %s", got)
		}
		w.wantIn(t, late.ID, "West")
		// An inactive rule keeps its members and gains none.
		if got := w.causes(t, func() { w.must(t, w.DeactivateRule(t.Context(), w.admin, id)) }); got != "group.user_membership.rule.deactivated" {
			t.Errorf("events %s", got)
		}
		w.set(t, other.ID, "department", "Law")
		w.wantIn(t, other.ID, "West")
		w.set(t, early.ID, "department", "Sales")
		w.wantIn(t, early.ID, "")
		w.must(t, w.ActivateRule(t.Context(), w.admin, id))
		w.wantIn(t, other.ID, "")
		w.wantIn(t, early.ID, "West")
	})
}

func TestRuleAndLifeCycle(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.aGroup(t, "Unused")
		act, sales := w.aGroup(t, "Active"), w.aGroup(t, "Sales")
		w.activeRule(t, `user.getInternalProperty("status") == "ACTIVE"`, act)
		w.activeRule(t, `user.department == "Sales"`, sales)
		u := w.add(t, directory.NewUser{Profile: person("a@example.com", "department", "Sales"), Credentials: withPassword()})
		w.wantIn(t, u.ID, "Sales")
		_, err := w.Activate(t.Context(), w.admin, u.ID, false)
		w.must(t, err)
		w.wantIn(t, u.ID, "Active Sales")
		w.must(t, w.Suspend(t.Context(), w.admin, u.ID))
		w.wantIn(t, u.ID, "Sales")
		// Who is deprovisioned keeps the groups, whatever the rules say.
		w.must(t, w.Unsuspend(t.Context(), w.admin, u.ID))
		w.must(t, w.Deactivate(t.Context(), w.admin, u.ID, false))
		w.wantIn(t, u.ID, "Active Sales")
		w.activeRule(t, `user.department == "Sales"`, w.aGroup(t, "New"))
		w.wantIn(t, u.ID, "Active Sales")
		_, err = w.Activate(t.Context(), w.admin, u.ID, false)
		w.must(t, err)
		w.wantIn(t, u.ID, "New Sales")
	})
}

func TestRuleChains(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		a, b, c, d := w.aGroup(t, "A"), w.aGroup(t, "B"), w.aGroup(t, "C"), w.aGroup(t, "D")
		member := func(id string) string { return fmt.Sprintf("isMemberOfGroup(%q)", id) }
		u := w.add(t, directory.NewUser{Profile: person("a@example.com"), GroupIDs: []string{a}})
		w.activeRule(t, member(c)+` OR isMemberOfGroupNameStartsWith("CC")`, d)
		w.activeRule(t, member(b), c)
		first := w.activeRule(t, member(a), b)
		w.wantIn(t, u.ID, "A B C D")
		v := w.active(t, "v@example.com")
		w.must(t, w.AddMember(t.Context(), w.admin, a, v.ID))
		w.wantIn(t, v.ID, "A B C D")
		got := w.causes(t, func() { w.must(t, w.RemoveMember(t.Context(), w.admin, a, v.ID)) })
		if strings.Count(got, "group.user_membership.remove") != 4 {
			t.Errorf("events %s", got)
		}
		w.wantIn(t, v.ID, "")
		// In the middle of the chain: excluded from the first rule.
		w.must(t, w.RemoveMember(t.Context(), w.admin, b, u.ID))
		w.wantIn(t, u.ID, "A")
		if r := w.getRule(t, first); !slices.Equal(r.Excluded, []string{u.ID}) {
			t.Errorf("excluded %v", r.Excluded)
		}
		// A renamed group counts by its new name.
		x := w.aGroup(t, "X")
		w.must(t, w.AddMember(t.Context(), w.admin, x, u.ID))
		w.wantIn(t, u.ID, "A X")
		_, err := w.UpdateGroup(t.Context(), w.admin, x, idp.Attributes{"name": "CC"})
		w.must(t, err)
		w.runTasks(t)
		w.wantIn(t, u.ID, "A CC D")
	})
}

// TestRulesThatFeedEachOther shows that a membership does not live on by itself,
// and that rules which contradict each other end.
func TestRulesThatFeedEachOther(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		a, b := w.aGroup(t, "A"), w.aGroup(t, "B")
		w.activeRule(t, fmt.Sprintf(`user.city == "Oslo" OR isMemberOfGroup(%q)`, b), a)
		w.activeRule(t, fmt.Sprintf("isMemberOfGroup(%q)", a), b)
		u := w.add(t, directory.NewUser{Profile: person("a@example.com", "city", "Oslo")})
		w.wantIn(t, u.ID, "A B")
		w.set(t, u.ID, "city", "Rome")
		w.wantIn(t, u.ID, "")
		c := w.aGroup(t, "C")
		w.activeRule(t, fmt.Sprintf("!isMemberOfGroup(%q)", c), c)
		got := w.causes(t, func() { w.set(t, u.ID, "city", "Bonn") })
		if !strings.Contains(got, "group.user_membership.rule.error") {
			t.Errorf("events %s", got)
		}
		before := w.in(t, u.ID)
		w.set(t, u.ID, "city", "Kiel")
		w.wantIn(t, u.ID, before)
	})
}

func TestRuleExclusion(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		west := w.aGroup(t, "West")
		id := w.activeRule(t, `String.startsWith(user.login, "a")`, west)
		u, v := w.active(t, "a@example.com"), w.active(t, "a2@example.com")
		got := w.causes(t, func() { w.must(t, w.RemoveMember(t.Context(), w.admin, west, u.ID)) })
		if got != "group.user_membership.rule.add_exclusion group.user_membership.remove" {
			t.Errorf("events %s", got)
		}
		w.set(t, u.ID, "city", "Rome")
		w.wantIn(t, u.ID, "")
		w.wantIn(t, v.ID, "West")
		// Taken out of the list, the rule counts again.
		w.must(t, w.DeactivateRule(t.Context(), w.admin, id))
		r := w.getRule(t, id)
		if !slices.Equal(r.Excluded, []string{u.ID}) {
			t.Fatalf("excluded %v", r.Excluded)
		}
		n := directory.RuleInput{Name: r.Name, Expression: r.Expression, GroupIDs: r.GroupIDs, Excluded: []string{v.ID}}
		_, err := w.UpdateRule(t.Context(), w.admin, id, n)
		w.must(t, err)
		w.must(t, w.ActivateRule(t.Context(), w.admin, id))
		w.wantIn(t, u.ID, "West")
		w.wantIn(t, v.ID, "")
		// By hand even the excluded; and what a hand has made, it ends without a word.
		w.must(t, w.AddMember(t.Context(), w.admin, west, v.ID))
		w.wantIn(t, v.ID, "West")
		if got := w.causes(t, func() { w.must(t, w.RemoveMember(t.Context(), w.admin, west, v.ID)) }); got != "group.user_membership.remove" {
			t.Errorf("events %s", got)
		}
		// To add by hand whom the rule has put there begins nothing.
		if got := w.causes(t, func() { w.must(t, w.AddMember(t.Context(), w.admin, west, u.ID)) }); got != "" {
			t.Errorf("events %s", got)
		}
		if got := w.causes(t, func() { w.set(t, u.ID, "login", "b@example.com") }); got != "user.account.update_profile" {
			t.Errorf("events %s", got)
		}
		w.wantIn(t, u.ID, "West")
	})
}

func TestDeleteRule(t *testing.T) {
	t.Parallel()
	for _, remove := range []bool{false, true} {
		t.Run(fmt.Sprint(remove), func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, w *world) {
				west, chained := w.aGroup(t, "West"), w.aGroup(t, "Chained")
				id := w.activeRule(t, `user.lastName == "Brock"`, west)
				w.activeRule(t, fmt.Sprintf("isMemberOfGroup(%q)", west), chained)
				u, v := w.active(t, "a@example.com"), w.active(t, "b@example.com")
				w.must(t, w.AddMember(t.Context(), w.admin, west, v.ID))
				got := w.causes(t, func() { w.must(t, w.DeleteRule(t.Context(), w.admin, id, remove)) })
				want, in := "group.user_membership.rule.deactivated", "Chained West"
				if remove {
					want += " group.user_membership.remove group.user_membership.remove"
					in = ""
				}
				if got != want {
					t.Errorf("events %s", got)
				}
				w.wantIn(t, u.ID, in)
				w.wantIn(t, v.ID, "Chained West")
				_, err := w.Rule(t.Context(), w.admin, id)
				wantKind(t, err, idp.KindNotFound, "PolicyRule")
				// What it has left behind is as if made by hand.
				if got := w.causes(t, func() { w.must(t, w.RemoveMember(t.Context(), w.admin, west, v.ID)) }); strings.Contains(got, "exclusion") && !strings.HasSuffix(got, "remove") {
					t.Errorf("events %s", got)
				}
				if got := w.causes(t, func() { w.runTasks(t) }); got != "" {
					t.Errorf("the tasks found something left: %s", got)
				}
			})
		})
	}
}

func TestRuleBecomesInvalid(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		west, east, cond := w.aGroup(t, "West"), w.aGroup(t, "East"), w.aGroup(t, "Cond")
		target := w.activeRule(t, `user.lastName == "Brock"`, west, east)
		condition := w.rule(t, fmt.Sprintf("isMemberOfAnyGroup(%q)", cond), east)
		attribute := w.activeRule(t, `user.city == "Oslo"`, east)
		u := w.active(t, "a@example.com")
		w.wantIn(t, u.ID, "East West")
		got := w.causes(t, func() { w.must(t, w.DeleteGroup(t.Context(), w.admin, west)) })
		if got != "group.user_membership.rule.invalidate group.lifecycle.delete" {
			t.Errorf("events %s", got)
		}
		w.must(t, w.DeleteGroup(t.Context(), w.admin, cond))
		w.tx(t, func(tx *store.Tx) error { return w.AttributeRemoved(tx, w.org, "city") })
		for id, valid := range map[string]bool{target: false, condition: false, attribute: true} {
			if r := w.getRule(t, id); r.Status != idp.RuleInvalid || r.GroupsValid != valid {
				t.Errorf("rule %+v", r)
			}
			const text = "Cannot activate or deactivate a Group Rule with the status INVALID."
			wantKind(t, w.ActivateRule(t.Context(), w.admin, id), idp.KindInvalid, "updateRuleStatus", text)
			wantKind(t, w.DeactivateRule(t.Context(), w.admin, id), idp.KindInvalid, "updateRuleStatus", text)
			_, err := w.UpdateRule(t.Context(), w.admin, id, directory.RuleInput{Name: "x", Expression: "true"})
			wantKind(t, err, idp.KindInvalid, "updateRule")
		}
		w.wantIn(t, u.ID, "East") // the members stay
		w.must(t, w.DeleteRule(t.Context(), w.admin, target, true))
		w.wantIn(t, u.ID, "")
	})
}
