package apps

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"math/big"
	"slices"
	"time"

	"usher/internal/el"
	"usher/internal/idp"
	"usher/internal/store"
)

// Assignment is a user of an application, as it stands now.
type Assignment struct {
	ID    string // 0ua...
	App   *App
	User  *idp.User
	Scope idp.AppScope
	// GroupID and GroupName are of the group by which a user of AppScopeGroup comes.
	GroupID, GroupName string
	// Staged: the user cannot sign in yet.
	Staged          bool
	UserName        string // empty for none
	HasPassword     bool
	Profile         json.RawMessage
	Created         time.Time
	LastUpdated     time.Time
	StatusChanged   time.Time
	PasswordChanged time.Time
}

// assignmentID is the identifier of an assignment: it follows from application
// and user, since an assignment by a group has no row of its own.
func assignmentID(appID, userID string) string {
	sum := sha256.Sum256([]byte(appID + "\x00" + userID))
	text := new(big.Int).SetBytes(sum[:]).Text(62)
	return "0ua" + text[len(text)-17:]
}

// assigner computes the assignments of one application.
type assigner struct {
	tx     *store.Tx
	org    *idp.Org
	app    *App
	groups []*idp.AppGroup // by priority
	namer  *namer
}

func newAssigner(tx *store.Tx, org *idp.Org, a *App) (*assigner, error) {
	groups, err := tx.AppGroups(org.ID, a.ID)
	if err != nil {
		return nil, store.Failure("read groups of application", err)
	}
	return &assigner{tx: tx, org: org, app: a, groups: groups, namer: newNamer(org, a)}, nil
}

// path is a group by which a user comes to an application.
type path struct {
	*idp.AppGroup
	since time.Time
}

// paths returns the groups by which users come, by priority.
func (as *assigner) paths(users []*idp.User) (map[string][]path, error) {
	out := map[string][]path{}
	if len(as.groups) == 0 {
		return out, nil
	}
	byID := map[string]*idp.AppGroup{}
	for _, g := range as.groups {
		byID[g.GroupID] = g
	}
	everyone := byID[as.org.Settings.EveryoneID]
	var stored map[string][]store.AppPath
	if everyone == nil || len(as.groups) > 1 {
		ids := make([]string, len(users))
		for i, u := range users {
			ids[i] = u.ID
		}
		var err error
		if stored, err = as.tx.AppPaths(as.org.ID, as.app.ID, ids); err != nil {
			return nil, store.Failure("read memberships", err)
		}
	}
	for _, u := range users {
		if u.Status == idp.UserDeprovisioned {
			continue
		}
		var list []path
		for _, p := range stored[u.ID] {
			if g := byID[p.GroupID]; g != nil && g != everyone {
				list = append(list, path{g, p.Since})
			}
		}
		if everyone != nil {
			list = append(list, path{everyone, u.Created})
		}
		slices.SortFunc(list, func(a, b path) int {
			return cmp.Or(cmp.Compare(a.Priority, b.Priority), cmp.Compare(a.GroupID, b.GroupID))
		})
		out[u.ID] = list
	}
	return out, nil
}

// all computes the assignments of users; who is not assigned is left out.
func (as *assigner) all(users []*idp.User) ([]*Assignment, error) {
	out, err := as.unnamed(users)
	if err != nil {
		return nil, err
	}
	return out, as.nameGroups(out)
}

// unnamed is all without the names of groups.
func (as *assigner) unnamed(users []*idp.User) ([]*Assignment, error) {
	ids := make([]string, len(users))
	for i, u := range users {
		ids[i] = u.ID
	}
	rows, err := as.tx.AppUsers(as.org.ID, as.app.ID, ids)
	if err != nil {
		return nil, store.Failure("read users of application", err)
	}
	paths, err := as.paths(users)
	if err != nil {
		return nil, err
	}
	var out []*Assignment
	for _, u := range users {
		a, err := as.one(u, rows[u.ID], paths[u.ID])
		if err != nil {
			return nil, err
		}
		if a != nil {
			out = append(out, a)
		}
	}
	return out, nil
}

