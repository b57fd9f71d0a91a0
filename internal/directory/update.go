package directory

import (
	"context"
	"maps"

	"usher/internal/credential"
	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/store"
)

// UserChange is what a caller changes about a user. Zero leaves a part as it is.
// (spec: management#updateUser, management#partialUpdateUser)
type UserChange struct {
	// Profile holds the attributes to set; nil values clear them.
	Profile idp.Attributes
	// Replace erases the attributes that Profile does not name.
	Replace     bool
	TypeID      string
	Credentials Credentials // without Provider, which does not change this way
	// Strict holds a new password to the age and history of the policy, as if
	// the user had chosen it.
	Strict bool
}

// UpdateUser changes profile and credentials of a user. Users without an
// administrator's role change only their own profile and only what the schema
// leaves to them (KindReadOnly otherwise). Deprovisioned users do not change:
// KindUserState.
func (s *Service) UpdateUser(ctx context.Context, actor idp.Actor, ref string, c UserChange) (*idp.User, error) {
	before, err := s.User(ctx, actor, ref)
	if err != nil {
		return nil, err
	}
	// Clients send back what they were given: the question they know, without
	// its answer, is no change.
	if q := c.Credentials.Question; q != nil && q.Answer == "" && q.Question == before.RecoveryQuestion {
		c.Credentials.Question = nil
	}
	self := !actor.Admin()
	switch {
	case self && !actor.Is(before.ID), self && (c.Credentials.password() || c.Credentials.Question != nil):
		return nil, idp.Fail(idp.KindForbidden)
	case self && c.TypeID != "" && c.TypeID != before.TypeID:
		return nil, &idp.Error{Kind: idp.KindReadOnly, Object: "type"}
	}
	if c.TypeID != "" {
		if c.TypeID, err = knownType(s.Store.Read(ctx), actor.Org, c.TypeID); err != nil {
			return nil, err
		}
	}
	h, err := s.prepareChange(ctx, actor, before, c)
	if err != nil {
		return nil, err
	}
	var out *idp.User
	err = s.tx(ctx, "update user", func(tx *store.Tx) error {
		// By identifier: the login may have become somebody else's meanwhile.
		out, err = find(tx, actor.OrgID(), before.ID)
		if err != nil {
			return err
		}
		return s.apply(tx, actor, out, c, h, self)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// prepareChange hashes new credentials of a stored user.
func (s *Service) prepareChange(ctx context.Context, actor idp.Actor, u *idp.User, c UserChange) (hashes, error) {
	if !c.Credentials.password() && c.Credentials.Question == nil {
		return hashes{}, nil
	}
	if u.Status == idp.UserDeprovisioned {
		return hashes{}, idp.Fail(idp.KindUserState)
	}
	a, err := merge(u, c)
	if err != nil {
		return hashes{}, err
	}
	groups, err := s.GroupIDs(s.Store.Read(ctx), actor.Org, u.ID)
	if err != nil {
		return hashes{}, err
	}
	return s.prepare(ctx, u.OrgID, c.Credentials, holder{
		user: u, groups: groups, strict: c.Strict, Owner: credential.Owner{Login: a.Text(AttrLogin), Attributes: a},
	})
}

// merge gives the attributes as they will be.
func merge(u *idp.User, c UserChange) (idp.Attributes, error) {
	if c.Profile != nil && c.Replace {
		return c.Profile, nil
	}
	a, err := u.Attributes()
	if err != nil {
		return nil, store.Failure("read profile", err)
	}
	if len(c.Profile) > 0 {
		maps.Copy(a, c.Profile)
	}
	return a, nil
}

func (s *Service) apply(tx *store.Tx, actor idp.Actor, u *idp.User, c UserChange, h hashes, self bool) error {
	if err := s.permit(tx, actor, u); err != nil {
		return err
	}
	if u.Status == idp.UserDeprovisioned {
		return idp.Fail(idp.KindUserState)
	}
	attributes, err := u.Attributes()
	if err != nil {
		return store.Failure("read profile", err)
	}
	before := attributes
	profiled := c.Profile != nil || c.TypeID != "" && c.TypeID != u.TypeID
	if profiled {
		if attributes, err = s.applyProfile(tx, actor, u, attributes, c, self); err != nil {
			return err
		}
	}
	if h.password != "" {
		if err := s.setPassword(tx, actor, u, h); err != nil {
			return err
		}
	}
	if h.answer != "" {
		if err := s.Credentials.SetQuestion(tx, u, h.question, h.answer); err != nil {
			return err
		}
	}
	if !profiled {
		return s.save(tx, u, attributes)
	}
	// First, since what follows from the change is recorded when it is written.
	if err := s.recordProfile(tx, actor, u, before, attributes); err != nil {
		return err
	}
	if err := s.save(tx, u, attributes); err != nil {
		return err
	}
	return run(s.OnProfile, tx, actor, u)
}

// recordProfile tells of a changed profile, and of mail addresses by themselves.
func (s *Service) recordProfile(tx *store.Tx, actor idp.Actor, u *idp.User, before, after idp.Attributes) error {
	events := []idp.EventType{eventlog.ProfileUpdate}
	if before.Text(AttrEmail) != after.Text(AttrEmail) {
		events = append(events, eventlog.PrimaryEmail)
	}
	if before.Text("secondEmail") != after.Text("secondEmail") {
		events = append(events, eventlog.SecondaryEmail)
	}
	for _, e := range events {
		if err := s.record(tx, actor, e, idp.UserTarget(u)); err != nil {
			return err
		}
	}
	return nil
}

// applyProfile changes the profile, and the type, of a user with the attributes
// before, and returns the new ones. A user of another type loses what the new
// type does not have and the change does not name.
func (s *Service) applyProfile(tx *store.Tx, actor idp.Actor, u *idp.User, before idp.Attributes, c UserChange, self bool) (idp.Attributes, error) {
	merged, err := merge(u, c)
	if err != nil {
		return nil, err
	}
	moved := c.TypeID != "" && c.TypeID != u.TypeID
	if moved {
		u.TypeID = c.TypeID
	}
	schema, err := schemaOf(tx, actor.Org, u.TypeID)
	if err != nil {
		return nil, err
	}
	if moved {
		maps.DeleteFunc(merged, func(name string, _ any) bool {
			_, given := c.Profile[name]
			return !given && schema.Attribute(name) == nil
		})
	}
	kept, text, err := schema.profile(merged, "updateUser")
	if err != nil {
		return nil, err
	}
	if name := schema.denied(before, kept, self); name != "" {
		return nil, &idp.Error{Kind: idp.KindReadOnly, Object: name}
	}
	if moved {
		err = schema.reindex(tx, u, true, kept)
	} else {
		err = schema.index(tx, u, before, kept)
	}
	u.Login, u.Profile, u.LastUpdated = kept.Text(AttrLogin), text, tx.Now()
	return kept, err
}
