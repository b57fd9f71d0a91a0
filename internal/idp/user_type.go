package idp

import "time"

// UserType is a type of users: they share a profile schema.
// (spec: management UserType)
type UserType struct {
	OrgID, ID                string // oty...
	Name                     string // unique
	DisplayName, Description string
	Created, LastUpdated     time.Time
	CreatedBy, LastUpdatedBy string // users, or "system"
	Version                  int64  // 0: it is the default type, which nobody has changed
}