// nameGroups fills in the names of the groups by which users come.
func (as *assigner) nameGroups(list []*Assignment) error {
	var ids []string
	for _, a := range list {
		if a.GroupID != "" && !slices.Contains(ids, a.GroupID) {
			ids = append(ids, a.GroupID)
		}
	}
	groups, err := as.tx.GroupsByID(as.org.ID, ids)
	if err != nil {
		return store.Failure("read groups", err)
	}
	for _, a := range list {
		if g := groups[a.GroupID]; g != nil {
			a.GroupName = g.Name
		}
	}
	return nil
}

// one computes the assignment of a user, nil when there is none.
func (as *assigner) one(u *idp.User, row *idp.AppUser, paths []path) (*Assignment, error) {
	a := &Assignment{ID: assignmentID(as.app.ID, u.ID), App: as.app, User: u, Scope: idp.AppScopeGroup}
	switch {
	case u.Status == idp.UserDeprovisioned:
		return nil, nil
	case row != nil && row.Scope == idp.AppScopeUser:
		a.Scope, a.Created = idp.AppScopeUser, row.Created
	case len(paths) == 0:
		return nil, nil
	default:
		a.GroupID, a.Created = paths[0].GroupID, later(paths[0].Created, paths[0].since)
		a.LastUpdated = later(a.Created, paths[0].LastUpdated)
	}
	var own json.RawMessage
	if row != nil {
		own, a.UserName, a.HasPassword = row.Profile, row.UserName, row.SealedPassword != ""
		a.PasswordChanged = row.PasswordChanged
		a.LastUpdated = later(a.LastUpdated, row.LastUpdated)
	}
	a.Staged = u.Status == idp.UserStaged || u.Status == idp.UserProvisioned
	a.StatusChanged = a.Created
	if !a.Staged {
		a.StatusChanged = later(a.Created, u.Activated)
	}
	if a.UserName == "" {
		name, err := as.namer.name(u, as.tx.Now(), func() ([]el.Group, error) { return groupsOf(as.tx, as.org, u.ID) })
		if err != nil {
			return nil, err
		}
		a.UserName = name
	}
	layers := make([]json.RawMessage, 0, len(paths))
	for _, p := range paths {
		layers = append(layers, p.Profile)
	}
	var err error
	a.Profile, err = merge(as.app, u, layers, own)
	return a, err
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// loadApp reads an application in a transaction.
func loadApp(tx *store.Tx, orgID, id string) (*App, error) {
	a, err := read(tx, orgID, id)
	if err != nil {
		return nil, store.Failure("read application", err)
	}
	return load(a)
}

// Assignment returns the assignment of a user to an application. KindNotFound,
// also for a user who is not assigned. (spec: management#getApplicationUser)
func (s *Service) Assignment(ctx context.Context, actor idp.Actor, appID, userID string) (*Assignment, error) {
	return assignment(s.Store.Read(ctx), actor.Org, appID, userID)
}

func assignment(tx *store.Tx, org *idp.Org, appID, userID string) (*Assignment, error) {
	a, err := loadApp(tx, org.ID, appID)
	if err != nil {
		return nil, err
	}
	u, err := user(tx, org.ID, userID)
	if err != nil {
		return nil, err
	}
	return assignmentOf(tx, org, a, u)
}

// assignmentOf returns the assignment of a user, else KindNotFound.
func assignmentOf(tx *store.Tx, org *idp.Org, a *App, u *idp.User) (*Assignment, error) {
	as, err := newAssigner(tx, org, a)
	if err != nil {
		return nil, err
	}
	list, err := as.all([]*idp.User{u})
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, idp.NotFound(TypeUser, u.ID)
	}
	return list[0], nil
}

func user(tx *store.Tx, orgID, id string) (*idp.User, error) {
	if !idp.PlainID(id) {
		return nil, idp.NotFound(TypeUser, id)
	}
	u, err := tx.User(orgID, id)
	if err != nil {
		return nil, store.Failure("read user", missing(err, TypeUser, id))
	}
	return u, nil
}

