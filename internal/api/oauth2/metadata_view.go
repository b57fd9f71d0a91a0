package oauth2

import (
	"slices"

	"usher/internal/idp"
	"usher/internal/keys"
	"usher/internal/oauth"
)

// metadataView is what a server says about itself, in the order of members that
// the service has (recorded answers). (spec: oauth2 OAuthMetadata, OidcMetadata)
type metadataView struct {
	Issuer                string   `json:"issuer"`
	Authorize             string   `json:"authorization_endpoint"`
	Token                 string   `json:"token_endpoint"`
	UserInfo              string   `json:"userinfo_endpoint,omitempty"`
	Register              string   `json:"registration_endpoint"`
	Keys                  string   `json:"jwks_uri,omitempty"`
	ResponseTypes         []string `json:"response_types_supported"`
	ResponseModes         []string `json:"response_modes_supported"`
	GrantTypes            []string `json:"grant_types_supported"`
	SubjectTypes          []string `json:"subject_types_supported"`
	IDTokenAlgs           []string `json:"id_token_signing_alg_values_supported,omitempty"`
	Scopes                []string `json:"scopes_supported"`
	TokenAuth             []string `json:"token_endpoint_auth_methods_supported"`
	Claims                []string `json:"claims_supported"`
	Challenges            []string `json:"code_challenge_methods_supported"`
	Introspect            string   `json:"introspection_endpoint"`
	IntrospectAuth        []string `json:"introspection_endpoint_auth_methods_supported"`
	Revoke                string   `json:"revocation_endpoint"`
	RevokeAuth            []string `json:"revocation_endpoint_auth_methods_supported"`
	EndSession            string   `json:"end_session_endpoint"`
	RequestParameter      bool     `json:"request_parameter_supported"`
	RequestAlgs           []string `json:"request_object_signing_alg_values_supported"`
	Device                string   `json:"device_authorization_endpoint"`
	PAR                   string   `json:"pushed_authorization_request_endpoint"`
	BackEndpoint          string   `json:"backchannel_authentication_endpoint"`
	BackModes             []string `json:"backchannel_token_delivery_modes_supported"`
	BackAlgs              []string `json:"backchannel_authentication_request_signing_alg_values_supported"`
	DPoPAlgs              []string `json:"dpop_signing_alg_values_supported"`
	FrontLogout           bool     `json:"frontchannel_logout_supported"`
	FrontLogoutSession    bool     `json:"frontchannel_logout_session_supported"`
	BackLogout            bool     `json:"backchannel_logout_supported"`
	BackLogoutSession     bool     `json:"backchannel_logout_session_supported"`
	RequestURI            *bool    `json:"request_uri_parameter_supported,omitempty"`
	IdentityChainingTypes []string `json:"identity_chaining_requested_token_types_supported,omitempty"`
}

