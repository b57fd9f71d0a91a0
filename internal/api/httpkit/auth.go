package httpkit

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"usher/internal/idp"
	"usher/openapi"
)

// The cookies that hold a session's secret: the classic one and that of the
// Identity Engine. Both name the same sessions.
const (
	CookieSession = "sid"
	CookieIdX     = "idx"
)

// maxSecret bounds what is taken for a token or session secret.
const maxSecret = 4096

// authenticate proves the caller as far as the operation wants it.
func (rt *Router) authenticate(op *openapi.Operation, r *Request) error {
	scheme, secret, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	switch {
	case len(secret) > maxSecret:
		return idp.Fail(idp.KindBadToken)
	case strings.EqualFold(scheme, "SSWS") && op.Auth != openapi.AuthSession:
		return rt.byToken(r, secret)
	case op.Auth == openapi.AuthNone:
		return nil
	case bearerScheme(scheme) && op.Auth != openapi.AuthSession:
		return rt.byBearer(op, r)
	case op.Auth == openapi.AuthToken:
		return idp.Fail(idp.KindNoCredentials)
	}
	return r.AuthenticateSession()
}

func (rt *Router) byToken(r *Request, secret string) error {
	actor, err := rt.cfg.Token(r.Context(), r.Org, strings.TrimSpace(secret))
	if err != nil {
		return err
	}
	actor.Org, actor.Client = r.Org, r.client
	r.Actor = actor
	return nil
}

// Bearer is an access token that a request carries. (RFC 6750 section 2.1, RFC
// 9449 section 7.1)
type Bearer struct {
	Token  string
	Bound  bool   // the scheme says that it is bound to a key
	Proof  string // that the caller has the key, empty for none
	Method string
	URL    string // that the caller called, without query
}

func bearerScheme(scheme string) bool {
	return strings.EqualFold(scheme, "Bearer") || strings.EqualFold(scheme, "DPoP")
}

// BearerOf is the access token of the request's header; Token is empty where
// there is none.
func (r *Request) BearerOf() Bearer {
	scheme, secret, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !bearerScheme(scheme) || len(secret) > maxSecret {
		return Bearer{}
	}
	return Bearer{
		Token: strings.TrimSpace(secret), Bound: strings.EqualFold(scheme, "DPoP"), Proof: strings.Join(r.Header.Values("DPoP"), ","),
		Method: r.Method, URL: r.Link(r.URL.Path),
	}
}

// ProofError is what is wrong with the proof of the key that an access token is
// bound to. (RFC 9449 section 7.1)
type ProofError struct {
	Code, Text string
	Bound      bool // the request says that the token is bound
}

// Error implements error.
func (e *ProofError) Error() string { return e.Code + ": " + e.Text }

// challenge is the answer to it. The service has no body there, which its own
// SDKs cannot tell from a broken answer; the header is the same. (recorded answers)
func (e *ProofError) challenge(op *openapi.Operation, r *Request) error {
	scheme := "Bearer "
	if e.Bound {
		scheme = `DPoP algs="RS256 RS384 RS512 ES256 ES384 ES512", `
	}
	return &StatusError{
		Status: http.StatusBadRequest, Code: "E0000011", Summary: "Invalid token provided", Causes: []string{e.Text},
		Header: http.Header{"Www-Authenticate": {scheme + r.challenge(op, e.Code, e.Text)}},
	}
}

// challenge are the parameters of a challenge about an access token. Clients
// take the header apart as it is written here. (management reference:
// authentication of requests; recorded answers)
func (r *Request) challenge(op *openapi.Operation, code, text string) string {
	base := r.Org.BaseURL
	return `authorization_uri="` + base + `/oauth2/v1/authorize", realm="` + base + `", scope="` + strings.Join(op.Scopes, " ") + `", error="` + code +
		`", error_description="` + text + `", resource="` + r.URL.EscapedPath() + `"`
}

func (rt *Router) byBearer(op *openapi.Operation, r *Request) error {
	if rt.cfg.Bearer == nil {
		return idp.Fail(idp.KindBadToken)
	}
	actor, err := rt.cfg.Bearer(r.Context(), r.Org, r.BearerOf())
	if e, ok := errors.AsType[*ProofError](err); ok {
		return e.challenge(op, r)
	}
	if err != nil {
		return err
	}
	actor.Org, actor.Client = r.Org, r.client
	if actor.Scopes == nil {
		actor.Scopes = []string{}
	}
	r.Actor = actor
	return nil
}

// AuthenticateSession proves the caller by the session cookie, else
// KindNoCredentials. The newer cookie is looked at only when the classic one
// does not hold.
func (r *Request) AuthenticateSession() error {
	for _, name := range []string{CookieSession, CookieIdX} {
		secret := r.Cookie(name)
		if secret == "" || len(secret) > maxSecret {
			continue
		}
		actor, session, err := r.router.cfg.Session(r.Context(), r.Org, secret)
		if idp.KindOf(err) == idp.KindNoCredentials {
			continue
		}
		if err != nil {
			return err
		}
		actor.Org, actor.Client = r.Org, r.client
		r.Actor, r.Session, r.SessionSecret = actor, session, secret
		return nil
	}
	return idp.Fail(idp.KindNoCredentials)
}

// authorize is the coarse check: may a caller with these roles call this
// operation at all? Services check the targets.
func authorize(op *openapi.Operation, r *Request) error {
	if op.Auth == openapi.AuthNone || op.Auth == openapi.AuthSession {
		return nil
	}
	if err := checkScopes(op, r); err != nil || r.Actor.Has(idp.RoleSuperAdmin) {
		return err
	}
	// Services see the roles that allow this operation alone: what another role
	// is limited to is no matter here.
	var held []idp.RoleType
	for _, role := range op.Roles {
		if r.Actor.Has(idp.RoleType(role)) {
			held = append(held, idp.RoleType(role))
		}
	}
	r.Actor.Roles = held
	if len(held) > 0 {
		return nil
	}
	if slices.Contains(op.Roles, openapi.RoleSelf) && r.OnSelf() {
		return nil
	}
	return idp.Fail(idp.KindForbidden)
}

// checkScopes asks an access token for one of the scopes that open an operation.
func checkScopes(op *openapi.Operation, r *Request) error {
	if r.Actor.Scopes == nil || slices.ContainsFunc(op.Scopes, func(s string) bool { return slices.Contains(r.Actor.Scopes, s) }) {
		return nil
	}
	return &StatusError{
		Status: http.StatusForbidden, Code: "E0000006", Summary: "You do not have permission to perform the requested action",
		Header: http.Header{"Www-Authenticate": {"Bearer " + r.challenge(op, "insufficient_scope", "The access token provided does not contain the required scopes.")}},
	}
}

// OnSelf tells whether the path's {userId} is the caller.
func (r *Request) OnSelf() bool {
	id := r.Param("userId")
	return r.Actor.Kind == idp.ActorUser && (id == "me" || id == r.Actor.UserID || strings.EqualFold(id, r.Actor.Login))
}
