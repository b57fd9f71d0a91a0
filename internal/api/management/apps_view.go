package management

import (
	"encoding/json"
	"net/url"

	"usher/internal/api/httpkit"
	"usher/internal/apps"
	"usher/internal/idp"
)

// appView is an application, its members in the order in which the service has
// them. (recorded answers)
type appView struct {
	ID            string             `json:"id"`
	ORN           string             `json:"orn"`
	Name          string             `json:"name"`
	Label         string             `json:"label"`
	Status        idp.AppStatus      `json:"status"`
	LastUpdated   *string            `json:"lastUpdated"`
	Created       *string            `json:"created"`
	Accessibility apps.Accessibility `json:"accessibility"`
	Licensing     *licensingView     `json:"licensing,omitempty"`
	Visibility    visibilityView     `json:"visibility"`
	Features      []string           `json:"features"`
	SignOnMode    *idp.SignOnMode    `json:"signOnMode"`
	Credentials   credentialsView    `json:"credentials"`
	// UniversalLogout is null in organisations of the newer pipeline: nothing
	// is logged out of there. Classic ones do not have it. (recorded answers)
	UniversalLogout json.RawMessage `json:"universalLogout,omitempty"`
	Settings        settingsView    `json:"settings"`
	Profile         json.RawMessage `json:"profile,omitempty"`
	Embedded        map[string]any  `json:"_embedded,omitempty"`
	Links           appLinksView    `json:"_links"`
}

type licensingView struct {
	SeatCount int `json:"seatCount"`
}

type visibilityView struct {
	AutoLaunch        bool     `json:"autoLaunch"`
	AutoSubmitToolbar bool     `json:"autoSubmitToolbar"`
	Hide              hideView `json:"hide"`
	AppLinks          shown    `json:"appLinks"`
}

type hideView struct {
	IOS bool `json:"iOS"`
	Web bool `json:"web"`
}

// shown writes links as an object in their own order.
type shown []apps.Link

// MarshalJSON implements json.Marshaler.
func (s shown) MarshalJSON() ([]byte, error) {
	b := []byte{'{'}
	for i, l := range s {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(idp.AppendJSON(b, l.Name), ':')
		if l.Shown {
			b = append(b, "true"...)
		} else {
			b = append(b, "false"...)
		}
	}
	return append(b, '}'), nil
}

type credentialsView struct {
	Scheme         apps.Scheme           `json:"scheme,omitempty"`
	Template       apps.UsernameTemplate `json:"userNameTemplate"`
	UserName       string                `json:"userName,omitempty"`
	Password       *struct{}             `json:"password,omitempty"`
	RevealPassword *bool                 `json:"revealPassword,omitempty"`
	Signing        signingView           `json:"signing"`
	OAuthClient    *oauthView            `json:"oauthClient,omitempty"`
}

type signingView struct {
	KeyID string `json:"kid,omitempty"`
}

type oauthView struct {
	AutoKeyRotation bool   `json:"autoKeyRotation"`
	ClientID        string `json:"client_id"`
	ClientSecret    string `json:"client_secret,omitempty"`
	AuthMethod      string `json:"token_endpoint_auth_method"`
	PKCERequired    bool   `json:"pkce_required"`
}

type settingsView struct {
	App                json.RawMessage    `json:"app"`
	Notifications      apps.Notifications `json:"notifications"`
	ManualProvisioning bool               `json:"manualProvisioning"`
	ImplicitAssignment bool               `json:"implicitAssignment"`
	OptIn              string             `json:"emOptInStatus"`
	Notes              apps.Notes         `json:"notes"`
	SignOn             json.RawMessage    `json:"signOn,omitempty"`
	OAuthClient        *apps.OAuthClient  `json:"oauthClient,omitempty"`
}

type appLinksView struct {
	Help         *httpkit.Href `json:"help,omitempty"`
	Metadata     *httpkit.Href `json:"metadata,omitempty"`
	UploadLogo   httpkit.Href  `json:"uploadLogo"`
	AppLinks     []namedLink   `json:"appLinks"`
	Activate     *httpkit.Href `json:"activate,omitempty"`
	Groups       httpkit.Href  `json:"groups"`
	Logo         []namedLink   `json:"logo"`
	AccessPolicy *httpkit.Href `json:"accessPolicy,omitempty"`
	Profile      *httpkit.Href `json:"profileEnrollment,omitempty"`
	ClientCreds  []namedLink   `json:"clientCredentials,omitempty"`
	Users        httpkit.Href  `json:"users"`
	Deactivate   *httpkit.Href `json:"deactivate,omitempty"`
}

