package management

import (
	"encoding/json"

	"usher/internal/api/httpkit"
	"usher/internal/apps"
	"usher/internal/idp"
	"usher/openapi"
)

func (a *AppsAPI) mountUsers(r *httpkit.Router) {
	r.Op(openapi.ListApplicationUsers, a.listAppUsers)
	r.Op(openapi.AssignUserToApplication, a.assignAppUser)
	r.Op(openapi.GetApplicationUser, a.getAppUser)
	r.Op(openapi.UpdateApplicationUser, a.updateAppUser)
	r.Op(openapi.DeleteApplicationUser, a.deleteAppUser)
}

// appUserView is a user of an application, its members in the order in which
// the service has them. (spec: management AppUser; reference: assignments)
type appUserView struct {
	ID              string                 `json:"id"`
	ExternalID      *string                `json:"externalId"`
	Created         *string                `json:"created"`
	LastUpdated     *string                `json:"lastUpdated"`
	Scope           idp.AppScope           `json:"scope"`
	Status          string                 `json:"status"`
	StatusChanged   *string                `json:"statusChanged"`
	PasswordChanged *string                `json:"passwordChanged"`
	SyncState       string                 `json:"syncState"`
	Credentials     appUserCredentialsView `json:"credentials"`
	Profile         json.RawMessage        `json:"profile"`
	Embedded        map[string]any         `json:"_embedded,omitempty"`
	Links           appUserLinksView       `json:"_links"`
}

type appUserCredentialsView struct {
	UserName *string   `json:"userName"`
	Password *struct{} `json:"password,omitempty"`
}

type appUserLinksView struct {
	App   httpkit.Href `json:"app"`
	User  httpkit.Href `json:"user"`
	Group *namedLink   `json:"group,omitempty"`
}

func viewAppUser(org *idp.Org, a *apps.Assignment, expand bool) *appUserView {
	v := &appUserView{
		ID: a.User.ID, Created: httpkit.Seconds(a.Created), LastUpdated: httpkit.Seconds(a.LastUpdated), Scope: a.Scope, Status: "ACTIVE",
		StatusChanged: httpkit.Seconds(a.StatusChanged), PasswordChanged: httpkit.Seconds(a.PasswordChanged), SyncState: "DISABLED",
		Profile: a.Profile,
		Links: appUserLinksView{
			App:  httpkit.Href{Href: org.BaseURL + appPath(a.App.ID)},
			User: httpkit.Href{Href: org.BaseURL + "/api/v1/users/" + a.User.ID},
		},
	}
	if a.Staged {
		v.Status = "STAGED"
	}
	if a.UserName != "" {
		v.Credentials.UserName = &a.UserName
	}
	if a.HasPassword {
		v.Credentials.Password = &struct{}{}
	}
	if a.Scope == idp.AppScopeGroup {
		v.Links.Group = &namedLink{Name: a.GroupName, Href: org.BaseURL + "/api/v1/groups/" + a.GroupID}
	}
	if expand {
		v.Embedded = map[string]any{"user": json.RawMessage(appendUser(nil, org, a.User, userOptions{}))}
	}
	return v
}

// expandsUser reads expand=user, the only thing that can be embedded.
func expandsUser(r *httpkit.Request) (bool, error) {
	switch r.Q().Get("expand") {
	case "":
		return false, nil
	case "user":
		return true, nil
	}
	return false, &idp.Error{Kind: idp.KindBadRequest, Object: "expand", Causes: []idp.Cause{{Field: "expand", Text: "must be user"}}}
}

// listAppUsers lists the users of an application, those who come by a group
// included. (spec: management#listApplicationUsers)
func (a *AppsAPI) listAppUsers(r *httpkit.Request) error {
	if err := gaps(r, openapi.ListApplicationUsers, "filter", "query_scope"); err != nil {
		return err
	}
	p, err := r.Page(appUsersPage, appUsersMost)
	if err != nil {
		return err
	}
	expand, err := expandsUser(r)
	if err != nil {
		return err
	}
	users, next, err := a.Apps.Assignments(r.Context(), r.Actor, r.Param("appId"), r.Q().Get("q"), p)
	if err != nil {
		return err
	}
	out := make([]*appUserView, 0, len(users))
	for _, u := range users {
		out = append(out, viewAppUser(r.Org, u, expand))
	}
	r.Links(next)
	return r.OK(out)
}

// assignAppUser assigns an application to a user.
// (spec: management#assignUserToApplication)
func (a *AppsAPI) assignAppUser(r *httpkit.Request) error {
	var in apps.UserInput
	if err := r.Decode(&in); err != nil {
		return err
	}
	u, err := a.Apps.AssignUser(r.Context(), r.Actor, r.Param("appId"), &in)
	if err != nil {
		return err
	}
	return r.OK(viewAppUser(r.Org, u, false))
}

// getAppUser reads a user of an application. (spec: management#getApplicationUser)
func (a *AppsAPI) getAppUser(r *httpkit.Request) error {
	expand, err := expandsUser(r)
	if err != nil {
		return err
	}
	u, err := a.Apps.Assignment(r.Context(), r.Actor, r.Param("appId"), userRef(r))
	if err != nil {
		return err
	}
	return r.OK(viewAppUser(r.Org, u, expand))
}

// updateAppUser changes what is set for a user of an application.
// (spec: management#updateApplicationUser)
func (a *AppsAPI) updateAppUser(r *httpkit.Request) error {
	var in apps.UserInput
	if err := r.Decode(&in); err != nil {
		return err
	}
	u, err := a.Apps.UpdateUser(r.Context(), r.Actor, r.Param("appId"), userRef(r), &in)
	if err != nil {
		return err
	}
	return r.OK(viewAppUser(r.Org, u, false))
}

// deleteAppUser takes an application away from a user.
// (spec: management#deleteApplicationUser)
func (a *AppsAPI) deleteAppUser(r *httpkit.Request) error {
	mail, err := r.Bool("sendEmail", false)
	if err != nil {
		return err
	}
	if err := a.Apps.UnassignUser(r.Context(), r.Actor, r.Param("appId"), userRef(r), mail); err != nil {
		return err
	}
	return r.NoContent()
}
