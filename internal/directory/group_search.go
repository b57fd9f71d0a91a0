package directory

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"usher/internal/idp"
	"usher/internal/scim"
	"usher/internal/store"
)

// GroupSearch chooses groups. (spec: management#listGroups)
type GroupSearch struct {
	// Text is the expression. Exact takes it for the older parameter filter:
	// fewer attributes and operators, and letter case counts.
	Text  string
	Exact bool
	// Prefix is the beginning of the name, in any case. It goes with Exact.
	Prefix string
	// SortBy is an attribute as the expression names it, "" for the order of
	// creation, or of names with a Prefix.
	SortBy     string
	Descending bool
	// After is the cursor that SearchGroups gave, "" for the beginning.
	After string
	Limit int
}

const (
	// groupScan is how many groups are read at once where the database cannot
	// decide a condition by itself.
	groupScan = 1000
	// maxGroupScan bounds how many are looked at for one part of a list; the part
	// may then have fewer groups than it could.
	maxGroupScan = 50_000
)

// groupSearchSchema is what search takes. (reference: filter language)
func groupSearchSchema() scim.Schema {
	text := scim.Attribute{
		Ops:   scim.Ops(scim.Eq, scim.Gt, scim.Ge, scim.Lt, scim.Le, scim.Sw, scim.Ew, scim.Co) | scim.Pr,
		Kinds: scim.Kinds(scim.String),
	}
	instant := scim.Attribute{Ops: scim.Ops(scim.Eq, scim.Gt, scim.Ge, scim.Lt, scim.Le) | scim.Pr, Kinds: scim.Kinds(scim.String), Time: true}
	open := scim.Attribute{Ops: text.Ops, Kinds: scim.Kinds(scim.String, scim.Number, scim.Bool)}
	return scim.Schema{
		Logic: scim.AllowAnd | scim.AllowOr,
		Attributes: map[scim.Path]scim.Attribute{
			"id": text, "type": text, "profile.name": text, "source.id": text,
			"created": instant, "lastUpdated": instant, "lastMembershipUpdated": instant,
		},
		Open: func(p scim.Path) (scim.Attribute, bool) {
			return open, strings.HasPrefix(string(p), profilePrefix) && len(p.Segments()) == 2
		},
	}
}

// groupFilterSchema is what filter takes.
func groupFilterSchema() scim.Schema {
	equal := scim.Attribute{Ops: scim.Ops(scim.Eq), Kinds: scim.Kinds(scim.String)}
	instant := scim.Attribute{Ops: scim.Ops(scim.Eq, scim.Gt, scim.Ge, scim.Lt, scim.Le), Kinds: scim.Kinds(scim.String), Time: true}
	return scim.Schema{
		Logic: scim.AllowAnd | scim.AllowOr,
		Attributes: map[scim.Path]scim.Attribute{
			"id": equal, "type": equal, "lastUpdated": instant, "lastMembershipUpdated": instant,
		},
	}
}

// groupOrders are the attributes that the database can sort by.
func groupOrders() map[string]store.GroupOrder {
	return map[string]store.GroupOrder{
		"id": store.GroupsByID, "type": store.GroupsByType, "profile.name": store.GroupsByNameKey, "created": store.GroupsByCreated,
		"lastUpdated": store.GroupsByUpdated, "lastMembershipUpdated": store.GroupsByMembership,
	}
}

// parse reads the expression, nil for none.
func (g GroupSearch) parse() (scim.Expr, error) {
	var e scim.Expr
	if g.Text != "" {
		var err error
		if e, err = scim.Parse(g.Text, scim.Limits{}); err != nil {
			return nil, badQuery(g.Exact, err)
		}
		allowed := groupSearchSchema()
		if g.Exact {
			allowed = groupFilterSchema()
		}
		if err := scim.Check(e, allowed); err != nil {
			if fault, ok := errors.AsType[*scim.CheckError](err); ok && fault.Fault == scim.BadDate {
				return nil, idp.Fail(idp.KindBadDate)
			}
			return nil, badQuery(g.Exact, err)
		}
		ok := true
		scim.Walk(e, func(e scim.Expr) bool {
			if c, is := e.(scim.Compare); is && c.Value.Kind() == scim.String && c.Value.Str() != "" {
				ok = ok && searchable(c.Value.Str())
			}
			return ok
		})
		if !ok {
			return nil, idp.Fail(idp.KindBadSearch, "the expression holds characters that are not allowed")
		}
	}
	if g.Prefix == "" {
		return e, nil
	}
	prefix := scim.Compare{Path: "profile.name", Op: scim.Sw, Value: scim.StringValue(g.Prefix)}
	if e == nil {
		return prefix, nil
	}
	return scim.And{Terms: []scim.Expr{prefix, e}}, nil
}

