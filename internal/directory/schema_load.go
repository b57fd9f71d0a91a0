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

// Schema is the profile of the users of an organisation: what every user has,
// as the organisation has changed it, and what it has added.
type Schema struct {
	TypeID string // of the users
	// Attributes are in the order in which a profile is written.
	Attributes  []Attribute
	LastUpdated time.Time // zero while nothing was changed
	version     int64
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

// untouched is the schema of an organisation that has changed nothing.
func untouched() *Schema { return &Schema{Attributes: baseSchema} }

// schemaDocument is the stored form: the attributes that were added, and those
// that every user has as they were changed.
type schemaDocument struct {
	Attributes []Attribute `json:"attributes"`
}

// UserSchema returns the profile schema of an organisation's users.
// (spec: management-extra#getUserSchema)
func (s *Service) UserSchema(ctx context.Context, actor idp.Actor) (*Schema, error) {
	return s.schema(s.Store.Read(ctx), actor.Org)
}

// schema reads the schema. It costs one point read.
func (s *Service) schema(tx *store.Tx, org *idp.Org) (*Schema, error) {
	row, err := tx.UserSchema(org.ID, org.Settings.UserTypeID)
	if errors.Is(err, store.ErrNotFound) {
		out := untouched()
		out.TypeID = org.Settings.UserTypeID
		return out, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read user schema: %w", err)
	}
	var d schemaDocument
	if err := json.Unmarshal(row.Document, &d); err != nil {
		return nil, fmt.Errorf("read user schema: %w", err)
	}
	out := &Schema{TypeID: row.TypeID, Attributes: slices.Clone(baseSchema), LastUpdated: row.LastUpdated, version: row.Version}
	for _, a := range d.Attributes {
		if own := out.Attribute(a.Name); own != nil {
			*own = a
		} else {
			out.Attributes = append(out.Attributes, a)
		}
	}
	return out, nil
}

// save writes what differs from the schema that every organisation begins with.
func (s *Schema) save(tx *store.Tx, orgID string) error {
	var d schemaDocument
	for i, a := range s.Attributes {
		if i >= len(baseSchema) || !sameAttribute(a, baseSchema[i]) {
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
	return failure("schema", err)
}

// sameAttribute compares what an organisation may change about an attribute
// that every user has.
func sameAttribute(a, b Attribute) bool {
	return a.Required == b.Required && a.Pattern == b.Pattern && a.Self == b.Self && a.Title == b.Title && a.Description == b.Description &&
		a.Max == b.Max && a.Min == b.Min
}
