package oauth2

import (
	"net/http"
	"strings"
	"time"

	"usher/internal/api/httpkit"
	"usher/internal/oauth"
)

// introspection is what is known of a token. (RFC 7662 section 2.2; spec: oauth2
// IntrospectionResponse)
type introspection struct {
	Active   bool              `json:"active"`
	Scope    string            `json:"scope,omitempty"`
	Username string            `json:"username,omitempty"`
	Expires  int64             `json:"exp,omitempty"`
	IssuedAt int64             `json:"iat,omitempty"`
	Subject  string            `json:"sub,omitempty"`
	Audience string            `json:"aud,omitempty"`
	Issuer   string            `json:"iss,omitempty"`
	ID       string            `json:"jti,omitempty"`
	Type     string            `json:"token_type,omitempty"`
	ClientID string            `json:"client_id,omitempty"`
	UserID   string            `json:"uid,omitempty"`
	Session  string            `json:"sid,omitempty"`
	Confirm  map[string]string `json:"cnf,omitempty"`
}

// input is a request of a client that has to prove itself.
func (a *API) input(r *httpkit.Request) (oauth.TokenRequestInput, error) {
	in, err := a.presented(r)
	return oauth.TokenRequestInput{ServerID: serverID(r), Basic: in.basic, Params: in.params, Proof: proof(r), Method: r.Method, Foreign: r.Foreign}, err
}

// introspect tells about a token. (spec: oauth2#introspect)
func (a *API) introspect(r *httpkit.Request) error {
	in, err := a.input(r)
	if err != nil {
		return err
	}
	t, err := a.Provider.Introspect(r.Context(), caller(r), in)
	if err != nil {
		return err
	}
	out := introspection{
		Active: t.Active, Scope: strings.Join(t.Scopes, " "), Username: t.Username, Subject: t.Subject, Audience: t.Audience, Issuer: t.Issuer,
		ID: t.ID, Type: t.Type, ClientID: t.ClientID, UserID: t.UserID, Session: t.SessionID, Expires: unix(t.Expires), IssuedAt: unix(t.IssuedAt),
	}
	if t.Confirmed != "" {
		out.Confirm = map[string]string{"jkt": t.Confirmed}
	}
	return r.OK(out)
}

func unix(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

// revoke ends a token. (spec: oauth2#revoke)
func (a *API) revoke(r *httpkit.Request) error {
	in, err := a.input(r)
	if err != nil {
		return err
	}
	if err := a.Provider.Revoke(r.Context(), caller(r), in); err != nil {
		return err
	}
	r.W.WriteHeader(http.StatusOK)
	return nil
}

// userinfo tells about the user of an access token. (spec: oauth2#userinfo)
func (a *API) userinfo(r *httpkit.Request) error {
	in, err := bearer(r)
	if err != nil {
		return err
	}
	out, err := a.Provider.UserInfo(r.Context(), caller(r), serverID(r), in)
	if err != nil {
		return err
	}
	return r.Object(out)
}

// bearer is the access token of a request: that of the header, or of the form
// that it posts, but not both. (RFC 6750 sections 2.1 and 2.2; OpenID Connect
// Core section 5.3.1)
func bearer(r *httpkit.Request) (oauth.BearerInput, error) {
	in := oauth.BearerInput(r.BearerOf())
	if r.Method != http.MethodPost || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		return in, nil
	}
	f, err := form(r)
	if err != nil {
		return in, err
	}
	switch list := f["access_token"]; {
	case len(list) == 0:
	case in.Token != "", len(list) > 1, r.Header.Get("Authorization") != "":
		return in, &oauth.Fault{Code: oauth.InvalidRequest, Text: "The access token must be given once."}
	default:
		in.Token = list[0]
	}
	return in, nil
}
