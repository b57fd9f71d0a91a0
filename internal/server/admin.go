package server

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/store"
)

// OrgSpec is an organisation to be created.
type OrgSpec struct {
	Name       string
	Subdomain  string // made from the name when empty
	Host       string // empty for the default organisation
	BaseURL    string // goes with Host
	Pipeline   string // v1 or idx; idx when empty
	AdminLogin string
	// PushNumbers has phones ask for the number that the sign-in shows.
	PushNumbers bool
	// UserVerification is whether security keys must make sure who uses them:
	// required, preferred (when empty) or discouraged.
	UserVerification string
}

// CreateOrg creates an organisation with its first administrator, under a
// password that is made up and told once, and an API token: all of it or
// nothing.
func (s *Server) CreateOrg(ctx context.Context, spec OrgSpec) (Seeded, error) {
	org, err := s.newOrg(spec)
	if err != nil {
		return Seeded{}, err
	}
	a := idp.SystemActor(org)
	out := Seeded{OrgID: org.ID, Admin: Login{Login: spec.AdminLogin, Password: s.newPassword()}}
	founder, err := s.services.directory.Founder(ctx, org, seedProfile(spec.AdminLogin), out.Admin.Password)
	if err != nil {
		return Seeded{}, fmt.Errorf("administrator %s: %w", spec.AdminLogin, err)
	}
	err = s.store.Tx(ctx, func(tx *store.Tx) error {
		if err := s.insertOrg(tx, org); err != nil {
			return err
		}
		id, err := founder.Insert(tx, a)
		if err != nil {
			return err
		}
		out.APIToken, err = s.makeAdmin(tx, a, id, "first")
		return err
	})
	if err != nil {
		return Seeded{}, orgTaken(err, org)
	}
	return out, nil
}

// makeOrg creates an organisation without anybody.
func (s *Server) makeOrg(ctx context.Context, spec OrgSpec) (*idp.Org, error) {
	org, err := s.newOrg(spec)
	if err != nil {
		return nil, err
	}
	if err := s.store.Tx(ctx, func(tx *store.Tx) error { return s.insertOrg(tx, org) }); err != nil {
		return nil, orgTaken(err, org)
	}
	return s.orgs.complete(org), nil
}

// newOrg checks what is wanted of an organisation.
func (s *Server) newOrg(spec OrgSpec) (*idp.Org, error) {
	switch spec.UserVerification {
	case "", "required", "preferred", "discouraged":
	default:
		return nil, fmt.Errorf("userVerification %q: want required, preferred or discouraged", spec.UserVerification)
	}
	org := &idp.Org{
		ID: s.cfg.IDs.New("00o"), Name: spec.Name, Subdomain: spec.Subdomain, Host: strings.ToLower(spec.Host), Created: s.cfg.Clock.Now(),
		Settings: idp.OrgSettings{
			Pipeline: idp.Pipeline(spec.Pipeline), PushNumbers: spec.PushNumbers, UserVerification: spec.UserVerification,
			UserTypeID: s.cfg.IDs.New("oty"), UserSchemaID: s.cfg.IDs.New("osc"),
			EveryoneID: s.cfg.IDs.New("00g"), ActivationLife: idp.DefaultActivationLife, TransactionLife: idp.DefaultTransactionLife,
		},
	}
	if org.Subdomain == "" {
		org.Subdomain = slug(spec.Name)
	}
	if org.Settings.Pipeline == "" {
		org.Settings.Pipeline = idp.PipelineIdX
	}
	if org.Settings.Pipeline != idp.PipelineIdX && org.Settings.Pipeline != idp.PipelineClassic {
		return nil, fmt.Errorf("pipeline %q: it is %s or %s", spec.Pipeline, idp.PipelineIdX, idp.PipelineClassic)
	}
	if org.Host != "" {
		base, err := cleanBaseURL(spec.BaseURL)
		if err != nil {
			return nil, err
		}
		org.BaseURL = base
	}
	return org, nil
}

