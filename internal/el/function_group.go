package el

import (
	"slices"
	"strings"
)

func (m *machine) groups() (Groups, error) {
	g, ok := m.env.(Groups)
	if !ok {
		return nil, wrong("there are no groups here")
	}
	return g, nil
}

// memberByID serves isMemberOfGroup and isMemberOfAnyGroup; a list stands for its items.
func memberByID(m *machine, args []Value) (Value, error) {
	g, err := m.groups()
	if err != nil {
		return Value{}, err
	}
	for _, a := range args {
		items := a.list
		if a.kind != KindList {
			items = []Value{a}
		}
		for _, item := range items {
			id, ok, err := m.textOf(item)
			if err != nil {
				return Value{}, err
			}
			if err := m.spend(1); err != nil {
				return Value{}, err
			}
			if ok && g.IsMemberOf(id) {
				return Bool(true), nil
			}
		}
	}
	return Bool(false), nil
}

func memberByName(m *machine, args []Value) (Value, error) {
	g, err := m.groups()
	if err != nil {
		return Value{}, err
	}
	name, ok, err := m.textOf(args[0])
	if err != nil {
		return Value{}, err
	}
	return Bool(ok && g.IsMemberOfName(name)), nil
}

func memberByPrefix(m *machine, args []Value) (Value, error) {
	return memberByText(m, args, strings.HasPrefix)
}

func memberByPart(m *machine, args []Value) (Value, error) {
	return memberByText(m, args, strings.Contains)
}

func memberByText(m *machine, args []Value, test func(name, text string) bool) (Value, error) {
	text, ok, err := m.textOf(args[0])
	if err != nil || !ok {
		return Bool(false), err
	}
	return m.anyGroup(1, func(g Group) bool { return test(g.Name, text) })
}

// anyGroup tells whether a group of the user passes the test, which takes the given number of steps.
func (m *machine) anyGroup(steps int, test func(Group) bool) (Value, error) {
	groups, err := m.groups()
	if err != nil {
		return Value{}, err
	}
	found := false
	groups.EachGroup(func(g Group) bool {
		if err = m.spend(steps); err != nil {
			return false
		}
		found = test(g)
		return !found
	})
	return Bool(found), err
}

func (n nameMatch) eval(m *machine) (Value, error) {
	return m.anyGroup(n.cost, func(g Group) bool { return n.re.MatchString(g.Name) })
}

// eval looks for one group that meets all criteria.
func (n criteria) eval(m *machine) (Value, error) {
	if len(n.maps) == 1 && len(n.maps[0]) == 1 && n.maps[0][0].key == keyID {
		return m.anyID(n.maps[0][0].values) // the common case needs no walk through the groups
	}
	steps := 0
	for _, one := range n.maps {
		for _, c := range one {
			steps += len(c.values)
		}
	}
	return m.anyGroup(steps, n.met)
}

func (m *machine) anyID(ids []string) (Value, error) {
	g, err := m.groups()
	if err != nil {
		return Value{}, err
	}
	return Bool(slices.ContainsFunc(ids, g.IsMemberOf)), m.spend(len(ids))
}

func (n criteria) met(g Group) bool {
	for _, one := range n.maps {
		for _, c := range one {
			if !c.met(g) {
				return false
			}
		}
	}
	return true
}

func (c criterion) met(g Group) bool {
	return slices.ContainsFunc(c.values, func(v string) bool {
		switch {
		case c.key == keyID:
			return g.ID == v
		case c.key == keyType:
			return g.Type == v
		case c.exact:
			return g.Name == v
		default:
			return strings.HasPrefix(g.Name, v)
		}
	})
}
