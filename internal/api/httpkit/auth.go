package httpkit

import (
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
	case strings.EqualFold(scheme, "Bearer") && op.Auth != openapi.AuthSession:
		return rt.byBearer(r, secret)
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

func (rt *Router) byBearer(r *Request, secret string) error {
	if rt.cfg.Bearer == nil {
		return idp.Fail(idp.KindBadToken)
	}
	actor, err := rt.cfg.Bearer(r.Context(), r.Org, strings.TrimSpace(secret))
	if err != nil {
		return err
	}
	actor.Org, actor.Client = r.Org, r.client
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
	if op.Auth == openapi.AuthNone || op.Auth == openapi.AuthSession || r.Actor.Has(idp.RoleSuperAdmin) {
		return nil
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

// OnSelf tells whether the path's {userId} is the caller.
func (r *Request) OnSelf() bool {
	id := r.Param("userId")
	return r.Actor.Kind == idp.ActorUser && (id == "me" || id == r.Actor.UserID || strings.EqualFold(id, r.Actor.Login))
}
