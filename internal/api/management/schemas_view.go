package management

import (
	"slices"
	"time"

	"usher/internal/api/httpkit"
	"usher/internal/directory"
	"usher/internal/idp"
)

// userSchema is a profile schema. (spec: management UserSchema)
type userSchema struct {
	ID          string            `json:"id"`
	Schema      string            `json:"$schema"`
	Name        string            `json:"name"`
	Title       string            `json:"title"`
	Description string            `json:"description,omitempty"`
	LastUpdated *string           `json:"lastUpdated"`
	Created     *string           `json:"created"`
	Definitions schemaDefinitions `json:"definitions"`
	Type        string            `json:"type"`
	Properties  schemaRoot        `json:"properties"`
	Links       schemaLinks       `json:"_links"`
}

type schemaDefinitions struct {
	Custom schemaPart `json:"custom"`
	Base   schemaPart `json:"base"`
}

type schemaPart struct {
	ID         string                    `json:"id"`
	Type       string                    `json:"type"`
	Properties map[string]schemaProperty `json:"properties"`
	Required   []string                  `json:"required"`
}

type schemaRoot struct {
	Profile struct {
		AllOf []schemaRef `json:"allOf"`
	} `json:"profile"`
}

type schemaRef struct {
	Ref string `json:"$ref"`
}

type schemaLinks struct {
	Self relation  `json:"self"`
	Type *relation `json:"type,omitempty"`
}

// schemaProperty is an attribute, in requests and answers.
// (spec: management-extra UserSchemaAttribute)
type schemaProperty struct {
	Title       string             `json:"title,omitempty"`
	Description string             `json:"description,omitempty"`
	Type        directory.Type     `json:"type,omitempty"`
	Required    *bool              `json:"required,omitempty"`
	Mutability  string             `json:"mutability,omitempty"`
	Scope       string             `json:"scope,omitempty"`
	Format      string             `json:"format,omitempty"`
	MinLength   *int               `json:"minLength,omitempty"`
	MaxLength   *int               `json:"maxLength,omitempty"`
	Pattern     *string            `json:"pattern,omitempty"`
	Enum        []any              `json:"enum,omitempty"`
	OneOf       []schemaChoice     `json:"oneOf,omitempty"`
	Items       *schemaItems       `json:"items,omitempty"`
	Unique      string             `json:"unique,omitempty"`
	Permissions []schemaPermission `json:"permissions,omitempty"`
	Master      *schemaMaster      `json:"master,omitempty"`
}

type schemaItems struct {
	Type  directory.Type `json:"type"`
	Enum  []any          `json:"enum,omitempty"`
	OneOf []schemaChoice `json:"oneOf,omitempty"`
}

type schemaChoice struct {
	Const any    `json:"const"`
	Title string `json:"title"`
}

type schemaPermission struct {
	Principal string `json:"principal"`
	Action    string `json:"action"`
}

type schemaMaster struct {
	Type string `json:"type"`
}

// Words of the schema.
const (
	uniqueValidated = "UNIQUE_VALIDATED"
	notUnique       = "NOT_UNIQUE"
	principalSelf   = "SELF"
	profileMaster   = "PROFILE_MASTER"
)

// permissionWords and formatWords are how permissions and formats are called.
func permissionWords() []string { return []string{"READ_WRITE", "READ_ONLY", "HIDE"} }

func formatWords() []string { return []string{"", "email", "uri", "country-code", "language-code"} }

func badProperty(name, text string) error {
	return idp.Invalid(name, idp.Cause{Field: name, Text: text})
}

// attribute reads a custom attribute; nil is one that is to be removed. The
// scope and the master say nothing here: values come through this interface
// alone.
func (p *schemaProperty) attribute(name string) (*directory.Attribute, error) {
	if p == nil {
		return nil, nil //nolint:nilnil // the attribute is to be removed
	}
	out := &directory.Attribute{
		Title: p.Title, Description: p.Description, Type: p.Type, Min: number(p.MinLength), Max: number(p.MaxLength), Pattern: value(p.Pattern),
		Mutability: directory.Mutability(p.Mutability), Required: p.Required != nil && *p.Required,
	}
	enum, oneOf := p.Enum, p.OneOf
	if p.Items != nil {
		out.Items, enum, oneOf = p.Items.Type, p.Items.Enum, p.Items.OneOf
	}
	for _, v := range enum {
		out.Choices = append(out.Choices, directory.Choice{Value: v})
	}
	if len(oneOf) > 0 {
		out.Choices = nil
	}
	for _, c := range oneOf {
		if c.Title == "" {
			return nil, badProperty(name, "A choice of oneOf has a const and a title")
		}
		out.Choices = append(out.Choices, directory.Choice{Value: c.Const, Title: c.Title})
	}
	switch p.Unique {
	case uniqueValidated:
		out.Unique = true
	case "", notUnique:
	default:
		return nil, badProperty(name, "unique is UNIQUE_VALIDATED or NOT_UNIQUE")
	}
	format := slices.Index(formatWords(), p.Format)
	if format < 0 {
		return nil, badProperty(name, "The format is unknown")
	}
	out.Format = directory.Format(format)
	var err error
	out.Self, err = p.self(name)
	return out, err
}

