package el

import (
	"slices"
	"strings"
)

// maxGroupList bounds how many groups an expression can list.
const maxGroupList = 100

func groupsByPrefix(m *machine, args []Value) (Value, error) {
	return m.groupNames(args, strings.HasPrefix)
}

func groupsBySuffix(m *machine, args []Value) (Value, error) {
	return m.groupNames(args, strings.HasSuffix)
}

func groupsByPart(m *machine, args []Value) (Value, error) {
	return m.groupNames(args, strings.Contains)
}

// groupNames lists the names of the user's groups of a kind whose names pass
// the test. The kind is OKTA for those that are kept here, else a group type.
func (m *machine) groupNames(args []Value, test func(name, text string) bool) (Value, error) {
	texts, ok, err := m.texts(args[:2])
	if err != nil {
		return Value{}, err
	}
	limit, err := integer(args[2])
	if err != nil {
		return Value{}, err
	}
	kind, text := texts[0], texts[1]
	return m.listGroups(limit, func(g Group) (string, bool) {
		own := g.Type != "APP_GROUP"
		return g.Name, ok && (kind == g.Type || (strings.EqualFold(kind, "OKTA") && own)) && test(g.Name, text)
	})
}

// filteredGroups lists those of the user's groups that are in a list of
// identifiers, by their name or identifier: getFilteredGroups(ids, "group.name", most).
func filteredGroups(m *machine, args []Value) (Value, error) {
	items, err := listOf(args[0])
	if err != nil {
		return Value{}, err
	}
	what, _, err := m.textOf(args[1])
	if err != nil {
		return Value{}, err
	}
	if what != "group.name" && what != "group.id" {
		return Value{}, wrong("%q is neither group.name nor group.id", what)
	}
	limit, err := integer(args[2])
	if err != nil {
		return Value{}, err
	}
	ids := make([]string, 0, len(items))
	for _, item := range items {
		id, _, err := m.textOf(item)
		if err != nil {
			return Value{}, err
		}
		ids = append(ids, id)
	}
	return m.listGroups(limit, func(g Group) (string, bool) {
		if what == "group.id" {
			return g.ID, slices.Contains(ids, g.ID)
		}
		return g.Name, slices.Contains(ids, g.ID)
	})
}

// listGroups goes through the user's groups until limit of them are listed.
func (m *machine) listGroups(limit int64, pick func(Group) (string, bool)) (Value, error) {
	groups, err := m.groups()
	if err != nil {
		return Value{}, err
	}
	if limit < 0 || limit > maxGroupList {
		return Value{}, wrong("an expression lists up to %d groups", maxGroupList)
	}
	var out []Value
	groups.EachGroup(func(g Group) bool {
		if err = m.spend(1); err != nil || int64(len(out)) >= limit {
			return false
		}
		if text, ok := pick(g); ok {
			out = append(out, String(text))
		}
		return true
	})
	if err != nil {
		return Value{}, err
	}
	return m.items(out)
}
