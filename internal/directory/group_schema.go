package directory

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/scim"
	"usher/internal/store"
)

// SchemaOfGroups names the schema of groups: there is one.
const SchemaOfGroups = "group"

// groupBase are the attributes that every group has. (spec: management
// GroupProfile)
var groupBase = []Attribute{
	{Name: attrName, Title: "Name", Description: "Group Name", Required: true, Max: maxName, Self: SelfReadOnly},
	{Name: attrDescription, Title: "Description", Description: "Group Description", Max: maxDescription, Self: SelfReadOnly},
}

// untouchedGroups is the schema of groups in an organisation that has changed
// nothing.
func untouchedGroups() *Schema {
	return &Schema{TypeID: SchemaOfGroups, Attributes: groupBase, base: groupBase, shown: []string{attrDescription}}
}

// GroupSchema returns the profile schema of groups.
// (spec: management#getGroupSchema)
func (s *Service) GroupSchema(ctx context.Context, actor idp.Actor) (*Schema, error) {
	return groupSchema(s.Store.Read(ctx), actor.OrgID())
}

func groupSchema(tx *store.Tx, orgID string) (*Schema, error) {
	out := untouchedGroups()
	return out, out.Load(tx, orgID)
}

// ChangeGroupSchema changes the profile schema of groups. The values of an
// attribute that is removed go with it; when more than 5,000 groups have some,
// it has to be emptied first. KindInvalid names the attribute at fault.
// (spec: management#updateGroupSchema)
func (s *Service) ChangeGroupSchema(ctx context.Context, actor idp.Actor, c SchemaChange) (*Schema, error) {
	var out *Schema
	err := s.tx(ctx, "change group schema", func(tx *store.Tx) error {
		if err := s.permitAll(tx, actor); err != nil {
			return err
		}
		before, err := groupSchema(tx, actor.OrgID())
		if err != nil {
			return err
		}
		after, removed, err := before.Changed(c)
		if err != nil {
			return err
		}
		if err := s.settleGroups(tx, actor.OrgID(), before, after, removed); err != nil {
			return err
		}
		out = after
		if err := after.Save(tx, actor.OrgID()); err != nil {
			return err
		}
		return s.record(tx, actor, eventlog.SchemaUpdate, idp.Target{ID: actor.OrgID(), Type: "GroupProfile", AlternateID: "unknown", DisplayName: "Okta group"})
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// settleGroups brings the groups that are there to a changed schema.
func (s *Service) settleGroups(tx *store.Tx, orgID string, before, after *Schema, removed []string) error {
	fresh := map[string]bool{}
	for i := range after.Attributes {
		a := &after.Attributes[i]
		if was := before.Attribute(a.Name); was != nil && was.Unique != a.Unique {
			fresh[a.Name] = a.Unique
		}
	}
	for _, name := range append(slices.Sorted(maps.Keys(fresh)), removed...) {
		if err := tx.ReleaseGroupAttribute(orgID, name); err != nil {
			return store.Failure("release group attribute", err)
		}
	}
	maps.DeleteFunc(fresh, func(_ string, unique bool) bool { return !unique })
	if len(fresh)+len(removed) == 0 {
		return nil
	}
	stripped := 0
	return eachGroup(tx, orgID, func(g *idp.Group) error {
		var a idp.Attributes
		if err := json.Unmarshal(g.Profile, &a); err != nil {
			return store.Failure("read profile", err)
		}
		if err := reserveFresh(tx, g, fresh, a); err != nil {
			return err
		}
		gone := 0
		for _, name := range removed {
			if _, set := a[name]; set {
				delete(a, name)
				gone++
			}
		}
		if gone == 0 {
			return nil
		}
		if stripped++; stripped > maxStrip {
			return badAttribute(removed[0], fmt.Sprintf("More than %d groups have a value: empty the attribute before it is removed", maxStrip))
		}
		maps.DeleteFunc(a, func(_ string, v any) bool { return v == nil })
		g.Profile, g.LastUpdated = after.canonical(a), tx.Now()
		return tx.UpdateGroup(g, scim.Fold(g.Name))
	})
}

// reserveFresh makes the values unique that a group has of attributes which have
// become so.
func reserveFresh(tx *store.Tx, g *idp.Group, fresh map[string]bool, a idp.Attributes) error {
	for _, name := range slices.Sorted(maps.Keys(fresh)) {
		for _, key := range valueKeys(a[name]) {
			err := tx.InsertGroupUnique(g.OrgID, g.ID, store.AttributeValue{Name: name, Key: key})
			if store.Exists(err, "group_uniques.value_key") {
				return badAttribute(name, "Some groups have the same value, so it cannot be made unique")
			}
			if err != nil {
				return store.Failure("reserve group attribute", err)
			}
		}
	}
	return nil
}

// eachGroup goes through all groups.
func eachGroup(tx *store.Tx, orgID string, fn func(*idp.Group) error) error {
	for after := ""; ; {
		part, err := tx.GroupsAfter(orgID, after, groupScan)
		if err != nil {
			return store.Failure("list groups", err)
		}
		for _, g := range part {
			if err := fn(g); err != nil {
				return err
			}
		}
		if len(part) < groupScan {
			return nil
		}
		after = part[len(part)-1].ID
	}
}

// newGroupProfile checks the profile that a stored group is to get, and reserves
// its unique values.
func (s *Service) newGroupProfile(tx *store.Tx, g *idp.Group, a idp.Attributes) (idp.Attributes, json.RawMessage, error) {
	schema, err := groupSchema(tx, g.OrgID)
	if err != nil {
		return nil, nil, err
	}
	kept, text, err := schema.profile(a, "profile")
	if err != nil {
		return nil, nil, err
	}
	var before idp.Attributes
	if err := json.Unmarshal(g.Profile, &before); err != nil {
		return nil, nil, store.Failure("read profile", err)
	}
	if name := schema.denied(before, kept, false); name != "" {
		return nil, nil, &idp.Error{Kind: idp.KindReadOnly, Object: name}
	}
	return kept, text, schema.reserveGroup(tx, g, before, kept)
}

// reserveGroup reserves what no other group may share: KindInvalid when another
// has it. before is nil for a new group.
func (s *Schema) reserveGroup(tx *store.Tx, g *idp.Group, before, after idp.Attributes) error {
	_, had := s.values(before)
	_, has := s.values(after)
	if slices.Equal(had, has) {
		return nil
	}
	if before != nil {
		if err := tx.DeleteGroupUniques(g.OrgID, g.ID); err != nil {
			return store.Failure("index group", err)
		}
	}
	for _, v := range has {
		err := tx.InsertGroupUnique(g.OrgID, g.ID, v)
		if store.Exists(err, "group_uniques.value_key") {
			return taken(v.Name)
		}
		if err != nil {
			return store.Failure("index group", err)
		}
	}
	return nil
}
