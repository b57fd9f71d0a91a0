package directory

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/store"
)

// TypeUserType is the name of user types in errors about what does not exist.
const TypeUserType = "CVDType"

// Bounds of user types. (spec: management UserType)
const (
	maxUserTypes    = 10 // of an organisation, the default one included
	maxTypeName     = 64 // characters
	maxTypeText     = 255
	defaultTypeName = "user"
)

// bySystem is who made what nobody has made.
const bySystem = "system"

// typeName is what the name of a type looks like.
var typeName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`)

// TypeInput describes a type of users to be made or changed. What is nil stays.
type TypeInput struct {
	// Name is that of a new type. It does not change afterwards.
	Name                     *string
	DisplayName, Description *string
}

// defaultType is the type that every organisation begins with.
func defaultType(org *idp.Org) *idp.UserType {
	return &idp.UserType{
		OrgID: org.ID, ID: org.Settings.UserTypeID, Name: defaultTypeName, DisplayName: "User",
		Description: "Okta user profile template with default permission settings",
		Created:     org.Created, LastUpdated: org.Created, CreatedBy: bySystem, LastUpdatedBy: bySystem,
	}
}

// typeTarget names a type of users as a target. (reference: event types)
func typeTarget(t *idp.UserType) idp.Target {
	return idp.Target{ID: t.ID, Type: "UserProfile", AlternateID: t.Name, DisplayName: t.DisplayName}
}

// knownType returns the identifier of a type that exists, the default one for
// "", else KindNotFound.
func knownType(tx *store.Tx, org *idp.Org, id string) (string, error) {
	if id == "" || id == org.Settings.UserTypeID {
		return org.Settings.UserTypeID, nil
	}
	t, err := findType(tx, org, id)
	if err != nil {
		return "", err
	}
	return t.ID, nil
}

func findType(tx *store.Tx, org *idp.Org, id string) (*idp.UserType, error) {
	if !idp.IsID(id, idp.TypePrefix) {
		return nil, idp.NotFound(TypeUserType, id)
	}
	t, err := tx.UserType(org.ID, id)
	switch {
	case errors.Is(err, store.ErrNotFound) && id == org.Settings.UserTypeID:
		return defaultType(org), nil
	case errors.Is(err, store.ErrNotFound):
		return nil, idp.NotFound(TypeUserType, id)
	}
	return t, store.Failure("read user type", err)
}

// UserTypes lists the types of users, the default one first.
// (spec: management#listUserTypes)
func (s *Service) UserTypes(ctx context.Context, actor idp.Actor) ([]*idp.UserType, error) {
	rows, err := s.Store.Read(ctx).UserTypes(actor.OrgID())
	if err != nil {
		return nil, store.Failure("list user types", err)
	}
	out := []*idp.UserType{defaultType(actor.Org)}
	for _, t := range rows {
		if t.ID == out[0].ID {
			out[0] = t
		} else {
			out = append(out, t)
		}
	}
	return out, nil
}

// UserType returns a type, else KindNotFound. (spec: management#getUserType)
func (s *Service) UserType(ctx context.Context, actor idp.Actor, id string) (*idp.UserType, error) {
	return findType(s.Store.Read(ctx), actor.Org, id)
}

// CreateUserType adds a type. KindInvalid names the member at fault.
// (spec: management#createUserType)
func (s *Service) CreateUserType(ctx context.Context, actor idp.Actor, n TypeInput) (*idp.UserType, error) {
	if n.Name == nil {
		n.Name = new(string)
	}
	if n.DisplayName == nil {
		n.DisplayName = new(string)
	}
	if err := n.check(); err != nil {
		return nil, err
	}
	t := idp.UserType{OrgID: actor.OrgID(), ID: s.IDs.New(idp.TypePrefix), Name: *n.Name, CreatedBy: author(actor)}
	var out *idp.UserType
	err := s.tx(ctx, "create user type", func(tx *store.Tx) error {
		if err := s.permitAll(tx, actor); err != nil {
			return err
		}
		rows, err := tx.UserTypes(actor.OrgID())
		if err != nil {
			return err
		}
		if len(rows) >= maxUserTypes-1 {
			return idp.Invalid("name", idp.Cause{Text: fmt.Sprintf("An organization has at most %d user types", maxUserTypes)})
		}
		if strings.EqualFold(t.Name, defaultTypeName) {
			return taken("name")
		}
		made := t
		made.Created = tx.Now()
		out = &made
		if err := n.save(tx, actor, out); err != nil {
			return err
		}
		return s.record(tx, actor, eventlog.UserTypeCreate, typeTarget(out))
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// UpdateUserType changes a type. KindInvalid names the member at fault; the name does
// not change.
// (spec: management#updateUserType, management#replaceUserType)
func (s *Service) UpdateUserType(ctx context.Context, actor idp.Actor, id string, n TypeInput) (*idp.UserType, error) {
	var out *idp.UserType
	err := s.tx(ctx, "update user type", func(tx *store.Tx) error {
		if err := s.permitAll(tx, actor); err != nil {
			return err
		}
		t, err := findType(tx, actor.Org, id)
		if err != nil {
			return err
		}
		if n.Name != nil && *n.Name != t.Name {
			return idp.Invalid("name", idp.Cause{Field: "name", Text: "The name of a user type cannot change"})
		}
		if err := n.check(); err != nil {
			return err
		}
		out = t
		if err := n.save(tx, actor, t); err != nil {
			return err
		}
		return s.record(tx, actor, eventlog.SchemaUpdate, typeTarget(t))
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// DeleteUserType removes a type that nobody is of, with its schema. KindInvalid
// for the default one and for one that somebody is of. (spec: management#deleteUserType)
func (s *Service) DeleteUserType(ctx context.Context, actor idp.Actor, id string) error {
	err := s.tx(ctx, "delete user type", func(tx *store.Tx) error {
		if err := s.permitAll(tx, actor); err != nil {
			return err
		}
		t, err := findType(tx, actor.Org, id)
		if err != nil {
			return err
		}
		if t.ID == actor.Org.Settings.UserTypeID {
			return idp.Invalid("typeId", idp.Cause{Text: "The default user type cannot be deleted"})
		}
		used, err := tx.HasUsersOfType(actor.OrgID(), t.ID)
		if err != nil {
			return err
		}
		if used {
			return idp.Invalid("typeId", idp.Cause{Text: "There are users of this type"})
		}
		schema, err := schemaOf(tx, actor.Org, t.ID)
		if err != nil {
			return err
		}
		if err := tx.DeleteUserSchema(actor.OrgID(), t.ID); err != nil {
			return err
		}
		var removed []string
		for _, a := range schema.Attributes[len(schema.base):] {
			removed = append(removed, a.Name)
		}
		if err := s.retire(tx, actor.Org, removed); err != nil {
			return err
		}
		if err := tx.DeleteUserType(actor.OrgID(), t.ID); err != nil {
			return err
		}
		return s.Log.Record(tx, actor, eventlog.Entry{
			Type: eventlog.SchemaUpdate, Targets: []idp.Target{typeTarget(t)}, Debug: map[string]string{"action": "delete"},
		})
	})
	s.Forget()
	return err
}

// check holds what is given to the rules.
func (n TypeInput) check() error {
	var causes []idp.Cause
	add := func(field, text string) { causes = append(causes, idp.Cause{Field: field, Text: text}) }
	if n.Name != nil {
		switch name := *n.Name; {
		case blank(name):
			add("name", textBlank)
		case len(name) > maxTypeName:
			add("name", textTooLong)
		case !typeName.MatchString(name):
			add("name", "The name begins with a letter and has letters, digits and underscores only")
		}
	}
	if n.DisplayName != nil {
		switch {
		case blank(*n.DisplayName):
			add("displayName", textBlank)
		case len(*n.DisplayName) > maxTypeText:
			add("displayName", textTooLong)
		}
	}
	if n.Description != nil && len(*n.Description) > maxText {
		add("description", textTooLong)
	}
	if len(causes) > 0 {
		return idp.Invalid(causes[0].Field, causes...)
	}
	return nil
}

func (n TypeInput) save(tx *store.Tx, actor idp.Actor, t *idp.UserType) error {
	if n.DisplayName != nil {
		t.DisplayName = *n.DisplayName
	}
	if n.Description != nil {
		t.Description = *n.Description
	}
	t.LastUpdated, t.LastUpdatedBy = tx.Now(), author(actor)
	err := tx.SaveUserType(t)
	if store.Exists(err, "user_types.name") {
		return taken("name")
	}
	return err
}

// author is whom a change is put down to.
func author(actor idp.Actor) string {
	if actor.UserID == "" {
		return bySystem
	}
	return actor.UserID
}
