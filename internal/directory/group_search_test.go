package directory_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"usher/internal/directory"
	"usher/internal/idp"
	"usher/internal/scim"
	"usher/internal/store"
)

// someGroups adds groups of several kinds, names and times and returns all.
func (w *world) someGroups(t testing.TB) []*idp.Group {
	t.Helper()
	names := []string{"West", "west coast", "Westen", "Æsir", "äsir", "100%", "a_b", `a\b`, "axb", "Straße", strings.Repeat("long ", 50), "Ⅷ"}
	for i, name := range names {
		kind := idp.GroupOkta
		profile := map[string]any{"name": name, "description": nil}
		if i%3 == 0 {
			kind = idp.GroupApp
			profile = map[string]any{"name": name, "description": fmt.Sprintf("Description %d", i%2), "samAccountName": strings.ToUpper(name), "size": i}
		}
		text, err := json.Marshal(profile)
		w.must(t, err)
		at := noon.Add(time.Duration(i) * 700 * time.Millisecond)
		g := &idp.Group{
			OrgID: w.org.ID, ID: w.IDs.New("00g"), Type: kind, ObjectClass: "okta:user_group", Name: name, Profile: text,
			Created: at, LastUpdated: at.Add(time.Hour), LastMembershipUpdated: at.Add(-time.Duration(i%4) * time.Hour),
		}
		w.tx(t, func(tx *store.Tx) error { return tx.InsertGroup(g, scim.Fold(name)) })
	}
	all, _, err := w.Groups(t.Context(), w.admin, idp.Page{Limit: 1000})
	w.must(t, err)
	return all
}

// walk reads a whole list in parts of two.
func (w *world) walk(t testing.TB, g directory.GroupSearch) []string {
	t.Helper()
	g.Limit = 2
	var out []string
	for {
		groups, next, err := w.SearchGroups(t.Context(), w.admin, g)
		if err != nil {
			t.Fatalf("%s: %v", g.Text, err)
		}
		for _, group := range groups {
			out = append(out, group.Name)
		}
		if len(out) > 1000 {
			t.Fatalf("%s: the walk does not end", g.Text)
		}
		if g.After = next; next == "" {
			return out
		}
	}
}

// witness decides an expression in memory, by the shown form of a group.
func witness(t testing.TB, text string, all []*idp.Group, fold func(scim.Path) bool) []string {
	t.Helper()
	e, err := scim.Parse(text, scim.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, g := range all {
		var profile map[string]any
		if err := json.Unmarshal(g.Profile, &profile); err != nil {
			t.Fatal(err)
		}
		doc := map[string]any{"id": g.ID, "type": string(g.Type), "profile": profile}
		for name, at := range map[string]time.Time{"created": g.Created, "lastUpdated": g.LastUpdated, "lastMembershipUpdated": g.LastMembershipUpdated} {
			doc[name] = at.Truncate(time.Second).Format("2006-01-02T15:04:05.000Z")
		}
		if scim.Match(e, scim.Document(doc), scim.Options{Fold: fold}) {
			out = append(out, g.Name)
		}
	}
	return out
}

func TestSearchGroups(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		all := w.someGroups(t)
		instants := []string{"2026-03-01T12:00:02.000Z", "2026-03-01T12:00:02.300Z", "2026-03-01T13:00:03Z", "2026-03-01T14:00:01.999+01:00", "2026-02-28T00:00:00Z"}
		var texts []string
		for _, path := range []string{"created", "lastUpdated", "lastMembershipUpdated"} {
			texts = append(texts, path+" pr")
			for _, op := range []string{"eq", "gt", "ge", "lt", "le"} {
				for _, at := range instants {
					texts = append(texts, fmt.Sprintf("%s %s %q", path, op, at))
				}
			}
		}
		for _, path := range []string{"profile.name", "profile.description", "profile.samAccountName", "type", "profile.none"} {
			texts = append(texts, path+" pr")
			for _, op := range []string{"eq", "gt", "ge", "lt", "le", "sw", "ew", "co"} {
				for _, v := range []string{"west", "WEST", "æ", "%", "_", `\\`, "ß", "okta_group", "description 1", "ⅷ", "t", ""} {
					texts = append(texts, path+" "+op+` "`+v+`"`)
				}
			}
		}
		texts = append(texts,
			fmt.Sprintf("id eq %q", all[3].ID), fmt.Sprintf("id gt %q", all[3].ID), fmt.Sprintf("id eq %q or profile.name eq %q", all[3].ID, "west"),
			`profile.name sw "west" and type eq "OKTA_GROUP"`, `profile.name sw "west" and profile.description co "0"`,
			`profile.description co "0" or profile.name eq "axb"`, `(type eq "BUILT_IN" or type eq "APP_GROUP") and created lt "2026-03-01T12:00:05Z"`,
			`profile.size gt 3`, `profile.size eq 6 and profile.name pr`, `source.id eq "0oa1"`, `source.id pr`,
		)
		for _, text := range texts {
			want := witness(t, text, all, scim.FoldAllBut("id"))
			if got := w.walk(t, directory.GroupSearch{Text: text}); !slices.Equal(got, want) {
				t.Errorf("%s: %q, want %q", text, got, want)
			}
		}
		for _, text := range []string{
			`type eq "APP_GROUP"`, `type eq "app_group"`, `type eq "BUILT_IN" or type eq "OKTA_GROUP"`, fmt.Sprintf("id eq %q", all[3].ID),
			`lastUpdated gt "2026-03-01T13:00:03Z" and type eq "OKTA_GROUP"`, `lastMembershipUpdated le "2026-03-01T12:00:02.000Z"`,
		} {
			if got, want := w.walk(t, directory.GroupSearch{Text: text, Exact: true}), witness(t, text, all, nil); !slices.Equal(got, want) {
				t.Errorf("filter %s: %q, want %q", text, got, want)
			}
		}
	})
}

