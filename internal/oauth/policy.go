package oauth

import (
	"slices"
	"time"
)

// Words that stand for all of a kind in conditions.
const (
	AllClients = "ALL_CLIENTS"
	Everyone   = "EVERYONE"
	AnyScope   = "*"
)

// Policy tells which of its rules hold for which clients of a custom server.
type Policy struct {
	part        `json:"-"`
	Name        string   `json:"-"`
	Description string   `json:"description"`
	Status      Status   `json:"-"`
	Priority    int      `json:"-"` // 1 is tried first
	System      bool     `json:"-"`
	Clients     []string `json:"clients"` // client identifiers, or AllClients
	Rules       []*Rule  `json:"-"`       // by priority
}

// Rule tells what tokens a request gets. An empty list of people includes
// nobody, but for grants without a user.
type Rule struct {
	part       `json:"-"`
	Name       string    `json:"-"`
	Status     Status    `json:"-"`
	Priority   int       `json:"-"`
	System     bool      `json:"-"`
	GrantTypes []string  `json:"grantTypes"`
	Scopes     []string  `json:"scopes"` // names, or AnyScope; empty for requests without a scope
	Users      Selection `json:"users"`
	Groups     Selection `json:"groups"` // identifiers, or Everyone
	Token      Lifetimes `json:"token"`
}

// Selection is a set of identifiers to include and to exclude.
type Selection struct {
	Include []string `json:"include"`
	Exclude []string `json:"exclude"`
}

// Lifetimes are how long tokens live, in minutes.
// (spec: management-extra TokenAuthorizationServerPolicyRuleAction)
type Lifetimes struct {
	Access int `json:"access"`
	// Refresh is how long a refresh token lives altogether, 0 for no end.
	Refresh int `json:"refresh"`
	// Window is how long it lives without use.
	Window int `json:"window"`
}

// AccessLife is how long access tokens live.
func (l Lifetimes) AccessLife() time.Duration { return time.Duration(l.Access) * time.Minute }

// RefreshLife is how long refresh tokens live altogether, 0 for no end.
func (l Lifetimes) RefreshLife() time.Duration { return time.Duration(l.Refresh) * time.Minute }

// RefreshWindow is how long refresh tokens live without use.
func (l Lifetimes) RefreshWindow() time.Duration { return time.Duration(l.Window) * time.Minute }

// OwnLifetimes are those of the organisation's own server: access tokens of an
// hour, refresh tokens that end after 90 days without use.
func OwnLifetimes() Lifetimes { return Lifetimes{Access: 60, Window: 90 * 24 * 60} }

// TokenRequest is what policies look at.
type TokenRequest struct {
	ClientID  string
	GrantType string   // as at the token endpoint, or "implicit"
	Scopes    []string // that were asked for
	UserID    string   // empty where the client acts for itself
	GroupIDs  []string // of the user, with the group of everyone
}

// Decide returns the first rule that holds for a request, with its policy; nil
// where there is none, and then no token may be issued. The organisation's own
// server has no policies: callers take OwnLifetimes there.
// (spec: management-extra AuthorizationServerPolicyRule)
func (s *Server) Decide(q TokenRequest) (*Policy, *Rule) {
	for _, p := range s.Policies {
		if p.Status != Active || !has(p.Clients, q.ClientID, AllClients) {
			continue
		}
		for _, r := range p.Rules {
			if r.Status == Active && r.holds(q) {
				return p, r
			}
		}
	}
	return nil, nil
}

func (r *Rule) holds(q TokenRequest) bool {
	if !slices.Contains(r.GrantTypes, q.GrantType) {
		return false
	}
	for _, name := range q.Scopes {
		if !has(r.Scopes, name, AnyScope) {
			return false
		}
	}
	if q.UserID == "" {
		return true
	}
	in := func(list []string) bool {
		return slices.ContainsFunc(list, func(id string) bool { return id == Everyone || slices.Contains(q.GroupIDs, id) })
	}
	if slices.Contains(r.Users.Exclude, q.UserID) || in(r.Groups.Exclude) {
		return false
	}
	return slices.Contains(r.Users.Include, q.UserID) || in(r.Groups.Include)
}

// has tells whether a list has the value, or the word for all.
func has(list []string, value, all string) bool {
	return slices.Contains(list, all) || slices.Contains(list, value)
}
