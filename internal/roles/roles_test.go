package roles

import (
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"usher/internal/env"
	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// world is a role service over a store with one organisation.
type world struct {
	*Service
	store *store.Store
	ids   *env.Counting
	org   *idp.Org
	actor idp.Actor
}

func each(t *testing.T, fn func(t *testing.T, w *world)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, url string) {
		w := &world{ids: &env.Counting{}}
		w.store = storetest.Open(t, url, env.NewFixed(noon))
		w.Service = &Service{Log: &eventlog.Log{IDs: w.ids}, IDs: w.ids}
		w.org = &idp.Org{ID: w.ids.New("00o"), Name: "main", Subdomain: "main", Created: noon}
		w.actor = idp.SystemActor(w.org)
		w.tx(t, func(tx *store.Tx) error { return tx.InsertOrg(w.org) })
		fn(t, w)
	})
}

func (w *world) tx(t *testing.T, fn func(*store.Tx) error) {
	t.Helper()
	if err := w.store.Tx(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

func (w *world) user(t *testing.T, login string, s idp.UserStatus) string {
	t.Helper()
	row := &store.UserRow{
		User: idp.User{OrgID: w.org.ID, ID: w.ids.New("00u"), Status: s, Login: login, Profile: []byte(`{"login":"` + login + `"}`)},
		Keys: store.UserKeys{Login: login},
	}
	w.tx(t, func(tx *store.Tx) error { return tx.InsertUser(row) })
	return row.ID
}

func (w *world) assign(t *testing.T, userID string, kind idp.RoleType) (r *store.Role, err error) {
	t.Helper()
	err = w.store.Tx(t.Context(), func(tx *store.Tx) error {
		r, err = w.Assign(tx, w.actor, userID, kind)
		return err
	})
	return r, err
}

func (w *world) must(t *testing.T, userID string, kind idp.RoleType) *store.Role {
	t.Helper()
	r, err := w.assign(t, userID, kind)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (w *world) unassign(t *testing.T, userID, roleID string) error {
	t.Helper()
	return w.store.Tx(t.Context(), func(tx *store.Tx) error { return w.Unassign(tx, w.actor, userID, roleID) })
}

func TestAssign(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann, bob := w.user(t, "ann", idp.UserActive), w.user(t, "bob", idp.UserActive)
		// (management reference: sub-resources of users, roles)
		for kind, id := range map[idp.RoleType]string{
			idp.RoleAppAdmin: "IFIFAX2BIRGUSTQ", idp.RoleUserAdmin: "KVJUKUS7IFCE2SKO", idp.RoleHelpDeskAdmin: "JBCUYUC7IRCVGS27IFCE2SKO",
			idp.RoleGroupMembershipAdmin: "I5JE6VKQL5GUKTKCIVJFGSCJKBPUCRCNJFHA",
		} {
			for _, u := range []string{ann, bob} {
				if r := w.must(t, u, kind); r.ID != id {
					t.Errorf("%s has the id %s, want %s", kind, r.ID, id)
				}
			}
		}
		if a, b := w.must(t, ann, idp.RoleSuperAdmin), w.must(t, bob, idp.RoleSuperAdmin); a.ID[:3] != "ra1" || a.ID == b.ID {
			t.Errorf("%s, %s", a.ID, b.ID)
		}
		for _, kind := range []idp.RoleType{idp.RoleSuperAdmin, idp.RoleAppAdmin} {
			if _, err := w.assign(t, ann, kind); idp.KindOf(err) != idp.KindAlreadyExists {
				t.Errorf("%s twice: %v", kind, err)
			}
		}
		if _, err := w.assign(t, ann, "KING"); idp.KindOf(err) != idp.KindInvalid {
			t.Error(err)
		}
		if _, err := w.assign(t, "00unobody", idp.RoleAppAdmin); idp.KindOf(err) != idp.KindNotFound {
			t.Error(err)
		}
		if _, err := w.assign(t, w.user(t, "gone", idp.UserDeprovisioned), idp.RoleAppAdmin); idp.KindOf(err) != idp.KindUserState {
			t.Error(err)
		}
		list, err := w.List(w.store.Read(t.Context()), w.org.ID, ann)
		if err != nil || len(list) != 5 {
			t.Errorf("%v, %v", list, err)
		}
	})
}

func TestUnassign(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann := w.user(t, "ann", idp.UserActive)
		r := w.must(t, ann, idp.RoleOrgAdmin)
		if _, err := w.Get(w.store.Read(t.Context()), w.org.ID, ann, r.ID); err != nil {
			t.Error(err)
		}
		if err := w.unassign(t, ann, r.ID); err != nil {
			t.Fatal(err)
		}
		if err := w.unassign(t, ann, r.ID); idp.KindOf(err) != idp.KindNotFound {
			t.Errorf("a second time: %v", err)
		}
		types, err := w.Of(w.store.Read(t.Context()), w.org.ID, ann)
		if err != nil || len(types) != 0 {
			t.Errorf("%v, %v", types, err)
		}
		events, err := w.Log.Read(t.Context(), w.store, w.org, eventlog.Query{Until: noon.Add(time.Hour), Limit: 10})
		if err != nil || len(events) != 2 || events[0].Type != eventlog.PrivilegeGrant || events[1].Type != eventlog.PrivilegeRevoke {
			t.Errorf("%+v, %v", events, err)
		}
	})
}

