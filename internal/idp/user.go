package idp

import (
	"bytes"
	"encoding/json"
	"slices"
	"time"
	"unicode/utf8"
)

// UserStatus is a state of the user life cycle.
type UserStatus string

// The states. (spec: management#getUser, User.status)
const (
	UserStaged          UserStatus = "STAGED"
	UserProvisioned     UserStatus = "PROVISIONED"
	UserActive          UserStatus = "ACTIVE"
	UserRecovery        UserStatus = "RECOVERY"
	UserPasswordExpired UserStatus = "PASSWORD_EXPIRED"
	UserLockedOut       UserStatus = "LOCKED_OUT"
	UserSuspended       UserStatus = "SUSPENDED"
	UserDeprovisioned   UserStatus = "DEPROVISIONED"
)

// UserStatuses lists the states.
func UserStatuses() []UserStatus {
	return []UserStatus{
		UserStaged, UserProvisioned, UserActive, UserRecovery,
		UserPasswordExpired, UserLockedOut, UserSuspended, UserDeprovisioned,
	}
}

// Valid tells whether s is one of the states.
func (s UserStatus) Valid() bool { return slices.Contains(UserStatuses(), s) }

// ProviderType tells who keeps a user's password.
type ProviderType string

// The providers. (spec: management AuthenticationProviderType)
const (
	ProviderOkta            ProviderType = "OKTA"
	ProviderImport          ProviderType = "IMPORT"
	ProviderActiveDirectory ProviderType = "ACTIVE_DIRECTORY"
	ProviderLDAP            ProviderType = "LDAP"
	ProviderFederation      ProviderType = "FEDERATION"
	ProviderSocial          ProviderType = "SOCIAL"
)

// Provider is the source of a user's credentials.
type Provider struct {
	Type ProviderType
	Name string
}

// Local tells whether Usher itself keeps the password.
func (p Provider) Local() bool { return p.Type == ProviderOkta || p.Type == ProviderImport }

// User is a person of an organisation.
type User struct {
	OrgID  string
	ID     string // 00u...
	TypeID string // oty...
	Status UserStatus
	// Login is the user name as it was given. It also stands in Profile.
	Login string
	// Profile is the canonical JSON text of the profile: an object whose keys
	// are attribute names. It is kept ready to send.
	Profile json.RawMessage

	Provider Provider
	// HasPassword tells whether a password or an imported hash is kept.
	HasPassword bool
	// RecoveryQuestion is the text of the question, empty for none.
	RecoveryQuestion string
	// Factors counts the enrolled factors other than password and question.
	Factors int

	Created         time.Time
	Activated       time.Time // zero until the first activation
	StatusChanged   time.Time // zero until the first change
	LastLogin       time.Time // zero before the first sign-in
	LastUpdated     time.Time
	PasswordChanged time.Time // zero without a password

	// Version is raised by every write; a write that read an older one fails.
	Version int64
}

// Attributes decodes the profile.
func (u *User) Attributes() (Attributes, error) {
	if a, ok := flat(u.Profile); ok {
		return a, nil
	}
	var a Attributes
	if err := json.Unmarshal(u.Profile, &a); err != nil {
		return nil, err
	}
	return a, nil
}

// DisplayName is the name that people read, the login where the profile cannot
// be read. Profiles usually begin with the two names that it is made of: then
// the rest is not looked at.
func (u *User) DisplayName() string {
	first, rest, ok := leading(u.Profile, `{"firstName":"`)
	last, _, also := leading(rest, `,"lastName":"`)
	if ok && also && len(first) > 0 && len(last) > 0 {
		return string(first) + " " + string(last)
	}
	a, err := u.Attributes()
	if err != nil {
		return u.Login
	}
	return a.DisplayName()
}

// leading cuts a text off a profile that begins with its name, if it is written
// without escapes.
func leading(profile []byte, name string) (text, rest []byte, ok bool) {
	value, ok := bytes.CutPrefix(profile, []byte(name))
	if !ok {
		return nil, nil, false
	}
	text, rest, ok = bytes.Cut(value, []byte{'"'})
	return text, rest, ok && bytes.IndexByte(text, '\\') < 0 && utf8.Valid(text)
}

// Attributes are a profile's attributes by name: strings, float64s, bools,
// arrays of these, or nil.
type Attributes map[string]any

// Text returns the attribute as text, or "" where it is absent or no string.
func (a Attributes) Text(name string) string {
	s, _ := a[name].(string)
	return s
}

// DisplayName is the name that people read: given and family name, else the
// login.
func (a Attributes) DisplayName() string {
	switch first, last := a.Text("firstName"), a.Text("lastName"); {
	case first != "" && last != "":
		return first + " " + last
	case first != "":
		return first
	case last != "":
		return last
	}
	return a.Text("login")
}
