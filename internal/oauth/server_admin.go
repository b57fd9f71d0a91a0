package oauth

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/keys"
	"usher/internal/store"
)

// Bounds on authorization servers and their parts.
const (
	maxName        = 255 // characters
	maxDescription = 1000
	maxAudience    = 1024
	maxAudiences   = 10
	maxPerOrg      = 1000 // servers
	maxParts       = 1000 // scopes, claims, policies or rules each
)

// Texts of causes.
const (
	textBlank   = "The field cannot be left blank"
	textTooLong = "The field is too long"
	textTaken   = "An object with this field already exists in the current organization"
)

// ServerInput is an authorization server as somebody wants it to be. What is
// empty gets its default, or stays as it was.
// (spec: management-extra AuthorizationServer)
type ServerInput struct {
	Name        string
	Description string
	Audiences   []string
	IssuerMode  string
	Rotation    string
	Alg         keys.Alg
	Type        string // of access tokens, in their header
}

// faults collects what is wrong with an input.
type faults []idp.Cause

func (f *faults) add(field, text string) { *f = append(*f, idp.Cause{Field: field, Text: text}) }

func (f *faults) name(field, text string) {
	switch {
	case strings.TrimSpace(text) == "":
		f.add(field, textBlank)
	case utf8.RuneCountInString(text) > maxName:
		f.add(field, textTooLong)
	}
}

func (f *faults) description(text string) {
	if utf8.RuneCountInString(text) > maxDescription {
		f.add("description", textTooLong)
	}
}

func (f *faults) oneOf(field, value string, allowed ...string) {
	if !slices.Contains(allowed, value) {
		f.add(field, "must be one of "+strings.Join(allowed, ", "))
	}
}

// err is nil without faults; the first one names the object.
func (f faults) err() error {
	if len(f) == 0 {
		return nil
	}
	return idp.Invalid(f[0].Field, f...)
}

// take gives a server what somebody wants.
func (s *Server) take(in ServerInput) error {
	var f faults
	f.name("name", in.Name)
	f.description(in.Description)
	if len(in.Audiences) == 0 {
		f.add("audiences", textBlank)
	}
	if len(in.Audiences) > maxAudiences {
		f.add("audiences", "too many")
	}
	for _, a := range in.Audiences {
		if a == "" || len(a) > maxAudience {
			f.add("audiences", "must be texts of up to 1024 characters")
		}
	}
	s.Name, s.Description, s.Audiences = in.Name, in.Description, in.Audiences
	if in.IssuerMode != "" {
		s.IssuerMode = in.IssuerMode
	}
	if in.Rotation != "" {
		s.Rotation = in.Rotation
	}
	if in.Alg != "" {
		s.Alg = in.Alg
	}
	if in.Type != "" {
		f.oneOf("credentials.signing.typ", in.Type, TypeJWT, TypeAccess)
		s.Type = in.Type
	}
	f.oneOf("issuerMode", s.IssuerMode, "ORG_URL", "CUSTOM_URL", "DYNAMIC")
	f.oneOf("credentials.signing.rotationMode", s.Rotation, RotationAuto, RotationManual)
	f.oneOf("credentials.signing.alg", string(s.Alg), string(keys.RS256), string(keys.ES256))
	return f.err()
}

func nameTaken() error {
	return idp.Invalid("name", idp.Cause{Field: "name", Text: textTaken})
}

// Servers lists the custom servers of an organisation in the order of their
// creation, without what belongs to them; text, if not empty, is a part of the
// name or of an audience, in any case. (spec: management-extra#listAuthorizationServers)
func (s *Service) Servers(ctx context.Context, a idp.Actor, text string) ([]*Server, error) {
	if err := s.ensureStandard(ctx, a.Org); err != nil {
		return nil, err
	}
	rows, err := s.Store.Read(ctx).OAuthServers(a.OrgID())
	if err != nil {
		return nil, store.Failure("list authorization servers", err)
	}
	text = nameKey(text)
	out := make([]*Server, 0, len(rows))
	for _, row := range rows {
		v, err := serverFromStore(row)
		if err != nil {
			return nil, err
		}
		heard := func(t string) bool { return strings.Contains(nameKey(t), text) }
		if v.Status != statusGone && (heard(v.Name) || slices.ContainsFunc(v.Audiences, heard)) {
			out = append(out, v)
		}
	}
	return out, nil
}

// Custom returns a custom server as it is now. KindNotFound.
// (spec: management-extra#getAuthorizationServer)
func (s *Service) Custom(ctx context.Context, a idp.Actor, id string) (*Server, error) {
	if id == "" {
		return nil, idp.NotFound(TypeServer, id)
	}
	return s.read(ctx, a.Org, id)
}

// CreateServer makes a custom server with its key, which takes some time before
// the transaction. KindInvalid names the members at fault.
// (spec: management-extra#createAuthorizationServer)
func (s *Service) CreateServer(ctx context.Context, a idp.Actor, in ServerInput) (*Server, error) {
	if err := s.ensureStandard(ctx, a.Org); err != nil {
		return nil, err
	}
	v := &Server{OrgID: a.OrgID(), ID: s.IDs.New("aus"), IssuerMode: "ORG_URL", Status: Active, Alg: keys.RS256, Rotation: RotationAuto}
	if err := v.take(in); err != nil {
		return nil, err
	}
	key, err := s.Signing.New(v.Owner(), v.Alg)
	if err != nil {
		return nil, err
	}
	err = s.tx(ctx, "create authorization server", func(tx *store.Tx) error {
		all, err := tx.OAuthServers(v.OrgID)
		if err != nil {
			return err
		}
		if len(all) >= maxPerOrg {
			return idp.Invalid("authorizationServers", idp.Cause{Text: "The organization has as many authorization servers as it can have."})
		}
		v.Created, v.LastUpdated = tx.Now(), tx.Now()
		if err := s.insertServer(tx, v); err != nil {
			return err
		}
		key.Created, key.Activated = tx.Now(), tx.Now()
		if err := tx.InsertSigningKey(key); err != nil {
			return err
		}
		return s.record(tx, a, eventlog.ServerCreate, v.target())
	})
	if store.Exists(err, "oauth_servers.name_key") {
		return nil, nameTaken()
	}
	if err != nil {
		return nil, err
	}
	return v, nil
}

