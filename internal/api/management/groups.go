package management

import (
	"net/http"
	"slices"
	"strings"

	"usher/internal/api/httpkit"
	"usher/internal/directory"
	"usher/internal/idp"
	"usher/openapi"
)

// Sizes of pages. (reference: pagination)
const (
	groupsPage  = 200
	groupsMost  = 10_000
	groupsFound = 300 // by q
)

func (a *API) mountGroups(r *httpkit.Router) {
	r.Op(openapi.ListGroups, a.listGroups)
	r.Op(openapi.CreateGroup, a.createGroup)
	r.Op(openapi.GetGroup, a.getGroup)
	r.Op(openapi.UpdateGroup, a.updateGroup)
	r.Op(openapi.DeleteGroup, a.deleteGroup)
	r.Op(openapi.ListGroupUsers, a.listGroupUsers)
	r.Op(openapi.AddUserToGroup, a.addGroupUser)
	r.Op(openapi.RemoveGroupUser, a.removeGroupUser)
}

func (a *API) group(r *httpkit.Request, g *idp.Group) error {
	return r.Bytes(http.StatusOK, jsonType, appendGroup(make([]byte, 0, 2*groupSize), r.Org, g))
}

func (a *API) groups(r *httpkit.Request, groups []*idp.Group) error {
	return list(r, groups, groupSize, func(b []byte, g *idp.Group) []byte { return appendGroup(b, r.Org, g) })
}

// expanded answers with groups and what the parameter expand asks for beside
// each. Groups have a source application only where one keeps them.
func (a *API) expanded(r *httpkit.Request, op openapi.ID, groups []*idp.Group) ([]byte, error) {
	var stats map[string]directory.GroupStats
	for what := range strings.SplitSeq(r.Q().Get("expand"), ",") {
		var err error
		switch strings.TrimSpace(what) {
		case "", "app":
		case "stats":
			stats, err = a.Directory.GroupStats(r.Context(), r.Actor, groups...)
		default:
			err = gap(r, op, "expand")
		}
		if err != nil {
			return nil, err
		}
	}
	b := make([]byte, 0, 2+len(groups)*groupSize)
	for i, g := range groups {
		if i > 0 {
			b = append(b, ',')
		}
		var of *directory.GroupStats
		if v, ok := stats[g.ID]; ok {
			of = &v
		}
		b = appendGroupStats(b, r.Org, g, of)
	}
	return b, nil
}

// groupBody is a group in a request. (spec: management Group)
type groupBody struct {
	Profile idp.Attributes `json:"profile"`
}

// listGroups lists groups. With q it looks them up by the beginning of their
// names, without paging and without any Link header; filter goes with it, search
// does not. Only what is searched for is sorted. (spec: management#listGroups;
// recorded answers)
func (a *API) listGroups(r *httpkit.Request) error {
	q, search, filter := r.Q().Get("q"), r.Q().Get("search"), r.Q().Get("filter")
	if search != "" && (filter != "" || q != "") {
		return idp.Fail(idp.KindSearchAndFilter)
	}
	g := directory.GroupSearch{Text: filter, Exact: true, Prefix: q}
	absent, most := groupsPage, groupsMost
	if q != "" {
		absent, most = groupsFound, groupsFound
	}
	p, err := r.Page(absent, most)
	if err != nil {
		return err
	}
	g.Limit = p.Limit
	if q == "" {
		g.After = p.After
	}
	if search != "" {
		g.Text, g.Exact, g.SortBy = search, false, r.Q().Get("sortBy")
		if g.Descending, err = descending(r); err != nil {
			return err
		}
	}
	groups, next, err := a.Directory.SearchGroups(r.Context(), r.Actor, g)
	if err != nil {
		return err
	}
	b, err := a.expanded(r, openapi.ListGroups, groups)
	if err != nil {
		return err
	}
	if q == "" {
		r.Links(next)
	}
	return r.Bytes(http.StatusOK, jsonType, slices.Concat([]byte("["), b, []byte("]")))
}

// descending reads sortOrder. Terraform sends 0 for nothing. (recorded requests)
func descending(r *httpkit.Request) (bool, error) {
	switch order := r.Q().Get("sortOrder"); strings.ToLower(order) {
	case "", "0", "asc", "ascending":
		return false, nil
	case "desc", "descending":
		return true, nil
	default:
		return false, &idp.Error{Kind: idp.KindBadRequest, Object: "sortOrder"}
	}
}

// createGroup adds a group. (spec: management#createGroup)
func (a *API) createGroup(r *httpkit.Request) error {
	var body groupBody
	if err := r.Decode(&body); err != nil {
		return err
	}
	g, err := a.Directory.CreateGroup(r.Context(), r.Actor, body.Profile)
	if err != nil {
		return err
	}
	return a.group(r, g)
}

// getGroup reads one group. (spec: management#getGroup)
func (a *API) getGroup(r *httpkit.Request) error {
	g, err := a.Directory.Group(r.Context(), r.Actor, r.Param("groupId"))
	if err != nil {
		return err
	}
	b, err := a.expanded(r, openapi.GetGroup, []*idp.Group{g})
	if err != nil {
		return err
	}
	return r.Bytes(http.StatusOK, jsonType, b)
}

// updateGroup replaces a group's profile. (spec: management#updateGroup)
func (a *API) updateGroup(r *httpkit.Request) error {
	var body groupBody
	if err := r.Decode(&body); err != nil {
		return err
	}
	g, err := a.Directory.UpdateGroup(r.Context(), r.Actor, r.Param("groupId"), body.Profile)
	if err != nil {
		return err
	}
	return a.group(r, g)
}

// deleteGroup removes a group. (spec: management#deleteGroup)
func (a *API) deleteGroup(r *httpkit.Request) error {
	if err := a.Directory.DeleteGroup(r.Context(), r.Actor, r.Param("groupId")); err != nil {
		return err
	}
	return r.NoContent()
}

// listGroupUsers lists a group's members. (spec: management#listGroupUsers)
func (a *API) listGroupUsers(r *httpkit.Request) error {
	managedBy := r.Q().Get("managedBy")
	if managedBy == "" {
		managedBy = directory.MembersAll
	}
	p, err := r.Page(membersPage, membersPage)
	if err != nil {
		return err
	}
	users, next, err := a.Directory.MembersBy(r.Context(), r.Actor, r.Param("groupId"), managedBy, p)
	if err != nil {
		return err
	}
	r.Links(next)
	return a.users(r, users)
}

// addGroupUser puts a user into a group. (spec: management#addUserToGroup)
func (a *API) addGroupUser(r *httpkit.Request) error {
	if err := a.Directory.AddMember(r.Context(), r.Actor, r.Param("groupId"), userRef(r)); err != nil {
		return err
	}
	return r.NoContent()
}

// removeGroupUser takes a user out of a group. (spec: management#removeGroupUser)
func (a *API) removeGroupUser(r *httpkit.Request) error {
	if err := a.Directory.RemoveMember(r.Context(), r.Actor, r.Param("groupId"), userRef(r)); err != nil {
		return err
	}
	return r.NoContent()
}