func TestSortGroups(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		all := w.someGroups(t)
		keys := map[string]func(g *idp.Group) string{
			"id": func(g *idp.Group) string { return g.ID }, "type": func(g *idp.Group) string { return string(g.Type) },
			"profile.name":           func(g *idp.Group) string { return scim.Fold(g.Name) },
			"created":                func(g *idp.Group) string { return g.Created.Format("2006-01-02T15:04:05.000") },
			"lastUpdated":            func(g *idp.Group) string { return g.LastUpdated.Format("2006-01-02T15:04:05.000") },
			"lastMembershipUpdated":  func(g *idp.Group) string { return g.LastMembershipUpdated.Format("2006-01-02T15:04:05.000") },
			"profile.samAccountName": func(g *idp.Group) string { return profileText(t, g, "samAccountName") },
		}
		for by, key := range keys {
			for _, text := range []string{"id pr", `profile.description pr`} {
				matched := witness(t, text, all, nil)
				want := slices.DeleteFunc(slices.Clone(all), func(g *idp.Group) bool { return !slices.Contains(matched, g.Name) })
				slices.SortFunc(want, func(a, b *idp.Group) int {
					if c := strings.Compare(key(a), key(b)); c != 0 {
						return c
					}
					return strings.Compare(a.ID, b.ID)
				})
				for _, descending := range []bool{false, true} {
					var names []string
					for _, g := range want {
						names = append(names, g.Name)
					}
					if descending {
						slices.Reverse(names)
					}
					if got := w.walk(t, directory.GroupSearch{Text: text, SortBy: by, Descending: descending}); !slices.Equal(got, names) {
						t.Errorf("%s by %s, descending %v: %q, want %q", text, by, descending, got, names)
					}
				}
			}
		}
	})
}

func profileText(t testing.TB, g *idp.Group, name string) string {
	t.Helper()
	var a idp.Attributes
	if err := json.Unmarshal(g.Profile, &a); err != nil {
		t.Fatal(err)
	}
	return scim.Fold(a.Text(name))
}

func TestLookUpGroups(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.someGroups(t)
		for _, c := range []struct {
			g    directory.GroupSearch
			want string
		}{
			{directory.GroupSearch{Prefix: "WEST"}, "West,west coast,Westen"},
			{directory.GroupSearch{Prefix: "west", Text: `type eq "APP_GROUP"`, Exact: true}, "West"},
			{directory.GroupSearch{Prefix: "every"}, "Everyone"},
			{directory.GroupSearch{Prefix: "west\x00"}, ""},
			{directory.GroupSearch{Prefix: strings.Repeat("x", 401)}, ""},
		} {
			if got := strings.Join(w.walk(t, c.g), ","); got != c.want {
				t.Errorf("%+v: %q, want %q", c.g, got, c.want)
			}
		}
	})
}

