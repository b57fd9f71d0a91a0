package directory

import (
	"maps"
	"slices"
	"sync"

	"usher/internal/el"
	"usher/internal/idp"
	"usher/internal/store"
)

// maxRuleSets is for how many organisations the compiled rules are kept.
const maxRuleSets = 1000

// maxRounds bounds how far a membership that a rule made leads to further ones.
// Rules that still contradict each other then have no stable result.
const maxRounds = 25

// ruleCache keeps the compiled rules of organisations. A set is found by the
// revision that the transaction has read, so it is never out of date.
type ruleCache struct {
	mu   sync.Mutex
	sets map[string]*ruleSet // by organisation
}

// ruleSet holds the active rules of an organisation. It does not change.
type ruleSet struct {
	revision string
	org      *idp.Org
	rules    []activeRule
	byID     map[string]activeRule
	// groups tells whether any rule looks at memberships, names whether any
	// looks at groups other than by identifier.
	groups, names bool
}

type activeRule struct {
	*idp.GroupRule
	program *el.Program // nil for a condition that this program cannot read
	uses    el.Uses
}

func (r activeRule) names() bool { return r.uses.AnyGroup || len(r.uses.GroupNames) > 0 }

// holdRules keeps an organisation's rules as they are until the transaction
// ends and returns the active ones, nil when there are none. ever tells whether
// there may be memberships that rules have made.
func (s *Service) holdRules(tx *store.Tx, orgID string) (set *ruleSet, ever bool, err error) {
	head, err := tx.HoldRules(orgID)
	if err != nil {
		return nil, false, store.Failure("hold group rules", err)
	}
	return s.held(tx, orgID, head)
}

// held gives the active rules of a head that the transaction holds.
func (s *Service) held(tx *store.Tx, orgID string, head store.RuleHead) (set *ruleSet, ever bool, err error) {
	if head.Active == 0 {
		return nil, head.Revision != "", nil
	}
	s.rules.mu.Lock()
	set = s.rules.sets[orgID]
	s.rules.mu.Unlock()
	if set != nil && set.revision == head.Revision {
		return set, true, nil
	}
	set, err = loadRules(tx, orgID, head.Revision)
	if err != nil {
		return nil, false, store.Failure("read group rules", err)
	}
	s.rules.keep(orgID, set)
	return set, true, nil
}

func (c *ruleCache) keep(orgID string, set *ruleSet) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sets == nil {
		c.sets = map[string]*ruleSet{}
	}
	if len(c.sets) >= maxRuleSets && c.sets[orgID] == nil {
		for other := range c.sets {
			delete(c.sets, other)
			break
		}
	}
	c.sets[orgID] = set
}

func loadRules(tx *store.Tx, orgID, revision string) (*ruleSet, error) {
	org, err := tx.Org(orgID)
	if err != nil {
		return nil, err
	}
	rules, err := tx.ActiveGroupRules(orgID)
	if err != nil {
		return nil, err
	}
	set := &ruleSet{revision: revision, org: org, byID: map[string]activeRule{}}
	for _, r := range rules {
		a := activeRule{GroupRule: r}
		if p, err := el.Parse(r.Expression, el.GroupRules()); err == nil {
			a.program, a.uses = p, p.Uses()
		}
		set.groups = set.groups || a.uses.Groups()
		set.names = set.names || a.names()
		set.rules, set.byID[r.ID] = append(set.rules, a), a
	}
	return set, nil
}

// find returns the rule with this identifier, if it is active.
func (set *ruleSet) find(id string) (activeRule, bool) {
	if set == nil {
		return activeRule{}, false
	}
	r, ok := set.byID[id]
	return r, ok
}

// subject is a user as the rules see one.
type subject struct {
	user       *idp.User
	attributes idp.Attributes
	have       []store.Membership // with rule and without, in the groups that matter
	excluded   map[string]bool    // by rule
}

// naming tells the name and type of groups by identifier.
type naming struct {
	tx    *store.Tx
	orgID string
	known map[string]el.Group
}

