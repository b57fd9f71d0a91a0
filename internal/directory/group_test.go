package directory_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/internal/idp"
)

func (w *world) group(t testing.TB, name string) *idp.Group {
	t.Helper()
	g, err := w.CreateGroup(t.Context(), w.admin, idp.Attributes{"name": name})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestGroups(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var g *idp.Group
		if events := w.causes(t, func() {
			var err error
			if g, err = w.CreateGroup(t.Context(), w.admin, idp.Attributes{"name": "West", "description": ""}); err != nil {
				t.Fatal(err)
			}
		}); events != "group.lifecycle.create" || string(g.Profile) != `{"name":"West","description":""}` || g.Type != idp.GroupOkta || g.ObjectClass != "okta:user_group" {
			t.Errorf("%s %+v", events, g)
		}
		w.clock.Advance(3 * time.Second)
		if events := w.causes(t, func() {
			var err error
			if g, err = w.UpdateGroup(t.Context(), w.admin, g.ID, idp.Attributes{"name": "East"}); err != nil {
				t.Fatal(err)
			}
		}); events != "group.profile.update" || string(g.Profile) != `{"name":"East","description":null}` {
			t.Errorf("%s %s", events, g.Profile)
		}
		got, err := w.Group(t.Context(), w.admin, g.ID)
		if err != nil || got.Name != "East" || got.LastUpdated != noon.Add(3*time.Second) || got.LastMembershipUpdated != noon || got.Created != noon {
			t.Errorf("%+v %v", got, err)
		}
		if events := w.causes(t, func() { must(t, w.DeleteGroup(t.Context(), w.admin, g.ID)) }); events != "group.lifecycle.delete" {
			t.Error(events)
		}
		_, err = w.Group(t.Context(), w.admin, g.ID)
		wantKind(t, err, idp.KindNotFound, "UserGroup")
		wantKind(t, w.DeleteGroup(t.Context(), w.admin, g.ID), idp.KindNotFound, "UserGroup")
	})
}

func TestGroupRefusals(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		g, everyone := w.group(t, "West"), w.org.Settings.EveryoneID
		u := w.active(t, "i@example.com")
		before := w.snapshot(t)
		for name, c := range map[string]struct {
			profile idp.Attributes
			object  string
			causes  []string
		}{
			"nil":      {nil, "name", []string{"name: The field cannot be left blank"}},
			"blank":    {idp.Attributes{"name": " "}, "name", []string{"name: The field cannot be left blank"}},
			"number":   {idp.Attributes{"name": 5.0}, "name", nil},
			"long":     {idp.Attributes{"name": strings.Repeat("x", 256)}, "name", nil},
			"long too": {idp.Attributes{"name": "x", "description": strings.Repeat("x", 1025)}, "description", nil},
			"list":     {idp.Attributes{"name": "x", "description": []any{}}, "description", nil},
			"unknown":  {idp.Attributes{"name": "x", "colour": "red"}, "profile", []string{"Property name 'colour' is not defined in profile"}},
			"taken":    {idp.Attributes{"name": "West"}, "name", []string{"name: An object with this field already exists in the current organization"}},
			"built-in": {idp.Attributes{"name": "Everyone"}, "name", nil},
		} {
			_, err := w.CreateGroup(t.Context(), w.admin, c.profile)
			t.Run(name, func(t *testing.T) { wantKind(t, err, idp.KindInvalid, c.object, c.causes...) })
		}
		_, err := w.UpdateGroup(t.Context(), w.admin, everyone, idp.Attributes{"name": "All"})
		wantKind(t, err, idp.KindUnsupported, "")
		wantKind(t, w.DeleteGroup(t.Context(), w.admin, everyone), idp.KindUnsupported, "")
		wantKind(t, w.AddMember(t.Context(), w.admin, everyone, u.ID), idp.KindUnsupported, "")
		wantKind(t, w.RemoveMember(t.Context(), w.admin, everyone, u.ID), idp.KindUnsupported, "")
		wantKind(t, w.AddMember(t.Context(), w.admin, g.ID, "nobody"), idp.KindNotFound, "User")
		wantKind(t, w.AddMember(t.Context(), w.admin, "00g0000000000000nope", u.ID), idp.KindNotFound, "UserGroup")
		other := idp.SystemActor(w.addOrg(t, "other", "other.example.com"))
		wantKind(t, w.AddMember(t.Context(), other, g.ID, u.ID), idp.KindNotFound, "UserGroup")
		_, err = w.Group(t.Context(), other, g.ID)
		wantKind(t, err, idp.KindNotFound, "UserGroup")
		if w.snapshot(t) != before {
			t.Error("something was left behind")
		}
	})
}

