package server

import (
	"context"
	"runtime"
	"time"

	"usher/internal/api/httpkit"
	"usher/internal/apps"
	"usher/internal/credential"
	"usher/internal/decision"
	"usher/internal/directory"
	"usher/internal/egress"
	"usher/internal/env"
	"usher/internal/eventlog"
	"usher/internal/factor"
	"usher/internal/federation"
	"usher/internal/hook"
	"usher/internal/idp"
	"usher/internal/keys"
	"usher/internal/notify"
	"usher/internal/oauth"
	"usher/internal/policy"
	"usher/internal/roles"
	"usher/internal/session"
	"usher/internal/signin"
	"usher/internal/store"
	"usher/internal/tokens"
)

// services are the ones that every protocol shares.
type services struct {
	db          *store.Store
	keeper      *keys.Keeper
	log         *eventlog.Log
	outbox      *notify.Outbox
	templates   *notify.Templates
	credentials *credential.Service
	directory   *directory.Service
	factors     *factor.Service
	vault       factor.Vault
	ceremonies  *factor.Ceremonies
	devices     *factor.Devices
	visits      *factor.Visits
	rand        env.Rand
	policies    *policy.Service
	blocklist   *policy.Blocklist
	roles       *roles.Service
	sessions    *session.Service
	tokens      *tokens.Service
	engine      *signin.Engine
	decisions   *decision.Log
	apps        *apps.Service
	signing     *keys.Signing
	oauth       *oauth.Service
	provider    *oauth.Provider
	federation  *federation.Service
	outbound    *egress.Client
	asked       *hook.Service
}

// newServices builds them from below upwards.
func newServices(cfg Config, db *store.Store, keeper *keys.Keeper) *services {
	params := cfg.Hashing
	if params == (credential.Params{}) {
		params = credential.DefaultParams()
	}
	s := &services{db: db, keeper: keeper, log: &eventlog.Log{IDs: cfg.IDs}, rand: cfg.Rand, vault: factor.Vault{Keeper: keeper}}
	s.outbound = egress.New(cfg.Outbound)
	s.outbox = &notify.Outbox{Store: db, IDs: cfg.IDs, Seal: keeper.Column(notify.SealedTable, notify.SealedColumn)}
	s.templates = &notify.Templates{Store: db, IDs: cfg.IDs}
	s.credentials = &credential.Service{Store: db, Hasher: credential.NewHasher(cfg.Rand, params, runtime.GOMAXPROCS(0))}
	s.asked = &hook.Service{
		Store: db, Log: s.log, IDs: cfg.IDs, Clock: cfg.Clock, Seal: keeper.Column(hook.SealedTable, hook.SealedColumn), Client: s.outbound, Targets: cfg.Outbound, Timeout: cfg.HookTimeout,
	}
	s.credentials.Ask = s.asked.VerifyPassword
	s.policies = &policy.Service{Store: db, Log: s.log, IDs: cfg.IDs}
	s.blocklist = &policy.Blocklist{Store: db, Clock: cfg.Clock}
	s.directory = &directory.Service{
		Store: db, Log: s.log, IDs: cfg.IDs, Clock: cfg.Clock, Rand: cfg.Rand, Credentials: s.credentials, Outbox: s.outbox,
	}
	s.factors = factor.NewService(append(factorMethods(s), vendorMethods(s, cfg)...)...)
	s.ceremonies = &factor.Ceremonies{
		Store: db, Log: s.log, IDs: cfg.IDs, Vault: s.vault, Methods: s.factors, Directory: s.directory, Credentials: s.credentials,
	}
	s.devices = &factor.Devices{
		Store: db, Log: s.log, Clock: cfg.Clock, Rand: cfg.Rand, Vault: s.vault, Directory: s.directory, Ceremonies: s.ceremonies,
	}
	s.visits = &factor.Visits{Store: db, Directory: s.directory, Ceremonies: s.ceremonies}
	s.roles = &roles.Service{Log: s.log, IDs: cfg.IDs, Store: db, Directory: s.directory}
	s.sessions = &session.Service{Store: db, Log: s.log, IDs: cfg.IDs, Rand: cfg.Rand}
	s.tokens = &tokens.Service{Store: db, Log: s.log, IDs: cfg.IDs, Rand: cfg.Rand, Clock: cfg.Clock}
	s.decisions = &decision.Log{Store: db, IDs: cfg.IDs}
	s.engine = &signin.Engine{
		Store: db, Log: s.log, Clock: cfg.Clock, Rand: cfg.Rand, Keeper: keeper, Credentials: s.credentials,
		Directory: s.directory, Factors: s.factors, Ceremonies: s.ceremonies, Policies: s.policies, Sessions: s.sessions,
		Decisions: s.decisions,
	}
	s.apps = &apps.Service{Store: db, Log: s.log, IDs: cfg.IDs, Clock: cfg.Clock, Rand: cfg.Rand, Keeper: keeper}
	s.signing = &keys.Signing{Store: db, Clock: cfg.Clock, Rand: cfg.Rand, Keeper: keeper}
	s.oauth = &oauth.Service{Store: db, Log: s.log, IDs: cfg.IDs, Clock: cfg.Clock, Signing: s.signing, Apps: s.apps, Directory: s.directory}
	s.federation = &federation.Service{Store: db, Log: s.log, IDs: cfg.IDs, Clock: cfg.Clock}
	s.provider = &oauth.Provider{
		Service: s.oauth, Rand: cfg.Rand, Keeper: keeper, Engine: s.engine, Outbox: s.outbox, Federation: s.federation, Flows: grants(),
	}
	s.provider.FetchKeys = func(ctx context.Context, address string) ([]byte, error) {
		return fetch(ctx, cfg.Outbound, s.outbound, address)
	}
	s.hooks()
	return s
}

