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
	r.Op(openapi.ListUserTypes, a.listUserTypes)
	r.Op(openapi.GetUserType, a.getUserType)
}

// The names by which the one schema and the one type are called beside their
// identifiers, and those of both in errors about what does not exist.
const (
	defaultName = "default"
	typeSchema  = "UserSchema"
	typeType    = "CVDType"
)

// ofSchema tells whether the path names the schema of the organisation's users.
func ofSchema(r *httpkit.Request) error {
	if id := r.Param("schemaId"); id != defaultName && id != r.Org.Settings.UserSchemaID {
		return idp.NotFound(typeSchema, id)
	}
	return nil
}

// getUserSchema reads the profile schema. (spec: management-extra#getUserSchema)
func (a *API) getUserSchema(r *httpkit.Request) error {
	if err := ofSchema(r); err != nil {
		return err
	}
	s, err := a.Directory.UserSchema(r.Context(), r.Actor)
	if err != nil {
		return err
	}
	return r.OK(schemaOf(r, s))
}

// updateUserSchema changes what the body names: a custom attribute that is null
// is removed. (spec: management-extra#updateUserProfile)
func (a *API) updateUserSchema(r *httpkit.Request) error {
	if err := ofSchema(r); err != nil {
		return err
	}
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
	if err := r.Decode(&body); err != nil {
		return err
	}
	c := directory.SchemaChange{Custom: map[string]*directory.Attribute{}, Required: body.Definitions.Custom.Required, Base: map[string]directory.BaseChange{}}
	for name, p := range body.Definitions.Custom.Properties {
		var err error
		if c.Custom[name], err = p.attribute(name); err != nil {
			return err
		}
	}
	for name, p := range body.Definitions.Base.Properties {
		if p == nil {
			return badProperty(name, "An attribute that every user has cannot be removed")
		}
		b := directory.BaseChange{Required: p.Required, Pattern: p.Pattern}
		if p.Permissions != nil {
			self, err := p.self(name)
			if err != nil {
				return err
			}
			b.Self = &self
		}
		c.Base[name] = b
	}
	s, err := a.Directory.ChangeUserSchema(r.Context(), r.Actor, c)
	if err != nil {
		return err
	}
	return r.OK(schemaOf(r, s))
}

// userType is the one type of users. (spec: management-extra UserType)
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

func userTypeOf(r *httpkit.Request) userType {
	return userType{
		ID: r.Org.Settings.UserTypeID, DisplayName: "User", Name: "user", Description: "Okta user profile template with default permission settings",
		CreatedBy: "system", LastUpdatedBy: "system", Created: httpkit.Seconds(r.Org.Created), LastUpdated: httpkit.Seconds(r.Org.Created), Default: true,
		Links: userTypeLinks{
			Schema: relation{"schema", r.Link("/api/v1/meta/schemas/user/" + r.Org.Settings.UserSchemaID), "GET"},
			Self:   relation{"self", r.Link("/api/v1/meta/types/user/" + r.Org.Settings.UserTypeID), "GET"},
		},
	}
}

// listUserTypes lists the one type of users. (spec: management-extra#listUserTypes)
func (a *API) listUserTypes(r *httpkit.Request) error { return r.OK([]userType{userTypeOf(r)}) }

// getUserType reads a type of users. (spec: management-extra#getUserType)
func (a *API) getUserType(r *httpkit.Request) error {
	if id := r.Param("typeId"); id != defaultName && id != r.Org.Settings.UserTypeID {
		return idp.NotFound(typeType, id)
	}
	return r.OK(userTypeOf(r))
}
