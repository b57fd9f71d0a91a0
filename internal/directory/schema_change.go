package directory

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/store"
)

// SchemaChange changes parts of a profile schema. What it does not name stays.
type SchemaChange struct {
	// Custom holds the attributes to add or to replace; nil removes one.
	Custom map[string]*Attribute
	// Required, where it is not nil, names all custom attributes that must be
	// there, beside those that are marked so themselves.
	Required []string
	// Base holds what changes about attributes that every user has.
	Base map[string]BaseChange
}

// BaseChange changes an attribute that every user has. Nil leaves a part as it
// is. (reference: profile and schema)
type BaseChange struct {
	Required *bool // first and last name alone
	Pattern  *string
	Self     *Permission
}

// Bounds of a schema.
const (
	maxCustom  = 200  // attributes of an organisation
	maxChoices = 500  // of an attribute
	maxStrip   = 5000 // users from whom the removal of an attribute takes values
	stripPage  = 1000 // of them read at once
)

// customName tells whether a name may be one of an attribute of the
// organisation.
func customName(name string) bool {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"
	return name != "" && len(name) <= 64 && strings.Trim(name, letters+"0123456789") == "" && strings.Contains(letters, name[:1])
}

// ChangeUserSchema changes the profile schema of the users of a type, "" for the
// default one. The values of an attribute that is removed go with it; when more
// than 5,000 users have some, it has to be emptied first. KindInvalid names the
// attribute at fault. (spec: management#updateUserProfile)
func (s *Service) ChangeUserSchema(ctx context.Context, actor idp.Actor, typeID string, c SchemaChange) (*Schema, error) {
	var out *Schema
	err := s.tx(ctx, "change schema", func(tx *store.Tx) error {
		if err := s.permitAll(tx, actor); err != nil {
			return err
		}
		typeID, err := knownType(tx, actor.Org, typeID)
		if err != nil {
			return err
		}
		before, err := schemaOf(tx, actor.Org, typeID)
		if err != nil {
			return err
		}
		after, removed, err := before.Changed(c)
		if err != nil {
			return err
		}
		if err := agree(tx, actor.Org, after, c); err != nil {
			return err
		}
		for _, name := range removed {
			if err := s.strip(tx, actor.OrgID(), after, name); err != nil {
				return err
			}
		}
		if err := reserve(tx, actor.OrgID(), before, after); err != nil {
			return err
		}
		if err := after.Save(tx, actor.OrgID()); err != nil {
			return err
		}
		out = after
		if err := s.retire(tx, actor.Org, removed); err != nil {
			return err
		}
		t, err := findType(tx, actor.Org, typeID)
		if err != nil {
			return err
		}
		return s.record(tx, actor, eventlog.SchemaUpdate, typeTarget(t))
	})
	s.Forget()
	return out, err
}

// agree refuses attributes that users of another type have with values of
// another type: searches and rules look at users of all types.
func agree(tx *store.Tx, org *idp.Org, after *Schema, c SchemaChange) error {
	all, err := allUsers(tx, org)
	if err != nil {
		return err
	}
	for name := range c.Custom {
		own, other := after.Attribute(name), all.Attribute(name)
		if own != nil && other != nil && (own.Type != other.Type || own.Items != other.Items) {
			return badAttribute(name, "Users of another type have the attribute with another type of values")
		}
	}
	return nil
}

// retire tells the rules of attributes that users of no type have any more.
func (s *Service) retire(tx *store.Tx, org *idp.Org, removed []string) error {
	if len(removed) == 0 {
		return nil
	}
	all, err := allUsers(tx, org)
	if err != nil {
		return err
	}
	for _, name := range removed {
		if all.Attribute(name) != nil {
			continue
		}
		if err := s.AttributeRemoved(tx, org, name); err != nil {
			return err
		}
	}
	return nil
}