// insertOrg stores an organisation with what each needs: the built-in group and
// the default policies.
func (s *Server) insertOrg(tx *store.Tx, org *idp.Org) error {
	if err := onlyDefault(tx, org); err != nil {
		return err
	}
	if err := tx.InsertOrg(org); err != nil {
		return err
	}
	if err := s.services.directory.Seed(tx, org); err != nil {
		return err
	}
	return s.services.policies.Seed(tx, org, org.Settings.EveryoneID)
}

// orgTaken says what another organisation has already.
func orgTaken(err error, org *idp.Org) error {
	switch {
	case store.Exists(err, "orgs.host"):
		return fmt.Errorf("another organisation has the host %s", org.Host)
	case store.Exists(err, "orgs.subdomain"):
		return fmt.Errorf("another organisation has the subdomain %s", org.Subdomain)
	}
	return err
}

// onlyDefault refuses a second organisation without a host of its own: one
// alone answers the hosts that choose none.
func onlyDefault(tx *store.Tx, org *idp.Org) error {
	if org.Host != "" {
		return nil
	}
	o, err := tx.DefaultOrg()
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return fmt.Errorf("there is a default organisation already (%s, %s): give this one a --host and a --base-url", o.ID, o.Name)
}

// slug makes a subdomain of a name.
func slug(name string) string {
	s := strings.Map(func(r rune) rune {
		switch {
		case r < unicode.MaxASCII && (unicode.IsLower(r) || unicode.IsDigit(r)):
			return r
		case r < unicode.MaxASCII && unicode.IsUpper(r):
			return unicode.ToLower(r)
		}
		return '-'
	}, name)
	if s = strings.Trim(s, "-"); s == "" {
		return "org"
	}
	return s
}

// makeAdmin gives a user the highest role, if it lacks it, and an API token.
func (s *Server) makeAdmin(tx *store.Tx, a idp.Actor, userID, tokenName string) (token string, err error) {
	if _, err := s.services.roles.Assign(tx, a, userID, idp.RoleSuperAdmin); err != nil && idp.KindOf(err) != idp.KindAlreadyExists {
		return "", err
	}
	token, _, err = s.services.tokens.CreateIn(tx, a, userID, tokenName)
	return token, err
}

// CreateToken makes an API token that acts for a user of an organisation (the
// default one when org is empty).
func (s *Server) CreateToken(ctx context.Context, org, login, name string) (id, secret string, err error) {
	o, err := s.org(ctx, org)
	if err != nil {
		return "", "", err
	}
	a := idp.SystemActor(o)
	u, err := s.services.directory.User(ctx, a, login)
	if err != nil {
		return "", "", fmt.Errorf("user %s: %w", login, err)
	}
	secret, t, err := s.services.tokens.Create(ctx, a, u.ID, name)
	if err != nil {
		return "", "", err
	}
	return t.ID, secret, nil
}

// ReviveTokens lets every API token live on from now, also one that has idled
// out: development data may lie unused for longer than a token does.
func (s *Server) ReviveTokens(ctx context.Context) error {
	if err := s.store.Write(ctx, func(tx *store.Tx) error { return tx.UseAPITokens() }); err != nil {
		return fmt.Errorf("revive tokens: %w", err)
	}
	s.services.tokens.ForgetAll()
	return nil
}

// RevokeToken ends an API token.
func (s *Server) RevokeToken(ctx context.Context, org, id string) error {
	o, err := s.org(ctx, org)
	if err != nil {
		return err
	}
	return s.services.tokens.Revoke(ctx, idp.SystemActor(o), id)
}

// maxEvents bounds what Events returns.
const maxEvents = 10_000

// Events returns the system log of an organisation in the order of
// persistence, for commands and tests.
func (s *Server) Events(ctx context.Context, org string) ([]idp.Event, error) {
	o, err := s.org(ctx, org)
	if err != nil {
		return nil, err
	}
	return s.services.log.Read(ctx, s.store, o, eventlog.Query{Polling: true, Limit: maxEvents})
}
