package management

import (
	"testing"

	"usher/internal/idp"
)

func TestWhoSeesSecrets(t *testing.T) {
	for role, want := range map[idp.RoleType]bool{
		idp.RoleSuperAdmin: true, idp.RoleAppAdmin: true, idp.RoleAPIAccessAdmin: true,
		idp.RoleReadOnlyAdmin: false, idp.RoleOrgAdmin: false, idp.RoleMobileAdmin: false, "": false,
	} {
		if got := seesSecrets(idp.Actor{Roles: []idp.RoleType{role}}); got != want {
			t.Errorf("%s: %v", role, got)
		}
	}
}
