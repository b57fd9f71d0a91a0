package apps

import (
	"context"
	"encoding/json"
	"fmt"

	"usher/internal/directory"
	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/scim"
	"usher/internal/store"
)

// maxStrip bounds the users of an application from whom the removal of an
// attribute takes values; stripPage of them are read at once.
const (
	maxStrip  = 5000
	stripPage = 500
)

// schemaBase is what the users of an application have to begin with.
// (spec: management Schema, application user)
func schemaBase(a *idp.App) []directory.Attribute {
	out := []directory.Attribute{{Name: "userName", Title: "Username", Type: directory.TypeString, Required: true, Max: maxUserName, Self: directory.SelfReadOnly}}
	if a.SignOnMode == idp.SignOnOIDC {
		for _, name := range profileKeys {
			out = append(out, directory.Attribute{Name: name, Title: name, Type: directory.TypeString, Self: directory.SelfReadOnly})
		}
	}
	return out
}

func schema(tx *store.Tx, a *idp.App) (*directory.Schema, error) {
	out := directory.NewSchema(a.ID, schemaBase(a))
	return out, out.Load(tx, a.OrgID)
}

// Schema returns the profile schema of the users of an application, and the
// application. (spec: management#getApplicationUserSchema)
func (s *Service) Schema(ctx context.Context, actor idp.Actor, appID string) (*directory.Schema, *idp.App, error) {
	tx := s.Store.Read(ctx)
	a, err := s.may(tx, actor)(read(tx, actor.OrgID(), appID))
	if err != nil {
		return nil, nil, store.Failure("read application", err)
	}
	out, err := schema(tx, a)
	return out, a, err
}

// ChangeSchema changes the profile schema of the users of an application. The
// values of an attribute that is removed go with it; when more than 5,000 users
// have some, it has to be emptied first. KindInvalid names the attribute at
// fault. (spec: management#updateApplicationUserProfile)
func (s *Service) ChangeSchema(ctx context.Context, actor idp.Actor, appID string, c directory.SchemaChange) (*directory.Schema, *idp.App, error) {
	var out *directory.Schema
	var app *idp.App
	err := s.tx(ctx, "schema of application", func(tx *store.Tx) error {
		a, err := s.may(tx, actor)(readLocked(tx, actor.OrgID(), appID))
		if err != nil {
			return err
		}
		before, err := schema(tx, a)
		if err != nil {
			return err
		}
		after, removed, err := before.Changed(c)
		if err != nil {
			return err
		}
		if err := strip(tx, a, removed); err != nil {
			return err
		}
		out, app = after, a
		if err := after.Save(tx, a.OrgID); err != nil {
			return err
		}
		return s.record(tx, actor, eventlog.AppSchemaUpdate, idp.AppTarget(a))
	})
	return out, app, err
}

// strip takes the values of removed attributes from users and groups.
func strip(tx *store.Tx, a *idp.App, removed []string) error {
	if len(removed) == 0 {
		return nil
	}
	groups, err := tx.AppGroups(a.OrgID, a.ID)
	if err != nil {
		return err
	}
	for _, g := range groups {
		profile, changed, err := without(g.Profile, removed)
		if err != nil {
			return err
		}
		if changed {
			g.Profile = profile
			if err := tx.UpdateAppGroup(g); err != nil {
				return err
			}
		}
	}
	stripped := 0
	for after := ""; ; {
		rows, err := tx.AppUsersAfter(a.OrgID, a.ID, after, stripPage)
		if err != nil {
			return err
		}
		for _, u := range rows {
			profile, changed, err := without(u.Profile, removed)
			if err != nil {
				return err
			}
			if !changed {
				continue
			}
			if stripped++; stripped > maxStrip {
				return idp.Invalid(removed[0], idp.Cause{
					Field: removed[0], Text: fmt.Sprintf("More than %d users have a value: empty the attribute before it is removed", maxStrip),
				})
			}
			u.Profile = profile
			if err := tx.UpdateAppUser(u, scim.Fold(u.UserName)); err != nil {
				return err
			}
		}
		if len(rows) < stripPage {
			return nil
		}
		after = rows[len(rows)-1].UserID
	}
}

// without is a profile without some attributes, and whether it had any of them.
func without(profile json.RawMessage, names []string) (json.RawMessage, bool, error) {
	nothing := map[string]any{}
	for _, name := range names {
		nothing[name] = nil
	}
	gone, err := json.Marshal(nothing)
	if err != nil {
		return nil, false, store.Failure("write profile", err)
	}
	var had map[string]json.RawMessage
	if len(profile) > 0 {
		if err := json.Unmarshal(profile, &had); err != nil {
			return nil, false, store.Failure("read profile", err)
		}
	}
	changed := false
	for _, name := range names {
		_, set := had[name]
		changed = changed || set
	}
	if !changed {
		return profile, false, nil
	}
	out, err := overlay(profile, gone)
	return out, true, err
}

// checkProfile holds what is given for a user or a group to the attributes that
// the schema defines. Others are let through: see docs/divergences.md.
func checkProfile(tx *store.Tx, a *idp.App, profile json.RawMessage) error {
	if !given(profile) {
		return nil
	}
	s, err := schema(tx, a)
	if err != nil {
		return err
	}
	var set map[string]any
	if err := json.Unmarshal(profile, &set); err != nil {
		return malformed("profile", err)
	}
	return faults(s.CustomFaults(set)).err()
}

// checkComplete tells whether somebody has all that the schema requires.
func checkComplete(tx *store.Tx, a *idp.App, profile json.RawMessage) error {
	s, err := schema(tx, a)
	if err != nil {
		return err
	}
	var set map[string]any
	if len(profile) > 0 {
		if err := json.Unmarshal(profile, &set); err != nil {
			return store.Failure("read profile", err)
		}
	}
	return faults(s.CustomMissing(set)).err()
}
