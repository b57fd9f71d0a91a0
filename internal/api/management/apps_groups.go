package management

import (
	"encoding/json"

	"usher/internal/api/httpkit"
	"usher/internal/apps"
	"usher/internal/idp"
	"usher/openapi"
)

func (a *AppsAPI) mountGroups(r *httpkit.Router) {
	r.Op(openapi.ListApplicationGroupAssignments, a.listAppGroups)
	r.Op(openapi.GetApplicationGroupAssignment, a.getAppGroup)
	r.Op(openapi.CreateApplicationGroupAssignment, a.assignAppGroup)
	r.Op(openapi.DeleteApplicationGroupAssignment, a.deleteAppGroup)
}

// appGroupView is a group of an application.
// (spec: management ApplicationGroupAssignment)
type appGroupView struct {
	ID          string            `json:"id"`
	LastUpdated *string           `json:"lastUpdated"`
	Priority    int               `json:"priority"`
	Profile     json.RawMessage   `json:"profile"`
	Embedded    map[string]any    `json:"_embedded,omitempty"`
	Links       appGroupLinksView `json:"_links"`
}

type appGroupLinksView struct {
	App   httpkit.Href `json:"app"`
	Self  httpkit.Href `json:"self"`
	Group httpkit.Href `json:"group"`
}

// viewAppGroup renders an assignment, with the group itself where it is given.
func viewAppGroup(org *idp.Org, v *idp.AppGroup, g *idp.Group) appGroupView {
	at := org.BaseURL + appPath(v.AppID)
	out := appGroupView{
		ID: v.GroupID, LastUpdated: httpkit.Seconds(v.LastUpdated), Priority: v.Priority, Profile: v.Profile,
		Links: appGroupLinksView{
			App: httpkit.Href{Href: at}, Self: httpkit.Href{Href: at + "/groups/" + v.GroupID},
			Group: httpkit.Href{Href: org.BaseURL + "/api/v1/groups/" + v.GroupID},
		},
	}
	if g != nil {
		out.Embedded = map[string]any{"group": json.RawMessage(appendGroup(nil, org, g))}
	}
	return out
}

// expandsGroup reads expand=group, the only thing that can be embedded.
func expandsGroup(r *httpkit.Request, op openapi.ID) (bool, error) {
	switch r.Q().Get("expand") {
	case "":
		return false, nil
	case "group":
		return true, nil
	case "metadata":
		return false, gap(r, op, "expand")
	}
	return false, &idp.Error{Kind: idp.KindBadRequest, Object: "expand", Causes: []idp.Cause{{Field: "expand", Text: "must be group"}}}
}

// listAppGroups lists the groups of an application by priority.
// (spec: management#listApplicationGroupAssignments)
func (a *AppsAPI) listAppGroups(r *httpkit.Request) error {
	p, err := r.Page(appGroupsPage, appGroupsMost)
	if err != nil {
		return err
	}
	expand, err := expandsGroup(r, openapi.ListApplicationGroupAssignments)
	if err != nil {
		return err
	}
	list, groups, next, err := a.Apps.Groups(r.Context(), r.Actor, r.Param("appId"), r.Q().Get("q"), p)
	if err != nil {
		return err
	}
	out := make([]appGroupView, 0, len(list))
	for _, v := range list {
		var g *idp.Group
		if expand {
			g = groups[v.GroupID]
		}
		out = append(out, viewAppGroup(r.Org, v, g))
	}
	r.Links(next)
	return r.OK(out)
}

// getAppGroup reads a group of an application.
// (spec: management#getApplicationGroupAssignment)
func (a *AppsAPI) getAppGroup(r *httpkit.Request) error {
	expand, err := expandsGroup(r, openapi.GetApplicationGroupAssignment)
	if err != nil {
		return err
	}
	v, g, err := a.Apps.Group(r.Context(), r.Actor, r.Param("appId"), r.Param("groupId"))
	if err != nil {
		return err
	}
	if !expand {
		g = nil
	}
	return r.OK(viewAppGroup(r.Org, v, g))
}

// assignAppGroup assigns an application to a group.
// (spec: management#createApplicationGroupAssignment)
func (a *AppsAPI) assignAppGroup(r *httpkit.Request) error {
	var in apps.GroupInput
	if err := r.Decode(&in); err != nil {
		return err
	}
	v, err := a.Apps.AssignGroup(r.Context(), r.Actor, r.Param("appId"), r.Param("groupId"), &in)
	if err != nil {
		return err
	}
	return r.OK(viewAppGroup(r.Org, v, nil))
}

// deleteAppGroup takes an application away from a group.
// (spec: management#deleteApplicationGroupAssignment)
func (a *AppsAPI) deleteAppGroup(r *httpkit.Request) error {
	if err := a.Apps.UnassignGroup(r.Context(), r.Actor, r.Param("appId"), r.Param("groupId")); err != nil {
		return err
	}
	return r.NoContent()
}