// namedLink is a link in a list.
type namedLink struct {
	Name string `json:"name"`
	Href string `json:"href"`
	Type string `json:"type,omitempty"`
}

// appPath is the address of an application below the base URL.
func appPath(id string) string { return "/api/v1/apps/" + id }

// linkPath is where a user goes to be signed on.
func linkPath(a *apps.App, l apps.Link) string {
	return "/home/" + url.PathEscape(a.Name) + "/" + a.ID + "/" + l.ID
}

func viewApp(org *idp.Org, a *apps.App) *appView {
	d := &a.Details
	v := &appView{
		ID: a.ID, ORN: "orn:okta:idp:" + org.ID + ":apps:" + a.Name + ":" + a.ID, Name: a.Name, Label: a.Label, Status: a.Status,
		LastUpdated: httpkit.Seconds(a.LastUpdated), Created: httpkit.Seconds(a.Created),
		Accessibility: d.Accessibility, Features: d.Features, Profile: d.Profile,
		Visibility: visibilityView{
			AutoLaunch: d.Visibility.AutoLaunch, AutoSubmitToolbar: d.Visibility.AutoSubmitToolbar,
			Hide: hideView{d.Visibility.HideIOS, d.Visibility.HideWeb}, AppLinks: d.Visibility.Links,
		},
		Settings: settingsView{
			App: d.App, Notifications: d.Notifications, ManualProvisioning: d.ManualProvisioning, ImplicitAssignment: d.ImplicitAssignment,
			OptIn: "NONE", Notes: d.Notes, SignOn: d.SignOn, OAuthClient: d.OAuthClient,
		},
		Credentials: viewCredentials(a), Links: viewAppLinks(org, a),
	}
	if a.SignOnMode != idp.SignOnNone {
		v.SignOnMode = &a.SignOnMode
	}
	if org.Settings.Pipeline == idp.PipelineIdX {
		v.UniversalLogout = json.RawMessage("null")
	}
	if a.Kind.Seats {
		v.Licensing = &licensingView{}
	}
	return v
}

func viewCredentials(a *apps.App) credentialsView {
	c := a.Details.Credentials
	v := credentialsView{Scheme: c.Scheme, Template: c.Template, UserName: c.UserName, Signing: signingView{a.KeyID}}
	if c.SharedPassword {
		v.Password = &struct{}{}
	}
	if c.Scheme != apps.SchemeNone {
		v.RevealPassword = &c.RevealPassword
	}
	if o := c.OAuth; o != nil {
		v.OAuthClient = &oauthView{o.AutoKeyRotation, a.ClientID, a.ClientSecret, o.AuthMethod, o.PKCERequired}
	}
	return v
}

func viewAppLinks(org *idp.Org, a *apps.App) appLinksView {
	at := org.BaseURL + appPath(a.ID)
	href := func(path string) httpkit.Href { return httpkit.Href{Href: at + path} }
	v := appLinksView{
		UploadLogo: httpkit.Href{Href: at + "/logo", Hints: httpkit.Allow("POST")},
		AppLinks:   []namedLink{}, Groups: href("/groups"), Users: href("/users"),
		Logo: []namedLink{{Name: "medium", Href: logoURL(org, a), Type: logoType}},
	}
	if a.SignOnMode == idp.SignOnSAML2 {
		v.Metadata = &httpkit.Href{Href: at + "/sso/saml/metadata", Type: "application/xml"}
	}
	for _, l := range a.Details.Visibility.Links {
		if l.Shown {
			v.AppLinks = append(v.AppLinks, namedLink{l.Name, org.BaseURL + linkPath(a, l), "text/html"})
		}
	}
	if a.SignOnMode == idp.SignOnOIDC {
		v.ClientCreds = []namedLink{{Name: "secrets", Href: at + "/credentials/secrets"}}
	}
	if id := a.Details.PolicyID; id != "" {
		v.AccessPolicy = &httpkit.Href{Href: org.BaseURL + "/api/v1/policies/" + id}
	}
	if id := a.Details.ProfilePolicyID; id != "" {
		v.Profile = &httpkit.Href{Href: org.BaseURL + policiesPath + id}
	}
	if a.Status == idp.AppActive {
		l := href("/lifecycle/deactivate")
		v.Deactivate = &l
	} else {
		l := href("/lifecycle/activate")
		v.Activate = &l
	}
	return v
}
