package oauth

import (
	"context"
	"slices"
	"strings"
	"time"

	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/signin"
	"usher/internal/store"
)

// Outcome is what comes of an authorization request: an *Answer, a SignIn or an
// AskConsent. The set is closed.
//
//sumtype:decl
type Outcome interface{ outcome() }

// SignIn sends the browser to the sign-in page; it comes back with Key.
type SignIn struct {
	Key   string
	Login string // to offer
	// Again tells that whoever is signed in has to prove it anew.
	Again bool
	// Levels are those of which the user has to reach one; none for any.
	Levels []signin.Level
}

// AskConsent asks the user whether the client may have scopes.
type AskConsent struct {
	Key    string
	Client *Client
	Scopes []*Scope
	// Redirect is where the answer will go.
	Redirect string
}

func (*Answer) outcome()    {}
func (SignIn) outcome()     {}
func (AskConsent) outcome() {}

// Life times of what is handed out at the authorization endpoint.
// (spec: oauth2#authorize)
const (
	codeLife    = 5 * time.Minute
	requestLife = time.Hour
)

// Resume reads a request that waits, by its key. It fails with a Fault for one
// that is unknown, over, or too old.
func (p *Provider) Resume(ctx context.Context, a idp.Actor, key string) (*Authorization, error) {
	q := new(Authorization)
	t, err := readTicket(p.Store.Read(ctx), a.OrgID(), ticketRequest, key, q)
	if err != nil {
		return nil, err
	}
	if t == nil || !t.Used.IsZero() {
		return nil, fault(InvalidRequest, "The request has expired or was answered already.")
	}
	q.ticket = key
	if q.server, err = p.serving(ctx, a, q.ServerID); err != nil {
		return nil, err
	}
	q.client, err = p.client(ctx, a, q.ClientID)
	return q, err
}

// wait keeps a request until the browser comes back, and returns its key.
func (p *Provider) wait(ctx context.Context, a idp.Actor, q *Authorization) (string, error) {
	if q.ticket != "" {
		return q.ticket, nil
	}
	err := p.Store.Write(ctx, func(tx *store.Tx) error {
		var err error
		q.ticket, err = p.newTicket(tx, a.OrgID(), ticketRequest, "", q.ClientID, "", requestLife, q)
		return err
	})
	return q.ticket, err
}

// Authorize tells what comes of a request of a browser that has this session,
// nil for none. It fails with a Refusal.
func (p *Provider) Authorize(ctx context.Context, a idp.Actor, q *Authorization, v *idp.Session) (Outcome, error) {
	why, met, err := p.lacks(ctx, a, q, v)
	if err != nil {
		return nil, err
	}
	if why != nil {
		switch {
		case q.gaveUp:
			return nil, &Refusal{Request: q, Fault: unmet()}
		case q.prompts(promptNone), v != nil && why.again && q.renewed(v):
			return nil, &Refusal{Request: q, Fault: why.fault}
		}
		key, err := p.wait(ctx, a, q)
		if err != nil {
			return nil, err
		}
		return SignIn{Key: key, Login: q.LoginHint, Again: v != nil && why.again, Levels: q.levels()}, nil
	}
	q.met = met
	missing, err := p.unconsented(ctx, q, v.UserID)
	if err != nil {
		return nil, err
	}
	if len(missing) > 0 {
		if q.prompts(promptNone) {
			return nil, q.refuse(fault(ConsentMissing, "The client specified not to prompt, but user consent is required."))
		}
		key, err := p.wait(ctx, a, q)
		if err != nil {
			return nil, err
		}
		return AskConsent{Key: key, Client: q.client, Scopes: missing, Redirect: q.Redirect}, nil
	}
	out, err := p.answerWith(ctx, a, q, v)
	if err != nil {
		return nil, q.refuse(err)
	}
	return out, nil
}

// authTime is when the user of a session proved something last.
func authTime(v *idp.Session) time.Time {
	out := v.Created
	if v.LastPassword.After(v.LastFactor) && !v.LastPassword.IsZero() {
		out = v.LastPassword
	} else if !v.LastFactor.IsZero() {
		out = v.LastFactor
	}
	return out
}

