package policy

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"

	"usher/internal/idp"
)

// Conditions say when a policy or rule holds. A member that is nil restricts
// nothing. (management reference: policies, rule object)
type Conditions struct {
	People       *People       `json:"people,omitempty"`
	Network      *Network      `json:"network,omitempty"`
	AuthContext  *AuthContext  `json:"authContext,omitempty"`
	AuthProvider *AuthProvider `json:"authProvider,omitempty"`
	// Other holds the members that have no field here, by name, as they were
	// given. Those that restrict nothing are harmless; any other makes the
	// conditions fail, since nobody looks at what it asks for.
	Other map[string]json.RawMessage `json:"-"`
}

// People restricts by user and group. An empty include restricts nothing.
type People struct {
	Users  *Selection `json:"users,omitempty"`
	Groups *Selection `json:"groups,omitempty"`
}

// Selection is a set of identifiers to include and to exclude. An empty list is
// kept apart from one that is absent: it is given back as it came.
type Selection struct {
	Include []string `json:"include,omitzero"`
	Exclude []string `json:"exclude,omitzero"`
}

// Connection says how a network condition selects.
type Connection string

// The connections.
const (
	Anywhere Connection = "ANYWHERE"
	Zone     Connection = "ZONE"
)

// AllZones stands for every zone of the organisation in a selection.
const AllZones = "ALL_ZONES"

// Network restricts by the zones that the client's address belongs to.
type Network struct {
	Connection Connection `json:"connection"`
	Include    []string   `json:"include,omitzero"`
	Exclude    []string   `json:"exclude,omitzero"`
}

// AuthType is the kind of interface through which somebody signs in.
type AuthType string

// The kinds of interfaces.
const (
	AuthAny    AuthType = "ANY"
	AuthRadius AuthType = "RADIUS"
	AuthLDAP   AuthType = "LDAP_INTERFACE"
)

// AuthContext restricts a sign-on rule by the interface.
type AuthContext struct {
	AuthType AuthType `json:"authType"`
}

// AuthProvider restricts a password policy by who keeps the password: OKTA,
// ACTIVE_DIRECTORY, LDAP or ANY.
type AuthProvider struct {
	Provider string   `json:"provider"`
	Include  []string `json:"include,omitzero"`
}

// known are the members of Conditions that have a field.
func known() []string { return []string{"people", "network", "authContext", "authProvider"} }

// plainConditions is Conditions without its own JSON methods.
type plainConditions Conditions

// UnmarshalJSON keeps the members that have no field.
func (c *Conditions) UnmarshalJSON(text []byte) error {
	var plain plainConditions
	if err := json.Unmarshal(text, &plain); err != nil {
		return err
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(text, &all); err != nil {
		return err
	}
	for name, value := range all {
		if !slices.Contains(known(), name) && !bytes.Equal(value, []byte("null")) {
			if plain.Other == nil {
				plain.Other = map[string]json.RawMessage{}
			}
			plain.Other[name] = value
		}
	}
	*c = Conditions(plain)
	return nil
}

// memberOrder is the order in which the service shows conditions (recorded
// answers); others follow by name.
func memberOrder() []string {
	return []string{
		"people", "network", "authContext", "authProvider", "platform", "risk", "riskScore", "identityProvider",
		"userIdentifier", "app", "userType",
	}
}

// MarshalJSON gives back the members that have no field too, in the order in
// which the service shows them.
func (c Conditions) MarshalJSON() ([]byte, error) {
	text, err := json.Marshal(plainConditions(c))
	if err != nil || len(c.Other) == 0 {
		return text, err
	}
	all := map[string]json.RawMessage{}
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, err
	}
	maps.Copy(all, c.Other)
	names := sortedNames(all)
	rank := func(name string) int {
		if i := slices.Index(memberOrder(), name); i >= 0 {
			return i
		}
		return len(memberOrder())
	}
	slices.SortStableFunc(names, func(a, b string) int { return rank(a) - rank(b) })
	out := []byte{'{'}
	for i, name := range names {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(idp.AppendJSON(out, name), ':')
		out = append(out, all[name]...)
	}
	return append(out, '}'), nil
}