// self reads what users may do with the attribute of their own profile:
// nothing but read it, when nothing is said.
func (p *schemaProperty) self(name string) (directory.Permission, error) {
	out := directory.SelfReadOnly
	for _, permission := range p.Permissions {
		i := slices.Index(permissionWords(), permission.Action)
		if i < 0 || permission.Principal != principalSelf {
			return 0, badProperty(name, "A permission is READ_WRITE, READ_ONLY or HIDE for SELF")
		}
		out = directory.Permission(i)
	}
	return out, nil
}

func number(n *int) int {
	if n == nil {
		return 0
	}
	return *n
}

// schemaOfType shows the schema of the users of a type.
func schemaOfType(r *httpkit.Request, t *idp.UserType, s *directory.Schema) userSchema {
	id, created := r.Org.SchemaID(t.ID), t.Created
	out := schemaOf(s, created)
	out.ID, out.Name, out.Title, out.Description = r.Link("/meta/schemas/user/"+id), t.Name, t.DisplayName, t.Description
	link := relation{"type", r.Link("/api/v1/meta/types/user/" + t.ID), "GET"}
	out.Links = schemaLinks{Self: relation{"self", r.Link("/api/v1/meta/schemas/user/" + id), "GET"}, Type: &link}
	return out
}

// schemaOfGroups shows the schema of groups.
func schemaOfGroups(r *httpkit.Request, s *directory.Schema) userSchema {
	out := schemaOf(s, r.Org.Created)
	out.ID, out.Name, out.Title, out.Description = r.Link("/meta/schemas/group/default"), "group", "Okta group", "Okta group profile template"
	out.Links = schemaLinks{Self: relation{"self", r.Link("/api/v1/meta/schemas/group/default"), "GET"}}
	return out
}

// schemaOf shows what all schemas have.
func schemaOf(s *directory.Schema, created time.Time) userSchema {
	updated := s.LastUpdated
	if updated.IsZero() {
		updated = created.Truncate(time.Second)
	}
	out := userSchema{
		Schema: "http://json-schema.org/draft-04/schema#", LastUpdated: httpkit.Seconds(updated), Created: httpkit.Seconds(created), Type: "object",
	}
	out.Definitions.Custom = schemaPart{ID: "#custom", Type: "object", Properties: map[string]schemaProperty{}, Required: []string{}}
	out.Definitions.Base = schemaPart{ID: "#base", Type: "object", Properties: map[string]schemaProperty{}, Required: []string{}}
	for i := range s.Attributes {
		a := &s.Attributes[i]
		part := &out.Definitions.Base
		if a.Custom {
			part = &out.Definitions.Custom
		}
		part.Properties[a.Name] = propertyOf(a)
		if a.Required {
			part.Required = append(part.Required, a.Name)
		}
	}
	out.Properties.Profile.AllOf = []schemaRef{{"#/definitions/custom"}, {"#/definitions/base"}}
	return out
}

func propertyOf(a *directory.Attribute) schemaProperty {
	p := schemaProperty{
		Title: a.Title, Description: a.Description, Type: a.Type, Mutability: "READ_WRITE", Scope: "NONE", Format: formatWords()[a.Format],
		Permissions: []schemaPermission{{principalSelf, permissionWords()[a.Self]}}, Master: &schemaMaster{profileMaster},
	}
	if p.Type == "" {
		p.Type = directory.TypeString
	}
	if a.Mutability != "" {
		p.Mutability = string(a.Mutability)
	}
	if a.Name == directory.AttrLogin {
		p.Format = ""
	}
	if a.Required {
		p.Required = &a.Required
	}
	if a.Min > 0 {
		p.MinLength = &a.Min
	}
	if a.Max > 0 {
		p.MaxLength = &a.Max
	}
	if a.Pattern != "" {
		p.Pattern = &a.Pattern
	}
	if a.Unique {
		p.Unique = uniqueValidated
	}
	enum, oneOf := choicesOf(a)
	if a.Type == directory.TypeArray {
		p.Items = &schemaItems{Type: a.Items, Enum: enum, OneOf: oneOf}
	} else {
		p.Enum, p.OneOf = enum, oneOf
	}
	return p
}

// choicesOf lists the values of an attribute, and their titles where it has any.
func choicesOf(a *directory.Attribute) (enum []any, oneOf []schemaChoice) {
	for _, c := range a.Choices {
		enum = append(enum, c.Value)
		if c.Title != "" {
			oneOf = append(oneOf, schemaChoice{c.Value, c.Title})
		}
	}
	return enum, oneOf
}
