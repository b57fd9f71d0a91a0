package directory_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"usher/internal/directory"
	"usher/internal/idp"
	"usher/internal/scim"
)

// town adds people in several states over some minutes.
func (w *world) town(t *testing.T) {
	t.Helper()
	for i, p := range []idp.Attributes{
		person("ann@example.com", "firstName", "Ann", "department", "Sales", "city", "Köln"),
		person("Bob@example.com", "firstName", "bob", "department", "SALES", "mobilePhone", "1"),
		person("cid@other.org", "firstName", "Cid", "lastName", "O'Neil", "department", "Engineering"),
		person("dora@example.com", "firstName", "Dóra", "title", `say "hi"`),
		person("eve@other.org", "firstName", "Eve", "department", "", "nickName", "100%_\\"),
		person("fred@example.com", "firstName", "Fred", "department", "Sales"),
	} {
		w.clock.Advance(90*time.Second + 250*time.Millisecond)
		n := directory.NewUser{Profile: p, Activate: i%2 == 0}
		if i == 0 {
			n.Credentials = withPassword()
		}
		w.add(t, n)
	}
	w.clock.Advance(time.Minute)
	if err := w.Deactivate(t.Context(), w.admin, "fred@example.com", false); err != nil {
		t.Fatal(err)
	}
}

// found pages through a search, two at a time, and returns the given names.
func (w *world) found(t *testing.T, s directory.UserSearch) string {
	t.Helper()
	s.Limit = 2
	var out []string
	for {
		users, next, err := w.SearchUsers(t.Context(), w.admin, s)
		if err != nil {
			t.Fatalf("%s: %v", s.Text, err)
		}
		for _, u := range users {
			a, err := u.Attributes()
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, a.Text("firstName"))
		}
		if next == "" {
			return strings.Join(out, " ")
		}
		s.After = next
	}
}

func TestSearch(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.town(t)
		for _, c := range []struct{ search, want string }{
			{`profile.department eq "sales"`, "Ann bob Fred"},
			{`profile.department sw "S" and status eq "staged"`, "bob"},
			{`profile.department co "gin"`, "Cid"},
			{`profile.department ew "ES"`, "Ann bob Fred"},
			{`profile.department gt "engineering"`, "Ann bob Fred"},
			{`profile.department ge "engineering" and profile.department lt "f"`, "Cid"},
			{`profile.department pr`, "Ann bob Cid Fred"},
			{`profile.mobilePhone pr`, "bob"},
			{`profile.login eq "BOB@EXAMPLE.COM"`, "bob"},
			{`profile.login sw "b"`, "bob"},
			{`profile.email ew "other.org"`, "Cid Eve"},
			{`profile.email pr and profile.firstName eq "ANN"`, "Ann"},
			{`profile.firstName eq "dora"`, ""},
			{`profile.firstName eq "DÓRA"`, "Dóra"},
			{`profile.city eq "köln"`, "Ann"},
			{`profile.lastName eq "o'neil" or profile.firstName eq "eve"`, "Cid Eve"},
			{`profile.title eq "SAY \"hi\""`, "Dóra"},
			{`profile.nickName co "%_\\"`, "Eve"},
			{`profile.nickName sw "100%"`, "Eve"},
			{`status eq "DEPROVISIONED"`, "Fred"},
			{`status eq "ACTIVE" or status eq "PROVISIONED"`, "Ann Cid Eve"},
			{`created gt "2026-03-01T12:04:30.000Z"`, "Dóra Eve Fred"},
			{`created eq "2026-03-01T12:01:30.000Z"`, "Ann"},
			{`created ge "2026-03-01T12:01:30.000Z" and created le "2026-03-01T12:03:00.000Z"`, "Ann bob"},
			{`created lt "2026-03-01T12:01:30.000Z"`, ""},
			{`created lt "2026-03-01T12:01:30.500Z"`, "Ann"},
			{`created eq "2026-03-01T12:01:30.250Z"`, ""},
			{`activated pr`, "Ann Cid Eve"},
			{`statusChanged lt "2026-03-01T12:02:00.000+00:00"`, "Ann"},
			{`lastUpdated gt "2026-03-01T12:09:30.000Z"`, "Fred"},
			{`type.id eq "` + w.org.Settings.UserTypeID + `" and profile.department eq "engineering"`, "Cid"},
			{`id pr and (profile.firstName eq "Ann" or (profile.firstName eq "Cid" and status eq "STAGED"))`, "Ann"},
		} {
			if got := w.found(t, directory.UserSearch{Text: c.search}); got != c.want {
				t.Errorf("%s: %s, want %s", c.search, got, c.want)
			}
		}
	})
}