// edit runs fn on a custom server, as it is now, in a transaction.
func (s *Service) edit(ctx context.Context, a idp.Actor, id, what string, fn func(*store.Tx, *Server) error) (*Server, error) {
	if id == StandardID {
		if err := s.ensureStandard(ctx, a.Org); err != nil {
			return nil, err
		}
	}
	var out *Server
	err := s.tx(ctx, what, func(tx *store.Tx) error {
		v, err := load(tx, a.OrgID(), id)
		if err != nil {
			return err
		}
		out = v
		return fn(tx, v)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// update writes a server.
func (s *Server) update(tx *store.Tx) error {
	s.LastUpdated = tx.Now()
	row, err := s.toStore()
	if err != nil {
		return err
	}
	err = tx.UpdateOAuthServer(row)
	if store.Exists(err, "oauth_servers.name_key") {
		return nameTaken()
	}
	s.Version = row.Version
	return err
}

// ReplaceServer gives a custom server new settings. With another algorithm it
// gets new keys. (spec: management-extra#replaceAuthorizationServer)
func (s *Service) ReplaceServer(ctx context.Context, a idp.Actor, id string, in ServerInput) (*Server, error) {
	var before keys.Alg
	v, err := s.edit(ctx, a, id, "update authorization server", func(tx *store.Tx, v *Server) error {
		before = v.Alg
		if err := v.take(in); err != nil {
			return err
		}
		if err := v.update(tx); err != nil {
			return err
		}
		return s.record(tx, a, eventlog.ServerUpdate, v.target())
	})
	if err != nil || v.Alg == before {
		return v, err
	}
	_, err = s.rotate(ctx, a, v)
	return v, err
}

// SetServer lets a custom server serve or not. Setting what is set changes
// nothing. (spec: management-extra#activateAuthorizationServer)
func (s *Service) SetServer(ctx context.Context, a idp.Actor, id string, status Status) error {
	event := eventlog.ServerActivate
	if status == Inactive {
		event = eventlog.ServerDeactivate
	}
	_, err := s.edit(ctx, a, id, "authorization server", func(tx *store.Tx, v *Server) error {
		if v.Status == status {
			return nil
		}
		v.Status = status
		if err := v.update(tx); err != nil {
			return err
		}
		return s.record(tx, a, event, v.target())
	})
	return err
}

// DeleteServer removes a custom server with all that belongs to it. Of the
// standard one a mark stays, so that it does not come again.
// (spec: management-extra#deleteAuthorizationServer)
func (s *Service) DeleteServer(ctx context.Context, a idp.Actor, id string) error {
	_, err := s.edit(ctx, a, id, "delete authorization server", func(tx *store.Tx, v *Server) error {
		if err := tx.DeleteOAuthServer(v.OrgID, v.ID); err != nil {
			return err
		}
		if err := tx.DeleteSigningKeys(v.OrgID, v.ID, ""); err != nil {
			return err
		}
		if _, err := tx.DeleteOAuthRefresh(v.OrgID, store.OAuthRefreshFilter{ServerID: v.ID}); err != nil {
			return err
		}
		if err := tx.DeleteOAuthGrantsOf(v.OrgID, v.ID); err != nil {
			return err
		}
		if err := s.record(tx, a, eventlog.ServerDelete, v.target()); err != nil || !v.Standard {
			return err
		}
		gone := &Server{OrgID: v.OrgID, ID: s.IDs.New("aus"), Name: v.ID, Status: statusGone, Standard: true, Created: tx.Now(), LastUpdated: tx.Now()}
		row, err := gone.toStore()
		if err != nil {
			return err
		}
		return tx.InsertOAuthServer(row)
	})
	return err
}

// Keys returns the keys of a custom server: the active, the next, the expired.
// (spec: management-extra#listAuthorizationServerKeys)
func (s *Service) Keys(ctx context.Context, v *Server) ([]*keys.SigningKey, error) {
	return s.Signing.Keys(ctx, v.Owner(), v.Alg)
}

// RotateKeys makes the next key of a custom server the one that signs.
// (spec: management-extra#rotateAuthorizationServerKeys)
func (s *Service) RotateKeys(ctx context.Context, a idp.Actor, id string) (*Server, []*keys.SigningKey, error) {
	v, err := s.Custom(ctx, a, id)
	if err != nil {
		return nil, nil, err
	}
	list, err := s.rotate(ctx, a, v)
	return v, list, err
}

func (s *Service) rotate(ctx context.Context, a idp.Actor, v *Server) ([]*keys.SigningKey, error) {
	list, err := s.Signing.Rotate(ctx, v.Owner(), v.Alg, func(tx *store.Tx, kid string) error {
		target := v.target()
		if v.Own() {
			target = idp.Target{ID: a.OrgID(), Type: "AuthorizationServer", AlternateID: a.Org.Name, DisplayName: a.Org.Name}
		}
		return s.record(tx, a, eventlog.KeyRollover, target, idp.Target{ID: kid, Type: "OAuth2Key", AlternateID: kid, DisplayName: kid})
	})
	return list, store.Failure("rotate keys", err)
}
