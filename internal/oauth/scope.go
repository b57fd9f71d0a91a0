package oauth

// When users are asked whether a client may have a scope.
// (spec: management-extra OAuth2ScopeConsentType)
const (
	ConsentImplicit = "IMPLICIT"
	ConsentRequired = "REQUIRED"
	ConsentFlexible = "FLEXIBLE"
)

// Whether a scope stands in the server's metadata.
// (spec: management-extra OAuth2ScopeMetadataPublish)
const (
	PublishAll  = "ALL_CLIENTS"
	PublishNone = "NO_CLIENTS"
)

// Names of scopes that mean something to the servers themselves.
// (OpenID Connect Core sections 3.1.2.1, 5.4 and 11)
const (
	ScopeOpenID    = "openid"
	ScopeProfile   = "profile"
	ScopeEmail     = "email"
	ScopeAddress   = "address"
	ScopePhone     = "phone"
	ScopeOffline   = "offline_access"
	ScopeGroups    = "groups"
	ScopeDeviceSSO = "device_sso"
)

// Scope is something that clients may ask an authorization server for.
type Scope struct {
	part        `json:"-"`
	Name        string `json:"-"`
	DisplayName string `json:"displayName,omitempty"`
	Description string `json:"description,omitempty"`
	Consent     string `json:"consent"`
	Publish     string `json:"metadataPublish"`
	Default     bool   `json:"default,omitempty"`
	Optional    bool   `json:"optional,omitempty"`
	System      bool   `json:"-"`
}

// systemScopes are those that every server has. (recorded answers)
func systemScopes() []Scope {
	system := func(name, display, description string) Scope {
		return Scope{Name: name, DisplayName: display, Description: description, Consent: ConsentImplicit, Publish: PublishAll, System: true}
	}
	return []Scope{
		system(ScopeOpenID, "openid", "Signals that a request is an OpenID request."),
		system(ScopeProfile, "View your profile information.", "The exact data varies based on what profile information you have provided, such as: name, time zone, picture, or birthday."),
		system(ScopeEmail, "View your email address.", "This allows the app to view your email address."),
		system(ScopeAddress, "View your address.", "This allows the app to view your address, such as: street address, city, state, and zip code."),
		system(ScopePhone, "View your phone number.", "This allows the app to view your phone number."),
		system(ScopeOffline, "Keep you signed in to the app.", "This keeps you signed in to the app, even when you are not using it."),
		system(ScopeDeviceSSO, "Request device secret.", "This allows you to single sign on between native client applications on your device."),
	}
}
