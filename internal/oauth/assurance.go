package oauth

import (
	"context"
	"slices"
	"time"

	"usher/internal/idp"
	"usher/internal/signin"
)

// Values of acr that are not about a level. (spec: oauth2 AcrValue)
const (
	acrAny      = "urn:okta:loa:1fa:any"
	acrPassword = "urn:okta:loa:1fa:pwd"
)

// amrPassword is the method of the password. (RFC 8176)
const amrPassword = "pwd"

// levelOf is what an acr value asks for beyond one factor; "" for a value that
// asks for one, or that nobody knows. (spec: oauth2 AcrValue)
func levelOf(acr string) signin.Level {
	switch acr {
	case "urn:okta:loa:2fa:any":
		return signin.LevelTwo
	case "urn:okta:loa:2fa:any:ifpossible":
		return signin.LevelTwoIfPossible
	case "phr":
		return signin.LevelResistant
	case "phrh":
		return signin.LevelHardware
	}
	return ""
}

// known are the acr values of the request that somebody knows; the others do not
// count.
func (q *Authorization) known() []string {
	var out []string
	for _, acr := range q.ACR {
		if acr == acrAny || acr == acrPassword || levelOf(acr) != "" {
			out = append(out, acr)
		}
	}
	return out
}

// levels are those of which a sign-in has to reach one for this request; none
// where one factor is enough.
func (q *Authorization) levels() []signin.Level {
	var out []signin.Level
	for _, acr := range q.known() {
		l := levelOf(acr)
		if l == "" {
			return nil
		}
		out = append(out, l)
	}
	return out
}

// textProveAgain is matched by clients.
const textProveAgain = "The client specified not to prompt, but the client app requires re-authentication or MFA."

// lack is what a request misses in a session.
type lack struct {
	fault *Fault
	// again tells that the user has to sign in anew; else a further factor is
	// missing.
	again bool
}

// lacks tells what a session is not that the request wants; nil when it is all
// of it, with the acr value that it meets, empty where none was asked for.
func (p *Provider) lacks(ctx context.Context, a idp.Actor, q *Authorization, v *idp.Session) (*lack, string, error) {
	login := func(text string) *lack { return &lack{&Fault{Code: LoginRequired, Text: text}, true} }
	switch {
	case v == nil:
		return login("The client specified not to prompt, but the user is not logged in."), "", nil
	case q.Subject != "" && q.Subject != v.UserID:
		return login("The user who is logged in is not the one whom the request is about."), "", nil
	case q.renewed(v):
	case q.prompts(promptLogin), q.MaxAge != nil && p.Clock.Now().Sub(authTime(v)) > time.Duration(*q.MaxAge)*time.Second:
		return login(textProveAgain), "", nil
	}
	if len(q.ACR) == 0 {
		return nil, "", nil
	}
	met, err := p.metACR(ctx, a, q, v)
	if err != nil || met != "" {
		return nil, met, err
	}
	more := login(textProveAgain)
	if more.again = len(q.levels()) == 0; q.renewed(v) {
		more.fault = unmet()
	}
	return more, "", nil
}

// metACR is the first of the requested acr values that a session meets, empty
// for none. Where nobody knows any of them, any session will do.
func (p *Provider) metACR(ctx context.Context, a idp.Actor, q *Authorization, v *idp.Session) (string, error) {
	known := q.known()
	if len(known) == 0 {
		return acrAny, nil
	}
	for _, acr := range known {
		l := levelOf(acr)
		switch {
		case acr == acrAny, acr == acrPassword && slices.Contains(v.AMR, amrPassword), l.Reached(v.AMR):
			return acr, nil
		case l == signin.LevelTwoIfPossible:
			more, err := p.askable(ctx, a, v.UserID)
			if err != nil {
				return "", err
			}
			if !more {
				return acr, nil
			}
		}
	}
	return "", nil
}

// askable tells whether a user has a further factor that may be asked for.
func (p *Provider) askable(ctx context.Context, a idp.Actor, userID string) (bool, error) {
	tx := p.Store.Read(ctx)
	u, err := p.Engine.Pass(tx, a.OrgID(), userID, signin.PathAuthorize)
	if idp.KindOf(err) == idp.KindUnauthenticated {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	held, err := p.Engine.Askable(tx, a, u, signin.PathAuthorize, false)
	return len(held) > 0, err
}

// GaveUp tells that the sign-in page has found that the user cannot prove as
// much as the request asks for.
func (q *Authorization) GaveUp() { q.gaveUp = true }

// unmet is what the client is told then. (OpenID Connect unmet authentication
// requirements 1.0)
func unmet() *Fault {
	return &Fault{Code: UnmetRequirements, Text: "The authentication does not meet the requested 'acr_values'."}
}
