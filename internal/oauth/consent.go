package oauth

import (
	"context"
	"slices"
	"strconv"
	"time"

	"usher/internal/idp"
	"usher/internal/store"
)

// unconsented are the scopes of a request for which the user has still to be
// asked. Whether that is so follows from the request, the client and the scope.
// (spec: management-extra OAuth2ScopeConsentType; the table of prompts)
func (p *Provider) unconsented(ctx context.Context, q *Authorization, userID string) ([]*Scope, error) {
	if q.Consented == userID {
		return nil, nil
	}
	must := q.prompts(promptConsent)
	if !must && q.client.Settings.ConsentMethod != "REQUIRED" {
		return nil, nil
	}
	var out []*Scope
	for _, name := range q.Scopes {
		if s := q.server.Scope(name); s != nil && s.Consent != ConsentImplicit {
			out = append(out, s)
		}
	}
	if len(out) == 0 || must {
		return out, nil
	}
	granted, err := p.Granted(ctx, q.server, q.ClientID, userID)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(out, func(s *Scope) bool { return slices.Contains(granted, s.Name) }), nil
}

// Agree keeps that the user of a session lets the client of a request that waits
// have the scopes for which it was asked, and returns the request to go on with.
func (p *Provider) Agree(ctx context.Context, a idp.Actor, key string, v *idp.Session) (*Authorization, error) {
	q, err := p.Resume(ctx, a, key)
	if err != nil {
		return nil, err
	}
	missing, err := p.unconsented(ctx, q, v.UserID)
	if err != nil {
		return nil, err
	}
	names := make([]string, 0, len(missing))
	for _, s := range missing {
		names = append(names, s.Name)
	}
	q.Consented = v.UserID
	err = p.Store.Tx(ctx, func(tx *store.Tx) error {
		t, err := readTicket(tx, a.OrgID(), ticketRequest, key, new(Authorization))
		if err != nil {
			return err
		}
		if t == nil || !t.Used.IsZero() {
			return fault(InvalidRequest, "The request has expired or was answered already.")
		}
		if err := rewriteTicket(tx, t, q); err != nil {
			return err
		}
		return p.Consent(tx, a, q.server, q.client, v.UserID, names)
	})
	return q, err
}

// Decline ends a request whose user does not agree, with the Refusal that says
// so.
func (p *Provider) Decline(ctx context.Context, a idp.Actor, key string) error {
	q, err := p.Resume(ctx, a, key)
	if err != nil {
		return err
	}
	if err := p.Store.Write(ctx, func(tx *store.Tx) error { return p.over(tx, a, q) }); err != nil {
		return err
	}
	return q.refuse(fault(AccessDenied, "The resource owner denied the request."))
}

// seconds writes a time span as the protocol does.
func seconds(d time.Duration) string { return strconv.Itoa(int(d / time.Second)) }
