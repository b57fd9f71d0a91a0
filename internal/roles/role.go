package roles

import (
	"encoding/base32"
	"slices"

	"usher/internal/idp"
)

// Types lists the standard roles. (spec: management RoleType)
func Types() []idp.RoleType {
	return []idp.RoleType{
		idp.RoleSuperAdmin, idp.RoleOrgAdmin, idp.RoleAppAdmin, idp.RoleUserAdmin, idp.RoleHelpDeskAdmin,
		idp.RoleGroupMembershipAdmin, idp.RoleReadOnlyAdmin, idp.RoleMobileAdmin, idp.RoleAPIAccessAdmin, idp.RoleReportAdmin,
	}
}

// Label is the role's name for people, "" for what is no standard role.
// (management reference: sub-resources of users, roles)
func Label(t idp.RoleType) string {
	switch t {
	case idp.RoleSuperAdmin:
		return "Super Administrator"
	case idp.RoleOrgAdmin:
		return "Organizational Administrator"
	case idp.RoleAppAdmin:
		return "Application Administrator"
	case idp.RoleUserAdmin:
		return "Group Administrator"
	case idp.RoleHelpDeskAdmin:
		return "Help Desk Administrator"
	case idp.RoleGroupMembershipAdmin:
		return "Group Membership Administrator"
	case idp.RoleReadOnlyAdmin:
		return "Read-only Administrator"
	case idp.RoleMobileAdmin:
		return "Mobile Administrator"
	case idp.RoleAPIAccessAdmin:
		return "API Access Management Administrator"
	case idp.RoleReportAdmin:
		return "Report Administrator"
	}
	return ""
}

// Targetable tells whether the role can be limited to groups or applications.
func Targetable(t idp.RoleType) bool {
	switch t {
	case idp.RoleAppAdmin, idp.RoleUserAdmin, idp.RoleHelpDeskAdmin, idp.RoleGroupMembershipAdmin:
		return true
	default: // the others are for the whole organisation
		return false
	}
}

// fixedID is the identifier of a targetable role: base32 of its type, the same
// for every user.
func fixedID(t idp.RoleType) string {
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString([]byte(t))
}

// Can tells whether an actor may do what one of the allowed roles may do. A
// super administrator may do everything, and so may Usher itself.
func Can(a idp.Actor, allowed ...idp.RoleType) bool {
	if a.Kind == idp.ActorSystem || a.Has(idp.RoleSuperAdmin) {
		return true
	}
	return slices.ContainsFunc(a.Roles, func(r idp.RoleType) bool { return slices.Contains(allowed, r) })
}
