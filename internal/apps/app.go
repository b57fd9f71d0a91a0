package apps

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/scim"
	"usher/internal/store"
)

// Create makes an application. What the sign-on mode or the kind has by default
// is filled in; keys are made before the transaction begins. It returns the
// client secret where there is one. KindInvalid lists the members at fault.
// (spec: management#createApplication)
func (s *Service) Create(ctx context.Context, actor idp.Actor, in *Input, active bool) (*App, error) {
	a, err := s.draft(actor, in)
	if err != nil {
		return nil, err
	}
	if err := build(a, in, nil); err != nil {
		return nil, err
	}
	key, err := s.keyFor(ctx, actor, a)
	if err != nil {
		return nil, err
	}
	if c := a.Details.Credentials.OAuth; c != nil {
		if a.ClientID == "" {
			a.ClientID = a.ID
		}
		if c.NeedsSecret() && a.ClientSecret == "" {
			a.ClientSecret = s.newSecret()
		}
		if a.Details.OAuthClient.JWKS != nil {
			a.Details.OAuthClient.JWKS.name(s.IDs)
		}
	}
	a.Status = idp.AppActive
	if !active {
		a.Status = idp.AppInactive
	}
	err = s.tx(ctx, "create application", func(tx *store.Tx) error {
		if err := s.permit(tx, actor, a.Name, ""); err != nil {
			return err
		}
		return s.insert(tx, actor, a, in, key)
	})
	if store.Exists(err, "apps.client_id") {
		return nil, idp.Invalid("client_id", idp.Cause{Field: "client_id", Text: "An object with this field already exists in the current organization"})
	}
	return a, err
}

// draft chooses kind and sign-on mode of a new application.
func (s *Service) draft(actor idp.Actor, in *Input) (*App, error) {
	var asked idp.SignOnMode
	if in.SignOnMode != nil {
		asked = *in.SignOnMode
	}
	kind := kindOf(in.Name)
	var f faults
	switch {
	case in.Name != "" && kind.Custom():
		f.add("name", "is not the name of an application that can be added")
	case in.Name == "" && asked == idp.SignOnNone:
		f.blank("signOnMode")
	case in.Name == "":
		if _, ok := (Kind{}).mode(asked); !ok {
			f.blank("name")
		}
	}
	mode, ok := kind.mode(asked)
	if len(f) == 0 && !ok {
		f.add("signOnMode", "is not a sign-on mode of this application")
	}
	if err := f.err(); err != nil {
		return nil, err
	}
	a := &App{Kind: kind}
	a.OrgID, a.ID, a.Name, a.SignOnMode = actor.OrgID(), s.IDs.New(appPrefix), in.Name, mode
	if federated(mode) {
		a.ExternalKey = s.IDs.New("exk")
	}
	return a, nil
}

// federated tells whether applications of the mode are named in assertions.
func federated(m idp.SignOnMode) bool {
	return m == idp.SignOnSAML2 || m == idp.SignOnSAML1 || m == idp.SignOnWSFederation
}

func (s *Service) insert(tx *store.Tx, actor idp.Actor, a *App, in *Input, key *newKey) error {
	a.Created, a.LastUpdated = tx.Now(), tx.Now()
	if a.Kind.Custom() {
		n, err := tx.NextAppNumber(a.OrgID)
		if err != nil {
			return err
		}
		a.Name = customName(actor.Org.Subdomain, a.Label, n)
		a.Details.Visibility.Links = []Link{{Name: a.Name + "_link", ID: s.IDs.New("aln"), Shown: true}}
	}
	if key != nil {
		if err := s.useKey(tx, a, key); err != nil {
			return err
		}
	}
	shared := in.sharedPassword()
	a.Details.Credentials.SharedPassword = a.Details.Credentials.Scheme == SchemeShared && shared != ""
	if err := a.seal(); err != nil {
		return err
	}
	if err := tx.InsertApp(&a.App, scim.Fold(a.Label)); err != nil {
		return err
	}
	if key != nil {
		if err := tx.LinkAppKey(a.OrgID, a.ID, a.KeyID); err != nil {
			return err
		}
	}
	if a.ClientSecret != "" {
		if err := s.putClientSecret(tx, a); err != nil {
			return err
		}
	}
	if a.Details.Credentials.SharedPassword {
		if err := s.putSharedPassword(tx, a, shared); err != nil {
			return err
		}
	}
	return s.record(tx, actor, eventlog.AppCreate, idp.AppTarget(&a.App))
}

func (in *Input) sharedPassword() string {
	if in.Credentials == nil || in.Credentials.Password == nil {
		return ""
	}
	return in.Credentials.Password.Value
}

