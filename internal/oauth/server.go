package oauth

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"usher/internal/idp"
	"usher/internal/keys"
	"usher/internal/store"
)

// Status tells whether a server or one of its parts takes part.
type Status string

// The states. statusGone is what is left of a standard server that was deleted.
const (
	Active     Status = "ACTIVE"
	Inactive   Status = "INACTIVE"
	statusGone Status = "DELETED"
)

// Ways in which the keys of a server change.
// (spec: management-extra AuthorizationServerCredentialsRotationMode)
const (
	RotationAuto   = "AUTO"
	RotationManual = "MANUAL"
)

// StandardID is the name in addresses of the custom server that every
// organisation has from the start.
const StandardID = "default"

// Server is an authorization server. The organisation's own one is a value made
// from the organisation: it has no identifier, no claims and no policies.
type Server struct {
	OrgID string
	// ID is that of a custom server (aus...), empty for the organisation's own.
	ID          string
	Name        string
	Description string
	Audiences   []string
	IssuerMode  string // ORG_URL, CUSTOM_URL or DYNAMIC
	Status      Status
	// Standard marks the one whose addresses have "default" in place of the
	// identifier.
	Standard bool
	Alg      keys.Alg
	// Type is in the header of access tokens: TypeAccess, or TypeJWT for none.
	Type        string
	Rotation    string // RotationAuto or RotationManual
	Created     time.Time
	LastUpdated time.Time
	Version     int64

	Scopes   []*Scope  // in the order of their creation
	Claims   []*Claim  // likewise, those of OpenID Connect aside
	Policies []*Policy // by priority, with their rules

	system []*Claim // those that OpenID Connect has for scopes; none for the organisation's own
}

// serverDocument is what is stored of a server beside its columns.
type serverDocument struct {
	Description string   `json:"description,omitempty"`
	Audiences   []string `json:"audiences"`
	IssuerMode  string   `json:"issuerMode"`
	Alg         keys.Alg `json:"alg"`
	Rotation    string   `json:"rotation"`
	Type        string   `json:"typ,omitempty"`
}

// Own tells whether it is the organisation's own server.
func (s *Server) Own() bool { return s.ID == "" }

// PathID is the identifier as it stands in the server's addresses; empty for
// the organisation's own.
func (s *Server) PathID() string {
	if s.Standard {
		return StandardID
	}
	return s.ID
}

// Issuer is the server's name in tokens: the organisation's base URL, or an
// address below it. (spec: management-extra AuthorizationServer.issuer)
func (s *Server) Issuer(org *idp.Org) string {
	if s.Own() {
		return org.BaseURL
	}
	return org.BaseURL + "/oauth2/" + s.PathID()
}

// Endpoint is the address of a protocol endpoint of the server, such as "token".
func (s *Server) Endpoint(org *idp.Org, name string) string {
	if s.Own() {
		return org.BaseURL + "/oauth2/v1/" + name
	}
	return s.Issuer(org) + "/v1/" + name
}

// Owner names the server's keys.
func (s *Server) Owner() keys.Owner { return keys.Owner{OrgID: s.OrgID, ServerID: s.ID} }

// Scope returns a scope by its name, nil for none.
func (s *Server) Scope(name string) *Scope {
	i := slices.IndexFunc(s.Scopes, func(v *Scope) bool { return v.Name == name })
	if i < 0 {
		return nil
	}
	return s.Scopes[i]
}

// DefaultScopes are the names of those that a client gets that asks for none.
func (s *Server) DefaultScopes() []string {
	var out []string
	for _, v := range s.Scopes {
		if v.Default {
			out = append(out, v.Name)
		}
	}
	return out
}

// ownServer is the organisation's own server.
func ownServer(org *idp.Org) *Server {
	s := &Server{
		OrgID: org.ID, Name: org.Name, Audiences: []string{org.BaseURL}, IssuerMode: "ORG_URL", Status: Active, Alg: keys.RS256,
		Type: TypeAccess, Rotation: RotationAuto, Created: org.Created, LastUpdated: org.Created,
	}
	for _, v := range systemScopes() {
		s.Scopes = append(s.Scopes, &v)
	}
	s.Scopes = append(s.Scopes, &Scope{Name: "groups", Consent: ConsentImplicit, Publish: PublishAll, System: true})
	s.Scopes = append(s.Scopes, managementScopes()...)
	return s
}

func serverFromStore(row *store.OAuthServer) (*Server, error) {
	var d serverDocument
	if err := json.Unmarshal(row.Document, &d); err != nil {
		return nil, fmt.Errorf("authorization server %s: %w", row.ID, err)
	}
	return &Server{
		OrgID: row.OrgID, ID: row.ID, Name: row.Name, Description: d.Description, Audiences: d.Audiences, IssuerMode: d.IssuerMode,
		Status: Status(row.Status), Standard: row.Standard, Alg: d.Alg, Type: d.Type, Rotation: d.Rotation,
		Created: row.Created, LastUpdated: row.LastUpdated, Version: row.Version,
	}, nil
}

func (s *Server) toStore() (*store.OAuthServer, error) {
	doc, err := json.Marshal(serverDocument{s.Description, s.Audiences, s.IssuerMode, s.Alg, s.Rotation, s.Type})
	if err != nil {
		return nil, fmt.Errorf("authorization server %s: %w", s.ID, err)
	}
	return &store.OAuthServer{
		OrgID: s.OrgID, ID: s.ID, Name: s.Name, NameKey: nameKey(s.Name), Status: string(s.Status), Standard: s.Standard, Document: doc,
		Created: s.Created, LastUpdated: s.LastUpdated, Version: s.Version,
	}, nil
}

// target names the server in events.
func (s *Server) target() idp.Target {
	return idp.Target{ID: s.ID, Type: "AuthorizationServer", AlternateID: s.Name, DisplayName: s.Name}
}
