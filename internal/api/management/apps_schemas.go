package management

import (
	"usher/internal/api/httpkit"
	"usher/internal/directory"
	"usher/internal/idp"
	"usher/openapi"
)

func (a *AppsAPI) mountSchemas(r *httpkit.Router) {
	r.Op(openapi.GetApplicationUserSchema, a.getSchema)
	r.Op(openapi.UpdateApplicationUserProfile, a.updateSchema)
}

// getSchema reads the profile schema of the users of an application.
// (spec: management#getApplicationUserSchema)
func (a *AppsAPI) getSchema(r *httpkit.Request) error {
	s, app, err := a.Apps.Schema(r.Context(), r.Actor, r.Param("appId"))
	if err != nil {
		return err
	}
	return r.OK(schemaOfApp(r, app, s))
}

// updateSchema changes what the body names, as with users.
// (spec: management#updateApplicationUserProfile)
func (a *AppsAPI) updateSchema(r *httpkit.Request) error {
	c, err := schemaChange(r)
	if err != nil {
		return err
	}
	s, app, err := a.Apps.ChangeSchema(r.Context(), r.Actor, r.Param("appId"), c)
	if err != nil {
		return err
	}
	return r.OK(schemaOfApp(r, app, s))
}

// schemaOfApp shows the schema of the users of an application.
func schemaOfApp(r *httpkit.Request, app *idp.App, s *directory.Schema) userSchema {
	out := schemaOf(s, app.Created)
	path := "/meta/schemas/apps/" + app.ID + "/default"
	out.ID, out.Name, out.Title = r.Link(path), app.Name, app.Label+" User"
	out.Links = schemaLinks{Self: relation{"self", r.Link("/api/v1" + path), "GET"}}
	return out
}