func TestMemberships(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		g, u := w.group(t, "West"), w.active(t, "i@example.com")
		w.clock.Advance(time.Second)
		add := func() { must(t, w.AddMember(t.Context(), w.admin, g.ID, u.Login)) }
		if events := w.causes(t, func() { add(); add() }); events != "group.user_membership.add" {
			t.Error(events)
		}
		if got, _ := w.Group(t.Context(), w.admin, g.ID); got.LastMembershipUpdated != noon.Add(time.Second) || got.LastUpdated != noon {
			t.Errorf("%+v", got)
		}
		groups, err := w.GroupsOf(t.Context(), w.admin, u.ID)
		if err != nil || len(groups) != 2 || groups[0].Name != idp.Everyone || groups[1].ID != g.ID {
			t.Errorf("%v %v", groups, err)
		}
		remove := func() { must(t, w.RemoveMember(t.Context(), w.admin, g.ID, u.ID)) }
		if events := w.causes(t, func() { remove(); remove() }); events != "group.user_membership.remove" {
			t.Error(events)
		}
		if groups, err := w.GroupsOf(t.Context(), w.admin, u.ID); err != nil || len(groups) != 1 {
			t.Errorf("%v %v", groups, err)
		}
		_, err = w.GroupsOf(t.Context(), w.admin, "nobody")
		wantKind(t, err, idp.KindNotFound, "User")
	})
}

// TestManyJoinAtOnce: parallel additions to one group exclude nobody, and one
// user who is added many times joins once.
func TestManyJoinAtOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		g := w.group(t, "West")
		var ids []string
		for i := range 20 {
			ids = append(ids, w.inState(t, fmt.Sprintf("u%d@example.com", i), idp.UserStaged).ID)
		}
		before := len(w.events(t))
		var wg sync.WaitGroup
		for i := range 60 {
			wg.Go(func() {
				if err := w.AddMember(t.Context(), w.admin, g.ID, ids[i%len(ids)]); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		members, next, err := w.Members(t.Context(), w.admin, g.ID, idp.Page{Limit: 20})
		if err != nil || len(members) != 20 || next != "" || len(w.events(t))-before != 20 {
			t.Errorf("%d members, next %q, %d events, %v", len(members), next, len(w.events(t))-before, err)
		}
	})
}

func TestListsOfGroups(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, name := range []string{"Zulu", "west coast", "West", "Western", "wEST %"} {
			w.group(t, name)
		}
		found, err := w.LookupGroups(t.Context(), w.admin, "WEST", 10)
		if err != nil || len(found) != 4 || found[0].Name != "West" {
			t.Errorf("%v %v", found, err)
		}
		if found, err := w.LookupGroups(t.Context(), w.admin, "every", 1); err != nil || len(found) != 1 || found[0].Name != idp.Everyone {
			t.Errorf("%v %v", found, err)
		}
		var names []string
		for after := ""; ; {
			page, next, err := w.Groups(t.Context(), w.admin, idp.Page{After: after, Limit: 2})
			if err != nil {
				t.Fatal(err)
			}
			for _, g := range page {
				names = append(names, g.Name)
			}
			if after = next; next == "" {
				break
			}
		}
		if len(names) != 6 || names[0] != idp.Everyone {
			t.Errorf("%q", names)
		}
	})
}

func TestEveryoneHoldsAll(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, s := range idp.UserStatuses() {
			w.inState(t, strings.ToLower(string(s))+"@example.com", s)
		}
		var got int
		for after := ""; ; {
			page, next, err := w.Members(t.Context(), w.admin, w.org.Settings.EveryoneID, idp.Page{After: after, Limit: 3})
			if err != nil {
				t.Fatal(err)
			}
			got += len(page)
			if after = next; next == "" {
				break
			}
		}
		if got != len(idp.UserStatuses()) {
			t.Errorf("%d of %d", got, len(idp.UserStatuses()))
		}
	})
}
