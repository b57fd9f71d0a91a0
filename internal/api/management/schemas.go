package management

import (
	"usher/internal/api/httpkit"
	"usher/internal/directory"
	"usher/internal/idp"
	"usher/openapi"
)

func (a *API) mountSchemas(r *httpkit.Router) {
	r.Op(openapi.GetUserSchema, a.getUserSchema)
	r.Op(openapi.UpdateUserProfile, a.updateUserSchema)
	r.Op(openapi.GetGroupSchema, a.getGroupSchema)
	r.Op(openapi.UpdateGroupSchema, a.updateGroupSchema)
	a.mountUserTypes(r)
}

// The name by which the default schema and the default type are called beside
// their identifiers, and that of schemas in errors about what does not exist.
const (
	defaultName = "default"
	typeSchema  = "UserSchema"
)

// typeOfSchema is the type of users whose schema the path names.
func typeOfSchema(r *httpkit.Request) string {
	id := r.Param("schemaId")
	switch {
	case id == defaultName:
		return ""
	case len(id) < len(idp.SchemaPrefix) || id[:len(idp.SchemaPrefix)] != idp.SchemaPrefix:
		return id // none
	}
	return r.Org.TypeID(id)
}

// noSchema names the schema in the error that there is no such type.
func noSchema(r *httpkit.Request, err error) error {
	if idp.KindOf(err) == idp.KindNotFound {
		return idp.NotFound(typeSchema, r.Param("schemaId"))
	}
	return err
}

// getUserSchema reads the profile schema of a type of users.
// (spec: management#getUserSchema)
func (a *API) getUserSchema(r *httpkit.Request) error {
	s, err := a.Directory.UserSchema(r.Context(), r.Actor, typeOfSchema(r))
	if err != nil {
		return noSchema(r, err)
	}
	return a.userSchema(r, s)
}

func (a *API) userSchema(r *httpkit.Request, s *directory.Schema) error {
	t, err := a.Directory.UserType(r.Context(), r.Actor, s.TypeID)
	if err != nil {
		return err
	}
	return r.OK(schemaOfType(r, t, s))
}

// updateUserSchema changes what the body names: a custom attribute that is null
// is removed. (spec: management#updateUserProfile)
func (a *API) updateUserSchema(r *httpkit.Request) error {
	c, err := schemaChange(r)
	if err != nil {
		return err
	}
	s, err := a.Directory.ChangeUserSchema(r.Context(), r.Actor, typeOfSchema(r), c)
	if err != nil {
		return noSchema(r, err)
	}
	return a.userSchema(r, s)
}

// getGroupSchema reads the profile schema of groups.
// (spec: management#getGroupSchema)
func (a *API) getGroupSchema(r *httpkit.Request) error {
	s, err := a.Directory.GroupSchema(r.Context(), r.Actor)
	if err != nil {
		return err
	}
	return r.OK(schemaOfGroups(r, s))
}

// updateGroupSchema changes what the body names, as with users.
// (spec: management#updateGroupSchema)
func (a *API) updateGroupSchema(r *httpkit.Request) error {
	c, err := schemaChange(r)
	if err != nil {
		return err
	}
	s, err := a.Directory.ChangeGroupSchema(r.Context(), r.Actor, c)
	if err != nil {
		return err
	}
	return r.OK(schemaOfGroups(r, s))
}

// schemaChange reads a change of a schema. Clients send back what they were
// given, so that what does not change is no fault.
func schemaChange(r *httpkit.Request) (directory.SchemaChange, error) {
	var body struct {
		Definitions struct {
			Custom struct {
				Properties map[string]*schemaProperty `json:"properties"`
				Required   []string                   `json:"required"`
			} `json:"custom"`
			Base struct {
				Properties map[string]*schemaProperty `json:"properties"`
			} `json:"base"`
		} `json:"definitions"`
	}
	c := directory.SchemaChange{Custom: map[string]*directory.Attribute{}, Base: map[string]directory.BaseChange{}}
	if err := r.Decode(&body); err != nil {
		return c, err
	}
	c.Required = body.Definitions.Custom.Required
	for name, p := range body.Definitions.Custom.Properties {
		var err error
		if c.Custom[name], err = p.attribute(name); err != nil {
			return c, err
		}
	}
	for name, p := range body.Definitions.Base.Properties {
		if p == nil {
			return c, badProperty(name, "An attribute that is always there cannot be removed")
		}
		b := directory.BaseChange{Required: p.Required, Pattern: p.Pattern}
		if p.Permissions != nil {
			self, err := p.self(name)
			if err != nil {
				return c, err
			}
			b.Self = &self
		}
		c.Base[name] = b
	}
	return c, nil
}
