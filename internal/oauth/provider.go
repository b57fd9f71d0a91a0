package oauth

import (
	"context"
	"fmt"

	"usher/internal/env"
	"usher/internal/eventlog"
	"usher/internal/federation"
	"usher/internal/idp"
	"usher/internal/keys"
	"usher/internal/notify"
	"usher/internal/signin"
	"usher/internal/store"
)

// Provider answers what clients and browsers ask of authorization servers. All
// members but FetchKeys are required.
type Provider struct {
	*Service
	Rand   env.Rand
	Keeper *keys.Keeper
	Engine *signin.Engine
	Outbox *notify.Outbox
	// Federation knows the identity providers that may speak for users.
	Federation *federation.Service
	// EndTokens ends the tokens of a user that are not this package's.
	EndTokens func(tx *store.Tx, a idp.Actor, u *idp.User) error
	// Flows are the grant types of the token endpoint.
	Flows []Flow
	// FetchKeys reads the key set at a client's jwks_uri; without it such clients
	// cannot prove who they are.
	FetchKeys func(ctx context.Context, url string) ([]byte, error)

	fetched keySets
}

// Grants lists the grant types of the token endpoint.
func (p *Provider) Grants() []string {
	out := make([]string, 0, len(p.Flows))
	for _, f := range p.Flows {
		out = append(out, f.Name())
	}
	return out
}

// serving finds a server that is switched on, else a Fault.
func (p *Provider) serving(ctx context.Context, a idp.Actor, serverID string) (*Server, error) {
	v, err := p.Serving(ctx, a.Org, serverID)
	if err != nil {
		return nil, err
	}
	return v, nil
}

// event gives the name of an event, which tells the organisation's own server
// from the others. (spec: management#getLogs)
func (s *Server) event(rest string) idp.EventType {
	if s.Own() {
		return idp.EventType("app.oauth2." + rest)
	}
	return idp.EventType("app.oauth2.as." + rest)
}

// clientActor is a client as the one who acts.
func clientActor(a idp.Actor, c *Client) idp.Actor {
	return idp.Actor{Org: a.Org, Client: a.Client, Kind: idp.ActorClient, UserID: c.ID, Login: c.ID, Name: c.Label}
}

// entry is an event of a server, of a failure where there is a reason.
func (s *Server) entry(rest string, reason error, targets []idp.Target) eventlog.Entry {
	e := eventlog.Entry{Type: s.event(rest), Targets: targets}
	if reason != nil {
		e.Result, e.Reason = idp.ResultFailure, reason.Error()
		if f := FaultOf(reason); f != nil {
			e.Reason = string(f.Code)
		}
	}
	return e
}

// note records an event of a server, with the client and the user it is about.
func (p *Provider) note(tx *store.Tx, a idp.Actor, s *Server, rest string, reason error, targets ...idp.Target) error {
	e := s.entry(rest, reason, targets)
	if err := p.Log.Record(tx, a, e); err != nil {
		return fmt.Errorf("record %s: %w", e.Type, err)
	}
	return nil
}

// userOf reads a user and asks the gate whether a token may be given on a path.
// Whoever is gone, or may have none now, is no more than an InvalidGrant.
func (p *Provider) userOf(tx *store.Tx, a idp.Actor, userID string, path signin.Path) (*idp.User, error) {
	u, err := p.Engine.Pass(tx, a.OrgID(), userID, path)
	if idp.KindOf(err) == idp.KindUnauthenticated {
		return nil, fault(InvalidGrant, "The user may not be given a token now.")
	}
	return u, err
}
