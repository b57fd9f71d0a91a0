package idp

import (
	"encoding/json"
	"time"
)

// GroupType tells who keeps a group's members.
type GroupType string

// The group types. (spec: management GroupType)
const (
	GroupOkta    GroupType = "OKTA_GROUP"
	GroupApp     GroupType = "APP_GROUP"
	GroupBuiltIn GroupType = "BUILT_IN"
)

// Everyone is the name of the built-in group to which every user belongs.
const Everyone = "Everyone"

// Group is a set of users. The members of a GroupBuiltIn group are computed,
// not stored.
type Group struct {
	OrgID       string
	ID          string // 00g...
	Type        GroupType
	ObjectClass string // e.g. okta:user_group
	Name        string
	// Profile is the canonical JSON text of the profile.
	Profile               json.RawMessage
	Created               time.Time
	LastUpdated           time.Time
	LastMembershipUpdated time.Time
	Version               int64
}
