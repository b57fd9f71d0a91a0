package server

import (
	"context"
	"maps"
	"slices"
	"time"

	"usher/internal/api/authn"
	"usher/internal/api/device"
	"usher/internal/api/httpkit"
	"usher/internal/api/idx"
	"usher/internal/api/management"
	"usher/internal/api/oauth2"
	"usher/internal/api/pages"
	"usher/internal/credential"
	"usher/internal/directory"
	"usher/internal/env"
	"usher/internal/factor"
	"usher/internal/factor/call"
	"usher/internal/factor/email"
	"usher/internal/factor/hotp"
	"usher/internal/factor/password"
	"usher/internal/factor/push"
	"usher/internal/factor/question"
	"usher/internal/factor/sms"
	"usher/internal/factor/totp"
	"usher/internal/factor/u2f"
	"usher/internal/factor/vendor"
	"usher/internal/factor/webauthn"
	"usher/internal/factor/yubikey"
	"usher/internal/idp"
	"usher/internal/jobs"
	"usher/internal/notify"
	"usher/internal/notify/webhook"
	"usher/internal/oauth"
	"usher/internal/policy"
	"usher/internal/roles"
	"usher/internal/store"
)

// This file lists every plug-in. A new one is a line here.

// factorMethods are the ways to prove who one is, in the order in which they
// are offered.
func factorMethods(s *services) []factor.Method {
	return []factor.Method{
		&password.Method{Credentials: s.credentials},
		&push.Method{Rand: s.rand, Vault: s.vault, Outbox: s.outbox, Log: s.log},
		&totp.Method{Rand: s.rand, Vault: s.vault},
		sms.New(s.rand, s.vault, s.outbox, s.templates, s.log),
		call.New(s.rand, s.vault, s.outbox, s.log),
		email.New(s.rand, s.vault, s.outbox, s.log),
		&question.Method{Credentials: s.credentials, Vault: s.vault},
		&webauthn.Method{Rand: s.rand, Vault: s.vault},
		&u2f.Method{Rand: s.rand, Vault: s.vault},
		&yubikey.Method{Store: s.db, Vault: s.vault},
		&hotp.Method{Store: s.db, Vault: s.vault},
	}
}

// vendorMethods are those whose vendors' servers an adapter speaks to, none
// without one.
func vendorMethods(s *services, cfg Config) []factor.Method {
	v := cfg.Vendors
	if v.URL == "" {
		return nil
	}
	// The adapter looks at its own clock.
	hook := &vendor.Hook{
		Poster: &webhook.Poster{Client: s.outbound, Clock: env.System{}, URL: v.URL, Secrets: v.Secrets}, IDs: cfg.IDs, Store: s.db, Log: cfg.Log,
	}
	var out []factor.Method
	for _, m := range []*vendor.Token{
		{Hook: hook, Kind: "rsa", Vendor: "RSA"}, {Hook: hook, Kind: "symantec", Vendor: "SYMANTEC", Twice: true},
	} {
		if slices.Contains(v.Tokens, m.Kind) {
			out = append(out, m)
		}
	}
	if v.DuoHost != "" {
		out = append(out, &vendor.Page{Hook: hook, Rand: s.rand, Vault: s.vault, Host: v.DuoHost, Secret: v.Secrets[0]})
	}
	return out
}

// grants are the grant types of the token endpoint.
func grants() []oauth.Flow {
	return []oauth.Flow{
		oauth.AuthorizationCode{},
		oauth.RefreshToken{},
		oauth.ClientCredentials{},
		oauth.Password{},
		oauth.DeviceCode{},
		oauth.TokenExchange{},
		oauth.JWTBearer{},
		oauth.InteractionCode{},
		oauth.Backchannel{},
		oauth.SAMLBearer{},
		oauth.OOB{},
		oauth.MFAOTP{},
		oauth.MFAOOB{},
		oauth.MFAWebAuthn{},
	}
}

