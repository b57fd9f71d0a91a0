package store_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"usher/internal/idp"
	"usher/internal/store"
)

func TestRoles(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		u, g := w.addUser(t, "ann"), w.addGroup(t, "admins")
		role := func(principal, id string, kind idp.RoleType) store.Role {
			return store.Role{OrgID: w.org.ID, PrincipalID: principal, ID: id, Type: kind, Created: noon, LastUpdated: noon}
		}
		w.tx(t, func(tx *store.Tx) error { return tx.InsertRole(role(u.ID, "ra1", idp.RoleSuperAdmin)) })
		w.tx(t, func(tx *store.Tx) error { return tx.InsertRole(role(g.ID, "ra2", idp.RoleUserAdmin)) })
		w.tx(t, func(tx *store.Tx) error { _, err := tx.AddMember(w.org.ID, g.ID, u.ID, ""); return err })
		w.taken(t, "roles.type", func(tx *store.Tx) error { return tx.InsertRole(role(u.ID, "ra9", idp.RoleSuperAdmin)) })
		if list, err := w.Read(t.Context()).RolesOf(w.org.ID, u.ID); err != nil || len(list) != 1 || list[0].ID != "ra1" || !list[0].Created.Equal(noon) {
			t.Fatalf("own: %v, %v", list, err)
		}
		types, err := w.Read(t.Context()).RoleTypesOfUser(w.org.ID, u.ID)
		slices.Sort(types)
		if err != nil || !slices.Equal(types, []idp.RoleType{idp.RoleSuperAdmin, idp.RoleUserAdmin}) {
			t.Fatalf("own and by group: %v, %v", types, err)
		}
		w.tx(t, func(tx *store.Tx) error { return tx.DeleteRole(w.org.ID, u.ID, "ra1") })
		w.fails(t, store.ErrNotFound, func(tx *store.Tx) error { return tx.DeleteRole(w.org.ID, u.ID, "ra1") })
	})
}

func TestAPITokens(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		u := w.addUser(t, "ann")
		token := store.APIToken{OrgID: w.org.ID, ID: "00T1", UserID: u.ID, Name: "ci", Created: noon, LastUsed: noon}
		w.tx(t, func(tx *store.Tx) error { return tx.InsertAPIToken(token, hash("s")) })
		w.taken(t, "api_tokens.hash", func(tx *store.Tx) error {
			twin := token
			twin.ID = "00T2"
			return tx.InsertAPIToken(twin, hash("s"))
		})
		w.clock.Advance(time.Minute)
		w.tx(t, func(tx *store.Tx) error { return tx.UseAPIToken(w.org.ID, "00T1") })
		r := w.Read(t.Context())
		if got, err := r.APITokenByHash(w.org.ID, hash("s")); err != nil || got.ID != "00T1" || got.UserID != u.ID || !got.LastUsed.Equal(noon.Add(time.Minute)) {
			t.Fatalf("%+v, %v", got, err)
		}
		if _, err := r.APITokenByHash("00oother", hash("s")); !errors.Is(err, store.ErrNotFound) {
			t.Fatalf("another organisation: %v", err)
		}
		if list, err := r.APITokensOf(w.org.ID, u.ID); err != nil || len(list) != 1 || list[0].Name != "ci" {
			t.Fatalf("%v, %v", list, err)
		}
		w.tx(t, func(tx *store.Tx) error { return tx.DeleteAPIToken(w.org.ID, "00T1") })
		if _, err := r.APIToken(w.org.ID, "00T1"); !errors.Is(err, store.ErrNotFound) {
			t.Fatalf("revoked: %v", err)
		}
	})
}

func TestTrustedOrigins(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := store.TrustedOrigin{OrgID: w.org.ID, ID: "tos1", Name: "app", Origin: "https://app.example", CORS: true, Active: true, Created: noon, LastUpdated: noon}
		w.tx(t, func(tx *store.Tx) error { return tx.InsertOrigin(o) })
		got, err := w.Read(t.Context()).OriginByURL(w.org.ID, o.Origin)
		if err != nil || got.ID != "tos1" || !got.CORS || got.Redirect || !got.Active {
			t.Fatalf("%+v, %v", got, err)
		}
		w.taken(t, "trusted_origins.origin", func(tx *store.Tx) error { o.ID = "tos2"; return tx.InsertOrigin(o) })
		if _, err := w.Read(t.Context()).OriginByURL("00oother", o.Origin); !errors.Is(err, store.ErrNotFound) {
			t.Fatalf("another organisation: %v", err)
		}
	})
}
