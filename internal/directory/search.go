package directory

import (
	"context"
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
	"time"

	"usher/internal/idp"
	"usher/internal/scim"
	"usher/internal/store"
)

// UserSearch chooses users by the search language. (spec: management#listUsers)
type UserSearch struct {
	// Text is the expression. Exact takes it for the older parameter filter:
	// fewer attributes and operators, and letter case counts.
	Text  string
	Exact bool
	// SortBy is an attribute as the expression names it, "" for the order of
	// creation.
	SortBy     string
	Descending bool
	// After is the cursor that SearchUsers gave, "" for the beginning.
	After string
	Limit int
}

// searchSchema is what search takes. (reference: filter language)
func (s *Schema) searchSchema() scim.Schema {
	text := scim.Attribute{
		Ops:   scim.Ops(scim.Eq, scim.Gt, scim.Ge, scim.Lt, scim.Le, scim.Sw, scim.Ew, scim.Co) | scim.Pr,
		Kinds: scim.Kinds(scim.String),
	}
	name := scim.Attribute{Ops: scim.Ops(scim.Eq, scim.Gt, scim.Ge, scim.Lt, scim.Le, scim.Sw) | scim.Pr, Kinds: scim.Kinds(scim.String)}
	instant := scim.Attribute{Ops: scim.Ops(scim.Eq, scim.Gt, scim.Ge, scim.Lt, scim.Le) | scim.Pr, Kinds: scim.Kinds(scim.String), Time: true}
	out := scim.Schema{Logic: scim.AllowAnd | scim.AllowOr, Attributes: map[scim.Path]scim.Attribute{"id": name, "status": name, "type.id": name}}
	for path := range instants() {
		out.Attributes[path] = instant
	}
	out.Open = func(p scim.Path) (scim.Attribute, bool) {
		a := s.profileAttribute(p)
		if a == nil {
			return scim.Attribute{}, false
		}
		t := a.Type
		if t == TypeArray {
			t = a.Items
		}
		switch t {
		case TypeNumber, TypeInteger:
			return scim.Attribute{Ops: scim.Ops(scim.Eq, scim.Gt, scim.Ge, scim.Lt, scim.Le) | scim.Pr, Kinds: scim.Kinds(scim.Number)}, true
		case TypeBoolean:
			return scim.Attribute{Ops: scim.Ops(scim.Eq) | scim.Pr, Kinds: scim.Kinds(scim.Bool)}, true
		case TypeString, TypeArray, "":
		}
		return text, true
	}
	return out
}

// filterSchema is what the older parameter takes.
func filterSchema() scim.Schema {
	text := scim.Attribute{Ops: scim.Ops(scim.Eq), Kinds: scim.Kinds(scim.String)}
	out := scim.Schema{Logic: scim.AllowAnd | scim.AllowOr, Attributes: map[scim.Path]scim.Attribute{
		"lastUpdated": {Ops: scim.Ops(scim.Eq, scim.Gt, scim.Ge, scim.Lt, scim.Le), Kinds: scim.Kinds(scim.String), Time: true},
	}}
	for _, path := range []scim.Path{"id", "status", "profile.login", "profile.email", "profile.firstName", "profile.lastName"} {
		out.Attributes[path] = text
	}
	return out
}

// profilePrefix begins the paths of profile attributes.
const profilePrefix = "profile."

// profileAttribute finds the attribute that a path names, nil for none.
func (s *Schema) profileAttribute(p scim.Path) *Attribute {
	name, ok := strings.CutPrefix(string(p), profilePrefix)
	if !ok {
		return nil
	}
	return s.Attribute(name)
}

// instants are the paths of instants by their columns.
func instants() map[scim.Path]store.UserColumn {
	return map[scim.Path]store.UserColumn{
		"created": store.UserCreated, "activated": store.UserActivated, "statusChanged": store.UserStatusChanged, "lastUpdated": store.UserLastUpdated,
	}
}

// columns are the paths of texts by their columns.
func columns() map[scim.Path]store.UserColumn {
	return map[scim.Path]store.UserColumn{
		"id": store.UserID, "status": store.UserStatus, "type.id": store.UserType, "profile.login": store.UserLogin,
		"profile.email": store.UserEmail, "profile.firstName": store.UserFirst, "profile.lastName": store.UserLast,
	}
}

