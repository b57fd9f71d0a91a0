package oauth

import (
	"context"
	"errors"
	"sync"
	"time"

	"usher/internal/apps"
	"usher/internal/directory"
	"usher/internal/env"
	"usher/internal/eventlog"
	"usher/internal/fresh"
	"usher/internal/idp"
	"usher/internal/keys"
	"usher/internal/store"
)

// Names of types in errors about what does not exist.
const (
	TypeServer = "AuthorizationServer"
	TypeScope  = "OAuth2Scope"
	TypeClaim  = "OAuth2Claim"
	TypePolicy = "Policy"
	TypeRule   = "PolicyRule"
	TypeClient = "PublicClientApp"
	TypeGrant  = "OAuth2ScopeConsentGrant"
	TypeKey    = "JsonWebKey"
)

const (
	maxClientID = 100
	// serverLife bounds how old the settings of a server may be on a node.
	serverLife = time.Second
	maxServers = 4096
)

// Service keeps the authorization servers of all organisations and tells what
// their tokens say. All members are required.
type Service struct {
	Store   *store.Store
	Log     *eventlog.Log
	IDs     env.IDs
	Clock   env.Clock
	Signing *keys.Signing
	Apps    *apps.Service
	// Directory says whom an administrator may touch.
	Directory *directory.Service

	mu    sync.Mutex
	cache map[keys.Owner]cachedServer

	proofs fresh.Cache[proofKey, Proof] // ADR 0007
}

// proofKey names what a refresh token stood for when its row had a version.
type proofKey struct {
	org, id string
	version int64
}

type cachedServer struct {
	server *Server
	at     time.Time
	base   string // the organisation's base URL
}

// Server returns an authorization server with all that belongs to it: the
// organisation's own one for "", the standard one for "default". What it says
// may be a second old; nobody may change it. KindNotFound.
func (s *Service) Server(ctx context.Context, org *idp.Org, id string) (*Server, error) {
	if id != "" && !idp.PlainID(id) {
		return nil, idp.NotFound(TypeServer, id)
	}
	now, at := s.Clock.Now(), keys.Owner{OrgID: org.ID, ServerID: id}
	s.mu.Lock()
	c, ok := s.cache[at]
	s.mu.Unlock()
	if age := now.Sub(c.at); ok && age >= 0 && age < serverLife && c.base == org.BaseURL {
		return c.server, nil
	}
	v := ownServer(org)
	if id != "" {
		var err error
		if v, err = s.read(ctx, org, id); err != nil {
			return nil, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cache == nil || len(s.cache) >= maxServers {
		s.cache = map[keys.Owner]cachedServer{}
	}
	s.cache[at] = cachedServer{v, now, org.BaseURL}
	return v, nil
}

// Serving is Server for one that is to issue or verify something: one that is
// switched off does not exist.
func (s *Service) Serving(ctx context.Context, org *idp.Org, id string) (*Server, error) {
	v, err := s.Server(ctx, org, id)
	if err == nil && v.Status != Active {
		return nil, idp.NotFound(TypeServer, id)
	}
	return v, err
}

// Forget drops what is remembered of servers and keys, e.g. after a restore.
func (s *Service) Forget() {
	s.Signing.Forget()
	s.proofs.ForgetAll()
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.cache)
}

// read reads a server as it is now; the standard one is made on first use.
func (s *Service) read(ctx context.Context, org *idp.Org, id string) (*Server, error) {
	if id == StandardID {
		if err := s.ensureStandard(ctx, org); err != nil {
			return nil, err
		}
	}
	v, err := load(s.Store.Read(ctx), org.ID, id)
	return v, store.Failure("read authorization server", err)
}

// load reads a server with its parts by its identifier or as the standard one.
func load(tx *store.Tx, orgID, id string) (*Server, error) {
	var row *store.OAuthServer
	var err error
	switch {
	case id == StandardID:
		row, err = tx.StandardOAuthServer(orgID)
	case idp.PlainID(id):
		row, err = tx.OAuthServer(orgID, id)
	default:
		return nil, idp.NotFound(TypeServer, id)
	}
	if errors.Is(err, store.ErrNotFound) || (err == nil && row.Status == string(statusGone)) {
		return nil, idp.NotFound(TypeServer, id)
	}
	if err != nil {
		return nil, err
	}
	v, err := serverFromStore(row)
	if err != nil {
		return nil, err
	}
	parts, err := tx.OAuthParts(orgID, v.ID)
	if err != nil {
		return nil, err
	}
	return v, v.addParts(parts)
}

// tx runs fn in a serializable transaction and names what failed. What is
// remembered of servers is dropped.
func (s *Service) tx(ctx context.Context, what string, fn func(*store.Tx) error) error {
	err := s.Store.Tx(ctx, fn)
	s.mu.Lock()
	clear(s.cache)
	s.mu.Unlock()
	return store.Failure(what, err)
}

// record writes an event.
func (s *Service) record(tx *store.Tx, a idp.Actor, event idp.EventType, targets ...idp.Target) error {
	return s.Log.Record(tx, a, eventlog.Entry{Type: event, Targets: targets})
}
