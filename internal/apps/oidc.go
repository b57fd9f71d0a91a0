package apps

import (
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"usher/internal/idp"
)

// Kinds of OAuth clients. (spec: management OpenIdConnectApplicationType)
const (
	ClientWeb     = "web"
	ClientNative  = "native"
	ClientBrowser = "browser"
	ClientService = "service"
)

// Grants that rules name. (RFC 6749 section 1.3)
const (
	grantCode       = "authorization_code"
	grantImplicit   = "implicit"
	grantPassword   = "password"
	grantRefresh    = "refresh_token"
	grantClient     = "client_credentials"
	grantIdX        = "interaction_code"
	grantDevice     = "urn:ietf:params:oauth:grant-type:device_code"
	grantExchange   = "urn:ietf:params:oauth:grant-type:token-exchange"
	grantJWT        = "urn:ietf:params:oauth:grant-type:jwt-bearer"
	grantSAML       = "urn:ietf:params:oauth:grant-type:saml2-bearer"
	grantBackground = "urn:openid:params:grant-type:ciba"
)

// Ways in which a client proves who it is at the token endpoint.
const (
	AuthNone       = "none"
	AuthBasic      = "client_secret_basic"
	AuthPost       = "client_secret_post"
	AuthSecretJWT  = "client_secret_jwt"
	AuthPrivateJWT = "private_key_jwt"
)

// OAuthClient are the settings of an OpenID Connect application, in the order
// in which they are shown. (spec: management
// OpenIdConnectApplicationSettingsClient; recorded answers)
type OAuthClient struct {
	ClientURI         *string       `json:"client_uri"`
	LogoURI           *string       `json:"logo_uri"`
	RedirectURIs      []string      `json:"redirect_uris"`
	LogoutURIs        []string      `json:"post_logout_redirect_uris,omitempty"`
	ResponseTypes     []string      `json:"response_types"`
	GrantTypes        []string      `json:"grant_types"`
	InitiateLoginURI  string        `json:"initiate_login_uri,omitempty"`
	JWKS              *ClientKeys   `json:"jwks,omitempty"`
	JWKSURI           string        `json:"jwks_uri,omitempty"`
	ApplicationType   string        `json:"application_type"`
	TermsURI          string        `json:"tos_uri,omitempty"`
	PolicyURI         string        `json:"policy_uri,omitempty"`
	ConsentMethod     string        `json:"consent_method"` // TRUSTED or REQUIRED
	IssuerMode        string        `json:"issuer_mode"`    // ORG_URL, CUSTOM_URL or DYNAMIC
	Refresh           *RefreshToken `json:"refresh_token,omitempty"`
	IDPInitiated      IDPInitiated  `json:"idp_initiated_login"`
	WildcardRedirect  string        `json:"wildcard_redirect"` // DISABLED or SUBDOMAIN
	DPoPBound         bool          `json:"dpop_bound_access_tokens"`
	ParticipateSLO    bool          `json:"participate_slo"`
	FrontLogoutURI    string        `json:"frontchannel_logout_uri,omitempty"`
	FrontLogoutSID    *bool         `json:"frontchannel_logout_session_required,omitempty"`
	BackLogoutURI     string        `json:"backchannel_logout_uri,omitempty"`
	BackLogoutSID     *bool         `json:"backchannel_logout_session_required,omitempty"`
	RequestObjectSign string        `json:"request_object_signing_alg,omitempty"`
	Network           *Network      `json:"network,omitempty"`
	backchannel
}

// Network tells from where a client may ask for tokens.
type Network struct {
	Connection string `json:"connection"` // ANYWHERE; zones are not known here
}

// unbuilt are settings that would mean something that is not done here.
type unbuilt struct {
	SubjectType string `json:"subject_type"` // but for public
	Encryption  string `json:"id_token_encrypted_response_alg"`
}

// check refuses them: who sets one would believe it holds.
func (u unbuilt) check(f *faults) {
	if u.SubjectType != "" {
		oneOf(f, "subject_type", u.SubjectType, "public")
	}
	if u.Encryption != "" {
		f.add("id_token_encrypted_response_alg", "ID tokens are not encrypted here")
	}
}