// SearchGroups lists groups. next is the cursor of the following part, "" at the
// end. KindBadSearch for an expression that cannot be used, KindBadDate for one
// with a wrong instant, KindBadPaging for a cursor that is none.
func (s *Service) SearchGroups(ctx context.Context, actor idp.Actor, g GroupSearch) (groups []*idp.Group, next string, err error) {
	if g.Limit < 1 {
		return nil, "", &idp.Error{Kind: idp.KindBadPaging, Object: "limit"}
	}
	if g.Prefix != "" && (!searchable(g.Prefix) || len(g.Prefix) > maxPrefix) {
		return nil, "", nil
	}
	e, err := g.parse()
	if err != nil {
		return nil, "", err
	}
	read := s.Store.Read(ctx)
	only, err := s.groupsInReach(read, actor)
	if err != nil {
		return nil, "", store.Failure("search groups", err)
	}
	q := store.GroupQuery{Only: only, Where: e, Exact: g.Exact, By: store.GroupsByID, Descending: g.Descending && g.SortBy != ""}
	sorted := g.SortBy != "" || g.Prefix != ""
	switch by, ok := groupOrders()[g.SortBy]; {
	case ok:
		q.By = by
	case g.SortBy != "":
		return s.sortGroups(read, actor, g, q)
	case g.Prefix != "":
		q.By = store.GroupsByNameKey
	}
	c, err := parseGroupCursor(read, actor.OrgID(), g.After, sorted, q.By)
	if err != nil {
		return nil, "", store.Failure("read cursor", err)
	}
	q.After, q.AfterKey = c.id, c.key
	hits, more, err := g.scan(read, actor.OrgID(), q)
	if err != nil {
		return nil, "", store.Failure("search groups", err)
	}
	for _, h := range hits {
		groups = append(groups, h.Group)
	}
	if more.ID() != "" {
		next = groupCursor(more.ID(), more.Key, sorted)
	}
	return groups, next, nil
}

// scanned is how far a scan has come.
type scanned store.GroupHit

// ID is the last group's identifier, "" for none.
func (v scanned) ID() string {
	if v.Group == nil {
		return ""
	}
	return v.Group.ID
}

// scan reads until the part of the list is full. more is where the next part
// begins, if there may be one.
func (g GroupSearch) scan(read *store.Tx, orgID string, q store.GroupQuery) (hits []store.GroupHit, more scanned, err error) {
	exact := q.Where == nil || store.GroupSearchable(q.Where)
	q.Limit = g.Limit + 1
	if !exact {
		q.Limit = max(q.Limit, groupScan)
	}
	for looked := 0; looked < maxGroupScan; looked += q.Limit {
		part, err := read.SearchGroups(orgID, q)
		if err != nil {
			return nil, more, err
		}
		for _, h := range part {
			if !exact && !g.matches(q.Where, h.Group) {
				continue
			}
			if len(hits) == g.Limit {
				return hits, scanned(hits[g.Limit-1]), nil
			}
			hits = append(hits, h)
		}
		if len(part) < q.Limit {
			return hits, scanned{}, nil
		}
		last := part[len(part)-1]
		q.After, q.AfterKey, more = last.Group.ID, last.Key, scanned(last)
	}
	return hits, more, nil
}

// matches decides what the database cannot.
func (g GroupSearch) matches(e scim.Expr, group *idp.Group) bool {
	var profile map[string]any
	if json.Unmarshal(group.Profile, &profile) != nil {
		return false
	}
	shown := func(t time.Time) string { return t.UTC().Truncate(time.Second).Format(time.RFC3339) }
	doc := map[string]any{
		"id": group.ID, "type": string(group.Type), "profile": profile, "created": shown(group.Created),
		"lastUpdated": shown(group.LastUpdated), "lastMembershipUpdated": shown(group.LastMembershipUpdated),
	}
	return scim.Match(e, scim.Document(doc), scim.Options{Fold: scim.FoldAllBut("id")})
}