// hooks are the effects of a change that belong to services above the one that
// makes it.
func (s *services) hooks() {
	d := s.directory
	d.PasswordPolicy = func(tx *store.Tx, orgID, userID string, groupIDs []string) (credential.Policy, error) {
		return s.policies.PasswordRulesFor(tx, orgID, policy.Subject{UserID: userID, GroupIDs: groupIDs, Provider: idp.ProviderOkta})
	}
	leaving := func(tx *store.Tx, a idp.Actor, u *idp.User) error { return s.roles.GuardLeaving(tx, a.OrgID(), u.ID) }
	endSessions := func(tx *store.Tx, a idp.Actor, u *idp.User) error {
		_, err := s.sessions.EndAll(tx, a, u.ID, "")
		return err
	}
	endSignIns := func(tx *store.Tx, a idp.Actor, u *idp.User) error { return tx.DeleteUserTransactions(a.OrgID(), u.ID) }
	endTokens := func(tx *store.Tx, a idp.Actor, u *idp.User) error { return s.tokens.RevokeAll(tx, a, u.ID) }
	endGrants := func(tx *store.Tx, a idp.Actor, u *idp.User) error { return s.provider.RevokeAllOf(tx, a, u.ID) }
	s.provider.EndTokens = endTokens
	d.OnRevoke = append(d.OnRevoke, endSessions)
	d.OnRevokeTokens = append(d.OnRevokeTokens, endGrants)
	d.SelfService = func(tx *store.Tx, a idp.Actor, u *idp.User, what directory.SelfAction) (bool, error) {
		can, err := s.policies.PasswordActions(tx, a.Org, u, policy.From{Client: a.Client})
		switch what {
		case directory.SelfReset:
			return can.Reset, err
		case directory.SelfUnlock:
			return can.Unlock, err
		case directory.SelfChange:
		}
		return can.Change, err
	}
	s.sessions.OnEnd = append(s.sessions.OnEnd, s.provider.OnSessionEnd)
	d.Guard = roles.Scope{}
	s.apps.PermitClient = roles.Scope{}.Client
	s.apps.Permit, s.apps.Reach, s.apps.Tell = roles.Scope{}.App, roles.Scope{}.Apps, d.TellAdministrators
	d.OnMembership = append(d.OnMembership, func(tx *store.Tx, a idp.Actor, groupID, _ string, member bool) error {
		if member {
			return nil
		}
		return s.roles.GuardGroup(tx, a.OrgID(), groupID, false)
	})
	d.OnGroupDelete = append(d.OnGroupDelete, func(tx *store.Tx, a idp.Actor, g *idp.Group) error {
		return s.roles.GuardGroup(tx, a.OrgID(), g.ID, true)
	})
	d.OnSuspend = append(d.OnSuspend, leaving, endSessions, endSignIns, endGrants)
	d.OnDeactivate = append(d.OnDeactivate, leaving, endSessions, endSignIns, endTokens, endGrants)
	d.OnDelete = append(d.OnDelete, leaving, endSessions, endSignIns)
	d.OnDeactivate = append(d.OnDeactivate, s.apps.OnDeactivate)
	d.OnDelete = append(d.OnDelete, s.apps.OnDeactivate)
	d.OnRevokeTokens = append(d.OnRevokeTokens, s.oauth.OnSignOut)
	d.OnDeactivate = append(d.OnDeactivate, s.oauth.OnSignOut)
	d.OnDelete = append(d.OnDelete, s.oauth.OnSignOut, s.oauth.OnUserDelete)
	s.apps.OnDelete = append(s.apps.OnDelete, s.oauth.OnAppDelete, s.roles.OnAppDelete)
	d.OnMembership = append(d.OnMembership, s.apps.OnMembership)
	d.OnGroupDelete = append(d.OnGroupDelete, s.apps.OnGroupDelete)
}

// enrolments administers factors by what the policies allow.
func (s *services) enrolments() *factor.Enrolments {
	return &factor.Enrolments{
		Store: s.db, Log: s.log, Directory: s.directory, Methods: s.factors, Ceremonies: s.ceremonies,
		Warm: s.policies.Warm,
		Allowed: func(tx *store.Tx, a idp.Actor, u *idp.User) (map[string]string, error) {
			e, err := s.policies.Enrollment(tx, a.Org, u, policy.From{Client: a.Client})
			out := map[string]string{}
			for key, self := range e.Factors {
				if self != policy.EnrollNotAllowed {
					out[key] = string(self)
				}
			}
			return out, err
		},
	}
}

// senders take what the outbox holds: those that operators choose, and ours.
func (s *Server) senders() map[notify.Kind]notify.Sender {
	out := map[notify.Kind]notify.Sender{
		notify.Logout: &oauth.LogoutSender{Provider: s.services.provider, Client: s.services.outbound, Org: s.org},
	}
	maps.Copy(out, s.cfg.Senders)
	return out
}