// backchannel are the settings of requests that their user agrees to on a
// device; all are empty without the grant type. (OpenID Connect CIBA section 4)
type backchannel struct {
	BackchannelMode string `json:"backchannel_token_delivery_mode,omitempty"` // poll
	BackchannelSign string `json:"backchannel_authentication_request_signing_alg,omitempty"`
	// BackchannelAuthenticator names the authenticator (aut...) by which users are
	// asked, empty for the one of pushes.
	BackchannelAuthenticator string `json:"backchannel_custom_authenticator_id,omitempty"`
}

// complete fills in and checks the settings.
func (b *backchannel) complete(granted bool, f *faults) {
	const idLength = 20
	if !granted {
		*b = backchannel{}
		return
	}
	if b.BackchannelMode == "" {
		b.BackchannelMode = "poll"
	}
	oneOf(f, "backchannel_token_delivery_mode", b.BackchannelMode, "poll")
	if b.BackchannelSign != "" {
		oneOf(f, "backchannel_authentication_request_signing_alg", b.BackchannelSign,
			"HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "ES256", "ES384", "ES512")
	}
	if id := b.BackchannelAuthenticator; id != "" && (len(id) != idLength || !clientIDText(id)) {
		f.add("backchannel_custom_authenticator_id", "must be the identifier of an authenticator")
	}
}

// RefreshToken says whether a refresh token changes with each use, and for how
// many seconds the one before still holds.
type RefreshToken struct {
	RotationType string `json:"rotation_type"` // STATIC or ROTATE
	Leeway       *int   `json:"leeway,omitempty"`
}

// IDPInitiated says how a sign-in is begun on our side.
type IDPInitiated struct {
	Mode         string   `json:"mode"` // DISABLED, SPEC or OKTA
	DefaultScope []string `json:"default_scope"`
}

// Bounds on clients. (management reference: OIDC specifics)
const (
	maxURIs       = 250
	maxURI        = 1024 // bytes
	maxLeeway     = 60
	defaultLeeway = 30
	minClientID   = 6
	maxClientID   = 100
	minSecret     = 14
	maxSecret     = 100
	minSecretJWT  = 32 // an HMAC key of 256 bits (RFC 7518 section 3.2)
)

// typeRule is what a kind of client may and must have.
type typeRule struct {
	grants   []string // may
	must     []string // needs one of
	fallback string   // authentication method
}

func ruleOf(applicationType string) (typeRule, bool) {
	extended := []string{
		grantIdX, grantDevice, grantExchange, grantJWT, grantSAML, grantBackground, "urn:okta:params:oauth:grant-type:otp",
		"urn:okta:params:oauth:grant-type:oob", "http://auth0.com/oauth/grant-type/mfa-otp", "http://auth0.com/oauth/grant-type/mfa-oob",
		"urn:okta:params:oauth:grant-type:mfa-webauthn",
	}
	switch applicationType {
	case ClientWeb:
		return typeRule{append(extended, grantCode, grantImplicit, grantRefresh, grantClient, grantPassword), []string{grantCode, grantImplicit, grantIdX}, AuthBasic}, true
	case ClientNative:
		return typeRule{append(extended, grantCode, grantImplicit, grantRefresh, grantPassword), []string{grantCode, grantIdX}, AuthBasic}, true
	case ClientBrowser:
		return typeRule{append(extended, grantCode, grantImplicit, grantRefresh), []string{grantCode, grantImplicit, grantIdX}, AuthNone}, true
	case ClientService:
		return typeRule{[]string{grantClient, grantExchange, grantJWT, grantSAML}, []string{grantClient}, AuthBasic}, true
	}
	return typeRule{}, false
}

// completeClient fills in and checks the settings of a client and how it proves
// who it is. before is nil for a new one.
func completeClient(a *App, in *Input, before *App, f *faults) error {
	c := &OAuthClient{
		ApplicationType: ClientWeb, ConsentMethod: "TRUSTED", IssuerMode: "ORG_URL", WildcardRedirect: "DISABLED",
		IDPInitiated: IDPInitiated{Mode: "DISABLED"},
	}
	var said struct {
		ParticipateSLO *bool `json:"participate_slo"`
		unbuilt
	}
	if in.Settings != nil && given(in.Settings.OAuthClient) {
		if err := errors.Join(json.Unmarshal(in.Settings.OAuthClient, c), json.Unmarshal(in.Settings.OAuthClient, &said)); err != nil {
			return malformed("settings.oauthClient", err)
		}
	}
	if said.ParticipateSLO == nil {
		// Registration by the protocol knows the address alone.
		c.ParticipateSLO = c.FrontLogoutURI != "" && c.viewed()
	}
	if before != nil && before.Details.OAuthClient.ApplicationType != c.ApplicationType {
		return &idp.Error{Kind: idp.KindImmutable, Object: "application_type"}
	}
	rule, known := ruleOf(c.ApplicationType)
	if !known {
		f.add("application_type", "must be one of web, native, browser, service")
		return nil
	}
	creds, err := completeClientProof(a, in, before, c, rule, f)
	if err != nil {
		return err
	}
	a.Details.Credentials.OAuth = creds
	c.tidy()
	c.checkGrants(rule, f)
	c.checkURIs(f)
	c.checkChoices(f)
	said.check(f)
	c.backchannel.complete(slices.Contains(c.GrantTypes, grantBackground), f)
	if c.JWKS != nil {
		c.JWKS.complete(before, f)
	}
	if creds.AuthMethod == AuthPrivateJWT && c.JWKS == nil && c.JWKSURI == "" {
		f.add("jwks", "'jwks' or 'jwks_uri' is needed with the token endpoint authentication method 'private_key_jwt'")
	}
	a.Details.OAuthClient = c
	return nil
}

// completeClientProof settles how the client proves who it is.
func completeClientProof(a *App, in *Input, before *App, c *OAuthClient, rule typeRule, f *faults) (*OAuthCredentials, error) {
	creds := &OAuthCredentials{AutoKeyRotation: true, AuthMethod: rule.fallback}
	pkce := (*bool)(nil)
	if before != nil {
		creds.AuthMethod = before.Details.Credentials.OAuth.AuthMethod
	}
	if in.Credentials != nil && in.Credentials.OAuthClient != nil {
		o := in.Credentials.OAuthClient
		if o.AutoKeyRotation != nil {
			creds.AutoKeyRotation = *o.AutoKeyRotation
		}
		if o.AuthMethod != "" {
			creds.AuthMethod = o.AuthMethod
		}
		pkce = o.PKCERequired
		if err := chooseClientID(a, o.ClientID, before, f); err != nil {
			return nil, err
		}
		if s := o.ClientSecret; s != "" {
			if fault := secretFault(s, creds.AuthMethod); fault != "" {
				f.add("client_secret", fault)
			}
			a.ClientSecret = s
		}
	}
	oneOf(f, "token_endpoint_auth_method", creds.AuthMethod, AuthNone, AuthBasic, AuthPost, AuthSecretJWT, AuthPrivateJWT)
	if creds.AuthMethod == AuthNone && c.ApplicationType == ClientService {
		f.add("token_endpoint_auth_method", "'none' is not allowed for the application type 'service'")
	}
	creds.PKCERequired = c.ApplicationType == ClientNative || c.ApplicationType == ClientBrowser || creds.AuthMethod == AuthNone
	if pkce != nil {
		creds.PKCERequired = *pkce
	}
	if !creds.PKCERequired && creds.AuthMethod == AuthNone {
		f.add("pkce_required", "''pkce_required'' must be set to true when ''token_endpoint_auth_method'' is ''none''")
	}
	return creds, nil
}

func chooseClientID(a *App, id string, before *App, f *faults) error {
	switch {
	case id == "":
	case before != nil && id != before.ClientID:
		return &idp.Error{Kind: idp.KindImmutable, Object: "client_id"}
	case before == nil && (len(id) < minClientID || len(id) > maxClientID || !clientIDText(id)):
		f.add("client_id", "must have 6 to 100 letters, digits and the characters $-_.+!*'(),")
	case before == nil && id == reservedClientID:
		f.add("client_id", "is a reserved word")
	default:
		a.ClientID = id
	}
	return nil
}

// reservedClientID stands for all clients in policies.
const reservedClientID = "ALL_CLIENTS"

// clientIDText tells whether text has only characters of client identifiers.
// (spec: management-extra ApplicationCredentialsOAuthClient.client_id)
func clientIDText(s string) bool {
	return strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789$-_.+!*'(),") == ""
}

func printable(s string) bool {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] > 0x7e {
			return false
		}
	}
	return true
}

