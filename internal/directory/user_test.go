package directory_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/internal/directory"
	"usher/internal/idp"
	"usher/internal/store"
)

func TestFind(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		u := w.active(t, "isaac.brock@example.com")
		w.active(t, "twin@one.example.com")
		w.active(t, "twin@two.example.com")
		for _, ref := range []string{u.ID, u.Login, "ISAAC.BROCK@EXAMPLE.COM", "isaac.brock", "Isaac.Brock"} {
			if got := w.get(t, ref); got.ID != u.ID {
				t.Errorf("%s is %s", ref, got.Login)
			}
		}
		other := w.addOrg(t, "other", "other.example.com")
		for _, c := range []struct {
			org *idp.Org
			ref string
		}{
			{w.org, "twin"},
			{w.org, "nobody"},
			{w.org, "nobody@example.com"},
			{w.org, "00u00000000000000000"},
			{w.org, u.ID[:19]},
			{w.org, ""},
			{w.org, "a\x00b"},
			{w.org, "\xff"},
			{w.org, string(make([]byte, 500))},
			{w.org, w.org.Settings.EveryoneID},
			{other, u.ID},
			{other, u.Login},
			{other, "isaac.brock"},
		} {
			_, err := w.User(t.Context(), idp.SystemActor(c.org), c.ref)
			wantKind(t, err, idp.KindNotFound, "User")
			if id := err.(*idp.Error).ID; id != c.ref { //nolint:errorlint // checked above
				t.Errorf("the error names %q, not %q", id, c.ref)
			}
		}
	})
}

func TestUpdate(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		u := w.active(t, "i@example.com")
		change := func(c directory.UserChange) *idp.User {
			t.Helper()
			got, err := w.UpdateUser(t.Context(), w.admin, u.ID, c)
			if err != nil {
				t.Fatal(err)
			}
			if stored := w.get(t, u.ID); fmt.Sprint(*stored) != fmt.Sprint(*got) {
				t.Errorf("stored\n%+v\nreturned\n%+v", *stored, *got)
			}
			return got
		}
		w.clock.Advance(5 * time.Second)
		events := w.causes(t, func() {
			got := change(directory.UserChange{Profile: idp.Attributes{"title": "Director", "login": "i2@example.com", "city": nil}})
			if a, _ := got.Attributes(); a.Text("title") != "Director" || a.Text("firstName") != "Isaac" || got.Login != "i2@example.com" || got.LastUpdated != noon.Add(5*time.Second) {
				t.Errorf("%s %v", got.Profile, got.LastUpdated)
			}
		})
		if events != "user.account.update_profile" {
			t.Error(events)
		}
		if got := change(directory.UserChange{Profile: idp.Attributes{"title": nil}}); string(got.Profile) != `{"firstName":"Isaac","lastName":"Brock","mobilePhone":null,"secondEmail":null,"login":"i2@example.com","email":"i@example.com"}` {
			t.Errorf("%s", got.Profile)
		}
		change(directory.UserChange{Profile: idp.Attributes{"title": "Director"}})
		if got := change(directory.UserChange{Profile: person("i2@example.com"), Replace: true}); string(got.Profile) != `{"firstName":"Isaac","lastName":"Brock","mobilePhone":null,"secondEmail":null,"login":"i2@example.com","email":"i2@example.com"}` {
			t.Errorf("%s", got.Profile)
		}
		w.active(t, "taken@example.com")
		before := w.snapshot(t)
		_, err := w.UpdateUser(t.Context(), w.admin, u.ID, directory.UserChange{Profile: idp.Attributes{"login": "Taken@example.com"}})
		wantKind(t, err, idp.KindInvalid, "login")
		_, err = w.UpdateUser(t.Context(), w.admin, u.ID, directory.UserChange{Profile: idp.Attributes{"title": "x"}, Replace: true})
		wantKind(t, err, idp.KindInvalid, "login", "login: The field cannot be left blank", "firstName: The field cannot be left blank",
			"lastName: The field cannot be left blank", "email: The field cannot be left blank", "login: Username must be in the form of an email address")
		_, err = w.UpdateUser(t.Context(), w.admin, u.ID, directory.UserChange{TypeID: "oty0000000000000nope"})
		wantKind(t, err, idp.KindNotFound, "CVDType")
		if w.snapshot(t) != before {
			t.Error("a refused change has changed something")
		}
	})
}

