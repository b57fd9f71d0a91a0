package el

import (
	"slices"
	"strings"
)

// Program is a parsed expression. It does not change: any number of goroutines may evaluate it.
type Program struct {
	text   string
	root   node
	limits Limits
	uses   Uses
}

// Uses lists what a program can depend on, each once, in the order of the text.
type Uses struct {
	Attributes []string // dotted references, such as user.department
	Properties []string // internal properties, such as status
	GroupIDs   []string // groups named by id
	GroupNames []string // groups named by their whole name
	AnyGroup   bool     // groups named in another way: by a part of the name, a pattern, a type or a computed value
	Clock      bool     // the result depends on the time
}

// Groups tells whether the program depends on the user's memberships at all.
func (u Uses) Groups() bool { return u.AnyGroup || len(u.GroupIDs)+len(u.GroupNames) > 0 }

// Source gives the text as it was parsed.
func (p *Program) Source() string { return p.text }

// Canonical prints the program in one fixed form, which parses to the same program under the same features if
// the limits leave room: it can be longer than the source.
func (p *Program) Canonical() string {
	var b strings.Builder
	p.root.write(&b)
	return b.String()
}

// Uses lists what the program depends on. The slices are the caller's.
func (p *Program) Uses() Uses {
	u := p.uses
	u.Attributes = slices.Clone(u.Attributes)
	u.Properties = slices.Clone(u.Properties)
	u.GroupIDs = slices.Clone(u.GroupIDs)
	u.GroupNames = slices.Clone(u.GroupNames)
	return u
}

// Results lists the attributes that the result can be, just as they are, in the form of Uses.Attributes. all tells
// that it cannot be anything else but text.
func (p *Program) Results() (attributes []string, all bool) { return results(p.root) }

func results(n node) ([]string, bool) {
	var sides []node
	switch n := n.(type) {
	case reference:
		return []string{strings.Join(n.path, ".")}, true
	case property:
		return nil, true // identifiers and words
	case choice:
		sides = []node{n.then, n.otherwise}
	case fallback:
		sides = []node{n.x, n.otherwise}
	default:
		return nil, n.static() == stringKind
	}
	var out []string
	all := true
	for _, side := range sides {
		of, only := results(side)
		out, all = append(out, of...), all && only
	}
	return out, all
}

// Value evaluates the program. The error is an *EvalError.
func (p *Program) Value(env Env) (Value, error) {
	m := machine{env: env, limits: p.limits}
	return m.run(p.root)
}

// Bool evaluates a condition: null is false. The error is an *EvalError, also for a result that is no boolean.
func (p *Program) Bool(env Env) (bool, error) {
	v, err := p.Value(env)
	if err != nil {
		return false, err
	}
	if v.kind != KindBool && v.kind != KindNull {
		return false, wrong("the result is %s, not a boolean", kindNames[v.kind])
	}
	return v.truth, nil
}

// String evaluates the program to text: null is empty. The error is an *EvalError, also for a list.
func (p *Program) String(env Env) (string, error) {
	v, err := p.Value(env)
	if err != nil {
		return "", err
	}
	s, ok := v.Text()
	if !ok {
		return "", wrong("the result is a list, not a text")
	}
	if len(s) > p.limits.MaxString {
		return "", tooMuch("the result is too long")
	}
	return s, nil
}

// note records what a call depends on.
func (u *Uses) note(name string, args []node) {
	switch name {
	case "Time.now":
		u.Clock = true
	case "isMemberOfGroup", "isMemberOfAnyGroup":
		u.noteGroups(&u.GroupIDs, args)
	case "isMemberOfGroupName":
		u.noteGroups(&u.GroupNames, args)
	case "isMemberOfGroupNameStartsWith", "isMemberOfGroupNameContains", "Groups.startsWith", "Groups.endsWith", "Groups.contains", "getFilteredGroups":
		u.AnyGroup = true
	}
}

func (u *Uses) noteGroups(into *[]string, args []node) {
	for _, a := range args {
		switch a := a.(type) {
		case literal:
			if a.value.kind == KindString {
				addOnce(into, a.value.str)
			}
		case list:
			u.noteGroups(into, a.items)
		default:
			u.AnyGroup = true
		}
	}
}

// noteCriteria records the groups of user.isMemberOf. A group that meets all criteria has one of the ids and names
// that are given; only where neither is given can it be any group.
func (u *Uses) noteCriteria(maps [][]criterion) {
	named := false
	for _, m := range maps {
		for _, c := range m {
			into := &u.GroupIDs
			switch {
			case c.key == keyName && c.exact:
				into = &u.GroupNames
			case c.key != keyID:
				continue
			}
			named = true
			for _, v := range c.values {
				addOnce(into, v)
			}
		}
	}
	u.AnyGroup = u.AnyGroup || !named
}

func addOnce(into *[]string, s string) {
	if !slices.Contains(*into, s) {
		*into = append(*into, s)
	}
}
