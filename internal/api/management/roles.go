package management

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"usher/internal/api/httpkit"
	"usher/internal/idp"
	"usher/internal/roles"
	"usher/openapi"
)

// mountRoles registers the roles of users and, alike, of groups.
func (a *API) mountRoles(r *httpkit.Router) {
	for _, of := range []struct {
		who                                      func(*httpkit.Request) roles.Principal
		list, add, get, remove                   openapi.ID
		groups, addGroup, dropGroup              openapi.ID
		apps, addApps, dropApps, addApp, dropApp openapi.ID
		role, target                             string // names of path parameters
		addStatus, addAppsStatus                 int
	}{
		{
			userPrincipal, openapi.ListAssignedRoles, openapi.AddRoleToUser, openapi.GetUserAssignedRole, openapi.RemoveRoleFromUser,
			openapi.ListGroupTargetsForRole, openapi.AddGroupTargetToRole, openapi.RemoveGroupTargetFromRole,
			openapi.ListApplicationTargetsForApplicationAdministratorRoleForUser, openapi.AssignAppTargetToAdminRoleForUser,
			openapi.UnassignAppTargetFromAppAdminRoleForUser, openapi.AssignAppInstanceTargetToAppAdminRoleForUser,
			openapi.UnassignAppInstanceTargetFromAdminRoleForUser, "roleId", "groupId", http.StatusCreated, http.StatusNoContent,
		},
		{
			groupPrincipal, openapi.ListGroupAssignedRoles, openapi.AssignRoleToGroup, openapi.GetGroupAssignedRole, openapi.UnassignRoleFromGroup,
			openapi.ListGroupTargetsForGroupRole, openapi.AssignGroupTargetToGroupAdminRole, openapi.UnassignGroupTargetFromGroupAdminRole,
			openapi.ListApplicationTargetsForApplicationAdministratorRoleForGroup, openapi.AssignAppTargetToAdminRoleForGroup,
			openapi.UnassignAppTargetToAdminRoleForGroup, openapi.AssignAppInstanceTargetToAppAdminRoleForGroup,
			openapi.UnassignAppInstanceTargetToAppAdminRoleForGroup, "roleAssignmentId", "targetGroupId", http.StatusCreated, http.StatusOK,
		},
		{
			clientPrincipal, openapi.ListRolesForClient, openapi.AssignRoleToClient, openapi.RetrieveClientRole, openapi.DeleteRoleFromClient,
			openapi.ListGroupTargetRoleForClient, openapi.AssignGroupTargetRoleForClient, openapi.RemoveGroupTargetRoleFromClient,
			openapi.ListAppTargetRoleToClient, openapi.AssignAppTargetRoleToClient, openapi.RemoveAppTargetRoleFromClient,
			openapi.AssignAppTargetInstanceRoleForClient, openapi.RemoveAppTargetInstanceRoleForClient,
			"roleAssignmentId", "groupId", http.StatusOK, http.StatusNoContent,
		},
	} {
		x := &roleRoutes{API: a, who: of.who, role: of.role, target: of.target, added: of.addStatus}
		r.Op(of.list, x.listRoles)
		r.Op(of.add, x.addRole)
		r.Op(of.get, x.getRole)
		r.Op(of.remove, x.removeRole)
		r.Op(of.groups, x.listGroupTargets)
		r.Op(of.addGroup, x.change(a.Roles.AddTarget, http.StatusNoContent))
		r.Op(of.dropGroup, x.change(a.Roles.RemoveTarget, http.StatusNoContent))
		r.Op(of.apps, x.listAppTargets)
		r.Op(of.addApps, x.change(a.Roles.AddTarget, of.addAppsStatus))
		r.Op(of.dropApps, x.change(a.Roles.RemoveTarget, http.StatusNoContent))
		r.Op(of.addApp, x.change(a.Roles.AddTarget, http.StatusNoContent))
		r.Op(of.dropApp, x.change(a.Roles.RemoveTarget, http.StatusNoContent))
	}
	all := &roleRoutes{API: a, who: userPrincipal, role: "roleId"}
	r.Op(openapi.AssignAllAppsAsTargetToRoleForUser, all.clearTargets)
}

// roleRoutes are the operations on the roles of one kind of principal.
type roleRoutes struct {
	*API
	who          func(*httpkit.Request) roles.Principal
	role, target string
	added        int // the status of a role that was given
}

func userPrincipal(r *httpkit.Request) roles.Principal { return roles.Principal{Ref: userRef(r)} }

func groupPrincipal(r *httpkit.Request) roles.Principal {
	return roles.Principal{Ref: r.Param("groupId"), Group: true}
}

func clientPrincipal(r *httpkit.Request) roles.Principal {
	return roles.Principal{Ref: r.Param("clientId"), Client: true}
}

// roleBody is an assigned role. (spec: management Role)
type roleBody struct {
	ID             string        `json:"id"`
	Label          string        `json:"label"`
	Type           idp.RoleType  `json:"type"`
	Status         string        `json:"status"`
	Created        *string       `json:"created"`
	LastUpdated    *string       `json:"lastUpdated"`
	AssignmentType string        `json:"assignmentType"`
	Embedded       *roleEmbedded `json:"_embedded,omitempty"`
	Links          roleLinks     `json:"_links"`
}

