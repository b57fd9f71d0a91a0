package idp

import (
	"encoding/json"
	"time"
)

// SignOnMode is the way in which users sign on to an application.
type SignOnMode string

// The sign-on modes. An application may have none: then the mode is empty.
// (spec: management ApplicationSignOnMode)
const (
	SignOnNone          SignOnMode = ""
	SignOnBookmark      SignOnMode = "BOOKMARK"
	SignOnBasicAuth     SignOnMode = "BASIC_AUTH"
	SignOnBrowserPlugin SignOnMode = "BROWSER_PLUGIN"
	SignOnPasswordStore SignOnMode = "SECURE_PASSWORD_STORE"
	SignOnAutoLogin     SignOnMode = "AUTO_LOGIN"
	SignOnWSFederation  SignOnMode = "WS_FEDERATION"
	SignOnSAML1         SignOnMode = "SAML_1_1"
	SignOnSAML2         SignOnMode = "SAML_2_0"
	SignOnOIDC          SignOnMode = "OPENID_CONNECT"
)

// SignOnModes lists the modes that an application can ask for.
func SignOnModes() []SignOnMode {
	return []SignOnMode{
		SignOnBookmark, SignOnBasicAuth, SignOnBrowserPlugin, SignOnPasswordStore, SignOnAutoLogin,
		SignOnWSFederation, SignOnSAML1, SignOnSAML2, SignOnOIDC,
	}
}

// AppStatus tells whether an application can be used.
type AppStatus string

// The states of an application. (spec: management Application.status)
const (
	AppActive   AppStatus = "ACTIVE"
	AppInactive AppStatus = "INACTIVE"
)

// App is an application that users sign on to.
type App struct {
	OrgID string
	ID    string // 0oa...
	// Name is that of the kind of application; for a custom one, its own.
	Name       string
	Label      string // what people read; not unique
	Status     AppStatus
	SignOnMode SignOnMode
	// ClientID is the OAuth client's identifier; empty for other applications.
	ClientID string
	// KeyID names the key that signs for this application; empty for none.
	KeyID string
	// ExternalKey (exk...) names the application in SAML and WS-Federation.
	ExternalKey string
	// Settings is the JSON text of all the rest; it belongs to package apps.
	Settings    json.RawMessage
	Created     time.Time
	LastUpdated time.Time
	Version     int64
}

// AppTarget names an application as a target.
func AppTarget(a *App) Target {
	return Target{ID: a.ID, Type: "AppInstance", AlternateID: a.Label, DisplayName: a.Label}
}

// AppScope tells how a user came to an application.
type AppScope string

// The scopes of an assignment. (spec: management AppUser.scope)
const (
	AppScopeUser  AppScope = "USER"
	AppScopeGroup AppScope = "GROUP"
)

// AppUser is what is kept about a user of an application beyond what follows
// from the user and the groups: always for a user assigned by hand (AppScopeUser),
// for one who comes by a group only when somebody has set something.
type AppUser struct {
	OrgID  string
	AppID  string
	UserID string
	Scope  AppScope
	// UserName is the name at the application, empty where it follows from the
	// application's template.
	UserName string
	// SealedPassword is the password at the application, encrypted; empty for none.
	SealedPassword string
	// Profile is the JSON object of the attributes that were set for this user.
	Profile         json.RawMessage
	Created         time.Time
	LastUpdated     time.Time
	PasswordChanged time.Time // zero without a password
	Version         int64
}

// AppGroup assigns an application to the members of a group. Where a user comes
// by several groups, the one with the lowest Priority goes first.
type AppGroup struct {
	OrgID    string
	AppID    string
	GroupID  string
	Priority int
	// Profile is the JSON object of the attributes that members get.
	Profile     json.RawMessage
	Created     time.Time
	LastUpdated time.Time
	Version     int64
}
