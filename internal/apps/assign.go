package apps

import (
	"bytes"
	"context"
	"encoding/json"
	"unicode/utf8"

	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/keys"
	"usher/internal/scim"
	"usher/internal/store"
)

// UserInput is what a client sets for a user of an application.
// (spec: management AppUser)
type UserInput struct {
	ID          string       `json:"id"`
	Scope       idp.AppScope `json:"scope"`
	Credentials *struct {
		UserName *string `json:"userName"`
		Password *struct {
			Value string `json:"value"`
		} `json:"password"`
	} `json:"credentials"`
	Profile json.RawMessage `json:"profile"`
}

// userName is the name that is given, empty for none: blanks count as absent.
func (in *UserInput) userName() string {
	if in.Credentials == nil || in.Credentials.UserName == nil {
		return ""
	}
	return *in.Credentials.UserName
}

func (in *UserInput) password() string {
	if in.Credentials == nil || in.Credentials.Password == nil {
		return ""
	}
	return in.Credentials.Password.Value
}

// Bounds on the credentials of a user at an application.
const (
	maxUserName = 256 // characters
	maxPassword = 1024
)

// check refuses credentials that the application's scheme does not take.
func (in *UserInput) check(a *App) error {
	scheme := a.Details.Credentials.Scheme
	shared := scheme == SchemeShared && (in.userName() != "" || in.password() != "")
	if shared || (in.password() != "" && !scheme.userPassword()) {
		return idp.Fail(idp.KindAppCredentials, "User level credentials should not be provided for this scheme.")
	}
	var f faults
	if utf8.RuneCountInString(in.userName()) > maxUserName {
		f.add("userName", "The field is too long")
	}
	if len(in.password()) > maxPassword {
		f.add("password", "The field is too long")
	}
	switch in.Scope {
	case "", idp.AppScopeUser, idp.AppScopeGroup:
	default:
		f.add("scope", "must be USER or GROUP")
	}
	if given(in.Profile) {
		p, err := object("profile", in.Profile)
		if err != nil {
			return err
		}
		in.Profile = p
	}
	return f.err()
}

// AssignUser assigns an application to a user by hand. A user who came by a
// group is taken over; one who is assigned already is updated. KindNotFound,
// KindAppUserInactive, KindAppCredentials. (spec: management#assignUserToApplication)
func (s *Service) AssignUser(ctx context.Context, actor idp.Actor, appID string, in *UserInput) (*Assignment, error) {
	if in.ID == "" {
		return nil, idp.Invalid("id", blank("id"))
	}
	return s.setUser(ctx, actor, appID, in.ID, in, true)
}

// UpdateUser changes what is set for a user of an application; members that are
// absent stay. KindNotFound for a user who is not assigned.
// (spec: management#updateApplicationUser)
func (s *Service) UpdateUser(ctx context.Context, actor idp.Actor, appID, userID string, in *UserInput) (*Assignment, error) {
	return s.setUser(ctx, actor, appID, userID, in, false)
}

func (s *Service) setUser(ctx context.Context, actor idp.Actor, appID, userID string, in *UserInput, assign bool) (*Assignment, error) {
	var out *Assignment
	err := s.tx(ctx, "user of application", func(tx *store.Tx) error {
		a, err := s.mayLoad(tx, actor, appID)
		if err != nil {
			return err
		}
		u, err := user(tx, actor.OrgID(), userID)
		if err != nil {
			return err
		}
		if u.Status == idp.UserDeprovisioned {
			return idp.Fail(idp.KindAppUserInactive)
		}
		if err := in.check(a); err != nil {
			return err
		}
		if err := checkProfile(tx, &a.App, in.Profile); err != nil {
			return err
		}
		before, err := assignmentOf(tx, actor.Org, a, u)
		if err != nil && (!assign || idp.KindOf(err) != idp.KindNotFound) {
			return err
		}
		if err := s.writeUser(tx, actor.Org, a, u, before, in, assign); err != nil {
			return err
		}
		if out, err = assignmentOf(tx, actor.Org, a, u); err != nil {
			return err
		}
		if before == nil || given(in.Profile) {
			if err := checkComplete(tx, &a.App, out.Profile); err != nil {
				return err
			}
		}
		return s.recordUser(tx, actor, before, out, in)
	})
	return out, err
}

