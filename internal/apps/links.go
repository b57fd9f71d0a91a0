package apps

import (
	"context"

	"usher/internal/idp"
	"usher/internal/store"
)

// maxAppLinks bounds the applications of one user that are shown.
const maxAppLinks = 1000

// AppLink is a place that a user can go to.
type AppLink struct {
	Link
	App          *App
	AssignmentID string
	Hidden       bool
	// Ready: the user has set up what the application needs to sign on.
	Ready bool
}

// AppLinks lists the places that a user can go to: the links that are shown of
// the active applications that the user is assigned to, without those that are
// hidden on the web unless all are wanted. An administrator who is limited to
// some applications sees only those of somebody else.
// (spec: management#listAppLinks)
func (s *Service) AppLinks(ctx context.Context, actor idp.Actor, u *idp.User, all bool) ([]AppLink, error) {
	out := []AppLink{}
	if u.Status == idp.UserDeprovisioned {
		return out, nil
	}
	org := actor.Org
	if actor.Is(u.ID) {
		actor.Roles = nil
	}
	list, _, err := s.List(ctx, actor, Query{Page: idp.Page{Limit: maxAppLinks}, Status: idp.AppActive, UserID: u.ID})
	if err != nil {
		return nil, err
	}
	rows, err := s.Store.Read(ctx).AppUsersOf(org.ID, u.ID)
	if err != nil {
		return nil, store.Failure("read applications of user", err)
	}
	for _, a := range list {
		hidden := a.Details.Visibility.HideWeb
		if hidden && !all {
			continue
		}
		row := rows[a.ID]
		ready := !a.Details.Credentials.Scheme.userPassword() || (row != nil && row.SealedPassword != "")
		for _, l := range a.Details.Visibility.Links {
			if l.Shown {
				out = append(out, AppLink{Link: l, App: a, AssignmentID: assignmentID(a.ID, u.ID), Hidden: hidden, Ready: ready})
			}
		}
	}
	return out, nil
}
