package roles

import (
	"fmt"

	"usher/internal/idp"
	"usher/internal/store"
)

// Client tells whether an actor may change a client: KindForbidden for all but
// super administrators where the client has a role, or scopes of the management
// interface. Who could, would have what the client has, or what the administrators
// have who sign in to it.
func (Scope) Client(tx *store.Tx, a idp.Actor, app *idp.App) error {
	if !a.Limitable() || a.Has(idp.RoleSuperAdmin) || !a.Admin() {
		return nil
	}
	held, err := tx.RolesOf(a.OrgID(), app.ID)
	if err != nil {
		return fmt.Errorf("read roles: %w", err)
	}
	granted, err := tx.OAuthGrants(a.OrgID(), store.GrantFilter{ClientID: app.ClientID, ForUser: true}, "", 1)
	if err != nil {
		return fmt.Errorf("read grants: %w", err)
	}
	if len(held)+len(granted) > 0 {
		return idp.Fail(idp.KindForbidden)
	}
	return nil
}
