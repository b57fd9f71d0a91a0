package management

import (
	"usher/internal/api/httpkit"
	"usher/internal/directory"
	"usher/internal/idp"
	"usher/openapi"
)

func (a *API) mountUserTypes(r *httpkit.Router) {
	r.Op(openapi.ListUserTypes, a.listUserTypes)
	r.Op(openapi.CreateUserType, a.createUserType)
	r.Op(openapi.GetUserType, a.getUserType)
	r.Op(openapi.UpdateUserType, a.updateUserType)
	r.Op(openapi.ReplaceUserType, a.replaceUserType)
	r.Op(openapi.DeleteUserType, a.deleteUserType)
}

// userType is a type of users. (spec: management UserType)
type userType struct {
	ID            string        `json:"id"`
	DisplayName   string        `json:"displayName"`
	Name          string        `json:"name"`
	Description   string        `json:"description"`
	CreatedBy     string        `json:"createdBy"`
	LastUpdatedBy string        `json:"lastUpdatedBy"`
	Created       *string       `json:"created"`
	LastUpdated   *string       `json:"lastUpdated"`
	Default       bool          `json:"default"`
	Links         userTypeLinks `json:"_links"`
}

type userTypeLinks struct {
	Schema relation `json:"schema"`
	Self   relation `json:"self"`
}

// relation is a link that names its relation and method.
type relation struct {
	Rel    string `json:"rel"`
	Href   string `json:"href"`
	Method string `json:"method"`
}

func userTypeOf(r *httpkit.Request, t *idp.UserType) userType {
	return userType{
		ID: t.ID, DisplayName: t.DisplayName, Name: t.Name, Description: t.Description, CreatedBy: t.CreatedBy, LastUpdatedBy: t.LastUpdatedBy,
		Created: httpkit.Seconds(t.Created), LastUpdated: httpkit.Seconds(t.LastUpdated), Default: t.ID == r.Org.Settings.UserTypeID,
		Links: userTypeLinks{
			Schema: relation{"schema", r.Link("/api/v1/meta/schemas/user/" + r.Org.SchemaID(t.ID)), "GET"},
			Self:   relation{"self", r.Link("/api/v1/meta/types/user/" + t.ID), "GET"},
		},
	}
}

// typeRef is the type that the path names.
func typeRef(r *httpkit.Request) string {
	if id := r.Param("typeId"); id != defaultName {
		return id
	}
	return r.Org.Settings.UserTypeID
}

// listUserTypes lists the types of users. (spec: management#listUserTypes)
func (a *API) listUserTypes(r *httpkit.Request) error {
	types, err := a.Directory.UserTypes(r.Context(), r.Actor)
	if err != nil {
		return err
	}
	out := make([]userType, len(types))
	for i, t := range types {
		out[i] = userTypeOf(r, t)
	}
	return r.OK(out)
}

// getUserType reads a type of users. (spec: management#getUserType)
func (a *API) getUserType(r *httpkit.Request) error {
	t, err := a.Directory.UserType(r.Context(), r.Actor, typeRef(r))
	if err != nil {
		return err
	}
	return r.OK(userTypeOf(r, t))
}

// typeBody is a type of users in a request.
type typeBody struct {
	Name        *string `json:"name"`
	DisplayName *string `json:"displayName"`
	Description *string `json:"description"`
}

// createUserType adds a type of users. (spec: management#createUserType)
func (a *API) createUserType(r *httpkit.Request) error {
	var body typeBody
	if err := r.Decode(&body); err != nil {
		return err
	}
	t, err := a.Directory.CreateUserType(r.Context(), r.Actor, directory.TypeInput(body))
	if err != nil {
		return err
	}
	return r.OK(userTypeOf(r, t))
}

// updateUserType changes what the body names. (spec: management#updateUserType)
func (a *API) updateUserType(r *httpkit.Request) error { return a.changeUserType(r, false) }

// replaceUserType sets what the body does not name to nothing.
// (spec: management#replaceUserType)
func (a *API) replaceUserType(r *httpkit.Request) error { return a.changeUserType(r, true) }

func (a *API) changeUserType(r *httpkit.Request, replace bool) error {
	var body typeBody
	if err := r.Decode(&body); err != nil {
		return err
	}
	if replace {
		for _, p := range []**string{&body.Name, &body.DisplayName, &body.Description} {
			if *p == nil {
				*p = new(string)
			}
		}
	}
	t, err := a.Directory.UpdateUserType(r.Context(), r.Actor, typeRef(r), directory.TypeInput(body))
	if err != nil {
		return err
	}
	return r.OK(userTypeOf(r, t))
}

// deleteUserType removes a type that nobody is of.
// (spec: management#deleteUserType)
func (a *API) deleteUserType(r *httpkit.Request) error {
	if err := a.Directory.DeleteUserType(r.Context(), r.Actor, typeRef(r)); err != nil {
		return err
	}
	return r.NoContent()
}