// describe composes the document of a server: for OpenID Connect, or for OAuth
// alone. The organisation's own server leaves its keys out of the latter, and
// names the scopes of the management interface there (recorded answers).
func describe(org *idp.Org, v *oauth.Server, openID bool, grants []string) *metadataView {
	out := &metadataView{
		Issuer: v.Issuer(org), Authorize: v.Endpoint(org, "authorize"), Token: v.Endpoint(org, "token"),
		Register: org.BaseURL + "/oauth2/v1/clients", Keys: v.Endpoint(org, "keys"),
		ResponseTypes: []string{"code", "token", "id_token", "code id_token", "code token", "id_token token", "code id_token token"},
		ResponseModes: []string{"query", "fragment", "form_post", "okta_post_message"},
		GrantTypes:    grantTypes(grants, v.Own() && !openID), SubjectTypes: []string{"public"}, Scopes: publishedScopes(v, openID), TokenAuth: authMethods(),
		Claims:     []string{"ver", "jti", "iss", "aud", "iat", "exp", "cid", "uid", "scp", "sub"},
		Challenges: []string{"S256"}, Introspect: v.Endpoint(org, "introspect"), IntrospectAuth: authMethods(),
		Revoke: v.Endpoint(org, "revoke"), RevokeAuth: authMethods(), EndSession: v.Endpoint(org, "logout"), RequestParameter: true,
		RequestAlgs: []string{"HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "ES256", "ES384", "ES512"},
		Device:      v.Endpoint(org, "device/authorize"), PAR: v.Endpoint(org, "par"),
		BackEndpoint: v.Endpoint(org, "bc/authorize"), BackModes: []string{"poll"},
		BackAlgs:    []string{"HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "ES256", "ES384", "ES512"},
		DPoPAlgs:    []string{"RS256", "RS384", "RS512", "ES256", "ES384", "ES512"},
		FrontLogout: true, FrontLogoutSession: true, BackLogout: true, BackLogoutSession: true,
	}
	wanted := oauth.ClaimResource
	switch {
	case openID:
		wanted = oauth.ClaimIdentity
		out.ResponseTypes = slices.DeleteFunc(out.ResponseTypes, func(name string) bool { return name == "token" })
		// Left out it would stand for true. (OpenID Connect Discovery section 3)
		out.RequestURI = new(bool)
		out.UserInfo, out.IDTokenAlgs, out.Claims = v.Endpoint(org, "userinfo"), idTokenAlgs(v), openIDClaims()
	case v.Own():
		out.Keys = ""
		out.IdentityChainingTypes = []string{"urn:ietf:params:oauth:token-type:id-jag"}
	}
	for _, c := range v.Claims {
		if c.Type == wanted && c.Status == oauth.Active && !c.System {
			out.Claims = append(out.Claims, c.Name)
		}
	}
	return out
}

// idTokenAlgs are the algorithms by which ID tokens are signed. RS256 is always
// among them. (OpenID Connect Discovery section 3)
func idTokenAlgs(v *oauth.Server) []string {
	if v.Alg == keys.RS256 {
		return []string{string(keys.RS256)}
	}
	return []string{string(v.Alg), string(keys.RS256)}
}

// publishedScopes are the names of the scopes that a server shows.
func publishedScopes(v *oauth.Server, openID bool) []string {
	if v.Own() {
		own := []string{
			oauth.ScopeOpenID, oauth.ScopeEmail, oauth.ScopeProfile, oauth.ScopeAddress, oauth.ScopePhone, oauth.ScopeOffline, oauth.ScopeGroups,
		}
		if openID {
			return own
		}
		return append(oauth.ManagementScopes(), own...)
	}
	out := []string{}
	for _, s := range v.Scopes {
		if s.Publish == oauth.PublishAll {
			out = append(out, s.Name)
		}
	}
	return out
}

func authMethods() []string {
	return []string{"client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt", "none"}
}

// recordedGrants are those that the service lists, in its order (recorded
// answers).
func recordedGrants() []string {
	return []string{
		oauth.GrantCode, oauth.GrantImplicit, oauth.GrantRefresh, oauth.GrantPassword, oauth.GrantClient, oauth.GrantDevice,
		"urn:okta:params:oauth:grant-type:otp", oauth.GrantMFAOTP, "urn:okta:params:oauth:grant-type:oob", oauth.GrantMFAOOB, oauth.GrantExchange,
	}
}

// grantTypes lists the grant types that are given, which are those of the token
// endpoint and what the authorization endpoint gives at once. The one document
// that is recorded lists the service's all the same.
func grantTypes(given []string, recorded bool) []string {
	out := slices.DeleteFunc(recordedGrants(), func(name string) bool {
		return !recorded && name != oauth.GrantImplicit && !slices.Contains(given, name)
	})
	for _, name := range given {
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

// openIDClaims are the claims of ID tokens and of the user info.
func openIDClaims() []string {
	return []string{
		"iss", "ver", "sub", "aud", "iat", "exp", "jti", "auth_time", "amr", "idp", "nonce", "name", "nickname", "preferred_username",
		"given_name", "middle_name", "family_name", "email", "email_verified", "profile", "zoneinfo", "locale", "address", "phone_number",
		"updated_at", "at_hash", "c_hash", "acr", "sid",
	}
}