func TestLastSuperAdmin(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann, bob := w.user(t, "ann", idp.UserActive), w.user(t, "bob", idp.UserSuspended)
		annRole, bobRole := w.must(t, ann, idp.RoleSuperAdmin), w.must(t, bob, idp.RoleSuperAdmin)
		leave := func(id string) error { return w.GuardLeaving(w.store.Read(t.Context()), w.org.ID, id) }
		if err := w.unassign(t, ann, annRole.ID); idp.KindOf(err) != idp.KindForbidden {
			t.Errorf("the last active one was removed: %v", err)
		}
		if err := leave(ann); idp.KindOf(err) != idp.KindForbidden {
			t.Errorf("the last active one may leave: %v", err)
		}
		if err := leave(bob); err != nil {
			t.Errorf("one who is suspended may not leave: %v", err)
		}
		if err := w.unassign(t, bob, bobRole.ID); err != nil {
			t.Error(err)
		}
		// A group can hold the role as well.
		cid := w.user(t, "cid", idp.UserActive)
		w.tx(t, func(tx *store.Tx) error {
			g := &idp.Group{OrgID: w.org.ID, ID: w.ids.New("00g"), Type: idp.GroupOkta, Name: "admins", Profile: []byte(`{}`)}
			if err := tx.InsertGroup(g, "admins"); err != nil {
				return err
			}
			if _, err := tx.AddMember(w.org.ID, g.ID, cid, ""); err != nil {
				return err
			}
			return tx.InsertRole(store.Role{OrgID: w.org.ID, PrincipalID: g.ID, ID: "gra1", Type: idp.RoleSuperAdmin})
		})
		if err := leave(ann); err != nil {
			t.Errorf("another is left: %v", err)
		}
		if err := w.unassign(t, ann, annRole.ID); err != nil {
			t.Errorf("another is left: %v", err)
		}
		if err := leave(cid); idp.KindOf(err) != idp.KindForbidden {
			t.Errorf("the last one by a group may leave: %v", err)
		}
	})
}

// TestTwoRemoveEachOther: of two super administrators who remove each other at
// once, one stays.
func TestTwoRemoveEachOther(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ids := []string{w.user(t, "ann", idp.UserActive), w.user(t, "bob", idp.UserActive)}
		for range 10 {
			var removed atomic.Int32
			var wg sync.WaitGroup
			var roles [2]*store.Role
			for i, id := range ids {
				r, err := w.assign(t, id, idp.RoleSuperAdmin)
				if idp.KindOf(err) == idp.KindAlreadyExists {
					list, err := w.List(w.store.Read(t.Context()), w.org.ID, id)
					if err != nil {
						t.Fatal(err)
					}
					r = &list[0]
				}
				roles[i] = r
			}
			for i, id := range ids {
				wg.Go(func() {
					switch err := w.unassign(t, id, roles[i].ID); {
					case err == nil:
						removed.Add(1)
					case idp.KindOf(err) != idp.KindForbidden:
						t.Error(err)
					}
				})
			}
			wg.Wait()
			if removed.Load() != 1 {
				t.Fatalf("%d of two were removed", removed.Load())
			}
		}
	})
}

func TestCan(t *testing.T) {
	user := func(roles ...idp.RoleType) idp.Actor { return idp.Actor{Kind: idp.ActorUser, Roles: roles} }
	for _, c := range []struct {
		actor   idp.Actor
		allowed []idp.RoleType
		want    bool
	}{
		{user(), nil, false},
		{user(), []idp.RoleType{idp.RoleReadOnlyAdmin}, false},
		{user(idp.RoleSuperAdmin), nil, true},
		{user(idp.RoleReadOnlyAdmin), nil, false},
		{user(idp.RoleAppAdmin, idp.RoleReadOnlyAdmin), []idp.RoleType{idp.RoleOrgAdmin, idp.RoleReadOnlyAdmin}, true},
		{user(idp.RoleAppAdmin), []idp.RoleType{idp.RoleOrgAdmin}, false},
		{idp.Actor{Kind: idp.ActorSystem}, nil, true},
		{idp.Actor{Kind: idp.ActorAnonymous}, []idp.RoleType{idp.RoleOrgAdmin}, false},
	} {
		if got := Can(c.actor, c.allowed...); got != c.want {
			t.Errorf("%v for %v: %v", c.actor.Roles, c.allowed, got)
		}
	}
	for _, kind := range Types() {
		if Label(kind) == "" {
			t.Errorf("%s has no label", kind)
		}
	}
	if n := len(slices.DeleteFunc(Types(), func(r idp.RoleType) bool { return !Targetable(r) })); n != 4 {
		t.Errorf("%d roles are targetable", n)
	}
}