func TestUpdateCredentials(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		u := w.active(t, "i@example.com")
		question := &directory.Question{Question: "Who?", Answer: "Annie"}
		next := "An0ther-Secret"
		w.clock.Advance(200 * time.Millisecond)
		events := w.causes(t, func() {
			got, err := w.UpdateUser(t.Context(), w.admin, u.ID, directory.UserChange{Credentials: directory.Credentials{Password: &next, Question: question}})
			if err != nil {
				t.Fatal(err)
			}
			// Clients read whole seconds and must see that something changed.
			if !got.LastUpdated.Equal(noon) || got.PasswordChanged.Sub(noon) < time.Second || got.RecoveryQuestion != "Who?" {
				t.Errorf("%+v", got)
			}
		})
		if events != "user.account.update_password" {
			t.Error(events)
		}
		w.verify(t, u.ID, next, true)
		w.verify(t, u.ID, goodPassword, false)
		if _, err := w.UpdateUser(t.Context(), w.admin, u.ID, directory.UserChange{Credentials: directory.Credentials{Question: &directory.Question{Question: "Who?"}}}); err != nil {
			t.Errorf("the known question without its answer: %v", err)
		}
		_, err := w.UpdateUser(t.Context(), w.admin, u.ID, directory.UserChange{Credentials: directory.Credentials{Question: &directory.Question{Question: "Else?"}}})
		wantKind(t, err, idp.KindInvalid, "recovery_question")
		w.policy.Age.History = 2
		old := goodPassword
		_, err = w.UpdateUser(t.Context(), w.admin, u.ID, directory.UserChange{Strict: true, Credentials: directory.Credentials{Password: &old}})
		wantKind(t, err, idp.KindInvalid, "password", "password: Password has been used too recently")
		if _, err := w.UpdateUser(t.Context(), w.admin, u.ID, directory.UserChange{Credentials: directory.Credentials{Password: &old}}); err != nil {
			t.Errorf("without strict: %v", err)
		}
		w.policy.Age.MinMinutes = 60
		_, err = w.UpdateUser(t.Context(), w.admin, u.ID, directory.UserChange{Strict: true, Credentials: directory.Credentials{Password: &next}})
		wantKind(t, err, idp.KindInvalid, "password")
	})
}

func TestPasswordMovesState(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for before, after := range map[idp.UserStatus]idp.UserStatus{
			idp.UserStaged: idp.UserStaged, idp.UserProvisioned: idp.UserActive, idp.UserActive: idp.UserActive, idp.UserRecovery: idp.UserActive,
			idp.UserPasswordExpired: idp.UserActive, idp.UserLockedOut: idp.UserActive, idp.UserSuspended: idp.UserSuspended, idp.UserDeprovisioned: "",
		} {
			t.Run(string(before), func(t *testing.T) {
				u := w.inState(t, strings.ToLower(string(before))+"@example.com", before)
				next := "An0ther-Secret"
				got, err := w.UpdateUser(t.Context(), w.admin, u.ID, directory.UserChange{Credentials: directory.Credentials{Password: &next}})
				if after == "" {
					wantKind(t, err, idp.KindUserState, "")
					return
				}
				if err != nil || got.Status != after {
					t.Fatalf("%v, %v", got, err)
				}
			})
		}
	})
}

func TestUsersChangeOnlyWhatIsTheirs(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		u, other := w.active(t, "i@example.com"), w.active(t, "o@example.com")
		self := idp.Actor{Org: w.org, Kind: idp.ActorUser, UserID: u.ID, Login: u.Login}
		if _, err := w.UpdateUser(t.Context(), self, u.ID, directory.UserChange{Profile: idp.Attributes{"firstName": "Ike", "mobilePhone": "+1 555"}}); err != nil {
			t.Error(err)
		}
		next := "An0ther-Secret"
		for name, c := range map[string]struct {
			ref    string
			c      directory.UserChange
			kind   idp.Kind
			object string
		}{
			"title":    {u.ID, directory.UserChange{Profile: idp.Attributes{"title": "CEO"}}, idp.KindReadOnly, "title"},
			"city":     {u.ID, directory.UserChange{Profile: idp.Attributes{"city": "Rome"}}, idp.KindReadOnly, "city"},
			"password": {u.ID, directory.UserChange{Credentials: directory.Credentials{Password: &next}}, idp.KindForbidden, ""},
			"question": {u.ID, directory.UserChange{Credentials: directory.Credentials{Question: &directory.Question{Question: "?", Answer: "x"}}}, idp.KindForbidden, ""},
			"other":    {other.ID, directory.UserChange{Profile: idp.Attributes{"firstName": "Ike"}}, idp.KindForbidden, ""},
		} {
			_, err := w.UpdateUser(t.Context(), self, c.ref, c.c)
			t.Run(name, func(t *testing.T) { wantKind(t, err, c.kind, c.object) })
		}
	})
}