// renewed tells whether the session was proved after the request began.
func (q *Authorization) renewed(v *idp.Session) bool {
	return q.ticket != "" && !authTime(v).Before(q.Begun)
}

// answerWith hands out what a request asks for, in one transaction that asks the
// gate, the assignment and the policies, and then signs.
func (p *Provider) answerWith(ctx context.Context, a idp.Actor, q *Authorization, v *idp.Session) (*Answer, error) {
	c := &TokenCall{Actor: a, Server: q.server, Client: q.client, Key: q.Key}
	proof := Proof{Scopes: q.Scopes, Grant: GrantCode, AuthTime: authTime(v), AMR: v.AMR, SessionID: v.ID, Nonce: q.Nonce, ACR: q.met}
	if !q.asks(respondCode) {
		proof.Grant = GrantImplicit
		proof.Scopes = slices.DeleteFunc(slices.Clone(q.Scopes), func(name string) bool { return name == ScopeOffline })
	}
	out, i := q.answer(a.Org), &Issue{}
	err := p.Store.Tx(ctx, func(tx *store.Tx) error {
		if err := p.over(tx, a, q); err != nil {
			return err
		}
		e, err := p.entitle(tx, c, v.UserID, proof, signin.PathAuthorize)
		if FaultOf(err) != nil && isFault(err, InvalidGrant) {
			err = fault(AccessDenied, "The user may not be given a token now.")
		}
		if err != nil {
			return err
		}
		*i = Issue{call: c, user: e.user, assignment: e.assignment, life: e.life, proof: proof, access: q.asks(respondToken), id: q.asks(respondID)}
		i.name(p)
		return p.handOut(tx, q, i)
	})
	if err != nil {
		return nil, err
	}
	tokens, err := p.mint(ctx, a, i)
	if err != nil {
		return nil, err
	}
	if i.code != "" {
		out.Values.Set("code", i.code)
	}
	if i.access {
		out.Values.Set("access_token", tokens.Access)
		out.Values.Set("token_type", tokens.Type)
		out.Values.Set("expires_in", seconds(tokens.Expires))
		out.Values.Set("scope", strings.Join(tokens.Scopes, " "))
	}
	if i.id {
		out.Values.Set("id_token", tokens.ID)
	}
	return out, nil
}

// over ends a request that waited: it is answered once.
func (p *Provider) over(tx *store.Tx, a idp.Actor, q *Authorization) error {
	if q.ticket == "" {
		return nil
	}
	t, err := takeTicket(tx, a.OrgID(), ticketRequest, q.ticket, new(Authorization))
	if err == nil && t == nil {
		err = fault(InvalidRequest, "The request has expired or was answered already.")
	}
	return err
}

// handOut makes the code of an answer, and records what it holds.
func (p *Provider) handOut(tx *store.Tx, q *Authorization, i *Issue) error {
	c := i.call
	targets := []idp.Target{idp.UserTarget(i.user), c.Client.target()}
	if q.asks(respondCode) {
		var err error
		doc := codeDocument{Proof: i.proof, ServerID: q.ServerID, Redirect: q.Redirect, Challenge: q.Challenge, Key: q.Key}
		if i.code, err = p.newTicket(tx, c.Actor.OrgID(), ticketCode, "", c.Client.ID, i.user.ID, codeLife, doc); err != nil {
			return err
		}
		if err := p.note(tx, c.Actor, c.Server, "authorize.code", nil, targets...); err != nil {
			return err
		}
	}
	for _, what := range []struct {
		name  string
		given bool
	}{{"access_token", i.access}, {"id_token", i.id}} {
		if !what.given {
			continue
		}
		if err := p.note(tx, c.Actor, c.Server, "authorize.implicit."+what.name, nil, targets...); err != nil {
			return err
		}
	}
	if err := p.join(tx, i); err != nil {
		return err
	}
	return p.Log.Record(tx, c.Actor, eventlog.Entry{
		Type: eventlog.AppSignOn, Targets: []idp.Target{idp.AppTarget(&c.Client.App.App), idp.UserTarget(i.user)},
	})
}
