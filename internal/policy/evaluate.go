package policy

import (
	"encoding/json"
	"slices"
	"strings"

	"usher/internal/idp"
)

// Subject is who asks for a decision, and from where.
type Subject struct {
	UserID   string
	GroupIDs []string // all of the user's groups, the built-in one included
	// Provider keeps the user's password.
	Provider idp.ProviderType
	// Zones are the network zones that the client's address belongs to.
	Zones []string
	// AuthType is the interface; empty for the web and its APIs.
	AuthType AuthType
}

// Match is the policy, and for Evaluate the rule, that decides.
type Match struct {
	Policy *Policy
	Rule   *Rule
}

// Evaluate finds the first active rule that holds, in the first active policy
// that holds and has one, in the order of their priorities. It returns nil when
// there is none. (management reference: policies, evaluation)
func Evaluate(policies []*Policy, s Subject) (*Match, Trace) {
	var t Trace
	for _, p := range policies {
		if why := p.excludes(s); why != "" {
			t.add(p, nil, why)
			continue
		}
		for _, r := range p.Rules {
			why := r.excludes(s)
			t.add(p, r, why)
			if why == "" {
				return &Match{Policy: p, Rule: r}, t
			}
		}
	}
	return nil, t
}

// Applies finds the first policy that holds, whatever its rules say: the
// settings of a policy depend on its own conditions alone. A policy without an
// active rule is never chosen.
func Applies(policies []*Policy, s Subject) (*Policy, Trace) {
	var t Trace
	for _, p := range policies {
		why := p.excludes(s)
		t.add(p, nil, why)
		if why == "" {
			return p, t
		}
	}
	return nil, t
}

// excludes tells why a policy is passed over, "" when it holds.
func (p *Policy) excludes(s Subject) string {
	if p.Status != Active {
		return "inactive"
	}
	if !slices.ContainsFunc(p.Rules, func(r *Rule) bool { return r.Status == Active }) {
		return "no active rule"
	}
	return p.Conditions.fails(s)
}

// excludes tells why a rule is passed over, "" when it holds.
func (r *Rule) excludes(s Subject) string {
	if r.Status != Active {
		return "inactive"
	}
	return r.Conditions.fails(s)
}

// fails names the first condition that does not hold, "" when all do.
func (c *Conditions) fails(s Subject) string {
	if c == nil {
		return ""
	}
	switch {
	case c.People != nil && !c.People.Users.selects(s.UserID):
		return "people.users"
	case c.People != nil && !c.People.Groups.selects(s.GroupIDs...):
		return "people.groups"
	case !c.Network.holds(s.Zones):
		return "network"
	case !c.AuthContext.holds(s.AuthType):
		return "authContext"
	case !c.AuthProvider.holds(s.Provider):
		return "authProvider"
	}
	for _, name := range sortedNames(c.Other) {
		if !neutral(name, c.Other[name]) {
			return name
		}
	}
	return ""
}

// selects tells whether any of the identifiers is included and none excluded.
func (n *Selection) selects(ids ...string) bool {
	if n == nil {
		return true
	}
	in := func(set []string) bool {
		return slices.ContainsFunc(ids, func(id string) bool { return slices.Contains(set, id) })
	}
	return !in(n.Exclude) && (len(n.Include) == 0 || in(n.Include))
}

// holds tells whether the zones of a client satisfy the condition.
func (n *Network) holds(zones []string) bool {
	if n == nil || n.Connection != Zone {
		return true
	}
	in := func(set []string) bool {
		if slices.Contains(set, AllZones) {
			return len(zones) > 0
		}
		return slices.ContainsFunc(zones, func(z string) bool { return slices.Contains(set, z) })
	}
	return !in(n.Exclude) && (len(n.Include) == 0 || in(n.Include))
}

func (a *AuthContext) holds(t AuthType) bool {
	return a == nil || a.AuthType == "" || a.AuthType == AuthAny || a.AuthType == t
}

// holds tells whether the condition is about this source of passwords. OKTA
// means every source that is no directory.
func (a *AuthProvider) holds(p idp.ProviderType) bool {
	if a == nil || a.Provider == "" || a.Provider == "ANY" {
		return true
	}
	directory := p == idp.ProviderActiveDirectory || p == idp.ProviderLDAP
	if a.Provider == string(idp.ProviderOkta) {
		return !directory
	}
	return a.Provider == string(p)
}

// neutral tells whether a condition that is not evaluated restricts nothing:
// null, an empty object or list, or only members that are so or say ANY.
func neutral(name string, value json.RawMessage) bool {
	var v any
	if err := json.Unmarshal(value, &v); err != nil {
		return false
	}
	return unrestricted(name, v)
}

func unrestricted(name string, v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return (name == "level" || name == "provider" || name == "connection") && (v == "ANY" || v == string(Anywhere))
	case []any:
		return len(v) == 0
	case map[string]any:
		for member, inner := range v {
			if !unrestricted(member, inner) {
				return false
			}
		}
		return true
	}
	return false
}

func sortedNames(m map[string]json.RawMessage) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.SortFunc(names, strings.Compare)
	return names
}
