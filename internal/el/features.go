package el

import "slices"

// Functions is a set of function families.
type Functions uint16

// The function families.
const (
	Strings     Functions = 1 << iota // String.*
	Arrays                            // Arrays.* that read: contains, get, isEmpty, size, flatten, toCsvString
	ArrayEdits                        // Arrays.add, remove, clear
	Membership                        // isMemberOfGroup and its kin, user.isMemberOf
	Conversions                       // Convert.*
	Times                             // Time.*
	Classic                           // the older names without a family: substringBefore(...), toLowerCase(...)
	Properties                        // user.getInternalProperty
	GroupLists                        // Groups.* and getFilteredGroups, which list the user's groups

	AllFunctions Functions = 1<<iota - 1
)

// Limits bounds an expression and its evaluation. A zero field stands for its default.
type Limits struct {
	MaxBytes  int // length of the text in bytes; default 4096
	MaxDepth  int // nested parentheses, arguments, signs and conditions; default 32
	MaxNodes  int // literals, references, operators and calls together; default 512
	MaxSteps  int // work of one evaluation: a node, a group or 64 bytes of text are a step; default 50000
	MaxString int // length in bytes of a text that an evaluation makes; default 8192
	MaxItems  int // length of a list that an evaluation makes; default 1000
}

func (l Limits) withDefaults() Limits {
	for _, f := range []struct {
		field *int
		value int
	}{
		{&l.MaxBytes, 4096}, {&l.MaxDepth, 32}, {&l.MaxNodes, 512}, {&l.MaxSteps, 50000}, {&l.MaxString, 8192}, {&l.MaxItems, 1000},
	} {
		if *f.field == 0 {
			*f.field = f.value
		}
	}
	return l
}

// Features says what an expression may use where it stands.
type Features struct {
	Roots     []string // the names that a reference may begin with, such as user
	Bare      []string // roots that may stand alone: they are null where the Env has none, else true
	AnyRoot   bool     // references may begin with any name, as with the name of an application
	AnyBare   bool     // any name may stand alone
	Functions Functions
	Template  bool // a text with "${" in it is a template; any other text is an expression all the same
	Condition bool // the result must be a boolean, as far as that can be told from the text
	Limits    Limits
}

// GroupRules gives the features of a group rule's condition: the user's profile and the user's groups.
func GroupRules() Features {
	return Features{
		Roots:     []string{"user"},
		Functions: Strings | Arrays | Membership | Classic | Properties,
		Condition: true,
	}
}

// Usernames gives the features of an application's username template, built in or custom.
func Usernames() Features {
	return Features{
		Roots:     []string{"user", "source", "appuser", "app", "org", "idpuser"},
		Functions: AllFunctions &^ GroupLists,
		Template:  true,
	}
}

// Claims gives the features of a claim or attribute statement, which also see the session and what was asked for. Any
// other name is null, as in the service: the tests of the Terraform provider for Okta have such claims.
func Claims() Features {
	return Features{
		AnyRoot:   true,
		AnyBare:   true,
		Functions: AllFunctions,
		Template:  true,
	}
}

func (f Features) root(name string) bool {
	if _, family := families[name]; family {
		return false
	}
	return f.AnyRoot || slices.Contains(f.Roots, name)
}
