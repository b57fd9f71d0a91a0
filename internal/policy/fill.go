package policy

import (
	"encoding/json"
	"fmt"

	"usher/internal/idp"
)

// maxSelected bounds each list of identifiers in a condition.
const maxSelected = 1000

// fillPolicy gives the conditions of a policy what they leave out: those of
// applications have none, those about passwords say whose they are.
// (recorded answers)
func fillPolicy(t Type, c *Conditions) *Conditions {
	if !t.ranked() || t == TypeIDPDiscovery && c == nil {
		return nil
	}
	if c == nil {
		c = &Conditions{}
	}
	if c.People == nil {
		c.People = &People{Groups: &Selection{Include: []string{}}}
	}
	if t == TypePassword && c.AuthProvider == nil {
		c.AuthProvider = &AuthProvider{Provider: string(idp.ProviderOkta)}
	}
	return c
}

// fillRule gives the conditions of a rule what they leave out, so that they
// read as the service shows them (recorded answers).
func fillRule(t Type, c *Conditions) (*Conditions, error) {
	if c == nil {
		c = &Conditions{}
	}
	if t != TypeIDPDiscovery || c.People != nil {
		c.People = fillPeople(c.People)
	}
	if c.Network == nil {
		c.Network = &Network{}
	}
	if c.Network.Connection == "" {
		c.Network.Connection = Anywhere
	}
	switch t {
	case TypeSignOn:
		if c.AuthContext == nil {
			c.AuthContext = &AuthContext{}
		}
		if c.AuthContext.AuthType == "" {
			c.AuthContext.AuthType = AuthAny
		}
		c.assume("risk", `{"behaviors":[]}`)
		c.assume("riskScore", `{"level":"ANY"}`)
		c.assume("identityProvider", `{"provider":"ANY"}`)
	case TypeIDPDiscovery:
		c.assume("platform", `{"include":[],"exclude":[]}`)
		c.assume("userIdentifier", `{"patterns":[]}`)
		c.assume("app", `{"include":[],"exclude":[]}`)
	case TypeAccess:
		c.assume("riskScore", `{"level":"ANY"}`)
		c.assume("userType", `{"include":[],"exclude":[]}`)
		if err := c.fillPlatform(); err != nil {
			return nil, err
		}
	case TypePassword, TypeEnroll, TypeProfile, TypeToken:
	}
	return c, nil
}

// fillPeople: rules always tell whom they leave out.
func fillPeople(p *People) *People {
	if p == nil {
		p = &People{}
	}
	if p.Users == nil {
		p.Users = &Selection{}
	}
	if p.Users.Exclude == nil {
		p.Users.Exclude = []string{}
	}
	return p
}

// assume gives a member that is absent or empty its neutral value.
func (c *Conditions) assume(name, value string) {
	if v, ok := c.Other[name]; ok && string(v) != "{}" {
		return
	}
	if c.Other == nil {
		c.Other = map[string]json.RawMessage{}
	}
	c.Other[name] = json.RawMessage(value)
}

// platforms is the condition on devices' operating systems.
// (spec: management PlatformPolicyRuleCondition)
type platforms struct {
	Include []platform `json:"include"`
	Exclude []platform `json:"exclude"`
}

type platform struct {
	Type string `json:"type,omitempty"` // DESKTOP, MOBILE, ANY ...
	OS   *struct {
		Type       string          `json:"type,omitempty"`
		Expression *string         `json:"expression,omitempty"`
		Version    json.RawMessage `json:"version,omitempty"`
	} `json:"os,omitempty"`
}

// fillPlatform drops a condition that names no platform and fills in the other
// list where one is given (recorded answers).
func (c *Conditions) fillPlatform() error {
	text, ok := c.Other["platform"]
	if !ok {
		return nil
	}
	var p platforms
	if err := json.Unmarshal(text, &p); err != nil {
		return idp.Invalid("conditions", idp.Cause{Field: "platform", Text: "is malformed"})
	}
	if len(p.Include)+len(p.Exclude) == 0 {
		delete(c.Other, "platform")
		return nil
	}
	for _, list := range []*[]platform{&p.Include, &p.Exclude} {
		if *list == nil {
			*list = []platform{}
		}
	}
	filled, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("platform condition: %w", err)
	}
	c.Other["platform"] = filled
	return nil
}

// restricts tells whether the conditions leave anybody out.
func (c *Conditions) restricts() bool {
	if c == nil {
		return false
	}
	if p := c.People; p != nil {
		for _, s := range []*Selection{p.Users, p.Groups} {
			if s != nil && len(s.Include)+len(s.Exclude) > 0 {
				return true
			}
		}
	}
	if c.Network != nil && c.Network.Connection == Zone || c.AuthContext != nil && c.AuthContext.AuthType != "" && c.AuthContext.AuthType != AuthAny {
		return true
	}
	for name, value := range c.Other {
		if !neutral(name, value) {
			return true
		}
	}
	return false
}

// check finds what is wrong with conditions, the existence of what they name
// aside.
func (c *Conditions) check() []idp.Cause {
	if c == nil {
		return nil
	}
	var causes []idp.Cause
	add := func(field, text string) { causes = append(causes, idp.Cause{Field: field, Text: text}) }
	for _, l := range c.selected() {
		if len(l.ids) > maxSelected {
			add(l.field, fmt.Sprintf("must not have more than %d elements", maxSelected))
		}
	}
	if n := c.Network; n != nil {
		switch n.Connection {
		case "", Anywhere:
			if len(n.Include)+len(n.Exclude) > 0 {
				add("network", "zones go with the connection ZONE")
			}
		case Zone:
			if len(n.Include)+len(n.Exclude) == 0 {
				add("network", "the connection ZONE needs zones to include or to exclude")
			}
		default:
			add("network.connection", "must be ANYWHERE or ZONE")
		}
	}
	if c.AuthContext != nil {
		switch c.AuthContext.AuthType {
		case "", AuthAny, AuthRadius, AuthLDAP:
		default:
			add("authContext.authType", "must be ANY, RADIUS or LDAP_INTERFACE")
		}
	}
	if c.AuthProvider != nil {
		switch c.AuthProvider.Provider {
		case "", "ANY", string(idp.ProviderOkta), string(idp.ProviderActiveDirectory), string(idp.ProviderLDAP):
		default:
			add("authProvider.provider", "must be OKTA, ACTIVE_DIRECTORY, LDAP or ANY")
		}
	}
	return causes
}

// selectedList is a list of identifiers in conditions.
type selectedList struct {
	field string
	kind  string // what the identifiers name
	ids   []string
}

// What identifiers in conditions name.
const (
	kindUser  = "user"
	kindGroup = "group"
	kindZone  = "zone"
)

// selected lists every list of identifiers.
func (c *Conditions) selected() []selectedList {
	if c == nil {
		return nil
	}
	var out []selectedList
	if p := c.People; p != nil {
		if p.Users != nil {
			out = append(out, selectedList{"people.users.include", kindUser, p.Users.Include}, selectedList{"people.users.exclude", kindUser, p.Users.Exclude})
		}
		if p.Groups != nil {
			out = append(out, selectedList{"people.groups.include", kindGroup, p.Groups.Include}, selectedList{"people.groups.exclude", kindGroup, p.Groups.Exclude})
		}
	}
	if c.Network != nil {
		out = append(out, selectedList{"network.include", kindZone, c.Network.Include}, selectedList{"network.exclude", kindZone, c.Network.Exclude})
	}
	return out
}
