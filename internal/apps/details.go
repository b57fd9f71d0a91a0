package apps

import (
	"encoding/json"
	"fmt"

	"usher/internal/idp"
)

// Scheme says who sets the credentials of users at an application.
type Scheme string

// The schemes. (spec: management ApplicationCredentialsScheme)
const (
	SchemeNone             Scheme = ""
	SchemeShared           Scheme = "SHARED_USERNAME_AND_PASSWORD"
	SchemeExternalPassword Scheme = "EXTERNAL_PASSWORD_SYNC"
	SchemeEditBoth         Scheme = "EDIT_USERNAME_AND_PASSWORD"
	SchemeEditPassword     Scheme = "EDIT_PASSWORD_ONLY"
	SchemeAdminSets        Scheme = "ADMIN_SETS_CREDENTIALS"
)

// Details are all settings of an application, with every default filled in.
type Details struct {
	Accessibility Accessibility `json:"accessibility"`
	Visibility    Visibility    `json:"visibility"`
	Features      []string      `json:"features"`
	Credentials   Credentials   `json:"credentials"`
	// App are the settings that the kind of application has: a JSON object with
	// its members in the order in which they are shown.
	App json.RawMessage `json:"app"`
	// SignOn are those of the sign-on mode, a JSON object, or empty.
	SignOn      json.RawMessage `json:"signOn,omitempty"`
	OAuthClient *OAuthClient    `json:"oauthClient,omitempty"`
	// KeyTimes are those of the client's keys that were added by themselves, by
	// identifier.
	KeyTimes           map[string]KeyTimes `json:"keyTimes,omitempty"`
	Notifications      Notifications       `json:"notifications"`
	ManualProvisioning bool                `json:"manualProvisioning"`
	ImplicitAssignment bool                `json:"implicitAssignment"`
	Notes              Notes               `json:"notes"`
	// Profile is what the client keeps about the application, an object or empty.
	Profile json.RawMessage `json:"profile,omitempty"`
	// LogoID is the identifier of the picture, empty for the one of the kind.
	LogoID string `json:"logo,omitempty"`
	// PolicyID names the authentication policy that was assigned, empty for the
	// organisation's default.
	PolicyID string `json:"policy,omitempty"`
	// ProfilePolicyID names the policy about who may make themselves known.
	ProfilePolicyID string `json:"profilePolicy,omitempty"`
	// GroupsClaim is what an OAuth client is told about groups, nil for nothing.
	GroupsClaim *GroupsClaim `json:"groupsClaim,omitempty"`
}

// Accessibility is who may ask for the application and where they are sent.
type Accessibility struct {
	SelfService      bool    `json:"selfService"`
	ErrorRedirectURL *string `json:"errorRedirectUrl"`
	LoginRedirectURL *string `json:"loginRedirectUrl"`
}

// Visibility is where the application is shown to its users.
type Visibility struct {
	AutoLaunch        bool   `json:"autoLaunch"`
	AutoSubmitToolbar bool   `json:"autoSubmitToolbar"`
	HideIOS           bool   `json:"hideIOS"`
	HideWeb           bool   `json:"hideWeb"`
	Links             []Link `json:"links"`
}

// Link is one of the places that an application consists of.
type Link struct {
	Name  string `json:"name"`
	ID    string `json:"id"` // the last part of its address
	Shown bool   `json:"shown"`
}

// Credentials are how users are known to the application.
type Credentials struct {
	Scheme Scheme `json:"scheme,omitempty"`
	// UserName is the one that all users share under SchemeShared.
	UserName       string            `json:"userName,omitempty"`
	SharedPassword bool              `json:"sharedPassword,omitempty"` // one is kept
	RevealPassword bool              `json:"revealPassword,omitempty"`
	Template       UsernameTemplate  `json:"userNameTemplate"`
	OAuth          *OAuthCredentials `json:"oauthClient,omitempty"`
}

// OAuthCredentials are how an OAuth client proves who it is. The secret is kept
// apart. (spec: management ApplicationCredentialsOAuthClient)
type OAuthCredentials struct {
	AutoKeyRotation bool   `json:"autoKeyRotation"`
	AuthMethod      string `json:"token_endpoint_auth_method"`
	PKCERequired    bool   `json:"pkce_required"`
}

// UsernameTemplate makes the name of a user at the application.
type UsernameTemplate struct {
	Template   string `json:"template,omitempty"`
	Type       string `json:"type"`
	PushStatus string `json:"pushStatus,omitempty"`
	Suffix     string `json:"suffix,omitempty"`
}

// Notifications are what users are told before they sign on.
type Notifications struct {
	VPN VPN `json:"vpn"`
}

// VPN asks users to connect to a network first.
type VPN struct {
	Network VPNNetwork `json:"network"`
	Message *string    `json:"message"`
	HelpURL *string    `json:"helpUrl"`
}

// VPNNetwork says where the notification is shown.
type VPNNetwork struct {
	Connection string   `json:"connection"` // DISABLED, ANYWHERE, ON_NETWORK or OFF_NETWORK
	Include    []string `json:"include,omitempty"`
	Exclude    []string `json:"exclude,omitempty"`
}

// Notes are for people.
type Notes struct {
	Admin   *string `json:"admin"`
	EndUser *string `json:"enduser"`
}

// App is an application with its settings.
type App struct {
	idp.App
	Details Details
	// Kind is what the application is an instance of.
	Kind Kind
	// ClientSecret is filled in only by the calls that may show it.
	ClientSecret string
}

// load decodes the settings of a stored application.
func load(a *idp.App) (*App, error) {
	out := &App{App: *a}
	if err := json.Unmarshal(a.Settings, &out.Details); err != nil {
		return nil, fmt.Errorf("settings of application %s: %w", a.ID, err)
	}
	out.Kind = kindOf(a.Name)
	return out, nil
}

func loadAll(list []*idp.App) ([]*App, error) {
	out := make([]*App, 0, len(list))
	for _, a := range list {
		app, err := load(a)
		if err != nil {
			return nil, err
		}
		out = append(out, app)
	}
	return out, nil
}

// seal writes the settings back into the stored form.
func (a *App) seal() error {
	text, err := json.Marshal(&a.Details)
	if err != nil {
		return fmt.Errorf("settings of application %s: %w", a.ID, err)
	}
	a.App.Settings = text
	return nil
}

// userPassword tells whether single users have a password at the application.
func (s Scheme) userPassword() bool {
	return s == SchemeEditBoth || s == SchemeEditPassword || s == SchemeAdminSets
}