// roleEmbedded is what a role is limited to, where the caller asks for it.
type roleEmbedded struct {
	Targets roleTargets `json:"targets"`
}

type roleTargets struct {
	Groups  json.RawMessage `json:"groups,omitempty"`
	Catalog *roleCatalog    `json:"catalog,omitempty"`
}

type roleCatalog struct {
	Apps []appTarget `json:"apps"`
}

// The values of expand. (spec: management#listAssignedRolesForUser)
const (
	expandGroups = "targets/groups"
	expandApps   = "targets/catalog/apps"
)

type roleLinks struct {
	Assignee httpkit.Href `json:"assignee"`
}

func roleOf(r *httpkit.Request, v *roles.Assignment) roleBody {
	b := roleBody{
		ID: v.ID, Label: roles.Label(v.Type), Type: v.Type, Status: "ACTIVE", Created: httpkit.Seconds(v.Created),
		LastUpdated: httpkit.Seconds(v.LastUpdated), AssignmentType: "USER",
	}
	path := "/api/v1/users/"
	if strings.HasPrefix(v.PrincipalID, "00g") {
		b.AssignmentType, path = "GROUP", "/api/v1/groups/"
	}
	b.Links.Assignee.Href = r.Link(path + v.PrincipalID)
	if id := r.Param("clientId"); id != "" {
		b.AssignmentType, b.Links.Assignee.Href = "CLIENT", r.Link("/oauth2/v1/clients/"+url.PathEscape(id)+"/roles")
	}
	return b
}

// listRoles lists the roles of a principal. (spec: management#listAssignedRoles,
// management-extra#listGroupAssignedRoles)
func (x *roleRoutes) listRoles(r *httpkit.Request) error {
	expand := r.Q().Get("expand")
	if expand != "" && expand != expandGroups && expand != expandApps {
		return &idp.Error{Kind: idp.KindBadRequest, Object: "expand"}
	}
	all, err := x.Roles.Assignments(r.Context(), r.Actor, x.who(r))
	if err != nil {
		return err
	}
	out := make([]roleBody, len(all))
	for i := range all {
		out[i] = roleOf(r, &all[i])
		if expand != "" {
			if out[i].Embedded, err = x.embed(r, &all[i], expand); err != nil {
				return err
			}
		}
	}
	return r.OK(out)
}

// embed reads what a role is limited to; nil for one that cannot be limited so.
func (x *roleRoutes) embed(r *httpkit.Request, v *roles.Assignment, expand string) (*roleEmbedded, error) {
	holder := x.who(r)
	if !holder.Client {
		holder = roles.Principal{Ref: v.PrincipalID, Group: strings.HasPrefix(v.PrincipalID, "00g")}
	}
	var out roleEmbedded
	if expand == expandGroups {
		groups, err := x.Roles.GroupTargets(r.Context(), r.Actor, holder, v.ID)
		if idp.KindOf(err) == idp.KindRoleType {
			return nil, nil //nolint:nilnil // the role cannot be limited so
		}
		if err != nil {
			return nil, err
		}
		b := []byte{'['}
		for i, g := range groups {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendGroup(b, r.Org, g)
		}
		out.Targets.Groups = append(b, ']')
		return &out, nil
	}
	targets, err := x.Roles.AppTargets(r.Context(), r.Actor, holder, v.ID)
	if idp.KindOf(err) == idp.KindRoleType {
		return nil, nil //nolint:nilnil // the role cannot be limited so
	}
	if err != nil {
		return nil, err
	}
	out.Targets.Catalog = &roleCatalog{Apps: make([]appTarget, len(targets))}
	for i, t := range targets {
		out.Targets.Catalog.Apps[i] = appTargetOf(r, t)
	}
	return &out, nil
}

// addRole gives a role. Nobody is notified, whatever disableNotifications says.
// (spec: management#addRoleToUser, management-extra#assignRoleToGroup)
func (x *roleRoutes) addRole(r *httpkit.Request) error {
	if _, err := r.Bool("disableNotifications", false); err != nil {
		return err
	}
	var body struct {
		Type idp.RoleType `json:"type"`
	}
	if err := r.Decode(&body); err != nil {
		return err
	}
	v, err := x.Roles.Grant(r.Context(), r.Actor, x.who(r), body.Type)
	if err != nil {
		return err
	}
	x.RolesChanged()
	return r.JSON(x.added, roleOf(r, v))
}

// getRole reads one role. (spec: management-extra#getUserAssignedRole)
func (x *roleRoutes) getRole(r *httpkit.Request) error {
	v, err := x.Roles.Assignment(r.Context(), r.Actor, x.who(r), r.Param(x.role))
	if err != nil {
		return err
	}
	return r.OK(roleOf(r, v))
}

// removeRole takes a role away. (spec: management#removeRoleFromUser)
func (x *roleRoutes) removeRole(r *httpkit.Request) error {
	if err := x.Roles.Take(r.Context(), r.Actor, x.who(r), r.Param(x.role)); err != nil {
		return err
	}
	x.RolesChanged()
	return r.NoContent()
}