// customName is the name of a custom application: the organisation, what is
// left of the label, and a number. (recorded answers)
func customName(subdomain, label string, n int64) string {
	plain := strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		}
		return -1
	}, label)
	return fmt.Sprintf("%s_%s_%d", subdomain, plain, n)
}

// Get returns an application. KindNotFound. (spec: management#getApplication)
func (s *Service) Get(ctx context.Context, actor idp.Actor, id string) (*App, error) {
	tx := s.Store.Read(ctx)
	a, err := s.mayLoad(tx, actor, id)
	if err != nil {
		return nil, err
	}
	return a, forgetGone(tx, a)
}

// Has tells whether an organisation has an application of this identifier.
func (s *Service) Has(ctx context.Context, org *idp.Org, id string) (bool, error) {
	_, err := s.Get(ctx, idp.SystemActor(org), id)
	if idp.KindOf(err) == idp.KindNotFound {
		return false, nil
	}
	return err == nil, err
}

// Query chooses applications. (spec: management#listApplications)
type Query struct {
	idp.Page
	Prefix  string // of name or label, in any case
	Status  idp.AppStatus
	Name    string
	KeyID   string
	UserID  string
	GroupID string
}

// List lists applications in the order of their creation. next is the cursor
// of the following part, empty at the end. KindBadPaging.
func (s *Service) List(ctx context.Context, actor idp.Actor, q Query) (list []*App, next string, err error) {
	if err := q.Check(appPrefix); err != nil {
		return nil, "", err
	}
	prefix, ok := prefixKey(q.Prefix)
	if !ok {
		return nil, "", nil
	}
	tx := s.Store.Read(ctx)
	f := store.AppFilter{
		Status: q.Status, Name: q.Name, KeyID: q.KeyID, Prefix: prefix, UserID: q.UserID, GroupID: q.GroupID,
		EveryoneID: actor.Org.Settings.EveryoneID,
	}
	if s.Reach != nil && actor.Limitable() {
		if f.Only, _, err = s.Reach(tx, actor); err != nil {
			return nil, "", store.Failure("list applications", err)
		}
	}
	if q.UserID != "" {
		u, err := tx.User(actor.OrgID(), q.UserID)
		if err != nil || u.Status == idp.UserDeprovisioned {
			return nil, "", store.Failure("read user", ignoreMissing(err))
		}
	}
	found, err := tx.AppsAfter(actor.OrgID(), f, q.After, q.Limit+1)
	if err != nil {
		return nil, "", store.Failure("list applications", err)
	}
	found, next = idp.Cut(found, q.Limit, func(a *idp.App) string { return a.ID })
	if list, err = loadAll(found); err != nil {
		return nil, "", err
	}
	return list, next, forgetGone(tx, list...)
}

// Replace writes an application anew; what is absent gets its default, but for
// what a client cannot read back or seldom sends: the client secret, the
// certificate and the single-logout settings. Name, client id and kind of
// client stay. (spec: management#updateApplication)
func (s *Service) Replace(ctx context.Context, actor idp.Actor, id string, in *Input) (*App, error) {
	return s.replace(ctx, actor, id, in, func(_, _ *App) {})
}

// replace is Replace; keep may take over something from before.
func (s *Service) replace(ctx context.Context, actor idp.Actor, id string, in *Input, keep func(a, before *App)) (*App, error) {
	var out *App
	err := s.tx(ctx, "replace application", func(tx *store.Tx) error {
		stored, err := s.may(tx, actor)(read(tx, actor.OrgID(), id))
		if err != nil {
			return err
		}
		before, err := load(stored)
		if err != nil {
			return err
		}
		a, err := replacement(before, in)
		if err != nil {
			return err
		}
		if !sameClient(a, before) {
			if err := s.permitClient(tx, actor, before); err != nil {
				return err
			}
		}
		a.Details.KeyTimes = before.Details.KeyTimes
		keep(a, before)
		if err := s.chooseKey(tx, a, before, in); err != nil {
			return err
		}
		if err := s.replaceSecrets(tx, a, before, in); err != nil {
			return err
		}
		a.LastUpdated = tx.Now()
		if err := a.seal(); err != nil {
			return err
		}
		out = a
		if err := tx.UpdateApp(&a.App, scim.Fold(a.Label)); err != nil {
			return err
		}
		if err := forgetGone(tx, a); err != nil {
			return err
		}
		if a.KeyID != before.KeyID {
			if err := s.record(tx, actor, eventlog.AppKeyRotate, idp.AppTarget(&a.App), keyTarget(a.KeyID)); err != nil {
				return err
			}
		}
		return s.record(tx, actor, eventlog.AppUpdate, idp.AppTarget(&a.App))
	})
	return out, err
}

