package policy

import "slices"

// rank is one element of an order by priority.
type rank struct {
	id       string
	priority int
	system   bool
}

// placeDense puts the element id at the priority wanted, counted from 1, and
// returns the new order: one's own elements first, the system's behind them,
// without gaps. Nil is the last place of one's own; a place beyond that counts
// as it. An element that is not in the list yet is added. Those of the system
// stay where they are. (management reference: policies, priority)
func placeDense(list []rank, id string, wanted *int) []rank {
	var own, system []rank
	at, moving := -1, rank{id: id}
	for _, r := range list {
		switch {
		case r.id == id && !r.system:
			at = len(own)
		case r.system:
			system = append(system, r)
		default:
			own = append(own, r)
		}
	}
	isSystem := slices.ContainsFunc(system, func(r rank) bool { return r.id == id })
	if !isSystem {
		switch {
		case wanted != nil:
			at = min(max(*wanted-1, 0), len(own))
		case at < 0:
			at = len(own)
		}
		own = slices.Insert(own, at, moving)
	}
	return number(append(own, system...))
}

// closeGaps numbers what is left when the element id goes.
func closeGaps(list []rank, id string) []rank {
	return number(slices.DeleteFunc(slices.Clone(list), func(r rank) bool { return r.id == id }))
}

func number(list []rank) []rank {
	for i := range list {
		list[i].priority = i + 1
	}
	return list
}

// placeSparse is placeDense for rules about applications, which keep the
// priority that they are given, 0 to 98, and may leave gaps; the last rule has
// 99 (recorded answers). Where the place is taken, those behind it move on by
// one as far as they must.
func placeSparse(list []rank, id string, wanted *int) []rank {
	var own, system []rank
	moving, found := rank{id: id}, false
	for _, r := range list {
		switch {
		case r.system:
			system = append(system, r)
		case r.id == id:
			moving, found = r, true
		default:
			own = append(own, r)
		}
	}
	if slices.ContainsFunc(system, func(r rank) bool { return r.id == id }) {
		return list
	}
	slices.SortStableFunc(own, func(a, b rank) int { return a.priority - b.priority })
	switch {
	case wanted != nil:
		moving.priority = min(max(*wanted, 0), catchAllPriority-1)
	case !found && len(own) > 0:
		moving.priority = min(own[len(own)-1].priority+1, catchAllPriority-1)
	}
	at := slices.IndexFunc(own, func(r rank) bool { return r.priority >= moving.priority })
	if at < 0 {
		at = len(own)
	}
	own = slices.Insert(own, at, moving)
	for i := at + 1; i < len(own) && own[i].priority <= own[i-1].priority; i++ {
		own[i].priority = own[i-1].priority + 1
	}
	// Too many behind a high place: all move together.
	for i, most := len(own)-1, catchAllPriority-1; i >= 0 && own[i].priority > most; i, most = i-1, most-1 {
		own[i].priority = most
	}
	return append(own, system...)
}
