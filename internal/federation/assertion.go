package federation

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"usher/internal/idp"
	"usher/internal/saml"
	"usher/internal/store"
)

// Said is what an identity provider says about a user, believed.
type Said struct {
	Provider *Provider
	ID       string // of the assertion, which is good once
	Login    string // whom it is about
	// Authenticated is when the user has signed in there, zero where that is not
	// said.
	Authenticated time.Time
	Until         time.Time // when it stops being good
}

// Place is where an assertion was brought: how the one is called to whom it has to
// be made out, and for how long it may be good.
type Place struct {
	Audiences, Recipients []string
	Life                  time.Duration
}

// ErrRefused is why an assertion counts for nothing, for the system log.
var ErrRefused = errors.New("federation: the assertion is refused")

// Believe reads an assertion of an active identity provider: signed by one of its
// certificates, made out to us, and good now. An error is ErrRefused, or a failure
// of ours.
func (s *Service) Believe(ctx context.Context, a idp.Actor, text []byte, at Place) (*Said, error) {
	m, err := saml.Read(text)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRefused, err)
	}
	issuer, err := m.Issuer()
	if err != nil || issuer == "" {
		return nil, fmt.Errorf("%w: it has no issuer", ErrRefused)
	}
	read := s.Store.Read(ctx)
	rows, err := read.IdentityProviders(a.OrgID(), issuer)
	if err != nil {
		return nil, fmt.Errorf("read identity providers: %w", err)
	}
	list, err := all(rows)
	if err != nil {
		return nil, err
	}
	refused := fmt.Errorf("%w: the issuer is not trusted", ErrRefused)
	for _, p := range list {
		if p.Status != Active {
			continue
		}
		said, err := s.believe(read, p, m, at)
		if err == nil || !errors.Is(err, saml.ErrInvalid) && !errors.Is(err, ErrRefused) {
			return said, err
		}
		refused = fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return nil, refused
}

func (s *Service) believe(tx *store.Tx, p *Provider, m *saml.Message, at Place) (*Said, error) {
	trust := p.Protocol.Credentials.Trust
	var certificates []*x509.Certificate
	for _, kid := range trust.kids() {
		k, err := findKey(tx, p.OrgID, kid)
		if idp.KindOf(err) == idp.KindNotFound {
			continue
		}
		if err != nil {
			return nil, err
		}
		certificates = append(certificates, k.Certificate)
	}
	now := s.Clock.Now()
	a, err := m.Verify(certificates, now)
	if err != nil {
		return nil, err
	}
	until, err := a.Check(saml.Expected{
		Issuer: trust.Issuer, Audiences: append(slices.Clone(at.Audiences), trust.Audience), Recipients: at.Recipients,
		Now: now, Skew: p.Policy.skew(), Life: at.Life,
	})
	if err != nil {
		return nil, err
	}
	login, err := p.Policy.Subject.login(a)
	if err != nil {
		return nil, err
	}
	return &Said{Provider: p, ID: a.ID, Login: login, Authenticated: a.Authenticated, Until: until.Add(p.Policy.skew())}, nil
}

// login is the name of the user whom an assertion is about.
func (s Subject) login(a *saml.Assertion) (string, error) {
	login := a.NameID
	if name := strings.TrimPrefix(s.Template.Template, templateRoot); s.Template.Template != nameID {
		values := a.Attributes[name]
		if len(values) != 1 {
			return "", fmt.Errorf("%w: it has %d values of %s", ErrRefused, len(values), name)
		}
		login = values[0]
	}
	if s.Filter != nil && *s.Filter != "" {
		re, err := pattern(*s.Filter)
		if err != nil {
			return "", fmt.Errorf("read the filter: %w", err)
		}
		if !re.MatchString(login) {
			return "", fmt.Errorf("%w: the filter does not let the name through", ErrRefused)
		}
	}
	return login, nil
}

// Speaks tells, with the groups of a user, whether an identity provider may speak
// for that user.
func (p *Provider) Speaks(groupIDs []string) bool {
	link := p.Policy.AccountLink
	if link.Action != "AUTO" {
		return false
	}
	if link.Filter == nil || len(link.Filter.Groups.Include) == 0 {
		return true
	}
	return slices.ContainsFunc(link.Filter.Groups.Include, func(id string) bool { return slices.Contains(groupIDs, id) })
}
