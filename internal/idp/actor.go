package idp

import (
	"net/netip"
	"slices"
	"time"
)

// RoleType is a standard administrator role.
type RoleType string

// The standard roles. (spec: management RoleType)
const (
	RoleSuperAdmin           RoleType = "SUPER_ADMIN"
	RoleOrgAdmin             RoleType = "ORG_ADMIN"
	RoleAppAdmin             RoleType = "APP_ADMIN"
	RoleUserAdmin            RoleType = "USER_ADMIN"
	RoleHelpDeskAdmin        RoleType = "HELP_DESK_ADMIN"
	RoleGroupMembershipAdmin RoleType = "GROUP_MEMBERSHIP_ADMIN"
	RoleReadOnlyAdmin        RoleType = "READ_ONLY_ADMIN"
	RoleMobileAdmin          RoleType = "MOBILE_ADMIN"
	RoleAPIAccessAdmin       RoleType = "API_ACCESS_MANAGEMENT_ADMIN"
	RoleReportAdmin          RoleType = "REPORT_ADMIN"
)

// ActorKind tells what kind of party acts.
type ActorKind string

// The kinds of actors.
const (
	ActorAnonymous ActorKind = "anonymous" // nobody has proved anything yet
	ActorUser      ActorKind = "user"      // a user by session or token
	ActorClient    ActorKind = "client"    // an OAuth client on its own behalf
	ActorSystem    ActorKind = "system"    // Usher itself: jobs, seeding, commands
)

// Actor is who asks for something, in which organisation and from where.
// Services receive it by value and the system log keeps it.
type Actor struct {
	Org     *Org
	Kind    ActorKind
	UserID  string // of ActorUser
	Login   string
	Name    string
	TokenID string // the API token (00T...) that proved the user, if one did
	// SessionID is the public identifier of the session that proved the user.
	SessionID string
	// Proved is when the user last proved who it is in that session.
	Proved time.Time
	// ProvedFactor is when that was by a further factor, zero for never.
	ProvedFactor time.Time
	Roles        []RoleType
	// Holder is to whom the roles were given, where that is not the user: a
	// client's application.
	Holder string
	// Scopes limit the actor where an access token proved it; nil where
	// something else did.
	Scopes []string
	Client Client
}

// OrgID returns the organisation's identifier.
func (a Actor) OrgID() string { return a.Org.ID }

// Is tells whether the actor is the user with this identifier.
func (a Actor) Is(userID string) bool { return a.Kind == ActorUser && a.UserID == userID }

// Has tells whether the actor holds the role.
func (a Actor) Has(r RoleType) bool { return slices.Contains(a.Roles, r) }

// Admin tells whether the actor holds any administrator role or is Usher.
func (a Actor) Admin() bool { return a.Kind == ActorSystem || len(a.Roles) > 0 }

// Limitable tells whether the actor is one whose roles may be limited to groups
// or applications.
func (a Actor) Limitable() bool { return a.Kind == ActorUser || a.Kind == ActorClient }

// HolderID is the identifier under which the actor's roles are kept.
func (a Actor) HolderID() string {
	if a.Holder != "" {
		return a.Holder
	}
	return a.UserID
}

// SystemActor acts for Usher itself in an organisation.
func SystemActor(org *Org) Actor {
	return Actor{Org: org, Kind: ActorSystem, Name: "Usher"}
}

// Client is where a request came from. All members may be zero.
type Client struct {
	IP        netip.Addr   // the caller behind the trusted proxies
	Chain     []netip.Addr // every address from the caller to us, the caller first
	UserAgent string       // as sent, at most 1024 bytes
	RequestID string
	Method    string
	Path      string // without the query
	Device    string // a device token, as the dialect trusts it
}