// writeUser writes the row of a user.
func (s *Service) writeUser(tx *store.Tx, org *idp.Org, a *App, u *idp.User, before *Assignment, in *UserInput, assign bool) error {
	row, err := stored(tx, a.OrgID, a.ID, u.ID)
	if err != nil {
		return err
	}
	isNew := row == nil
	if isNew {
		row = &idp.AppUser{OrgID: a.OrgID, AppID: a.ID, UserID: u.ID, Scope: idp.AppScopeGroup, Profile: []byte("{}"), Created: tx.Now()}
	}
	switch {
	case in.Scope == idp.AppScopeUser, assign && in.Scope == "":
		if row.Scope != idp.AppScopeUser {
			row.Created = tx.Now()
		}
		row.Scope = idp.AppScopeUser
	case in.Scope == idp.AppScopeGroup && (before == nil || before.Scope == idp.AppScopeUser):
		if err := byGroup(tx, org, a, u); err != nil {
			return err
		}
		row.Scope = idp.AppScopeGroup
	}
	if name := in.userName(); name != "" {
		row.UserName = name
	}
	if p := in.password(); p != "" && !s.samePassword(row, p) {
		row.SealedPassword = s.Keeper.Seal(userPlace(row), []byte(p))
		row.PasswordChanged = tx.Now()
	}
	if given(in.Profile) {
		if row.Profile, err = overlay(row.Profile, in.Profile); err != nil {
			return err
		}
	}
	row.LastUpdated = tx.Now()
	if isNew {
		return tx.InsertAppUser(row, scim.Fold(row.UserName))
	}
	return tx.UpdateAppUser(row, scim.Fold(row.UserName))
}

// byGroup tells whether the user comes by a group at all, else KindInvalid.
func byGroup(tx *store.Tx, org *idp.Org, a *App, u *idp.User) error {
	as, err := newAssigner(tx, org, a)
	if err != nil {
		return err
	}
	paths, err := as.paths([]*idp.User{u})
	if err == nil && len(paths[u.ID]) == 0 {
		err = idp.Invalid("scope", idp.Cause{Field: "scope", Text: "The user comes to the application by no group."})
	}
	return err
}

func userPlace(row *idp.AppUser) keys.Place {
	return place(tableUsers, row.OrgID, row.AppID+"/"+row.UserID)
}

func (s *Service) samePassword(row *idp.AppUser, password string) bool {
	if row.SealedPassword == "" {
		return false
	}
	plain, err := s.Keeper.Open(userPlace(row), row.SealedPassword)
	return err == nil && keys.Equal(string(plain), password)
}

// recordUser writes the events of a change to a user of an application.
func (s *Service) recordUser(tx *store.Tx, actor idp.Actor, before, after *Assignment, in *UserInput) error {
	targets := after.targets()
	if before == nil {
		return s.record(tx, actor, eventlog.AppUserAdd, targets...)
	}
	var events []idp.EventType
	if before.UserName != after.UserName {
		events = append(events, eventlog.AppUserName)
	}
	if in.password() != "" && !before.PasswordChanged.Equal(after.PasswordChanged) {
		events = append(events, eventlog.AppUserPassword)
	}
	if before.Scope != after.Scope || !bytes.Equal(before.Profile, after.Profile) {
		events = append(events, eventlog.AppUserUpdate)
	}
	for _, e := range events {
		if err := s.record(tx, actor, e, targets...); err != nil {
			return err
		}
	}
	return nil
}

// targets names an assignment, its user and its application.
func (a *Assignment) targets() []idp.Target {
	return appUserTargets(&a.App.App, a.User, a.UserName)
}

func appUserTargets(app *idp.App, u *idp.User, name string) []idp.Target {
	t := idp.UserTarget(u)
	if name == "" {
		name = u.Login
	}
	return []idp.Target{
		{ID: assignmentID(app.ID, u.ID), Type: "AppUser", AlternateID: name, DisplayName: t.DisplayName},
		idp.AppTarget(app), t,
	}
}

// UnassignUser takes an application away from a user. One who also comes by a
// group keeps it so; otherwise KindNotFound for a user who is not assigned. With
// sendEmail the organisation's administrators are told.
// (spec: management#deleteApplicationUser)
func (s *Service) UnassignUser(ctx context.Context, actor idp.Actor, appID, userID string, sendEmail bool) error {
	return s.tx(ctx, "unassign user", func(tx *store.Tx) error {
		a, err := s.mayLoad(tx, actor, appID)
		if err != nil {
			return err
		}
		u, err := user(tx, actor.OrgID(), userID)
		if err != nil {
			return err
		}
		before, err := assignmentOf(tx, actor.Org, a, u)
		if err != nil {
			return err
		}
		if before.Scope == idp.AppScopeGroup {
			return idp.Invalid("user", idp.Cause{Text: "The user comes to the application by a group and cannot be removed alone."})
		}
		if _, err := tx.DeleteAppUser(a.OrgID, a.ID, u.ID); err != nil {
			return err
		}
		if sendEmail && s.Tell != nil {
			if err := s.Tell(tx, actor, u, "was taken out of the application "+a.Label); err != nil {
				return err
			}
		}
		_, err = assignmentOf(tx, actor.Org, a, u)
		switch {
		case err == nil:
			return s.record(tx, actor, eventlog.AppUserUpdate, before.targets()...)
		case idp.KindOf(err) == idp.KindNotFound:
			return s.record(tx, actor, eventlog.AppUserRemove, before.targets()...)
		}
		return err
	})
}