// SearchUsers lists users whatever their state. next is the cursor of the
// following part, "" at the end. KindBadSearch for an expression that cannot be
// used, KindBadDate for one with a wrong instant, KindBadPaging for a cursor
// that is none.
func (s *Service) SearchUsers(ctx context.Context, actor idp.Actor, u UserSearch) (users []*idp.User, next string, err error) {
	read := s.Store.Read(ctx)
	schema, err := s.known(ctx, actor.Org, "")
	if err != nil {
		return nil, "", err
	}
	q, err := schema.query(u)
	if err != nil {
		return nil, "", err
	}
	limit, err := s.reach(read, actor)
	if err != nil {
		return nil, "", err
	}
	switch {
	case limit != nil && q.Where != nil:
		q.Where = store.AllOf{limit, q.Where}
	case limit != nil:
		q.Where = limit
	}
	hits, err := read.SearchUsers(actor.OrgID(), q)
	if err != nil {
		return nil, "", store.Failure("search users", err)
	}
	if len(hits) > u.Limit {
		hits = hits[:u.Limit]
		last := hits[u.Limit-1]
		next = cursor{id: last.ID, key: last.Key, sorted: u.SortBy != ""}.String()
	}
	for _, h := range hits {
		users = append(users, h.User)
	}
	return users, next, nil
}

// query translates a search.
func (s *Schema) query(u UserSearch) (store.UserQuery, error) {
	q := store.UserQuery{Limit: u.Limit + 1}
	if u.Limit < 1 {
		return q, &idp.Error{Kind: idp.KindBadPaging, Object: "limit"}
	}
	if u.Text != "" {
		e, err := s.parse(u)
		if err != nil {
			return q, err
		}
		q.Where = s.condition(e, u.Exact)
	}
	if u.SortBy != "" {
		if !s.sort(&q, scim.Path(u.SortBy)) {
			return q, badSearch("sortBy: " + short(u.SortBy) + " is no attribute that users are sorted by")
		}
		q.Descending = u.Descending
	}
	c, err := parseCursor(u.After, u.SortBy != "")
	if _, timed := instants()[scim.Path(u.SortBy)]; timed && err == nil && c.id != "" {
		if _, e := strconv.ParseInt(c.key, 10, 64); e != nil {
			err = &idp.Error{Kind: idp.KindBadPaging, Object: "after"}
		}
	}
	q.After, q.AfterKey = c.id, c.key
	return q, err
}

func (s *Schema) parse(u UserSearch) (scim.Expr, error) {
	e, err := scim.Parse(u.Text, scim.Limits{})
	if err != nil {
		return nil, badQuery(u.Exact, err)
	}
	allowed := filterSchema()
	if !u.Exact {
		allowed = s.searchSchema()
	}
	if err := scim.Check(e, allowed); err != nil {
		if fault, ok := errors.AsType[*scim.CheckError](err); ok && fault.Fault == scim.BadDate {
			return nil, idp.Fail(idp.KindBadDate)
		}
		return nil, badQuery(u.Exact, err)
	}
	return e, nil
}

// badQuery refuses an expression by the name of the parameter that has it.
func badQuery(exact bool, err error) error {
	name := "search: "
	if exact {
		name = "filter: "
	}
	return badSearch(name + err.Error())
}

func badSearch(why string) error { return idp.Fail(idp.KindBadSearch, why) }

// sort sets what users are sorted by, or tells that it cannot be.
func (s *Schema) sort(q *store.UserQuery, p scim.Path) bool {
	if column, ok := columns()[p]; ok {
		q.By = column
		return true
	}
	if column, ok := instants()[p]; ok {
		q.By = column
		return true
	}
	a := s.profileAttribute(p)
	if a == nil {
		return false
	}
	q.ByAttribute = a.Name
	return true
}

// cursor is where the next part of a search begins.
type cursor struct {
	id     string
	key    string // what the last user was sorted by
	sorted bool
}

// String is the cursor as clients carry it: the identifier alone where that is
// the order.
func (c cursor) String() string {
	if !c.sorted {
		return c.id
	}
	return c.id + "." + base64.RawURLEncoding.EncodeToString([]byte(c.key))
}

// parseCursor reads what String wrote, else KindBadPaging.
func parseCursor(text string, sorted bool) (cursor, error) {
	bad := &idp.Error{Kind: idp.KindBadPaging, Object: "after"}
	if text == "" {
		return cursor{}, nil
	}
	id, rest, found := strings.Cut(text, ".")
	if !idp.IsID(id, userPrefix) || found != sorted {
		return cursor{}, bad
	}
	key, err := base64.RawURLEncoding.DecodeString(rest)
	if err != nil || sorted && len(key) > 0 && !searchable(string(key)) {
		return cursor{}, bad
	}
	return cursor{id: id, key: string(key), sorted: sorted}, nil
}

// second is the precision in which instants are shown, and so compared.
const second = time.Second