// jobs are what runs beside the requests.
func (s *Server) jobs() []jobs.Job {
	list := []jobs.Job{
		jobs.Purge(s.store),
		jobs.Stamp(s.stampEvents),
		{Name: "rotate signing keys", Every: time.Hour, Run: s.rotateKeys},
	}
	if age := s.cfg.KeepLog; age > 0 {
		list = append(list, jobs.Job{Name: "forget events", Every: 10 * time.Minute, Run: func(ctx context.Context) error { return s.services.log.Forget(ctx, s.store, age) }})
	}
	list = append(list, s.fleet.job()...)
	// A job for each kind: a slow mail server must not hold up codes.
	senders := s.senders()
	for _, kind := range slices.Sorted(maps.Keys(senders)) {
		w := &notify.Worker{
			Outbox: s.services.outbox, Log: s.cfg.Log, Senders: map[notify.Kind]notify.Sender{kind: senders[kind]}, Observe: s.health.delivered,
			OnGone: func(tx *store.Tx, m notify.Message) error {
				return s.services.devices.Gone(tx, m.OrgID, m.Data[notify.DataLogin], m.Data[notify.DataDevice])
			},
		}
		list = append(list, jobs.Job{Name: "outbox." + string(kind), Every: time.Second, Shared: true, Run: w.Run})
	}
	return list
}

// mount registers the protocols.
func (s *Server) mount(r *httpkit.Router) error {
	v := s.services
	(&management.API{
		Directory: v.directory, Sessions: v.sessions, Engine: v.engine, Roles: v.roles, Factors: v.enrolments(), Clock: s.cfg.Clock,
		RolesChanged: v.tokens.ForgetAll, OrgChanged: s.orgs.forget, Events: s.readEvents,
	}).Mount(r)
	(&management.ExplainAPI{Read: v.decisions.Read}).Mount(r)
	(&management.RulesAPI{Directory: v.directory}).Mount(r)
	(&management.PoliciesAPI{
		Directory: v.directory,
		Policies:  v.policies, Authenticators: &factor.Authenticators{Store: s.store, Log: v.log, Methods: v.factors},
		YubiKeys: &factor.YubiKeys{Store: s.store, IDs: s.cfg.IDs, Vault: v.vault, Log: v.log},
		HOTP:     &factor.HOTPProfiles{Store: s.store, IDs: s.cfg.IDs, Log: v.log},
	}).Mount(r)
	(&management.TemplatesAPI{Templates: v.templates}).Mount(r)
	(&management.HooksAPI{Hooks: v.asked}).Mount(r)
	(&management.AppsAPI{Apps: v.apps, Directory: v.directory}).Mount(r)
	(&management.FederationAPI{Federation: v.federation}).Mount(r)
	(&management.OAuthAPI{Servers: v.oauth, Directory: v.directory}).Mount(r)
	(&management.TokensAPI{Tokens: v.tokens, Directory: v.directory}).Mount(r)
	o := &oauth2.API{Provider: v.provider, TokensChanged: v.tokens.ForgetAll, HandlePrefix: idx.HandlePrefix}
	p, err := pages.New(pages.Config{
		Engine: v.engine, Sessions: v.sessions, Rand: s.cfg.Rand, Redirectable: v.redirectable, Onward: o.Onward,
		Leaving: v.provider.FrontLogout, FramedBy: v.policies.FramedBy, Offered: v.offered,
	})
	if err != nil {
		return err
	}
	p.Mount(r)
	s.mountCoverage(r)
	(&authn.API{
		Engine: v.engine, Visits: v.visits, Rand: s.cfg.Rand, Redirectable: v.redirectable, HasApp: v.apps.Has, OnPageError: p.WriteError,
	}).Mount(r)
	(&oauth2.MetadataAPI{Servers: v.oauth, Grants: v.provider.Grants()}).Mount(r)
	(&device.API{Devices: v.devices}).Mount(r)
	(&idx.API{Engine: v.engine, Redirectable: v.redirectable, OAuth: v.provider}).Mount(r)
	o.Pages = p
	o.Mount(r)
	(&oauth2.ClientsAPI{Servers: v.oauth}).Mount(r)
	return nil
}
