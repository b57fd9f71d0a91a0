package oauth

import (
	"context"
	"slices"
	"time"

	"usher/internal/apps"
	"usher/internal/el"
	"usher/internal/idp"
	"usher/internal/store"
)

// Facts are what the claims of tokens are made of.
type Facts struct {
	Org    *idp.Org
	Server *Server
	Client *Client
	User   *idp.User // nil where the client acts for itself
	// Assignment is how the user is known to the application, nil for a user
	// who is not assigned to it.
	Assignment *apps.Assignment
	// Groups are those of the user, the one of everyone included; nil where no
	// claim depends on them.
	Groups    []el.Group
	Scopes    []string // that the tokens are for
	AMR       []string // how the user signed in (RFC 8176)
	SessionID string
	Now       time.Time
}

// Complete reads what is missing of facts of which Org, Server, Client, User and
// Scopes are set: the assignment unless it is known, and the groups of the user
// where a claim depends on them.
// AMR and SessionID are left to the caller.
func (s *Service) Complete(ctx context.Context, f *Facts) error {
	f.Now = s.Clock.Now()
	if f.User == nil {
		return nil
	}
	tx := s.Store.Read(ctx)
	if f.Assignment == nil {
		a, _, err := s.Apps.Assigned(tx, f.Org, f.Client.App, f.User)
		if err != nil {
			return store.Failure("read assignment", err)
		}
		f.Assignment = a
	}
	if !slices.ContainsFunc(f.asked(), func(c *Claim) bool { return c.grouped }) {
		return nil
	}
	list, err := tx.GroupsOf(f.Org.ID, f.User.ID)
	if err != nil {
		return store.Failure("read groups", err)
	}
	f.Groups = []el.Group{{ID: f.Org.Settings.EveryoneID, Name: idp.Everyone, Type: string(idp.GroupBuiltIn)}}
	for _, g := range list {
		f.Groups = append(f.Groups, el.Group{ID: g.ID, Name: g.Name, Type: string(g.Type)})
	}
	return nil
}

// scope is what expressions see. A root that has nothing to say is null.
func (f *Facts) scope() (el.Scope, error) {
	out := el.Scope{Member: f.Groups, Time: f.Now, Attributes: map[string]any{
		"app": map[string]any{
			"id": f.Client.App.ID, "clientId": f.Client.ID, "name": f.Client.Name, "label": f.Client.Label, "profile": object(f.Client.Details.Profile),
		},
		"org":    map[string]any{"id": f.Org.ID, "name": f.Org.Name, "subDomain": f.Org.Subdomain},
		"access": map[string]any{"scope": f.Scopes},
	}}
	if f.User == nil {
		return out, nil
	}
	profile, err := f.User.Attributes()
	if err != nil {
		return out, store.Failure("read profile", err)
	}
	out.Attributes["user"] = map[string]any(profile)
	out.Properties = map[string]any{"id": f.User.ID, "status": string(f.User.Status)}
	out.Attributes["session"] = map[string]any{"id": f.SessionID, "amr": f.AMR}
	if f.Assignment != nil {
		appuser := object(f.Assignment.Profile)
		appuser["userName"] = f.Assignment.UserName
		out.Attributes["appuser"] = appuser
	}
	return out, nil
}
