package management

import (
	"slices"

	"usher/internal/idp"
)

// userOptions are the ways in which a user can be shown.
type userOptions struct {
	inList            bool // as an element of a list: with the link to itself alone
	noCredentials     bool
	noCredentialLinks bool
	// What is shown beside the user.
	blocks, classification bool
}

// userSize is about how many bytes a user takes in a list.
const userSize = 900

// appendUser renders a user in the order of members that the service has
// (recorded answers). The profile is passed through as it is stored.
func appendUser(b []byte, org *idp.Org, u *idp.User, o userOptions) []byte {
	b = append(b, '{')
	b = appendMember(b, "id", u.ID)
	b = appendMember(append(b, ','), "status", string(u.Status))
	b = appendInstant(append(b, `,"created":`...), u.Created)
	b = appendInstant(append(b, `,"activated":`...), u.Activated)
	b = appendInstant(append(b, `,"statusChanged":`...), u.StatusChanged)
	b = appendInstant(append(b, `,"lastLogin":`...), u.LastLogin)
	b = appendInstant(append(b, `,"lastUpdated":`...), u.LastUpdated)
	b = appendInstant(append(b, `,"passwordChanged":`...), u.PasswordChanged)
	b = appendMember(append(b, `,"type":{`...), "id", u.TypeID)
	b = append(b, `},"profile":`...)
	b = append(b, u.Profile...)
	if !o.noCredentials {
		b = appendCredentials(append(b, `,"credentials":`...), u)
	}
	b = append(b, `,"_links":{`...)
	if o.inList {
		b = appendHref(b, "self", org.BaseURL, "/api/v1/users/", u.ID)
		b = append(b, `}}`...)
	} else {
		b = append(appendUserLinks(b, org, u, o), '}')
	}
	if o.blocks || o.classification {
		b = appendEmbedded(b, u, o)
	}
	return append(b, '}')
}

// appendEmbedded renders what expand asks for.
func appendEmbedded(b []byte, u *idp.User, o userOptions) []byte {
	b = append(b, `,"_embedded":{`...)
	if o.blocks {
		b = appendBlocks(append(b, `"blocks":`...), u)
	}
	if o.blocks && o.classification {
		b = append(b, ',')
	}
	if o.classification {
		b = appendClassification(append(b, `"classification":`...), u)
	}
	return append(b, '}')
}

// appendBlocks renders what keeps a user out whatever the device: being locked.
// (spec: management UserBlock)
func appendBlocks(b []byte, u *idp.User) []byte {
	if u.Status == idp.UserLockedOut {
		return append(b, `[{"type":"DEVICE_BASED","appliesTo":"ANY_DEVICES"}]`...)
	}
	return append(b, `[]`...)
}

// appendClassification renders of which sort a user is: there is one.
// (spec: management UserClassification)
func appendClassification(b []byte, u *idp.User) []byte {
	b = appendInstant(append(b, `{"type":"STANDARD","lastUpdated":`...), u.Created)
	return append(b, '}')
}

// appendCredentials renders what may be told of a user's credentials.
// (spec: management UserCredentials)
func appendCredentials(b []byte, u *idp.User) []byte {
	b = append(b, '{')
	if u.HasPassword {
		b = append(b, `"password":{},`...)
	}
	if u.RecoveryQuestion != "" {
		b = appendMember(append(b, `"recovery_question":{`...), "question", u.RecoveryQuestion)
		b = append(b, `},`...)
	}
	b = appendMember(append(b, `"provider":{`...), "type", string(u.Provider.Type))
	b = appendMember(append(b, ','), "name", u.Provider.Name)
	return append(b, `}}`...)
}

// place tells where a link leads: to an operation below the user, or elsewhere.
type place int

const (
	placeOperation place = iota
	placeSelf
	placeSchema
	placeType
)

// userLink is a link of a user: an operation that the user's state allows, or
// one of the places that are always named.
type userLink struct {
	name   string
	place  place
	path   string // below the user's own address
	method string // POST when empty
	states []idp.UserStatus
	// What else must hold: a password that is kept here, a recovery question, or
	// that nobody else keeps the password.
	password, question, local bool
	// credential marks the links that omitCredentialsLinks leaves out.
	credential bool
}

