package management

import (
	"fmt"
	"net/http"
	"strings"

	"usher/internal/api/httpkit"
	"usher/internal/apps"
	"usher/internal/directory"
	"usher/internal/idp"
	"usher/internal/scim"
	"usher/openapi"
)

// AppsAPI is the part of the management interface that is about applications.
// All members are required.
type AppsAPI struct {
	Apps      *apps.Service
	Directory *directory.Service
}

// Sizes of pages. (reference: pagination)
const (
	appsPage      = 20
	appsMost      = 200
	appUsersPage  = 50
	appUsersMost  = 500
	appGroupsPage = 20
	appGroupsMost = 200
)

// Mount registers the operations.
func (a *AppsAPI) Mount(r *httpkit.Router) {
	r.Op(openapi.ListApplications, a.listApps)
	r.Op(openapi.CreateApplication, a.createApp)
	r.Op(openapi.GetApplication, a.getApp)
	r.Op(openapi.UpdateApplication, a.replaceApp)
	r.Op(openapi.DeleteApplication, a.deleteApp)
	r.Op(openapi.ActivateApplication, a.activateApp)
	r.Op(openapi.DeactivateApplication, a.deactivateApp)
	r.Op(openapi.ListAssignedApplicationsForGroup, a.listGroupApps)
	r.Op(openapi.ListAppLinks, a.listAppLinks)
	r.Op(openapi.ListFeaturesForApplication, a.listFeatures)
	r.Op(openapi.AssignApplicationPolicy, a.assignAppPolicy)
	a.mountUsers(r)
	a.mountGroups(r)
	a.mountKeys(r)
	a.mountSecrets(r)
	a.mountJWKS(r)
	a.mountLogos(r)
	a.mountSchemas(r)
	a.mountMappings(r)
	a.mountGroupsClaim(r)
}

// listApps lists applications by q and a single comparison, with the
// assignment of a user embedded where that user was asked for.
// (spec: management#listApplications; reference: filter language)
func (a *AppsAPI) listApps(r *httpkit.Request) error {
	p, err := r.Page(appsPage, appsMost)
	if err != nil {
		return err
	}
	q := apps.Query{Page: p, Prefix: r.Q().Get("q")}
	if text := r.Q().Get("filter"); text != "" {
		if err := appFilter(text, &q); err != nil {
			return err
		}
	}
	expand, err := expandUser(r)
	if err != nil {
		return err
	}
	if expand != "" && expand != q.UserID {
		return &idp.Error{Kind: idp.KindBadRequest, Object: "expand", Causes: []idp.Cause{{Field: "expand", Text: "needs a filter by the same user"}}}
	}
	return a.list(r, q, expand)
}

// list answers with a page of applications.
func (a *AppsAPI) list(r *httpkit.Request, q apps.Query, expand string) error {
	found, next, err := a.Apps.List(r.Context(), r.Actor, q)
	if err != nil {
		return err
	}
	views := make([]*appView, 0, len(found))
	for _, app := range found {
		v := viewApp(r.Org, app)
		if expand != "" {
			if err := a.embedUser(r, v, app.ID, expand); err != nil {
				return err
			}
		}
		views = append(views, v)
	}
	r.Links(next)
	return r.OK(views)
}

// embedUser puts the assignment of a user into an application.
func (a *AppsAPI) embedUser(r *httpkit.Request, v *appView, appID, userID string) error {
	u, err := a.Apps.Assignment(r.Context(), r.Actor, appID, userID)
	if err != nil {
		return err
	}
	v.Embedded = map[string]any{"user": viewAppUser(r.Org, u, false)}
	return nil
}

// expandUser reads expand=user/{userId}; anything else is an error.
func expandUser(r *httpkit.Request) (string, error) {
	text := r.Q().Get("expand")
	if text == "" {
		return "", nil
	}
	id, ok := strings.CutPrefix(text, "user/")
	if !ok || id == "" {
		return "", &idp.Error{Kind: idp.KindBadRequest, Object: "expand", Causes: []idp.Cause{{Field: "expand", Text: "must be user/{userId}"}}}
	}
	return id, nil
}

// appFilter reads a filter: one equality, else KindBadSearch, which says why.
func appFilter(text string, q *apps.Query) error {
	bad := func(why string) error { return idp.Fail(idp.KindBadSearch, "filter: "+why) }
	e, err := scim.Parse(text, scim.Limits{})
	if err != nil {
		return bad(err.Error())
	}
	c, ok := e.(scim.Compare)
	if !ok || c.Op != scim.Eq {
		return bad("only a single comparison by eq is supported")
	}
	v := c.Value.Str()
	if c.Value.Kind() != scim.String || v == "" {
		return bad(fmt.Sprintf("attribute %q needs a text that is not empty", string(c.Path)))
	}
	switch c.Path {
	case "status":
		q.Status = idp.AppStatus(v)
	case "name":
		q.Name = v
	case "user.id":
		q.UserID = v
	case "group.id":
		q.GroupID = v
	case "credentials.signing.kid":
		q.KeyID = v
	default:
		return bad(fmt.Sprintf("attribute %q is not supported", string(c.Path)))
	}
	return nil
}