func TestBadGroupSearch(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		all := w.someGroups(t)
		id := all[0].ID
		for _, c := range []struct {
			g    directory.GroupSearch
			want idp.Kind
		}{
			{directory.GroupSearch{Text: `name eq "x"`}, idp.KindBadSearch},
			{directory.GroupSearch{Text: `profile.a.b eq "x"`}, idp.KindBadSearch},
			{directory.GroupSearch{Text: `profile.name ne "x"`}, idp.KindBadSearch},
			{directory.GroupSearch{Text: `not (type eq "x")`}, idp.KindBadSearch},
			{directory.GroupSearch{Text: `type eq`}, idp.KindBadSearch},
			{directory.GroupSearch{Text: `type eq 5`}, idp.KindBadSearch},
			{directory.GroupSearch{Text: `profile.name eq "\u0000"`}, idp.KindBadSearch},
			{directory.GroupSearch{Text: `created gt "yesterday"`}, idp.KindBadDate},
			{directory.GroupSearch{Text: `lastUpdated gt "yesterday"`, Exact: true}, idp.KindBadDate},
			{directory.GroupSearch{Text: `profile.name eq "West"`, Exact: true}, idp.KindBadSearch},
			{directory.GroupSearch{Text: `type sw "OKTA"`, Exact: true}, idp.KindBadSearch},
			{directory.GroupSearch{Text: `id pr`, SortBy: "name"}, idp.KindBadSearch},
			{directory.GroupSearch{Text: `id pr`, SortBy: "profile."}, idp.KindBadSearch},
			{directory.GroupSearch{After: "x"}, idp.KindBadPaging},
			{directory.GroupSearch{After: id + ".AA"}, idp.KindBadPaging},
			{directory.GroupSearch{Text: `id pr`, After: id, SortBy: "created"}, idp.KindBadPaging},
			{directory.GroupSearch{Text: `id pr`, After: id + ".eA", SortBy: "created"}, idp.KindBadPaging},
			{directory.GroupSearch{Text: `id pr`, After: id + ".=", SortBy: "type"}, idp.KindBadPaging},
			{directory.GroupSearch{Text: `id pr`, After: "00g" + strings.Repeat("x", 17) + ".~", SortBy: "profile.name"}, idp.KindBadPaging},
			{directory.GroupSearch{Text: `id pr`, After: "x", SortBy: "profile.description"}, idp.KindBadPaging},
			{directory.GroupSearch{Limit: -1}, idp.KindBadPaging},
		} {
			if c.g.Limit == 0 {
				c.g.Limit = 10
			}
			if _, _, err := w.SearchGroups(t.Context(), w.admin, c.g); idp.KindOf(err) != c.want {
				t.Errorf("%+v: %v, want %v", c.g, err, c.want)
			}
		}
	})
}

func TestGroupStats(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		west := w.aGroup(t, "West")
		w.activeRule(t, `user.city == "Oslo"`, west)
		w.add(t, directory.NewUser{Profile: person("a@example.com", "city", "Oslo"), GroupIDs: []string{west}})
		w.add(t, directory.NewUser{Profile: person("b@example.com"), GroupIDs: []string{west}})
		w.add(t, directory.NewUser{Profile: person("c@example.com")})
		w.tx(t, func(tx *store.Tx) error {
			return tx.InsertRole(store.Role{OrgID: w.org.ID, PrincipalID: west, ID: "gra1", Type: idp.RoleReportAdmin, Created: noon, LastUpdated: noon})
		})
		all, _, err := w.Groups(t.Context(), w.admin, idp.Page{Limit: 10})
		w.must(t, err)
		stats, err := w.GroupStats(t.Context(), w.admin, all...)
		w.must(t, err)
		if got := stats[west]; got != (directory.GroupStats{Users: 2, Admin: true}) {
			t.Errorf("stats %+v", got)
		}
		if got := stats[w.org.Settings.EveryoneID]; got != (directory.GroupStats{Users: 3}) {
			t.Errorf("stats of everyone %+v", got)
		}
	})
}