// The states of the user life cycle by what they have in common.
var (
	statesOut    = []idp.UserStatus{idp.UserStaged, idp.UserDeprovisioned}
	statesIn     = []idp.UserStatus{idp.UserProvisioned, idp.UserActive, idp.UserPasswordExpired, idp.UserRecovery, idp.UserLockedOut}
	statesActive = []idp.UserStatus{idp.UserActive}
	statesAsk    = []idp.UserStatus{idp.UserActive, idp.UserPasswordExpired, idp.UserRecovery}
	statesChange = []idp.UserStatus{idp.UserActive, idp.UserPasswordExpired}
	statesExpire = []idp.UserStatus{idp.UserActive, idp.UserLockedOut}
	statesLeave  = []idp.UserStatus{
		idp.UserProvisioned, idp.UserActive, idp.UserPasswordExpired, idp.UserRecovery, idp.UserLockedOut, idp.UserSuspended,
	}
)

// userLinks are the links in the order in which the service lists them.
// (recorded answers; reference: links by status)
var userLinks = []userLink{
	{name: "suspend", path: "/lifecycle/suspend", states: statesIn},
	{name: "unsuspend", path: "/lifecycle/unsuspend", states: []idp.UserStatus{idp.UserSuspended}},
	{name: "schema", place: placeSchema},
	{name: "activate", path: "/lifecycle/activate", states: statesOut},
	{name: "resetPassword", path: "/lifecycle/reset_password", states: statesIn, local: true, credential: true},
	{name: "forgotPassword", path: "/credentials/forgot_password", states: statesActive, password: true, question: true, credential: true},
	{name: "expirePassword", path: "/lifecycle/expire_password", states: statesExpire, password: true, credential: true},
	{
		name: "changeRecoveryQuestion", path: "/credentials/change_recovery_question", states: statesAsk,
		password: true, question: true, credential: true,
	},
	{name: "reactivate", path: "/lifecycle/reactivate", states: []idp.UserStatus{idp.UserProvisioned}},
	{name: "unlock", path: "/lifecycle/unlock", states: []idp.UserStatus{idp.UserLockedOut}, credential: true},
	{name: "self", place: placeSelf},
	{name: "resetFactors", path: "/lifecycle/reset_factors", credential: true},
	{name: "type", place: placeType},
	{name: "changePassword", path: "/credentials/change_password", states: statesChange, password: true, credential: true},
	{name: "deactivate", path: "/lifecycle/deactivate", states: statesLeave},
	{name: "delete", method: "DELETE", states: []idp.UserStatus{idp.UserDeprovisioned}},
}

func (l *userLink) shown(u *idp.User, o userOptions) bool {
	local := u.Provider.Local()
	switch {
	case l.credential && o.noCredentialLinks,
		l.states != nil && !slices.Contains(l.states, u.Status),
		l.local && !local,
		l.password && !(local && u.HasPassword),
		l.question && u.RecoveryQuestion == "":
		return false
	}
	return true
}

// appendUserLinks appends the links of a user, without the braces around them.
func appendUserLinks(b []byte, org *idp.Org, u *idp.User, o userOptions) []byte {
	for i := range userLinks {
		l := &userLinks[i]
		if !l.shown(u, o) {
			continue
		}
		switch l.place {
		case placeSchema:
			b = appendHref(b, l.name, org.BaseURL, "/api/v1/meta/schemas/user/", org.SchemaID(u.TypeID))
		case placeType:
			b = appendHref(b, l.name, org.BaseURL, "/api/v1/meta/types/user/", u.TypeID)
		case placeSelf:
			b = appendHref(b, l.name, org.BaseURL, "/api/v1/users/", u.ID)
		case placeOperation:
			b = appendHref(b, l.name, org.BaseURL, "/api/v1/users/", u.ID, l.path)
			method := "POST"
			if l.method != "" {
				method = l.method
			}
			b = appendMember(append(b, ','), "method", method)
		}
		b = append(b, `},`...)
	}
	return b[:len(b)-1]
}
