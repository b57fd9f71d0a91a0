package oauth

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"usher/internal/scim"
	"usher/internal/store"
)

// Kinds of parts in the store.
const (
	kindScope  = "scope"
	kindClaim  = "claim"
	kindPolicy = "policy"
	kindRule   = "rule"
)

// part is what scopes, claims, policies and rules have in common.
type part struct {
	ID          string
	Created     time.Time
	LastUpdated time.Time
	version     int64
}

func partOf(row *store.OAuthPart) part {
	return part{ID: row.ID, Created: row.Created, LastUpdated: row.LastUpdated, version: row.Version}
}

// nameKey is a name as it must be unique.
func nameKey(name string) string { return scim.Fold(name) }

// row makes the stored form of a part.
func (p part) row(s *Server, kind, name, key string, document any) (*store.OAuthPart, error) {
	doc, err := json.Marshal(document)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", kind, p.ID, err)
	}
	return &store.OAuthPart{
		OrgID: s.OrgID, ServerID: s.ID, Kind: kind, ID: p.ID, Name: name, NameKey: key, Status: string(Active), Document: doc,
		Created: p.Created, LastUpdated: p.LastUpdated, Version: p.version,
	}, nil
}

func (v *Scope) toStore(s *Server) (*store.OAuthPart, error) {
	row, err := v.row(s, kindScope, v.Name, v.Name, v)
	if err == nil {
		row.System = v.System
	}
	return row, err
}

func (c *Claim) toStore(s *Server) (*store.OAuthPart, error) {
	key := string(c.Type) + ":" + c.Name
	if c.ValueType == ValueSystem {
		// A claim of one's own may have the same name: it takes the place of ours.
		key = ValueSystem + ":" + c.Name
	}
	row, err := c.row(s, kindClaim, c.Name, key, c)
	if err == nil {
		row.System, row.Status = c.System, string(c.Status)
	}
	return row, err
}

func (p *Policy) toStore(s *Server) (*store.OAuthPart, error) {
	row, err := p.row(s, kindPolicy, p.Name, nameKey(p.Name), p)
	if err == nil {
		row.System, row.Status, row.Priority = p.System, string(p.Status), p.Priority
	}
	return row, err
}

func (r *Rule) toStore(s *Server, of *Policy) (*store.OAuthPart, error) {
	row, err := r.row(s, kindRule, r.Name, nameKey(r.Name), r)
	if err == nil {
		row.System, row.Status, row.Priority, row.ParentID = r.System, string(r.Status), r.Priority, of.ID
	}
	return row, err
}

// addParts fills in what belongs to a server.
func (s *Server) addParts(rows []*store.OAuthPart) error {
	rules := map[string][]*Rule{}
	for _, row := range rows {
		var into any
		switch row.Kind {
		case kindScope:
			v := &Scope{part: partOf(row), Name: row.Name, System: row.System}
			into, s.Scopes = v, append(s.Scopes, v)
		case kindClaim:
			v := &Claim{part: partOf(row), Name: row.Name, System: row.System, Status: Status(row.Status)}
			into, s.Claims = v, append(s.Claims, v)
		case kindPolicy:
			v := &Policy{part: partOf(row), Name: row.Name, System: row.System, Status: Status(row.Status), Priority: row.Priority}
			into, s.Policies = v, append(s.Policies, v)
		case kindRule:
			v := &Rule{part: partOf(row), Name: row.Name, System: row.System, Status: Status(row.Status), Priority: row.Priority}
			into, rules[row.ParentID] = v, append(rules[row.ParentID], v)
		default:
			return fmt.Errorf("authorization server %s has a part of kind %q", s.ID, row.Kind)
		}
		if err := json.Unmarshal(row.Document, into); err != nil {
			return fmt.Errorf("%s %s: %w", row.Kind, row.ID, err)
		}
	}
	s.addSystemClaims()
	for _, c := range s.Claims {
		c.compile()
	}
	for _, p := range s.Policies {
		p.Rules = slices.Clone(rules[p.ID])
	}
	return nil
}