// replacement makes the new form of an application in memory.
func replacement(before *App, in *Input) (*App, error) {
	if in.Name != "" && in.Name != before.Name {
		return nil, idp.Fail(idp.KindAppMetadata, "This operation on app metadata is not yet supported: No active instances.")
	}
	a := &App{App: before.App, Kind: before.Kind}
	if in.SignOnMode != nil {
		mode, ok := before.Kind.mode(*in.SignOnMode)
		if !ok || (mode != before.SignOnMode && (before.Kind.Custom() || federated(mode) || mode == idp.SignOnOIDC || before.ClientID != "")) {
			return nil, idp.Invalid("signOnMode", idp.Cause{Field: "signOnMode", Text: "The sign-on mode of this application cannot change"})
		}
		a.SignOnMode = mode
	}
	if before.Kind.Custom() && a.SignOnMode == idp.SignOnAutoLogin && before.Status != idp.AppActive {
		// What defines a custom application can change only while it is in use. (recorded answers)
		return nil, idp.Fail(idp.KindAppMetadata, "This operation on app metadata is not yet supported: No active instances.")
	}
	if err := build(a, in, before); err != nil {
		return nil, err
	}
	if before.Kind.Custom() {
		a.Details.Visibility.Links = before.Details.Visibility.Links
		if in.Visibility != nil {
			for i := range a.Details.Visibility.Links {
				if shown, ok := in.Visibility.AppLinks[a.Details.Visibility.Links[i].Name]; ok {
					a.Details.Visibility.Links[i].Shown = shown
				}
			}
		}
	}
	return a, nil
}

// Activate makes an application usable; one that is so already stays as it is.
// (spec: management#activateApplication)
func (s *Service) Activate(ctx context.Context, actor idp.Actor, id string) error {
	return s.enter(ctx, actor, id, idp.AppActive, eventlog.AppActivate)
}

// Deactivate switches an application off and keeps its assignments.
// (spec: management#deactivateApplication)
func (s *Service) Deactivate(ctx context.Context, actor idp.Actor, id string) error {
	return s.enter(ctx, actor, id, idp.AppInactive, eventlog.AppDeactivate)
}

func (s *Service) enter(ctx context.Context, actor idp.Actor, id string, status idp.AppStatus, event idp.EventType) error {
	return s.tx(ctx, "application", func(tx *store.Tx) error {
		a, err := s.may(tx, actor)(read(tx, actor.OrgID(), id))
		if err != nil || a.Status == status {
			return err
		}
		a.Status, a.LastUpdated = status, tx.Now()
		if err := tx.UpdateApp(a, scim.Fold(a.Label)); err != nil {
			return err
		}
		return s.record(tx, actor, event, idp.AppTarget(a))
	})
}

// Delete removes an inactive application with all that belongs to it.
// KindAppActive for an active one. (spec: management#deleteApplication)
func (s *Service) Delete(ctx context.Context, actor idp.Actor, id string) error {
	return s.tx(ctx, "delete application", func(tx *store.Tx) error {
		a, err := s.may(tx, actor)(read(tx, actor.OrgID(), id))
		if err != nil {
			return err
		}
		if a.Status == idp.AppActive {
			return idp.Fail(idp.KindAppActive, "The application must be deactivated before deletion.")
		}
		for _, hook := range s.OnDelete {
			if err := hook(tx, actor, a); err != nil {
				return err
			}
		}
		if err := tx.DeleteApp(a.OrgID, a.ID); err != nil {
			return err
		}
		return s.record(tx, actor, eventlog.AppDelete, idp.AppTarget(a))
	})
}

// ByClientID returns the application that is this OAuth client. KindNotFound.
func (s *Service) ByClientID(ctx context.Context, orgID, clientID string) (*App, error) {
	return s.ClientIn(s.Store.Read(ctx), orgID, clientID)
}

// ClientIn is ByClientID within a transaction.
func (s *Service) ClientIn(tx *store.Tx, orgID, clientID string) (*App, error) {
	a, err := tx.AppByClientID(orgID, clientID)
	if err != nil {
		return nil, store.Failure("read client", missing(err, TypeApp, clientID))
	}
	return load(a)
}

// ByExternalKey returns the application with this name in SAML. KindNotFound.
func (s *Service) ByExternalKey(ctx context.Context, orgID, key string) (*App, error) {
	a, err := s.Store.Read(ctx).AppByExternalKey(orgID, key)
	if err != nil {
		return nil, store.Failure("read application", missing(err, TypeApp, key))
	}
	return load(a)
}

// Setting reads a text setting of the kind of application, "" for none.
func (a *App) Setting(name string) string {
	var all map[string]json.RawMessage
	var text string
	if json.Unmarshal(a.Details.App, &all) != nil || json.Unmarshal(all[name], &text) != nil {
		return ""
	}
	return text
}