// NeedsSecret tells whether the client proves itself by a secret.
func (c OAuthCredentials) NeedsSecret() bool {
	return c.AuthMethod != AuthNone && c.AuthMethod != AuthPrivateJWT
}

// tidy fills in what depends on other members.
func (c *OAuthClient) tidy() {
	if len(c.GrantTypes) == 0 {
		c.GrantTypes = []string{grantCode}
		if c.ApplicationType == ClientService {
			c.GrantTypes = []string{grantClient}
		}
	}
	if len(c.ResponseTypes) == 0 {
		c.ResponseTypes = c.impliedResponses()
	}
	if c.RedirectURIs == nil {
		c.RedirectURIs = []string{}
	}
	if c.IDPInitiated.DefaultScope == nil {
		c.IDPInitiated.DefaultScope = []string{}
	}
	for _, p := range []**string{&c.ClientURI, &c.LogoURI} {
		if *p != nil && **p == "" {
			*p = nil
		}
	}
	if c.JWKS != nil && len(c.JWKS.Keys) == 0 {
		c.JWKS = nil
	}
	if c.ParticipateSLO && c.FrontLogoutSID == nil {
		c.FrontLogoutSID = new(bool)
	}
	if !slices.Contains(c.GrantTypes, grantRefresh) {
		c.Refresh = nil
		return
	}
	if c.Refresh == nil {
		c.Refresh = &RefreshToken{}
	}
	if c.Refresh.RotationType == "" {
		c.Refresh.RotationType = "STATIC"
		if c.ApplicationType == ClientBrowser {
			c.Refresh.RotationType = "ROTATE"
		}
	}
	if c.Refresh.RotationType == "STATIC" {
		c.Refresh.Leeway = nil
	} else if c.Refresh.Leeway == nil {
		leeway := defaultLeeway
		c.Refresh.Leeway = &leeway
	}
}

