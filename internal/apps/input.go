package apps

import (
	"encoding/json"

	"usher/internal/idp"
)

// Input is an application as a client gives it. Members that are absent keep
// their default, or for a few members what was stored: secrets, certificates
// and the single-logout settings. (spec: management Application)
type Input struct {
	Name          string              `json:"name"`
	Label         *string             `json:"label"`
	SignOnMode    *idp.SignOnMode     `json:"signOnMode"`
	Accessibility *AccessibilityInput `json:"accessibility"`
	Visibility    *VisibilityInput    `json:"visibility"`
	Credentials   *CredentialsInput   `json:"credentials"`
	Settings      *SettingsInput      `json:"settings"`
	Profile       json.RawMessage     `json:"profile"`
}

// AccessibilityInput is who may ask for the application.
type AccessibilityInput struct {
	SelfService      bool    `json:"selfService"`
	ErrorRedirectURL *string `json:"errorRedirectUrl"`
	LoginRedirectURL *string `json:"loginRedirectUrl"`
}

// VisibilityInput is where the application is shown.
type VisibilityInput struct {
	AutoLaunch        bool `json:"autoLaunch"`
	AutoSubmitToolbar bool `json:"autoSubmitToolbar"`
	Hide              *struct {
		IOS *bool `json:"iOS"`
		Web *bool `json:"web"`
	} `json:"hide"`
	AppLinks map[string]bool `json:"appLinks"`
}

// CredentialsInput is how users are known to the application.
type CredentialsInput struct {
	Scheme   Scheme `json:"scheme"`
	UserName string `json:"userName"`
	Password *struct {
		Value string `json:"value"`
	} `json:"password"`
	RevealPassword   bool              `json:"revealPassword"`
	UserNameTemplate *UsernameTemplate `json:"userNameTemplate"`
	Signing          *struct {
		KeyID string `json:"kid"`
	} `json:"signing"`
	OAuthClient *OAuthCredentialsInput `json:"oauthClient"`
}

// OAuthCredentialsInput is how an OAuth client proves who it is.
type OAuthCredentialsInput struct {
	AutoKeyRotation *bool  `json:"autoKeyRotation"`
	ClientID        string `json:"client_id"`
	ClientSecret    string `json:"client_secret"`
	AuthMethod      string `json:"token_endpoint_auth_method"`
	PKCERequired    *bool  `json:"pkce_required"`
}

// SettingsInput is what the kind of application and its sign-on mode need.
type SettingsInput struct {
	App                json.RawMessage `json:"app"`
	SignOn             json.RawMessage `json:"signOn"`
	OAuthClient        json.RawMessage `json:"oauthClient"`
	Notifications      *Notifications  `json:"notifications"`
	ManualProvisioning bool            `json:"manualProvisioning"`
	ImplicitAssignment bool            `json:"implicitAssignment"`
	Notes              *Notes          `json:"notes"`
}

// given tells whether a raw member is there and not null.
func given(raw json.RawMessage) bool { return len(raw) > 0 && string(raw) != "null" }