// learn looks up the groups that are not known yet.
func (n *naming) learn(ids map[string]bool) error {
	var missing []string
	for id := range ids {
		if _, ok := n.known[id]; !ok {
			missing = append(missing, id)
		}
	}
	slices.Sort(missing)
	for part := range slices.Chunk(missing, maxNamesAtOnce) {
		groups, err := n.tx.GroupsByID(n.orgID, part)
		if err != nil {
			return err
		}
		for _, id := range part {
			n.known[id] = el.Group{ID: id}
			if g := groups[id]; g != nil {
				n.known[id] = el.Group{ID: id, Name: g.Name, Type: string(g.Type)}
			}
		}
	}
	return nil
}

// settle works out the memberships that rules, either all or a single one, give
// a user: beginning
// with the groups that the user is in otherwise, it applies the rules again and
// again until nothing changes. The result depends on nothing else, neither on
// what the rules gave before nor on their order. It is false where the rules
// contradict each other and never come to rest.
func (set *ruleSet) settle(rules []activeRule, v subject, names *naming) (want []store.Membership, settled bool, err error) {
	judged := func(id string) bool {
		_, ok := set.byID[id]
		return ok && (len(rules) > 1 || rules[0].ID == id)
	}
	base := map[string]bool{set.org.Settings.EveryoneID: true}
	for _, m := range v.have {
		if m.RuleID == "" || !judged(m.RuleID) {
			base[m.GroupID] = true
		}
	}
	env := &ruleEnv{subject: v, member: base, names: names.known}
	met := make([]bool, len(rules))
	for round := range maxRounds {
		if set.names {
			if err := names.learn(env.member); err != nil {
				return nil, false, err
			}
		}
		next := maps.Clone(base)
		for i, r := range rules {
			if round == 0 || r.uses.Groups() {
				met[i] = !v.excluded[r.ID] && env.meets(r)
			}
			if met[i] {
				for _, id := range r.GroupIDs {
					next[id] = true
				}
			}
		}
		settled = !set.groups || maps.Equal(next, env.member)
		env.member = next
		if settled {
			break
		}
	}
	for i, r := range rules {
		if met[i] {
			for _, id := range r.GroupIDs {
				want = append(want, store.Membership{GroupID: id, UserID: v.user.ID, RuleID: r.ID})
			}
		}
	}
	return want, settled, nil
}

// ruleEnv answers what conditions ask about a user.
type ruleEnv struct {
	subject
	member map[string]bool
	names  map[string]el.Group
}

// meets tells whether the user meets a rule's condition. One that cannot be
// worked out is not met.
func (e *ruleEnv) meets(r activeRule) bool {
	if r.program == nil {
		return false
	}
	ok, err := r.program.Bool(e)
	return err == nil && ok
}

// Lookup implements el.Env.
func (e *ruleEnv) Lookup(path []string) (el.Value, bool) {
	if len(path) != 2 || path[0] != "user" {
		return el.Null(), false
	}
	v, ok := e.attributes[path[1]]
	if !ok {
		return el.Null(), false
	}
	return el.From(v)
}

// IsMemberOf implements el.Groups.
func (e *ruleEnv) IsMemberOf(id string) bool { return e.member[id] }

// IsMemberOfName implements el.Groups.
func (e *ruleEnv) IsMemberOfName(name string) bool {
	for id := range e.member {
		if e.names[id].Name == name {
			return true
		}
	}
	return false
}

// EachGroup implements el.Groups.
func (e *ruleEnv) EachGroup(yield func(el.Group) bool) {
	for _, id := range slices.Sorted(maps.Keys(e.member)) {
		if !yield(e.names[id]) {
			return
		}
	}
}

// ruleProperties are what conditions can ask of a user beside the profile.
var ruleProperties = []string{"id", "status"}

// Internal implements el.Internals.
func (e *ruleEnv) Internal(name string) (el.Value, bool) {
	switch name {
	case "id":
		return el.String(e.user.ID), true
	case "status":
		return el.String(string(e.user.Status)), true
	}
	return el.Null(), false
}