func (c *OAuthClient) impliedResponses() []string {
	var out []string
	if slices.Contains(c.GrantTypes, grantCode) || slices.Contains(c.GrantTypes, grantIdX) {
		out = append(out, "code")
	}
	if slices.Contains(c.GrantTypes, grantImplicit) {
		out = append(out, "token", "id_token")
	}
	if len(out) == 0 {
		out = append(out, "token")
	}
	return out
}

func (c *OAuthClient) checkGrants(rule typeRule, f *faults) {
	for _, g := range c.GrantTypes {
		if !slices.Contains(rule.grants, g) {
			f.add("grant_types", "'"+g+"' is not allowed for the application type '"+c.ApplicationType+"'")
		}
	}
	has := func(g string) bool { return slices.Contains(c.GrantTypes, g) }
	if !slices.ContainsFunc(rule.must, has) {
		f.add("grant_types", "one of "+strings.Join(rule.must, ", ")+" is needed for the application type '"+c.ApplicationType+"'")
	}
	for _, r := range c.ResponseTypes {
		switch r {
		case "code":
			if !has(grantCode) && !has(grantIdX) {
				f.add("response_types", "'code' needs the grant type 'authorization_code'")
			}
		case "token", "id_token":
			if !has(grantImplicit) && !(r == "token" && has(grantClient)) {
				f.add("response_types", "'"+r+"' needs the grant type 'implicit'")
			}
		default:
			f.add("response_types", "must be of code, token, id_token")
		}
	}
	if has(grantCode) && !slices.Contains(c.ResponseTypes, "code") {
		f.add("grant_types", "'authorization_code' needs the response type 'code'")
	}
	if has(grantImplicit) && !slices.Contains(c.ResponseTypes, "token") && !slices.Contains(c.ResponseTypes, "id_token") {
		f.add("grant_types", "'implicit' needs the response type 'token' or 'id_token'")
	}
	if c.Refresh != nil {
		oneOf(f, "rotation_type", c.Refresh.RotationType, "STATIC", "ROTATE")
		if l := c.Refresh.Leeway; l != nil && (*l < 0 || *l > maxLeeway) {
			f.add("leeway", "must be between 0 and 60")
		}
	}
}

