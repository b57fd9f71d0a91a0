package el

import "time"

// Env answers for the attributes that a program names. It should hold them in memory: an answer cannot fail.
// An Env that also is a Groups, a Clock or an Internals serves the functions that need them; without it those
// functions fail with an *EvalError.
type Env interface {
	// Lookup gives the attribute at path, such as ["user", "department"]. A path it does not know is null.
	// The caller must not keep or change path.
	Lookup(path []string) (Value, bool)
}

// Group is what the membership functions can ask about a group.
type Group struct {
	ID   string
	Name string
	Type string // OKTA_GROUP, APP_GROUP or BUILT_IN
}

// Groups answers for the groups that the user is a member of.
type Groups interface {
	IsMemberOf(id string) bool
	IsMemberOfName(name string) bool // exactly, case included
	EachGroup(yield func(Group) bool)
}

// Clock gives the time for Time.now.
type Clock interface{ Now() time.Time }

// Internals answers user.getInternalProperty, which reaches attributes outside the profile: id, status and so on.
type Internals interface {
	Internal(name string) (Value, bool)
}

// Scope is an Env made of plain values, with everything that the functions can ask for.
type Scope struct {
	Attributes map[string]any // by root: "user" -> map[string]any of attributes (From), or deeper
	Member     []Group        // the user's groups
	Properties map[string]any // internal properties (From)
	Time       time.Time      // what Time.now gives
}

// Lookup walks Attributes. Values that From does not take are unknown. A root alone is true where it is there.
func (s Scope) Lookup(path []string) (Value, bool) {
	var v any = s.Attributes
	if len(path) == 1 {
		if root, ok := s.Attributes[path[0]].(map[string]any); ok {
			return Bool(root != nil), root != nil
		}
	}
	for _, name := range path {
		m, ok := v.(map[string]any)
		if !ok {
			return Null(), false
		}
		if v, ok = m[name]; !ok {
			return Null(), false
		}
	}
	return From(v)
}

// IsMemberOf looks for a group by id.
func (s Scope) IsMemberOf(id string) bool {
	for _, g := range s.Member {
		if g.ID == id {
			return true
		}
	}
	return false
}

// IsMemberOfName looks for a group by its exact name.
func (s Scope) IsMemberOfName(name string) bool {
	for _, g := range s.Member {
		if g.Name == name {
			return true
		}
	}
	return false
}

// EachGroup goes through Member until yield is false.
func (s Scope) EachGroup(yield func(Group) bool) {
	for _, g := range s.Member {
		if !yield(g) {
			return
		}
	}
}

// Now gives Time.
func (s Scope) Now() time.Time { return s.Time }

// Internal gives a property of Properties.
func (s Scope) Internal(name string) (Value, bool) {
	v, ok := s.Properties[name]
	if !ok {
		return Null(), false
	}
	return From(v)
}
