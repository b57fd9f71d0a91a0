package roles

import (
	"testing"

	"usher/internal/idp"
	"usher/internal/store"
)

// TestAppScope: who administers applications of one name, or one of them,
// touches no others.
func TestAppScope(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann := w.user(t, "ann", idp.UserActive)
		r := w.must(t, ann, idp.RoleAppAdmin)
		a := idp.Actor{Org: w.org, Kind: idp.ActorUser, UserID: ann, Roles: []idp.RoleType{idp.RoleAppAdmin}}
		may := func(name, id string) bool {
			err := Scope{}.App(w.store.Read(t.Context()), a, name, id)
			if err != nil && idp.KindOf(err) != idp.KindForbidden {
				t.Fatal(err)
			}
			return err == nil
		}
		if !may("bookmark", "0oa1") || !may("", "") {
			t.Error("a role without targets is limited")
		}
		for _, target := range []store.RoleTarget{{TargetID: "salesforce"}, {TargetID: "bookmark", InstanceID: "0oa1"}} {
			target.OrgID, target.PrincipalID, target.RoleID, target.Kind = w.org.ID, ann, r.ID, store.TargetApp
			w.tx(t, func(tx *store.Tx) error { _, err := tx.AddRoleTarget(target); return err })
		}
		for _, c := range []struct {
			name, id string
			want     bool
		}{
			{"salesforce", "0oa7", true}, {"salesforce", "", true}, {"bookmark", "0oa1", true}, {"bookmark", "0oa2", false}, {"bookmark", "", false}, {"", "", false},
		} {
			if may(c.name, c.id) != c.want {
				t.Errorf("%s %s: %v", c.name, c.id, !c.want)
			}
		}
		if _, all, err := (Scope{}).Reach(w.store.Read(t.Context()), a); err != nil || !all {
			t.Errorf("an administrator of applications sees some users alone: %v", err)
		}
		a.Roles = append(a.Roles, idp.RoleOrgAdmin)
		if !may("bookmark", "0oa2") {
			t.Error("a role that cannot be limited is")
		}
		a.Roles = nil
		if !may("bookmark", "0oa2") {
			t.Error("who acts without a role is not for this guard to judge")
		}
	})
}