func (c *OAuthClient) checkURIs(f *faults) {
	redirects := slices.Contains(c.GrantTypes, grantCode) || slices.Contains(c.GrantTypes, grantImplicit)
	if redirects && len(c.RedirectURIs) == 0 {
		f.blank("redirect_uris")
	}
	if len(c.RedirectURIs) > maxURIs || len(c.LogoutURIs) > maxURIs {
		f.add("redirect_uris", "too many")
		return
	}
	wild := c.WildcardRedirect == "SUBDOMAIN"
	for _, u := range c.RedirectURIs {
		if !redirectURI(u, wild) {
			f.add("redirect_uris", "'"+u+"' is not an absolute address without a fragment")
		}
	}
	for _, u := range c.LogoutURIs {
		if !redirectURI(u, wild) {
			f.add("post_logout_redirect_uris", "'"+u+"' is not an absolute address without a fragment")
		}
	}
	for _, m := range []struct{ name, value string }{
		{"client_uri", deref(c.ClientURI)},
		{"logo_uri", deref(c.LogoURI)},
		{"initiate_login_uri", c.InitiateLoginURI},
		{"jwks_uri", c.JWKSURI},
		{"tos_uri", c.TermsURI},
		{"policy_uri", c.PolicyURI},
		{"frontchannel_logout_uri", c.FrontLogoutURI},
		{"backchannel_logout_uri", c.BackLogoutURI},
	} {
		if m.value != "" && (!webAddress(m.value) || len(m.value) > maxURI) {
			f.add(m.name, "Does not match required pattern")
		}
	}
}

func (c *OAuthClient) checkChoices(f *faults) {
	oneOf(f, "consent_method", c.ConsentMethod, "TRUSTED", "REQUIRED")
	oneOf(f, "issuer_mode", c.IssuerMode, "ORG_URL", "CUSTOM_URL", "DYNAMIC")
	oneOf(f, "wildcard_redirect", c.WildcardRedirect, "DISABLED", "SUBDOMAIN")
	if c.Network != nil {
		oneOf(f, "network.connection", c.Network.Connection, "ANYWHERE")
	}
	switch {
	case c.ParticipateSLO && !c.viewed():
		f.add("participate_slo", "needs the application type 'web' or 'browser'")
	case c.ParticipateSLO && c.FrontLogoutURI == "":
		f.blank("frontchannel_logout_uri")
	}
	oneOf(f, "mode", c.IDPInitiated.Mode, "DISABLED", "SPEC", "OKTA")
	if c.IDPInitiated.Mode == "SPEC" && c.InitiateLoginURI == "" {
		f.blank("initiate_login_uri")
	}
}

// viewed tells whether the client is one that people use in a browser.
func (c *OAuthClient) viewed() bool {
	return c.ApplicationType == ClientWeb || c.ApplicationType == ClientBrowser
}

func deref(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}

// redirectURI tells whether users may be sent to an address: absolute, without
// a fragment (RFC 6749 section 3.1.2), of any scheme but those that run what
// they hold. wild allows one "*" at the beginning of the host, on https.
func redirectURI(text string, wild bool) bool {
	if text == "" || len(text) > maxURI || !utf8.ValidString(text) || strings.ContainsAny(text, "# \t\r\n\x00\"<>\\") {
		return false
	}
	if strings.Contains(text, "*") {
		rest, cut := strings.CutPrefix(text, "https://*.")
		if !wild || !cut || strings.Contains(rest, "*") || strings.Count(rest, ".") < 1 {
			return false
		}
		text = "https://" + rest
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme == "" || slices.Contains([]string{"javascript", "data", "vbscript", "file", "blob"}, strings.ToLower(u.Scheme)) {
		return false
	}
	if u.Scheme == "http" || u.Scheme == "https" {
		return u.Host != ""
	}
	return u.Host != "" || u.Path != "" || u.Opaque != ""
}