// sortGroups is SearchGroups for an order that the database does not have: it
// reads all groups that meet the condition of q, up to a bound.
func (s *Service) sortGroups(read *store.Tx, actor idp.Actor, g GroupSearch, q store.GroupQuery) ([]*idp.Group, string, error) {
	name, ok := strings.CutPrefix(g.SortBy, profilePrefix)
	if !ok || name == "" || strings.Contains(name, ".") {
		return nil, "", idp.Fail(idp.KindBadSearch, "sortBy: "+short(g.SortBy)+" is no attribute that groups are sorted by")
	}
	all := g
	all.Limit = maxGroupScan
	hits, more, err := all.scan(read, actor.OrgID(), store.GroupQuery{Only: q.Only, Where: q.Where, By: store.GroupsByID})
	if err != nil {
		return nil, "", store.Failure("search groups", err)
	}
	if more.ID() != "" {
		return nil, "", idp.Fail(idp.KindBadSearch, "sortBy: there are too many groups to be sorted by "+short(g.SortBy))
	}
	for i, h := range hits {
		hits[i].Key = profileText(h.Group, name)
	}
	order := func(a, b store.GroupHit) int {
		n := cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.Group.ID, b.Group.ID))
		if g.Descending {
			return -n
		}
		return n
	}
	slices.SortFunc(hits, order)
	from := 0
	if g.After != "" {
		// The place is found by the group's value of now: it is not kept in an index.
		at, err := findGroup(read, actor.OrgID(), g.After)
		if err != nil {
			return nil, "", &idp.Error{Kind: idp.KindBadPaging, Object: "after"}
		}
		last := store.GroupHit{Group: at, Key: profileText(at, name)}
		for from < len(hits) && order(hits[from], last) <= 0 {
			from++
		}
	}
	var groups []*idp.Group
	for _, h := range hits[from:] {
		groups = append(groups, h.Group)
	}
	groups, next := idp.Cut(groups, g.Limit, groupID)
	return groups, next, nil
}

// profileText is an attribute of a group as groups are sorted by it.
func profileText(g *idp.Group, name string) string {
	var a idp.Attributes
	if json.Unmarshal(g.Profile, &a) != nil {
		return ""
	}
	return scim.Fold(a.Text(name))
}

// Cursors of sorted lists hold what the last group was sorted by, unless that is
// too long: then it is looked up.
const (
	maxGroupCursor = 256
	lookedUp       = "~"
)

func groupCursor(id, key string, sorted bool) string {
	text := cursor{id: id, key: key, sorted: sorted}.String()
	if len(text) > maxGroupCursor {
		return id + "." + lookedUp
	}
	return text
}

// parseGroupCursor reads what groupCursor wrote, else KindBadPaging.
func parseGroupCursor(read *store.Tx, orgID, text string, sorted bool, by store.GroupOrder) (cursor, error) {
	bad := &idp.Error{Kind: idp.KindBadPaging, Object: "after"}
	if text == "" {
		return cursor{}, nil
	}
	id, rest, found := strings.Cut(text, ".")
	if !idp.IsID(id, groupPrefix) || found != sorted {
		return cursor{}, bad
	}
	if rest == lookedUp {
		g, err := read.Group(orgID, id)
		if errors.Is(err, store.ErrNotFound) {
			return cursor{}, bad
		}
		if err != nil {
			return cursor{}, err
		}
		return cursor{id: id, key: scim.Fold(g.Name), sorted: true}, nil
	}
	key, err := base64.RawURLEncoding.DecodeString(rest)
	if err != nil || len(key) > 0 && !searchable(string(key)) {
		return cursor{}, bad
	}
	switch by {
	case store.GroupsByCreated, store.GroupsByUpdated, store.GroupsByMembership:
		if _, err := strconv.ParseInt(string(key), 10, 64); err != nil {
			return cursor{}, bad
		}
	case store.GroupsByID, store.GroupsByNameKey, store.GroupsByType:
	}
	return cursor{id: id, key: string(key), sorted: sorted}, nil
}

// GroupStats are figures about a group. (spec: management#listGroups, parameter
// expand)
type GroupStats struct {
	Users, Apps int
	Admin       bool // the group holds administrator roles
}

// GroupStats counts what groups have, by identifier; of the applications those
// within the actor's reach.
func (s *Service) GroupStats(ctx context.Context, actor idp.Actor, groups ...*idp.Group) (map[string]GroupStats, error) {
	ids := make([]string, len(groups))
	for i, g := range groups {
		ids[i] = g.ID
	}
	read := s.Store.Read(ctx)
	var only []store.AppRef
	if s.Guard != nil && actor.Limitable() {
		var err error
		if only, _, err = s.Guard.Apps(read, actor); err != nil {
			return nil, store.Failure("count applications", err)
		}
	}
	counts, err := read.CountGroups(actor.OrgID(), ids, only)
	if err != nil {
		return nil, store.Failure("count members", err)
	}
	out := make(map[string]GroupStats, len(groups))
	for _, g := range groups {
		c := counts[g.ID]
		if g.Type == idp.GroupBuiltIn {
			if c.Users, err = read.CountUsers(actor.OrgID()); err != nil {
				return nil, store.Failure("count users", err)
			}
		}
		out[g.ID] = GroupStats{Users: c.Users, Apps: c.Apps, Admin: c.Roles > 0}
	}
	return out, nil
}
