package oauth

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/store"
)

// ScopeInput is a scope as somebody wants it to be. A display name and a consent
// that are left out stay as they are. (spec: management-extra OAuth2Scope; its
// example of a change)
type ScopeInput struct {
	Name        string
	DisplayName *string
	Description string
	Consent     string // empty: ConsentImplicit for a new one
	Publish     string // empty: PublishNone
	Default     bool
	Optional    bool
}

// FindScope returns a scope by its identifier. KindNotFound.
func (s *Server) FindScope(id string) (*Scope, error) {
	i := slices.IndexFunc(s.Scopes, func(v *Scope) bool { return v.ID == id })
	if i < 0 {
		return nil, idp.NotFound(TypeScope, id)
	}
	return s.Scopes[i], nil
}

func (v *Scope) take(in ScopeInput) error {
	var f faults
	switch {
	case in.Name == "":
		f.add("name", textBlank)
	case len(in.Name) > maxName || !scopeToken(in.Name):
		f.add("name", "must have printable ASCII characters without blanks, quotes and backslashes")
	case v.System && in.Name != v.Name:
		return &idp.Error{Kind: idp.KindReadOnly, Object: "name"}
	case !v.System && strings.HasPrefix(strings.ToLower(in.Name), "okta."):
		f.add("name", "must not begin with 'okta.'")
	}
	f.description(in.Description)
	if in.DisplayName != nil {
		v.DisplayName = *in.DisplayName
	}
	if len(v.DisplayName) > maxName {
		f.add("displayName", textTooLong)
	}
	if in.Consent == "" {
		in.Consent = cmp.Or(v.Consent, ConsentImplicit)
	}
	if in.Publish == "" {
		in.Publish = PublishNone
	}
	f.oneOf("consent", in.Consent, ConsentImplicit, ConsentRequired, ConsentFlexible)
	f.oneOf("metadataPublish", in.Publish, PublishAll, PublishNone)
	if in.Optional && in.Consent == ConsentImplicit {
		f.add("optional", "needs a scope that users are asked about")
	}
	v.Name, v.Description, v.Consent = in.Name, in.Description, in.Consent
	v.Publish, v.Default, v.Optional = in.Publish, in.Default, in.Optional
	return f.err()
}

// scopeToken tells whether text can be the name of a scope. (RFC 6749 section 3.3)
func scopeToken(text string) bool {
	for i := range len(text) {
		if c := text[i]; c < 0x21 || c > 0x7e || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// CreateScope adds a scope to a custom server.
// (spec: management-extra#createOAuth2Scope)
func (s *Service) CreateScope(ctx context.Context, a idp.Actor, serverID string, in ScopeInput) (*Server, *Scope, error) {
	var out *Scope
	v, err := s.edit(ctx, a, serverID, "create scope", func(tx *store.Tx, v *Server) error {
		out = &Scope{part: s.newPart(tx, "scp")}
		if err := out.take(in); err != nil {
			return err
		}
		return s.add(tx, a, v, out, len(v.Scopes), telling{eventlog.ScopeCreate, v.target()})
	})
	return v, out, err
}

// ReplaceScope gives a scope new settings. KindReadOnly for the name of one of
// the system's. (spec: management-extra#replaceOAuth2Scope)
func (s *Service) ReplaceScope(ctx context.Context, a idp.Actor, serverID, id string, in ScopeInput) (*Server, *Scope, error) {
	var out *Scope
	v, err := s.edit(ctx, a, serverID, "update scope", func(tx *store.Tx, v *Server) (err error) {
		if out, err = v.FindScope(id); err != nil {
			return err
		}
		if err := out.take(in); err != nil {
			return err
		}
		return s.write(tx, a, v, out, telling{eventlog.ScopeUpdate, v.target()})
	})
	return v, out, err
}

// DeleteScope removes a scope. KindForbidden for one of the system's.
// (spec: management-extra#deleteOAuth2Scope)
func (s *Service) DeleteScope(ctx context.Context, a idp.Actor, serverID, id string) error {
	_, err := s.edit(ctx, a, serverID, "delete scope", func(tx *store.Tx, v *Server) error {
		scope, err := v.FindScope(id)
		if err != nil {
			return err
		}
		return s.remove(tx, a, v, scope, telling{eventlog.ScopeDelete, v.target()})
	})
	return err
}
