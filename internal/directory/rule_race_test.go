package directory_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"usher/internal/directory"
	"usher/internal/idp"
)

// parallel runs each function in a goroutine of its own, n times.
func parallel(t *testing.T, n int, fns ...func(i int) error) {
	t.Helper()
	var wg sync.WaitGroup
	errs := make([]error, len(fns))
	for f, fn := range fns {
		wg.Go(func() {
			for i := range n {
				errs[f] = errors.Join(errs[f], fn(i))
			}
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// TestRulesUnderConcurrency lets users come and change, memberships begin and
// end, and rules start and stop at the same time. Afterwards everybody must have
// exactly the groups that the rules say, though nobody was looked at again.
func TestRulesUnderConcurrency(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		sales, a, b, both := w.aGroup(t, "Sales"), w.aGroup(t, "A"), w.aGroup(t, "B"), w.aGroup(t, "Both")
		var ids []string
		for i := range 8 {
			ids = append(ids, w.add(t, directory.NewUser{Profile: person(fmt.Sprintf("old%d@example.com", i))}).ID)
		}
		const rounds = 12
		for phase := range 4 {
			rules := []string{
				w.rule(t, `user.department == "Sales"`, sales),
				w.rule(t, fmt.Sprintf("isMemberOfGroup(%q) && isMemberOfGroup(%q)", a, b), both),
			}
			toggle := func(group string, user int) func(int) error {
				return func(i int) error {
					if (i+user)%2 == 0 {
						return w.AddMember(ctx, w.admin, group, ids[user])
					}
					return w.RemoveMember(ctx, w.admin, group, ids[user])
				}
			}
			profile := func(user int) func(int) error {
				return func(i int) error {
					_, err := w.UpdateUser(ctx, w.admin, ids[user], directory.UserChange{Profile: idp.Attributes{"department": []any{"Sales", "Law"}[(i+user)%2]}})
					return err
				}
			}
			parallel(t, rounds,
				func(i int) error {
					_, err := w.CreateUser(ctx, w.admin, directory.NewUser{
						Profile: person(fmt.Sprintf("new%d.%d@example.com", phase, i), "department", []string{"Sales", "Law"}[i%2]), GroupIDs: []string{a, b}[:i%3],
					})
					return err
				},
				toggle(a, 0), toggle(b, 0), toggle(a, 1), toggle(b, 1), toggle(b, 2), profile(0), profile(3), profile(4), profile(5),
				func(i int) error {
					if i >= len(rules) {
						return nil
					}
					return w.ActivateRule(ctx, w.admin, rules[i])
				},
			)
			w.runTasks(t)
			w.checkRules(t, sales, a, b, both)
			for _, id := range rules {
				w.must(t, w.DeleteRule(ctx, w.admin, id, true))
			}
			w.runTasks(t)
			for _, group := range []string{sales, both} {
				if users, _, err := w.Members(ctx, w.admin, group, idp.Page{Limit: 10}); err != nil || len(users) != 0 {
					t.Fatalf("%d members are left, %v", len(users), err)
				}
			}
		}
	})
}

// checkRules holds every user against the two rules of the test above.
func (w *world) checkRules(t *testing.T, sales, a, b, both string) {
	t.Helper()
	users, _, err := w.Users(t.Context(), w.admin, idp.Page{Limit: 1000})
	w.must(t, err)
	for _, u := range users {
		attributes, err := u.Attributes()
		w.must(t, err)
		got := " " + w.in(t, u.ID) + " "
		has := func(name string) bool { return strings.Contains(got, " "+name+" ") }
		if has("Sales") != (attributes.Text("department") == "Sales") || has("Both") != (has("A") && has("B")) {
			t.Errorf("%s of %q is in%s", u.Login, attributes.Text("department"), got)
		}
	}
}

// TestManyJoinOneGroup lets a rule put many users into one group at once.
func TestManyJoinOneGroup(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		west := w.aGroup(t, "West")
		w.activeRule(t, `user.city == "Oslo"`, west)
		var fns []func(int) error
		for f := range 8 {
			fns = append(fns, func(i int) error {
				u, err := w.CreateUser(t.Context(), w.admin, directory.NewUser{Profile: person(fmt.Sprintf("u%d.%d@example.com", f, i))})
				if err != nil {
					return err
				}
				_, err = w.UpdateUser(t.Context(), w.admin, u.ID, directory.UserChange{Profile: idp.Attributes{"city": "Oslo"}})
				return err
			})
		}
		parallel(t, 10, fns...)
		users, _, err := w.Members(t.Context(), w.admin, west, idp.Page{Limit: 1000})
		if err != nil || len(users) != 80 {
			t.Errorf("%d members, want 80, %v", len(users), err)
		}
		if n := strings.Count(strings.Join(w.events(t), " "), "group.user_membership.add"); n != 80 {
			t.Errorf("%d events, want 80", n)
		}
	})
}

// TestTwoMembershipsAtOnce lets users enter, and leave, two groups in the same
// instant, of which a rule makes a third: neither change may overlook the other.
func TestTwoMembershipsAtOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		a, b, both := w.aGroup(t, "A"), w.aGroup(t, "B"), w.aGroup(t, "Both")
		w.activeRule(t, fmt.Sprintf("isMemberOfGroup(%q) && isMemberOfGroup(%q)", a, b), both)
		for i := range 25 {
			u := w.add(t, directory.NewUser{Profile: person(fmt.Sprintf("u%d@example.com", i))})
			enter := func(group string) func(int) error {
				return func(int) error { return w.AddMember(t.Context(), w.admin, group, u.ID) }
			}
			parallel(t, 1, enter(a), enter(b))
			w.wantIn(t, u.ID, "A B Both")
			leave := func(group string) func(int) error {
				return func(int) error { return w.RemoveMember(t.Context(), w.admin, group, u.ID) }
			}
			parallel(t, 1, leave(a), leave(b))
			w.wantIn(t, u.ID, "")
		}
	})
}
