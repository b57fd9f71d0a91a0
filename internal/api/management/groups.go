package management

import (
	"net/http"

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

// groupBody is a group in a request. (spec: management Group)
type groupBody struct {
	Profile idp.Attributes `json:"profile"`
}

// listGroups lists groups. With q it looks them up, without paging and without
// any Link header. (spec: management#listGroups; recorded answers)
func (a *API) listGroups(r *httpkit.Request) error {
	if r.Q().Get("search") != "" && r.Q().Get("filter") != "" {
		return idp.Fail(idp.KindSearchAndFilter)
	}
	if err := gaps(r, openapi.ListGroups, "search", "filter", "expand"); err != nil {
		return err
	}
	if q := r.Q().Get("q"); q != "" {
		p, err := r.Page(groupsFound, groupsFound)
		if err != nil {
			return err
		}
		found, err := a.Directory.LookupGroups(r.Context(), r.Actor, q, p.Limit)
		if err != nil {
			return err
		}
		return a.groups(r, found)
	}
	p, err := r.Page(groupsPage, groupsMost)
	if err != nil {
		return err
	}
	groups, next, err := a.Directory.Groups(r.Context(), r.Actor, directory.Page(p))
	if err != nil {
		return err
	}
	r.Links(next)
	return a.groups(r, groups)
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
	if err := gaps(r, openapi.GetGroup, "expand"); err != nil {
		return err
	}
	g, err := a.Directory.Group(r.Context(), r.Actor, r.Param("groupId"))
	if err != nil {
		return err
	}
	return a.group(r, g)
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
	if err := gaps(r, openapi.ListGroupUsers, "managedBy"); err != nil {
		return err
	}
	p, err := r.Page(membersPage, membersPage)
	if err != nil {
		return err
	}
	users, next, err := a.Directory.Members(r.Context(), r.Actor, r.Param("groupId"), directory.Page(p))
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