// createApp makes an application. The answer shows the client secret.
// (spec: management#createApplication)
func (a *AppsAPI) createApp(r *httpkit.Request) error {
	active, err := r.Bool("activate", true)
	if err != nil {
		return err
	}
	var in apps.Input
	if err := r.Decode(&in); err != nil {
		return err
	}
	app, err := a.Apps.Create(r.Context(), r.Actor, &in, active)
	if err != nil {
		return err
	}
	return r.OK(viewApp(r.Org, app))
}

// getApp reads an application. (spec: management#getApplication)
func (a *AppsAPI) getApp(r *httpkit.Request) error {
	expand, err := expandUser(r)
	if err != nil {
		return err
	}
	app, err := a.Apps.Get(r.Context(), r.Actor, r.Param("appId"))
	if err != nil {
		return err
	}
	v := viewApp(r.Org, app)
	if expand != "" {
		if err := a.embedUser(r, v, app.ID, expand); err != nil {
			return err
		}
	}
	return r.OK(v)
}

// replaceApp writes an application anew. (spec: management#updateApplication)
func (a *AppsAPI) replaceApp(r *httpkit.Request) error {
	var in apps.Input
	if err := r.Decode(&in); err != nil {
		return err
	}
	app, err := a.Apps.Replace(r.Context(), r.Actor, r.Param("appId"), &in)
	if err != nil {
		return err
	}
	return r.OK(viewApp(r.Org, app))
}

// deleteApp removes an inactive application. (spec: management#deleteApplication)
func (a *AppsAPI) deleteApp(r *httpkit.Request) error {
	if err := a.Apps.Delete(r.Context(), r.Actor, r.Param("appId")); err != nil {
		return err
	}
	return r.NoContent()
}

// activateApp makes an application usable. (spec: management#activateApplication)
func (a *AppsAPI) activateApp(r *httpkit.Request) error {
	if err := a.Apps.Activate(r.Context(), r.Actor, r.Param("appId")); err != nil {
		return err
	}
	return r.Empty()
}

// deactivateApp switches an application off. (spec: management#deactivateApplication)
func (a *AppsAPI) deactivateApp(r *httpkit.Request) error {
	if err := a.Apps.Deactivate(r.Context(), r.Actor, r.Param("appId")); err != nil {
		return err
	}
	return r.Empty()
}

// listGroupApps lists the applications of a group.
// (spec: management-extra#listAssignedApplicationsForGroup)
func (a *AppsAPI) listGroupApps(r *httpkit.Request) error {
	p, err := r.Page(appsPage, appsMost)
	if err != nil {
		return err
	}
	g, err := a.Directory.Group(r.Context(), r.Actor, r.Param("groupId"))
	if err != nil {
		return err
	}
	return a.list(r, apps.Query{Page: p, GroupID: g.ID}, "")
}

// listFeatures tells that an application has no provisioning to configure.
// (spec: management-extra#listFeaturesForApplication)
func (a *AppsAPI) listFeatures(r *httpkit.Request) error {
	if _, err := a.Apps.Get(r.Context(), r.Actor, r.Param("appId")); err != nil {
		return err
	}
	return idp.Invalid("feature", idp.Cause{Text: "Provisioning is not enabled for the app instance."})
}

// appLinkView is a place that a user can go to. (spec: management AppLink)
type appLinkView struct {
	ID               string `json:"id"`
	Label            string `json:"label"`
	LinkURL          string `json:"linkUrl"`
	LogoURL          string `json:"logoUrl"`
	AppName          string `json:"appName"`
	AppInstanceID    string `json:"appInstanceId"`
	AppAssignmentID  string `json:"appAssignmentId"`
	CredentialsSetup bool   `json:"credentialsSetup"`
	Hidden           bool   `json:"hidden"`
	SortOrder        int    `json:"sortOrder"`
}

// listAppLinks lists the places that a user can go to.
// (spec: management#listAppLinks)
func (a *AppsAPI) listAppLinks(r *httpkit.Request) error {
	all, err := r.Bool("showAll", false)
	if err != nil {
		return err
	}
	u, err := a.Directory.User(r.Context(), r.Actor, userRef(r))
	if err != nil {
		return err
	}
	links, err := a.Apps.AppLinks(r.Context(), r.Actor, u, all)
	if err != nil {
		return err
	}
	out := make([]appLinkView, 0, len(links))
	for i, l := range links {
		label := l.App.Label
		if len(l.App.Kind.Links) > 1 && l.Name != "login" {
			label += " " + l.Name
		}
		out = append(out, appLinkView{
			ID: l.AssignmentID, Label: label, LinkURL: r.Link(linkPath(l.App, l.Link)), LogoURL: logoURL(r.Org, l.App), AppName: l.App.Name,
			AppInstanceID: l.App.ID, AppAssignmentID: l.AssignmentID, CredentialsSetup: l.Ready && l.App.Details.Credentials.Scheme != apps.SchemeNone, Hidden: l.Hidden, SortOrder: i,
		})
	}
	return r.JSON(http.StatusOK, out)
}

// assignAppPolicy puts an application under an authentication policy.
// (spec: management-extra#assignApplicationPolicy)
func (a *AppsAPI) assignAppPolicy(r *httpkit.Request) error {
	if err := a.Apps.AssignPolicy(r.Context(), r.Actor, r.Param("appId"), r.Param("policyId")); err != nil {
		return err
	}
	return r.NoContent()
}
