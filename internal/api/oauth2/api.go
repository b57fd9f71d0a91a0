package oauth2

import (
	"net/http"
	"net/url"

	"usher/internal/api/httpkit"
	"usher/internal/oauth"
	"usher/openapi"
)

// Pages are the pages for people that this protocol leads to.
type Pages interface {
	// Refused tells what is wrong with a request that cannot be answered to the
	// client.
	Refused(r *httpkit.Request, status int, code, text string) error
	// Consent asks whether a client may have scopes. Its form goes to
	// /oauth2/v1/authorize/consent.
	Consent(r *httpkit.Request, ask oauth.AskConsent) error
	// AskCode asks for the code that a device shows; Device asks whether to let
	// that device in. Their forms go to /oauth2/v1/device/activate. Told ends the
	// matter.
	AskCode(r *httpkit.Request, code, problem string) error
	Device(r *httpkit.Request, ask *oauth.DeviceAsk) error
	Told(r *httpkit.Request, heading, text string) error
	// Leaving loads the addresses at which applications hear that the user has
	// signed out, and takes the browser on.
	Leaving(r *httpkit.Request, addresses []string, to string) error
	// Form reads the fields of a form that a page of our own has sent.
	Form(r *httpkit.Request) (url.Values, error)
	// WriteError answers with an error as a page.
	WriteError(r *httpkit.Request, err error)
}

// API serves the endpoints of the protocol. All members are required.
type API struct {
	Provider *oauth.Provider
	Pages    Pages
	// TokensChanged is called when API tokens have ended.
	TokensChanged func()
	// HandlePrefix begins the handles of the protocol that goes on with an
	// interaction.
	HandlePrefix string
}

// Mount registers the operations, and makes the errors of all of this document's
// operations, built or not, answers of this protocol.
func (a *API) Mount(r *httpkit.Router) {
	r.OnError(openapi.DocumentOAuth2, WriteError)
	// Whose pages may call here is for each client to say; the others are for
	// browsers that come from its pages. (spec: oauth2#tokenOptions, #parOptions,
	// #logoutWithPost)
	r.AnyOrigin(openapi.Token, openapi.TokenCustomAS, openapi.Par, openapi.ParCustomAS)
	r.AnySite(openapi.AuthorizeWithPost, openapi.AuthorizeCustomASWithPost, openapi.LogoutWithPost, openapi.LogoutCustomASWithPost)
	for _, id := range []openapi.ID{openapi.Authorize, openapi.AuthorizeWithPost, openapi.AuthorizeCustomAS, openapi.AuthorizeCustomASWithPost} {
		r.Op(id, a.authorize)
	}
	r.Page("oauth2.authorize.resume", openapi.BucketOAuth2Authorize, http.MethodGet, pathResume, a.Pages.WriteError, a.resume)
	r.Page("oauth2.authorize.consent", openapi.BucketOAuth2Authorize, http.MethodPost, pathConsent, a.Pages.WriteError, a.consent)
	r.Op(openapi.IdxDeviceActivationPage, a.showDevice)
	r.Page("oauth2.device.submit", openapi.BucketOAuth2Authorize, http.MethodPost, pathDeviceForm, a.Pages.WriteError, a.submitDevice)
	r.Op(openapi.GlobalTokenRevocation, a.signOutEverywhere)
	for _, o := range []struct {
		own, custom openapi.ID
		handler     httpkit.Handler
	}{
		{openapi.Token, openapi.TokenCustomAS, a.token},
		{openapi.Par, openapi.ParCustomAS, a.push},
		{openapi.DeviceAuthorize, openapi.DeviceAuthorizeCustomAS, a.startDevice},
		{openapi.BcAuthorize, openapi.BcAuthorizeCustomAS, a.startBackchannel},
		{openapi.Challenge, openapi.ChallengeCustomAs, a.challenge},
		{openapi.PrimaryAuthenticate, openapi.PrimaryAuthenticateCustomAs, a.primary("primary-authenticate")},
		{openapi.OobAuthenticate, openapi.OobAuthenticateCustomAs, a.primary("oob-authenticate")},
		{openapi.Interact, openapi.InteractCustomAS, a.interact},
		{openapi.Introspect, openapi.IntrospectCustomAS, a.introspect},
		{openapi.Revoke, openapi.RevokeCustomAS, a.revoke},
		{openapi.Userinfo, openapi.UserinfoCustomAS, a.userinfo},
		{openapi.UserinfoWithPost, openapi.UserinfoCustomASWithPost, a.userinfo},
		{openapi.Logout, openapi.LogoutCustomAS, a.logout},
		{openapi.LogoutWithPost, openapi.LogoutCustomASWithPost, a.logout},
	} {
		r.Op(o.own, o.handler)
		r.Op(o.custom, o.handler)
	}
}

// serverID is the authorization server that the path names, "" for the
// organisation's own.
func serverID(r *httpkit.Request) string { return r.Param("authorizationServerId") }