// Changed returns the schema as it will be, and the names that went, sorted.
// KindInvalid names the attribute at fault.
func (s *Schema) Changed(c SchemaChange) (out *Schema, removed []string, err error) {
	next := *s
	next.Attributes = slices.Clone(s.Attributes)
	out = &next
	for name, b := range c.Base {
		if err := out.changeBase(name, b); err != nil {
			return nil, nil, err
		}
	}
	names := make([]string, 0, len(c.Custom))
	for name := range c.Custom {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		own := out.Attribute(name)
		if own != nil && !own.Custom {
			return nil, nil, badAttribute(name, "An attribute that every user has cannot be defined again")
		}
		a := c.Custom[name]
		if a == nil {
			if own == nil {
				return nil, nil, badAttribute(name, "There is no such attribute")
			}
			out.Attributes = slices.DeleteFunc(out.Attributes, func(x Attribute) bool { return x.Name == name })
			removed = append(removed, name)
			continue
		}
		if err := out.put(name, *a, own); err != nil {
			return nil, nil, err
		}
	}
	if n := len(out.Attributes) - len(s.base); n > maxCustom {
		return nil, nil, idp.Invalid("definitions", idp.Cause{Text: fmt.Sprintf("An organisation has at most %d attributes of its own", maxCustom)})
	}
	return out, removed, out.require(c)
}

// require marks the custom attributes that a change names as required.
func (s *Schema) require(c SchemaChange) error {
	for _, name := range c.Required {
		if a := s.Attribute(name); a == nil || !a.Custom {
			return badAttribute(name, "There is no such attribute")
		}
	}
	for i := range s.Attributes {
		a := &s.Attributes[i]
		if given := c.Custom[a.Name]; a.Custom && c.Required != nil {
			a.Required = slices.Contains(c.Required, a.Name) || given != nil && given.Required
		}
	}
	return nil
}

func badAttribute(name, text string) error {
	name = short(name)
	return idp.Invalid(name, idp.Cause{Field: name, Text: text})
}

func (s *Schema) changeBase(name string, b BaseChange) error {
	a := s.Attribute(name)
	if a == nil || a.Custom {
		return badAttribute(name, "There is no such attribute")
	}
	if b.Required != nil && *b.Required != a.Required {
		if name != AttrFirstName && name != AttrLastName {
			return badAttribute(name, "Whether the attribute is required cannot change")
		}
		a.Required = *b.Required
		if a.Min = 0; a.Required {
			a.Min = 1
		}
	}
	if b.Pattern != nil && *b.Pattern != a.Pattern {
		if name != AttrLogin {
			return badAttribute(name, "The pattern of the attribute cannot change")
		}
		if err := checkPattern(name, *b.Pattern); err != nil {
			return err
		}
		a.Pattern = *b.Pattern
	}
	if b.Self != nil {
		a.Self = *b.Self
	}
	return nil
}

func checkPattern(name, pattern string) error {
	if len(pattern) > maxPattern {
		return badAttribute(name, fmt.Sprintf("A pattern has at most %d bytes", maxPattern))
	}
	if _, err := compilePattern(pattern); err != nil {
		return badAttribute(name, "The pattern is no regular expression")
	}
	return nil
}

// put adds or replaces an attribute of the organisation.
func (s *Schema) put(name string, a Attribute, own *Attribute) error {
	a.Name, a.Custom = name, true
	if a.Title == "" {
		a.Title = name
	}
	if own != nil && a.Type == "" {
		a.Type, a.Items = own.Type, own.Items
	}
	if err := a.check(); err != nil {
		return err
	}
	if s.plain && a.Unique {
		return badAttribute(name, "Only attributes of users and groups can be unique")
	}
	if own == nil {
		s.Attributes = append(s.Attributes, a)
		return nil
	}
	if a.Type != own.Type || a.Items != own.Items {
		return badAttribute(name, "The type of an attribute cannot change")
	}
	*own = a
	return nil
}