func TestFilter(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.town(t)
		for _, c := range []struct{ filter, want string }{
			{`profile.login eq "Bob@example.com"`, "bob"},
			{`profile.login eq "bob@example.com"`, ""},
			{`profile.firstName eq "ann"`, ""},
			{`profile.firstName eq "Ann" or profile.lastName eq "O'Neil"`, "Ann Cid"},
			{`status eq "DEPROVISIONED"`, "Fred"},
			{`status eq "deprovisioned"`, ""},
			{`lastUpdated ge "2026-03-01T12:09:00.000Z" and status eq "DEPROVISIONED"`, "Fred"},
		} {
			if got := w.found(t, directory.UserSearch{Text: c.filter, Exact: true}); got != c.want {
				t.Errorf("%s: %s, want %s", c.filter, got, c.want)
			}
		}
	})
}

func TestSort(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.town(t)
		for _, c := range []struct {
			by   string
			down bool
			want string
		}{
			{"profile.firstName", false, "Ann bob Cid Dóra Eve Fred"},
			{"profile.firstName", true, "Fred Eve Dóra Cid bob Ann"},
			{"profile.department", false, "Dóra Eve Cid Ann bob Fred"},
			{"profile.department", true, "Fred bob Ann Cid Eve Dóra"},
			{"created", true, "Fred Eve Dóra Cid bob Ann"},
			{"activated", false, "bob Dóra Fred Ann Cid Eve"},
			{"status", false, "Ann Fred Cid Eve bob Dóra"},
			{"id", true, "Fred Eve Dóra Cid bob Ann"},
		} {
			if got := w.found(t, directory.UserSearch{Text: `id pr`, SortBy: c.by, Descending: c.down}); got != c.want {
				t.Errorf("%s: %s, want %s", c.by, got, c.want)
			}
		}
	})
}

func TestBadSearch(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, c := range []struct {
			s    directory.UserSearch
			want idp.Kind
		}{
			{directory.UserSearch{Text: `profile.department`}, idp.KindBadSearch},
			{directory.UserSearch{Text: `profile.none eq "x"`}, idp.KindBadSearch},
			{directory.UserSearch{Text: `profile.department ne "x"`}, idp.KindBadSearch},
			{directory.UserSearch{Text: `not (profile.department eq "x")`}, idp.KindBadSearch},
			{directory.UserSearch{Text: `profile.department eq 5`}, idp.KindBadSearch},
			{directory.UserSearch{Text: `created gt "yesterday"`}, idp.KindBadDate},
			{directory.UserSearch{Text: `created sw "2026"`}, idp.KindBadSearch},
			{directory.UserSearch{Text: `profile.firstName sw "A"`, Exact: true}, idp.KindBadSearch},
			{directory.UserSearch{Text: `profile.city eq "A"`, Exact: true}, idp.KindBadSearch},
			{directory.UserSearch{Text: `created gt "2026-03-01T12:00:00.000Z"`, Exact: true}, idp.KindBadSearch},
			{directory.UserSearch{Text: `id pr`, SortBy: "profile.none"}, idp.KindBadSearch},
			{directory.UserSearch{Text: `id pr`, After: "x"}, idp.KindBadPaging},
			{directory.UserSearch{Text: `id pr`, After: "00u00000000000000001.AA"}, idp.KindBadPaging},
			{directory.UserSearch{Text: `id pr`, After: "00u00000000000000001", SortBy: "created"}, idp.KindBadPaging},
			{directory.UserSearch{Text: `id pr`, After: "00u00000000000000001.eA", SortBy: "created"}, idp.KindBadPaging},
		} {
			c.s.Limit = 10
			if _, _, err := w.SearchUsers(t.Context(), w.admin, c.s); idp.KindOf(err) != c.want {
				t.Errorf("%+v: %v, want %s", c.s, err, c.want)
			}
		}
	})
}

