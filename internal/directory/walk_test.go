package directory_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"usher/internal/directory"
	"usher/internal/idp"
)

// enoughWrites is how many writes there are while walks go on.
const enoughWrites = 300

// walker reads one page behind a cursor.
type walker struct {
	name string
	page func(ctx context.Context, after string) (users []*idp.User, next string, err error)
	// stays tells which users belong to the whole from the beginning to the end.
	stays []string
}

// TestWalksSeeEachOnce pages through the users, three searches and a group while
// others create, change, move and delete users. Who belongs to the whole all the
// time is seen exactly once, and nobody twice.
func TestWalksSeeEachOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		const settled, passing = 240, 120
		ctx := t.Context()
		sales, other := w.aGroup(t, "Sales"), w.aGroup(t, "Other")
		var staying, moving []string
		for i := range settled + passing {
			u := w.add(t, directory.NewUser{Profile: person(fmt.Sprintf("p%03d@example.com", i), "department", "Sales", "lastName", fmt.Sprintf("L%d", i%7)), GroupIDs: []string{sales}})
			if i%3 == 0 {
				moving = append(moving, u.ID)
			} else {
				staying = append(staying, u.ID)
			}
		}
		search := func(s directory.UserSearch) func(context.Context, string) ([]*idp.User, string, error) {
			return func(ctx context.Context, after string) ([]*idp.User, string, error) {
				s.After, s.Limit = after, 7
				return w.SearchUsers(ctx, w.admin, s)
			}
		}
		walkers := []walker{
			{"users", func(ctx context.Context, after string) ([]*idp.User, string, error) {
				return w.Users(ctx, w.admin, idp.Page{After: after, Limit: 7})
			}, staying},
			{"search by an attribute", search(directory.UserSearch{Text: `profile.department eq "Sales"`}), staying},
			{"search by a state", search(directory.UserSearch{Text: `status eq "STAGED"`}), staying},
			{"search in the order of names", search(directory.UserSearch{Text: `profile.department eq "Sales"`, SortBy: "profile.lastName", Descending: true}), staying},
			{"members of a group", func(ctx context.Context, after string) ([]*idp.User, string, error) {
				return w.Members(ctx, w.admin, sales, idp.Page{After: after, Limit: 7})
			}, staying},
		}
		stop := make(chan struct{})
		var writes atomic.Int64
		var writers, readers sync.WaitGroup
		for _, write := range w.disturbances(ctx, staying, moving, sales, other) {
			writers.Go(func() {
				for i := 0; ; i++ {
					select {
					case <-stop:
						return
					default:
					}
					if err := write(i); err != nil {
						t.Errorf("write %d: %v", i, err)
						return
					}
					writes.Add(1)
				}
			})
		}
		for _, walk := range walkers {
			readers.Go(func() {
				for !t.Failed() && writes.Load() < enoughWrites {
					walk.check(ctx, t)
				}
			})
		}
		readers.Wait()
		close(stop)
		writers.Wait()
	})
}

// disturbances are writes that go on while others read. Those who stay are
// changed only in what no walk looks at.
func (w *world) disturbances(ctx context.Context, staying, moving []string, sales, other string) []func(i int) error {
	half := len(moving) / 2
	return []func(i int) error{
		func(i int) error { // come, stay a moment and go
			u, err := w.CreateUser(ctx, w.admin, directory.NewUser{Profile: person(fmt.Sprintf("new%d@example.com", i), "department", "Sales"), GroupIDs: []string{sales}})
			if err != nil {
				return err
			}
			return errors.Join(w.Deactivate(ctx, w.admin, u.ID, false), w.Delete(ctx, w.admin, u.ID, false))
		},
		func(i int) error { // change what nobody asks for
			_, err := w.UpdateUser(ctx, w.admin, staying[i*17%len(staying)], directory.UserChange{Profile: idp.Attributes{"nickName": fmt.Sprint(i)}})
			return err
		},
		func(i int) error { // change what is searched and sorted by
			department := []any{"Sales", "Law"}[i%2]
			_, err := w.UpdateUser(ctx, w.admin, moving[i*13%half], directory.UserChange{Profile: idp.Attributes{"department": department}})
			return err
		},
		func(i int) error { // leave the group and come back
			id := moving[half+i*11%half]
			return errors.Join(w.RemoveMember(ctx, w.admin, sales, id), w.AddMember(ctx, w.admin, other, id), w.AddMember(ctx, w.admin, sales, id))
		},
	}
}

// check walks once from the beginning to the end.
func (k walker) check(ctx context.Context, t *testing.T) {
	seen := map[string]int{}
	for after, pages := "", 0; ; pages++ {
		users, next, err := k.page(ctx, after)
		if err != nil {
			t.Errorf("%s: %v", k.name, err)
			return
		}
		for _, u := range users {
			seen[u.ID]++
		}
		if next == "" {
			break
		}
		if pages > 100_000 {
			t.Errorf("%s: does not end", k.name)
			return
		}
		after = next
	}
	for _, id := range k.stays {
		if seen[id] == 0 {
			t.Errorf("%s: %s was there all the time and was missed", k.name, id)
		}
	}
	for id, n := range seen {
		if n > 1 {
			t.Errorf("%s: %s was seen %d times", k.name, id, n)
		}
	}
}
