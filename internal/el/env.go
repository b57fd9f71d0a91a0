package el

import (
	"strings"
	"time"
)

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

// Scope is an Env made of plain values.
type Scope struct {
	Attributes map[string]any // by root: "user" -> map[string]any of attributes (From), or deeper
	Member     []Group        // the user's groups
	Internal_  map[string]any // internal properties (From)
	Time       time.Time
}