// Assignments lists the users of an application in the order of their
// creation; prefix, if any, begins a name, an address or the name at the
// application. (spec: management#listApplicationUsers)
func (s *Service) Assignments(ctx context.Context, actor idp.Actor, appID, prefix string, p idp.Page) ([]*Assignment, string, error) {
	if err := p.Check(userPrefix); err != nil {
		return nil, "", err
	}
	tx := s.Store.Read(ctx)
	a, err := s.mayLoad(tx, actor, appID)
	if err != nil {
		return nil, "", err
	}
	as, err := newAssigner(tx, actor.Org, a)
	if err != nil {
		return nil, "", err
	}
	ids, err := as.userIDs(prefix, p)
	if err != nil {
		return nil, "", err
	}
	ids, next := idp.Cut(ids, p.Limit, func(id string) string { return id })
	byID, err := tx.UsersByID(actor.OrgID(), ids)
	if err != nil {
		return nil, "", store.Failure("read users", err)
	}
	users := make([]*idp.User, 0, len(ids))
	for _, id := range ids {
		if u := byID[id]; u != nil {
			users = append(users, u)
		}
	}
	list, err := as.all(users)
	return list, next, err
}

// userIDs lists one user more than a page holds.
func (as *assigner) userIDs(prefix string, p idp.Page) ([]string, error) {
	key, ok := prefixKey(prefix)
	if !ok {
		return nil, nil
	}
	if key != "" {
		ids, err := as.tx.AppUserIDsByPrefix(as.org.ID, as.app.ID, as.org.Settings.EveryoneID, key, p.After, p.Limit+1)
		return ids, store.Failure("look users up", err)
	}
	ids, err := as.tx.DirectAppUserIDs(as.org.ID, as.app.ID, p.After, p.Limit+1)
	if err != nil {
		return nil, store.Failure("list users of application", err)
	}
	for _, g := range as.groups {
		var more []string
		if g.GroupID == as.org.Settings.EveryoneID {
			more, err = as.tx.UserIDsAfter(as.org.ID, p.After, p.Limit+1)
		} else {
			more, err = as.tx.MemberIDsAfter(as.org.ID, g.GroupID, p.After, p.Limit+1)
		}
		if err != nil {
			return nil, store.Failure("list members", err)
		}
		ids = union(ids, more, p.Limit+1)
	}
	return ids, nil
}

// union merges two sorted lists into their first limit different elements.
func union(a, b []string, limit int) []string {
	out := append(slices.Clone(a), b...)
	slices.Sort(out)
	out = slices.Compact(out)
	return out[:min(len(out), limit)]
}

// Assigned tells whether a user may use an application at all: the application
// is active and the user comes to it by hand, by a group, or because it is
// assigned to everybody who can sign in. The name of the group by which the user
// comes is left out.
func (s *Service) Assigned(tx *store.Tx, org *idp.Org, a *App, u *idp.User) (*Assignment, bool, error) {
	if a.Status != idp.AppActive {
		return nil, false, nil
	}
	as, err := newAssigner(tx, org, a)
	if err != nil {
		return nil, false, err
	}
	list, err := as.unnamed([]*idp.User{u})
	switch {
	case err != nil:
		return nil, false, err
	case len(list) > 0:
		return list[0], true, nil
	case !a.Details.ImplicitAssignment || u.Status == idp.UserDeprovisioned:
		return nil, false, nil
	}
	v, err := as.one(u, &idp.AppUser{Scope: idp.AppScopeUser, Profile: []byte("{}"), Created: a.Created, LastUpdated: a.LastUpdated}, nil)
	return v, err == nil, err
}

// stored returns the row of a user of an application, nil for none.
func stored(tx *store.Tx, orgID, appID, userID string) (*idp.AppUser, error) {
	row, err := tx.AppUser(orgID, appID, userID)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return row, err
}