// session proves a caller by a session's secret. Session, user and roles are
// read anew each time: sessions are not cached.
func (s *services) session(ctx context.Context, org *idp.Org, secret string) (idp.Actor, *idp.Session, error) {
	v, held, err := s.sessions.Prove(ctx, org.ID, secret)
	if idp.KindOf(err) == idp.KindNotFound || (err == nil && s.engine.MayUse(v.Owner) != nil) {
		return idp.Actor{}, nil, idp.Fail(idp.KindNoCredentials)
	}
	if err != nil {
		return idp.Actor{}, nil, err
	}
	u := v.Owner
	return idp.Actor{
		Org: org, Kind: idp.ActorUser, UserID: u.ID, Login: u.Login, Name: idp.UserTarget(u).DisplayName,
		SessionID: v.ID, Proved: later(v.LastPassword, v.LastFactor), ProvedFactor: v.LastFactor, Roles: held,
	}, v, nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// offered tells what the sign-in page leads to for those who cannot sign in.
func (s *services) offered(ctx context.Context, org *idp.Org) (reset, unlock bool, err error) {
	o, err := s.policies.SelfServiceOffered(s.db.Read(ctx), org.ID)
	return o.Reset && o.Email, o.Unlock && o.Email, err
}

// token proves a caller by an API token.
func (s *services) token(ctx context.Context, org *idp.Org, secret string) (idp.Actor, error) {
	v, err := s.tokens.Verify(ctx, org, secret)
	if err != nil {
		return idp.Actor{}, err
	}
	return v.Actor(org, idp.Client{}), nil
}

// bearer proves a caller by an access token of the organisation's own server: a
// user with the roles of the user, or a client. A client to which nobody has
// given a role may do whatever its scopes say.
func (s *services) bearer(ctx context.Context, org *idp.Org, b httpkit.Bearer) (idp.Actor, error) {
	a := idp.Actor{Org: org, Kind: idp.ActorAnonymous}
	t, err := s.provider.ProveBearer(ctx, a, oauth.BearerInput(b))
	if f := oauth.FaultOf(err); f != nil {
		return idp.Actor{}, &httpkit.ProofError{Code: string(f.Code), Text: f.Text, Bound: b.Bound}
	}
	if err != nil {
		return idp.Actor{}, err
	}
	tx := s.db.Read(ctx)
	a.TokenID, a.Scopes = t.TokenID, t.Scopes
	if t.User == nil {
		a.Kind, a.UserID, a.Login, a.Name = idp.ActorClient, t.Client.ID, t.Client.ID, t.Client.Label
		// By the application: anybody may choose a client's identifier.
		a.Holder = t.Client.App.ID
		if a.Roles, err = s.roles.Of(tx, org.ID, a.Holder); err == nil && len(a.Roles) == 0 {
			a.Roles = []idp.RoleType{idp.RoleSuperAdmin}
		}
		return a, err
	}
	who := idp.UserTarget(t.User)
	a.Kind, a.UserID, a.Login, a.Name, a.SessionID = idp.ActorUser, t.User.ID, t.User.Login, who.DisplayName, t.SessionID
	a.Roles, err = s.roles.Of(tx, org.ID, t.User.ID)
	return a, err
}