func TestStaleWriteConflicts(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		u := w.active(t, "i@example.com")
		stale := *u
		if _, err := w.UpdateUser(t.Context(), w.admin, u.ID, directory.UserChange{Profile: idp.Attributes{"title": "x"}}); err != nil {
			t.Fatal(err)
		}
		err := w.Store.Tx(t.Context(), func(tx *store.Tx) error { return w.Save(tx, &stale) })
		wantKind(t, err, idp.KindConflict, "user")
	})
}

// TestParallelUpdatesLoseNothing: each of many writers sets an attribute of its
// own, and all are there in the end.
func TestParallelUpdatesLoseNothing(t *testing.T) {
	names := []string{"title", "city", "state", "zipCode", "department", "division", "manager", "nickName", "userType", "middleName"}
	each(t, func(t *testing.T, w *world) {
		u := w.active(t, "i@example.com")
		var wg sync.WaitGroup
		for _, name := range names {
			wg.Go(func() {
				if _, err := w.UpdateUser(t.Context(), w.admin, u.ID, directory.UserChange{Profile: idp.Attributes{name: "x"}}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		a, err := w.get(t, u.ID).Attributes()
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if a.Text(name) != "x" {
				t.Errorf("%s is lost", name)
			}
		}
	})
}

// TestWalk: a walk by cursor visits each user once while others write.
func TestWalk(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		want := map[string]bool{}
		for i := range 25 {
			want[w.inState(t, fmt.Sprintf("u%d@example.com", i), idp.UserStaged).ID] = true
		}
		gone := w.inState(t, "gone@example.com", idp.UserDeprovisioned)
		seen := map[string]bool{}
		after, pages := "", 0
		for {
			users, next, err := w.Users(t.Context(), w.admin, idp.Page{After: after, Limit: 7})
			if err != nil {
				t.Fatal(err)
			}
			for _, u := range users {
				if seen[u.ID] {
					t.Errorf("%s twice", u.ID)
				}
				seen[u.ID] = true
			}
			if pages++; pages < 3 {
				w.inState(t, fmt.Sprintf("late%d@example.com", pages), idp.UserStaged)
			}
			if next == "" {
				break
			}
			after = next
		}
		for id := range want {
			if !seen[id] {
				t.Errorf("%s missed", id)
			}
		}
		if seen[gone.ID] {
			t.Error("a deprovisioned user is listed")
		}
		for _, p := range []idp.Page{{After: "x", Limit: 1}, {After: w.org.Settings.EveryoneID, Limit: 1}, {Limit: 0}, {After: gone.ID + "!", Limit: 1}} {
			_, _, err := w.Users(t.Context(), w.admin, p)
			wantKind(t, err, idp.KindBadPaging, "")
		}
	})
}

func TestLookup(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		add := func(login, first, last string) string {
			return w.add(t, directory.NewUser{Profile: person(login, "firstName", first, "lastName", last)}).ID
		}
		a, b, c := add("zeta@example.com", "Ångström", "Brown"), add("y@example.com", "Bro", "Young"), add("brother@example.com", "Zoe", "Zed")
		gone := add("x@example.com", "Brod", "Max")
		for range 2 { // the second time for good from lists
			if err := w.Deactivate(t.Context(), w.admin, gone, false); err != nil && idp.KindOf(err) != idp.KindUserState {
				t.Fatal(err)
			}
		}
		for text, want := range map[string][]string{
			"bro": {a, b, c}, "BROW": {a}, "ångs": {a}, "ÅNG": {a}, "ang": nil, "brother@": {c}, "nobody": nil, "": nil, "\x00": nil, "%": nil,
		} {
			users, err := w.Lookup(t.Context(), w.admin, text, 10)
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]bool{}
			for _, u := range users {
				got[u.ID] = true
			}
			if len(users) != len(want) || len(got) != len(want) || slices.ContainsFunc(want, func(id string) bool { return !got[id] }) {
				t.Errorf("%q: %v, want %v", text, slices.Collect(maps.Keys(got)), want)
			}
		}
		if users, err := w.Lookup(t.Context(), w.admin, "bro", 2); err != nil || len(users) != 2 {
			t.Errorf("%d users, %v", len(users), err)
		}
	})
}
