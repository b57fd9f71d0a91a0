package directory

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"usher/internal/idp"
	"usher/internal/store"
)

// Schema is a profile: what it has to begin with, as the organisation has
// changed it, and what the organisation has added.
type Schema struct {
	// TypeID tells whose profile it is: a type of users, SchemaOfGroups or an
	// application.
	TypeID string
	// Attributes are in the order in which a profile is written.
	Attributes  []Attribute
	LastUpdated time.Time // zero while nothing was changed
	version     int64
	base        []Attribute
	// shown names the attributes of the base that are written even when they
	// have no value.
	shown []string
	// plain tells a schema whose attributes cannot be unique.
	plain bool
	// unique begins the names under which unique values are reserved.
	unique string
}

// is tells whether this is still the schema of a version that was read.
func (s *Schema) is(v store.SchemaVersion) bool {
	return s.version == v.Version && s.LastUpdated.Equal(v.LastUpdated)
}

// Attribute finds an attribute by its name, nil when there is none.
func (s *Schema) Attribute(name string) *Attribute {
	for i := range s.Attributes {
		if s.Attributes[i].Name == name {
			return &s.Attributes[i]
		}
	}
	return nil
}

// BaseAttribute tells whether every user of every organisation can have an
// attribute of this name.
func BaseAttribute(name string) bool { return untouched().Attribute(name) != nil }

// untouched is the schema of users in an organisation that has changed nothing.
func untouched() *Schema {
	return &Schema{Attributes: baseSchema, base: baseSchema, shown: []string{AttrMobilePhone, AttrSecondEmail}}
}

// usersOf is untouched for a type of users. Unique values of different types are
// kept apart.
func usersOf(org *idp.Org, typeID string) *Schema {
	out := untouched()
	out.TypeID = typeID
	if typeID != org.Settings.UserTypeID {
		out.unique = typeID + "."
	}
	return out
}

// NewSchema is the schema of something else than users as it begins: of the
// users of an application, say. Its attributes cannot be unique.
func NewSchema(of string, base []Attribute) *Schema {
	return &Schema{TypeID: of, Attributes: base, base: base, plain: true}
}

// schemaDocument is the stored form: the attributes that were added, and those
// that every user has as they were changed.
type schemaDocument struct {
	Attributes []Attribute `json:"attributes"`
}

// UserSchema returns the profile schema of the users of a type, "" for the
// default one. KindNotFound when there is no such type.
// (spec: management#getUserSchema)
func (s *Service) UserSchema(ctx context.Context, actor idp.Actor, typeID string) (*Schema, error) {
	read := s.Store.Read(ctx)
	typeID, err := knownType(read, actor.Org, typeID)
	if err != nil {
		return nil, err
	}
	return schemaOf(read, actor.Org, typeID)
}

// schemaOf reads the schema of the users of a type. It costs one point read.
func schemaOf(tx *store.Tx, org *idp.Org, typeID string) (*Schema, error) {
	out := usersOf(org, typeID)
	return out, out.Load(tx, org.ID)
}

// Load reads what the organisation has changed about a schema.
func (s *Schema) Load(tx *store.Tx, orgID string) error {
	row, err := tx.UserSchema(orgID, s.TypeID)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read schema: %w", err)
	}
	return s.take(row)
}

// take puts stored changes over the schema as it begins.
func (s *Schema) take(row *store.UserSchema) error {
	var d schemaDocument
	if err := json.Unmarshal(row.Document, &d); err != nil {
		return fmt.Errorf("read schema: %w", err)
	}
	s.Attributes, s.LastUpdated, s.version = slices.Clone(s.base), row.LastUpdated, row.Version
	for _, a := range d.Attributes {
		if own := s.Attribute(a.Name); own != nil {
			*own = a
		} else {
			s.Attributes = append(s.Attributes, a)
		}
	}
	return nil
}

// allUsers is what any user of the organisation may have: the schemas of all
// types together. An attribute has the same type of values in each. It costs
// one read.
func allUsers(tx *store.Tx, org *idp.Org) (*Schema, error) {
	out := usersOf(org, org.Settings.UserTypeID)
	rows, err := tx.UserSchemas(org.ID, idp.TypePrefix)
	if err != nil {
		return nil, fmt.Errorf("read schemas: %w", err)
	}
	for _, row := range rows {
		s := usersOf(org, row.TypeID)
		if err := s.take(row); err != nil {
			return nil, err
		}
		for _, a := range s.Attributes[len(baseSchema):] {
			if out.Attribute(a.Name) == nil {
				out.Attributes = append(slices.Clip(out.Attributes), a)
			}
		}
	}
	return out, nil
}

// known is what may be a second old: the schema of a type, for a decision that is
// compared with the schema's version once more before it is written, or for ""
// that of all types together, for a search. What it gives is shared.
func (s *Service) known(ctx context.Context, org *idp.Org, typeID string) (*Schema, error) {
	return s.schemas.Get(schemaKey{org.ID, typeID}, func() (*Schema, error) {
		read := s.Store.Read(ctx)
		if typeID == "" {
			return allUsers(read, org)
		}
		return schemaOf(read, org, typeID)
	})
}

// schemaKey is an organisation and a type of its users, "" for all.
type schemaKey struct{ org, typeID string }

// Forget drops what this node remembers, e.g. after a snapshot was restored.
func (s *Service) Forget() { s.schemas.ForgetAll() }

// Save writes what differs from the schema as it began. KindConflict when
// somebody else has changed it meanwhile.
func (s *Schema) Save(tx *store.Tx, orgID string) error {
	var d schemaDocument
	for i, a := range s.Attributes {
		if i >= len(s.base) || !sameAttribute(a, s.base[i]) {
			d.Attributes = append(d.Attributes, a)
		}
	}
	text, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("write user schema: %w", err)
	}
	row := store.UserSchema{OrgID: orgID, TypeID: s.TypeID, Document: text, Version: s.version}
	err = tx.SaveUserSchema(&row)
	if store.Exists(err, "user_schemas.type_id") {
		return &idp.Error{Kind: idp.KindConflict, Object: "schema"}
	}
	s.version, s.LastUpdated = row.Version, row.LastUpdated
	return store.Failure("schema", err)
}

// sameAttribute compares what an organisation may change about an attribute
// that every user has.
func sameAttribute(a, b Attribute) bool {
	return a.Required == b.Required && a.Pattern == b.Pattern && a.Self == b.Self && a.Title == b.Title && a.Description == b.Description &&
		a.Max == b.Max && a.Min == b.Min
}