// TestSearchAgrees compares searches with the evaluator in memory.
func TestSearchAgrees(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.town(t)
		users, _, err := w.SearchUsers(t.Context(), w.admin, directory.UserSearch{Text: "id pr", Limit: 100})
		if err != nil {
			t.Fatal(err)
		}
		texts := []string{"a", "S", "sales", "e", "ENG", "Ann", "bob", "c", "o", "example.com", "", "ó", "köln"}
		rapid.Check(t, func(r *rapid.T) {
			text := expression(r, texts, 3)
			e, err := scim.Parse(text, scim.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			var want []string
			for _, u := range users {
				a, err := u.Attributes()
				if err != nil {
					t.Fatal(err)
				}
				doc := map[string]any{"status": string(u.Status), "created": u.Created.Truncate(time.Second), "profile": map[string]any(a)}
				if scim.Match(e, scim.Document(doc), scim.Options{Fold: scim.FoldAllBut()}) {
					want = append(want, a.Text("firstName"))
				}
			}
			hits, _, err := w.SearchUsers(t.Context(), w.admin, directory.UserSearch{Text: text, Limit: 100})
			if err != nil {
				r.Fatal(err)
			}
			var got []string
			for _, u := range hits {
				a, err := u.Attributes()
				if err != nil {
					r.Fatal(err)
				}
				got = append(got, a.Text("firstName"))
			}
			if !slices.Equal(got, want) {
				r.Fatalf("%s: %s, want %s", text, got, want)
			}
		})
	})
}

// expression makes a search of some depth.
func expression(r *rapid.T, texts []string, depth int) string {
	if depth > 0 && rapid.Bool().Draw(r, "joined") {
		word := rapid.SampledFrom([]string{" and ", " or "}).Draw(r, "word")
		return "(" + expression(r, texts, depth-1) + word + expression(r, texts, depth-1) + ")"
	}
	if rapid.IntRange(0, 4).Draw(r, "time") == 0 {
		at := noon.Add(time.Duration(rapid.IntRange(0, 600).Draw(r, "at")) * 500 * time.Millisecond)
		op := rapid.SampledFrom([]string{"eq", "gt", "ge", "lt", "le"}).Draw(r, "op")
		return fmt.Sprintf("created %s %q", op, at.Format("2006-01-02T15:04:05.000Z"))
	}
	path := rapid.SampledFrom([]string{"profile.department", "profile.firstName", "profile.lastName", "profile.email", "profile.city"}).Draw(r, "path")
	op := rapid.SampledFrom([]string{"eq", "gt", "ge", "lt", "le", "sw", "ew", "co", "pr"}).Draw(r, "op")
	if op == "pr" {
		return path + " pr"
	}
	return fmt.Sprintf("%s %s %q", path, op, rapid.SampledFrom(texts).Draw(r, "text"))
}

// TestWalkWhileOthersWrite: a walk in the order of names sees everybody who
// stays once.
func TestWalkWhileOthersWrite(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for i := range 40 {
			w.add(t, directory.NewUser{Profile: person(fmt.Sprintf("u%d@example.com", i), "lastName", fmt.Sprintf("n%02d", i%7))})
		}
		var seen []string
		s := directory.UserSearch{Text: `profile.lastName sw "n"`, SortBy: "profile.lastName", Limit: 3}
		for i := 0; ; i++ {
			users, next, err := w.SearchUsers(t.Context(), w.admin, s)
			if err != nil {
				t.Fatal(err)
			}
			for _, u := range users {
				seen = append(seen, u.Login)
			}
			if next == "" {
				break
			}
			s.After = next
			w.add(t, directory.NewUser{Profile: person(fmt.Sprintf("new%d@example.com", i), "lastName", fmt.Sprintf("n%02d", i%7))})
		}
		for i := range 40 {
			login := fmt.Sprintf("u%d@example.com", i)
			if n := len(slices.DeleteFunc(slices.Clone(seen), func(s string) bool { return s != login })); n != 1 {
				t.Errorf("%s was seen %d times", login, n)
			}
		}
	})
}

func FuzzSearch(f *testing.F) {
	for _, s := range []string{`profile.department eq "x"`, `created gt "2026-03-01T12:00:00.000Z"`, `not (id pr)`, `status eq "é\u0001"`} {
		f.Add(s, "", "")
	}
	f.Add(`id pr`, "profile.title", "00u00000000000000001.eA")
	w := newWorld(f, f.TempDir()+"/fuzz.db")
	f.Fuzz(func(t *testing.T, text, by, after string) {
		_, _, err := w.SearchUsers(t.Context(), w.admin, directory.UserSearch{Text: text, SortBy: by, After: after, Limit: 5})
		switch idp.KindOf(err) {
		case idp.KindBadSearch, idp.KindBadDate, idp.KindBadPaging:
		default:
			if err != nil {
				t.Fatal(err)
			}
		}
	})
}
