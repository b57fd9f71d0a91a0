package oauth2

import (
	"net/http"
	"strings"
	"time"

	"usher/internal/api/httpkit"
	"usher/internal/idp"
	"usher/internal/oauth"
)

// tokens is the answer of the token endpoint. (RFC 6749 section 5.1; spec:
// oauth2 TokenResponse)
type tokens struct {
	Type         string `json:"token_type"`
	ExpiresIn    int    `json:"expires_in,omitempty"`
	Access       string `json:"access_token,omitempty"`
	Scope        string `json:"scope,omitempty"`
	Refresh      string `json:"refresh_token,omitempty"`
	ID           string `json:"id_token,omitempty"`
	DeviceSecret string `json:"device_secret,omitempty"`
	IssuedType   string `json:"issued_token_type,omitempty"`
}

func tokensOf(t *oauth.Tokens) tokens {
	return tokens{
		Type: t.Type, ExpiresIn: int(t.Expires / time.Second), Access: t.Access, Scope: strings.Join(t.Scopes, " "), Refresh: t.Refresh,
		ID: t.ID, DeviceSecret: t.DeviceSecret, IssuedType: t.IssuedType,
	}
}

// grantPassword is the grant that brings a password. (RFC 6749 section 4.3.2)
const grantPassword = "password"

// token trades a grant for tokens. (spec: oauth2#token, oauth2#tokenCustomAS)
func (a *API) token(r *httpkit.Request) error {
	in, err := a.input(r)
	if err != nil {
		return err
	}
	// A password is guessed here as well as on a sign-in page.
	if in.Params["grant_type"] == grantPassword {
		if err := r.Throttle(httpkit.ThrottleUsername, in.Params["username"]); err != nil {
			return err
		}
	}
	if token := in.Params["mfa_token"]; token != "" {
		if err := r.Throttle(httpkit.ThrottleState, token); err != nil {
			return err
		}
	}
	out, err := a.Provider.Token(r.Context(), caller(r), in)
	if err != nil {
		return err
	}
	return r.JSON(http.StatusOK, tokensOf(out))
}

// presented is what a client sends to an endpoint of its own.
type presented struct {
	basic  *oauth.Basic
	params oauth.Params
}

func (a *API) presented(r *httpkit.Request) (presented, error) {
	var out presented
	var err error
	if out.params, err = params(r); err != nil {
		return out, err
	}
	out.basic, err = basic(r)
	return out, err
}

// proof is the proof of possession that comes along, "" for none. Several are
// as none that holds.
func proof(r *httpkit.Request) string { return strings.Join(r.Header.Values("DPoP"), ",") }

// caller is who calls before a client has proved who it is. That somebody is
// signed in, or brings an API token, says nothing here.
func caller(r *httpkit.Request) idp.Actor {
	return idp.Actor{Org: r.Org, Kind: idp.ActorAnonymous, Client: r.Client()}
}
