package management

import (
	"context"
	"net/http"

	"usher/internal/api/httpkit"
	"usher/internal/apps"
	"usher/internal/idp"
	"usher/internal/roles"
)

// Sizes of pages of targets. (reference: pagination)
const (
	targetsPage = 20
	targetsMost = 200
)

// listGroupTargets lists the groups to which a role is limited.
// (spec: management#listGroupTargetsForRole)
func (x *roleRoutes) listGroupTargets(r *httpkit.Request) error {
	p, err := r.Page(targetsPage, targetsMost)
	if err != nil {
		return err
	}
	groups, err := x.Roles.GroupTargets(r.Context(), r.Actor, x.who(r), r.Param(x.role))
	if err != nil {
		return err
	}
	groups, next := pageOf(groups, p)
	r.Links(next)
	return x.groups(r, groups)
}

// appTarget is an application to which a role is limited: one of the catalogue,
// or an instance of it. (spec: management-extra CatalogApplication)
type appTarget struct {
	Name        string           `json:"name"`
	DisplayName string           `json:"displayName"`
	Description string           `json:"description"`
	Status      idp.AppStatus    `json:"status"`
	LastUpdated *string          `json:"lastUpdated,omitempty"` // of an instance
	Category    string           `json:"category"`
	SignOnModes []idp.SignOnMode `json:"signOnModes"`
	ID          string           `json:"id,omitempty"`
	Label       string           `json:"label,omitempty"`
	Links       appTargetLinks   `json:"_links"`
}

type appTargetLinks struct {
	Self *httpkit.Href `json:"self,omitempty"`
}

// listAppTargets lists the applications to which a role is limited.
// (spec: management-extra#listApplicationTargetsForApplicationAdministratorRoleForUser)
func (x *roleRoutes) listAppTargets(r *httpkit.Request) error {
	p, err := r.Page(targetsPage, targetsMost)
	if err != nil {
		return err
	}
	targets, err := x.Roles.AppTargets(r.Context(), r.Actor, x.who(r), r.Param(x.role))
	if err != nil {
		return err
	}
	for len(targets) > 0 && p.After != "" {
		last := targets[0]
		targets = targets[1:]
		if appTargetKey(last) == p.After {
			break
		}
	}
	next := ""
	if len(targets) > p.Limit {
		targets = targets[:p.Limit]
		next = appTargetKey(targets[p.Limit-1])
	}
	out := make([]appTarget, len(targets))
	for i, t := range targets {
		out[i] = appTargetOf(r, t)
	}
	r.Links(next)
	return r.OK(out)
}

// appTargetKey is a target as a cursor.
func appTargetKey(t roles.AppTarget) string {
	if t.All {
		return t.Name
	}
	return t.App.ID
}

// appTargetOf renders a target. Of all instances it tells what the catalogue
// knows, and nothing of any instance: it has no page of its own to link to.
func appTargetOf(r *httpkit.Request, t roles.AppTarget) appTarget {
	out := appTarget{Name: t.Name, DisplayName: t.Name, Status: idp.AppActive, SignOnModes: []idp.SignOnMode{t.App.SignOnMode}}
	if k, ok := apps.KindNamed(t.Name); ok {
		out.DisplayName, out.SignOnModes = k.Label, k.Modes
	}
	if t.All {
		return out
	}
	out.ID, out.Label, out.Status, out.LastUpdated = t.App.ID, t.App.Label, t.App.Status, httpkit.Seconds(t.App.LastUpdated)
	out.SignOnModes = []idp.SignOnMode{t.App.SignOnMode}
	out.Links.Self = &httpkit.Href{Href: r.Link("/api/v1/apps/" + t.App.ID)}
	return out
}

// change is a change of what a role is limited to. Answers of status 200 have
// an empty object. (spec: management#addGroupTargetToRole,
// management#removeGroupTargetFromRole and their like for groups and applications)
func (x *roleRoutes) change(do func(context.Context, idp.Actor, roles.Principal, string, roles.Target) error, status int) httpkit.Handler {
	return func(r *httpkit.Request) error {
		t := roles.Target{AppName: r.Param("appName"), InstanceID: r.Param("appId")}
		if t.AppName == "" {
			t.GroupID = r.Param(x.target)
		}
		if err := do(r.Context(), r.Actor, x.who(r), r.Param(x.role), t); err != nil {
			return err
		}
		if status == http.StatusOK {
			return r.Empty()
		}
		return r.NoContent()
	}
}

// clearTargets makes a role one for all applications.
// (spec: management-extra#assignAllAppsAsTargetToRoleForUser)
func (x *roleRoutes) clearTargets(r *httpkit.Request) error {
	if err := x.Roles.ClearTargets(r.Context(), r.Actor, x.who(r), r.Param(x.role)); err != nil {
		return err
	}
	return r.Empty()
}
