package federation

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"usher/internal/env"
	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/store"
)

// Service administers identity providers. All members are required.
type Service struct {
	Store *store.Store
	Log   *eventlog.Log
	IDs   env.IDs
	Clock env.Clock
}

// Input is an identity provider as somebody wants it.
// (spec: management-extra IdentityProvider)
type Input struct {
	Type     string
	Name     string
	Status   string // ACTIVE when empty; of a new one
	Protocol Protocol
	Policy   Policy
}

// audienceBase begins the names by which identity providers know us. (management
// reference: SAML)
const audienceBase = "https://www.okta.com/saml2/service-provider/"

// List lists the identity providers in the order of their creation.
// (spec: management-extra#listIdentityProviders)
func (s *Service) List(ctx context.Context, a idp.Actor) ([]*Provider, error) {
	rows, err := s.Store.Read(ctx).IdentityProviders(a.OrgID(), "")
	if err != nil {
		return nil, fmt.Errorf("list identity providers: %w", err)
	}
	return all(rows)
}

func all(rows []*store.IdentityProvider) ([]*Provider, error) {
	out := make([]*Provider, 0, len(rows))
	for _, row := range rows {
		p, err := fromStore(row)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

// Get returns one, else KindNotFound.
func (s *Service) Get(ctx context.Context, a idp.Actor, id string) (*Provider, error) {
	return find(s.Store.Read(ctx), a.OrgID(), id)
}

func find(tx *store.Tx, orgID, id string) (*Provider, error) {
	row, err := tx.IdentityProvider(orgID, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, idp.NotFound(TypeProvider, id)
	}
	if err != nil {
		return nil, fmt.Errorf("read identity provider: %w", err)
	}
	return fromStore(row)
}

// Create adds an identity provider. KindInvalid names the member at fault.
// (spec: management-extra#createIdentityProvider)
func (s *Service) Create(ctx context.Context, a idp.Actor, in Input) (*Provider, error) {
	if in.Type != SAML2 {
		return nil, idp.Invalid("type", idp.Cause{Field: "type", Text: "must be SAML2"})
	}
	id, audience := s.IDs.New("0oa"), audienceBase+s.IDs.New("spx")
	var out *Provider
	err := s.Store.Tx(ctx, func(tx *store.Tx) error {
		list, err := tx.IdentityProviders(a.OrgID(), "")
		if err != nil {
			return fmt.Errorf("list identity providers: %w", err)
		}
		if len(list) >= maxProviders {
			return idp.Invalid("name", idp.Cause{Text: fmt.Sprintf("There are %d identity providers already", maxProviders)})
		}
		p := &Provider{OrgID: a.OrgID(), ID: id, Status: in.Status, Created: tx.Now()}
		if p.Status == "" {
			p.Status = Active
		}
		if p.Status != Active && p.Status != Inactive {
			return idp.Invalid("status", idp.Cause{Field: "status", Text: "must be ACTIVE or INACTIVE"})
		}
		if err := p.take(tx, in, audience); err != nil {
			return err
		}
		row, err := p.toStore()
		if err != nil {
			return err
		}
		if err := taken(tx.InsertIdentityProvider(row)); err != nil {
			return err
		}
		out = p
		return s.record(tx, a, eventlog.IDPCreate, p.Target())
	})
	return out, err
}

// take gives an identity provider what somebody wants. audience is how it calls
// us where that is not said.
func (p *Provider) take(tx *store.Tx, in Input, audience string) error {
	p.Name, p.Protocol, p.Policy, p.LastUpdated = in.Name, in.Protocol, in.Policy, tx.Now()
	if err := p.complete(); err != nil {
		return err
	}
	t := &p.Protocol.Credentials.Trust
	if t.Audience == "" {
		t.Audience = audience
	}
	for _, kid := range t.kids() {
		_, err := tx.IdentityProviderKey(p.OrgID, kid)
		if errors.Is(err, store.ErrNotFound) {
			return idp.Invalid("protocol.credentials.trust.kid", idp.Cause{Field: "protocol.credentials.trust.kid", Text: "names a key that is not there"})
		}
		if err != nil {
			return fmt.Errorf("read key: %w", err)
		}
	}
	if l := p.Policy.AccountLink.Filter; l != nil {
		for _, id := range l.Groups.Include {
			if _, err := tx.Group(p.OrgID, id); errors.Is(err, store.ErrNotFound) {
				return idp.Invalid("policy.accountLink.filter.groups.include", idp.Cause{Field: "policy.accountLink.filter.groups.include", Text: "names a group that is not there"})
			} else if err != nil {
				return fmt.Errorf("read group: %w", err)
			}
		}
	}
	return nil
}

// taken tells a clash of names apart.
func taken(err error) error {
	if store.Exists(err, "identity_providers.name") {
		return idp.Invalid("name", idp.Cause{Field: "name", Text: "An object with this field already exists in the current organization"})
	}
	return err
}

func (s *Service) record(tx *store.Tx, a idp.Actor, t idp.EventType, targets ...idp.Target) error {
	return s.Log.Record(tx, a, eventlog.Entry{Type: t, Targets: targets})
}

// Replace gives an identity provider new contents; its type and its state stay.
// (spec: management-extra#replaceIdentityProvider)
func (s *Service) Replace(ctx context.Context, a idp.Actor, id string, in Input) (*Provider, error) {
	if in.Type != SAML2 {
		return nil, idp.Invalid("type", idp.Cause{Field: "type", Text: "must be SAML2"})
	}
	return s.change(ctx, a, id, eventlog.IDPUpdate, func(tx *store.Tx, p *Provider) (bool, error) {
		return true, p.take(tx, in, p.Protocol.Credentials.Trust.Audience)
	})
}

// SetStatus makes an identity provider count or not. Setting what is set changes
// nothing. (spec: management-extra#activateIdentityProvider,
// #deactivateIdentityProvider)
func (s *Service) SetStatus(ctx context.Context, a idp.Actor, id, status string) (*Provider, error) {
	event := eventlog.IDPActivate
	if status == Inactive {
		event = eventlog.IDPDeactivate
	}
	return s.change(ctx, a, id, event, func(tx *store.Tx, p *Provider) (bool, error) {
		changed := p.Status != status
		if changed {
			p.Status, p.LastUpdated = status, tx.Now()
		}
		return changed, nil
	})
}

func (s *Service) change(ctx context.Context, a idp.Actor, id string, event idp.EventType, fn func(*store.Tx, *Provider) (bool, error)) (*Provider, error) {
	var out *Provider
	err := s.Store.Tx(ctx, func(tx *store.Tx) error {
		p, err := find(tx, a.OrgID(), id)
		if err != nil {
			return err
		}
		out = p
		changed, err := fn(tx, p)
		if err != nil || !changed {
			return err
		}
		row, err := p.toStore()
		if err != nil {
			return err
		}
		if err := taken(tx.UpdateIdentityProvider(row)); err != nil {
			return err
		}
		return s.record(tx, a, event, p.Target())
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// Delete removes an identity provider. (spec:
// management-extra#deleteIdentityProvider)
func (s *Service) Delete(ctx context.Context, a idp.Actor, id string) error {
	return s.Store.Tx(ctx, func(tx *store.Tx) error {
		p, err := find(tx, a.OrgID(), id)
		if err != nil {
			return err
		}
		if err := tx.DeleteIdentityProvider(a.OrgID(), id); err != nil {
			return fmt.Errorf("delete identity provider: %w", err)
		}
		return s.record(tx, a, eventlog.IDPDelete, p.Target())
	})
}

// uses tells whether an identity provider signs by a key.
func (p *Provider) uses(kid string) bool {
	return slices.Contains(p.Protocol.Credentials.Trust.kids(), kid)
}