// check holds an attribute of the organisation to the rules.
func (a *Attribute) check() error {
	bad := func(text string) error { return badAttribute(a.Name, text) }
	if !customName(a.Name) {
		return bad("A name has at most 64 letters, digits and underscores, and does not begin with a digit")
	}
	element := a.Type
	switch a.Type {
	case TypeString, TypeNumber, TypeInteger, TypeBoolean:
		if a.Items != "" {
			return bad("Only arrays have items")
		}
	case TypeArray:
		if element = a.Items; element != TypeString && element != TypeNumber && element != TypeInteger {
			return bad("The items of an array are of type string, number or integer")
		}
	default:
		return bad("The type is one of string, number, integer, boolean, array")
	}
	switch {
	case len(a.Title) > maxText || len(a.Description) > maxText:
		return bad("The title or the description is too long")
	case element != TypeString && (a.Min != 0 || a.Max != 0 || a.Pattern != "" || a.Format != FormatAny):
		return bad("Lengths, patterns and formats are for strings")
	case a.Min < 0 || a.Max < 0 || a.Max > maxValue || a.Max != 0 && a.Min > a.Max:
		return bad(fmt.Sprintf("Lengths are between 0 and %d, the least not above the greatest", maxValue))
	case a.Unique && (a.Type == TypeArray || a.Type == TypeBoolean):
		return bad("Only strings, numbers and integers can be unique")
	case len(a.Choices) > maxChoices:
		return bad(fmt.Sprintf("There are at most %d choices", maxChoices))
	case a.Self < SelfReadWrite || a.Self > SelfHide:
		return bad("The permission is unknown")
	case a.Mutability != "" && a.Mutability != ReadWrite && a.Mutability != ReadOnly:
		return bad("The mutability is READ_WRITE or READ_ONLY")
	}
	for _, c := range a.Choices {
		if typeFault(c.Value, element) != "" {
			return bad("A choice has another type than the attribute")
		}
	}
	return checkPattern(a.Name, a.Pattern)
}

// reserve makes the values of attributes unique that have become so, and lets
// go of the others.
func reserve(tx *store.Tx, orgID string, before, after *Schema) error {
	for i := range after.Attributes {
		a := &after.Attributes[i]
		was := before.Attribute(a.Name)
		if was == nil || was.Unique == a.Unique {
			continue
		}
		if !a.Unique {
			if err := tx.ReleaseAttribute(orgID, after.unique+a.Name); err != nil {
				return store.Failure("release attribute", err)
			}
			continue
		}
		err := tx.ReserveAttribute(orgID, after.TypeID, a.Name, after.unique+a.Name)
		if store.Exists(err, "user_uniques.value_key") {
			return badAttribute(a.Name, "Some users have the same value, so it cannot be made unique")
		}
		if err != nil {
			return store.Failure("reserve attribute", err)
		}
	}
	return nil
}

// strip takes the values of a removed attribute from all users of the type who
// have one.
func (s *Service) strip(tx *store.Tx, orgID string, after *Schema, name string) error {
	stripped := 0
	for last := ""; ; {
		ids, err := tx.UsersWithAttribute(orgID, name, last, stripPage)
		if err != nil {
			return store.Failure("list values", err)
		}
		for _, id := range ids {
			u, err := tx.User(orgID, id)
			if err != nil {
				return store.Failure("read user", err)
			}
			if u.TypeID != after.TypeID {
				continue
			}
			if stripped++; stripped > maxStrip {
				return badAttribute(name, fmt.Sprintf("More than %d users have a value: empty the attribute before it is removed", maxStrip))
			}
			if err := s.stripUser(tx, u, after, name); err != nil {
				return err
			}
		}
		if len(ids) < stripPage {
			return store.Failure("release attribute", tx.ReleaseAttribute(orgID, after.unique+name))
		}
		last = ids[len(ids)-1]
	}
}

func (s *Service) stripUser(tx *store.Tx, u *idp.User, after *Schema, name string) error {
	a, err := u.Attributes()
	if err != nil {
		return store.Failure("read profile", err)
	}
	delete(a, name)
	maps.DeleteFunc(a, func(_ string, v any) bool { return v == nil })
	u.Profile, u.LastUpdated = after.canonical(a), tx.Now()
	all, _ := after.values(a)
	if err := tx.ReplaceUserAttributes(u.OrgID, u.ID, all); err != nil {
		return store.Failure("index user", err)
	}
	return s.save(tx, u, a)
}
