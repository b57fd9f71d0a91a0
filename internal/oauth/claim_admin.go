package oauth

import (
	"context"
	"errors"
	"slices"

	"usher/internal/el"
	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/store"
)

// Bounds on claims.
const (
	maxClaimValue   = 4096
	maxClaimPattern = 1024
)

// ClaimInput is a claim as somebody wants it to be.
// (spec: management-extra OAuth2Claim)
type ClaimInput struct {
	Name      string
	Type      ClaimType
	ValueType string
	Value     string
	Filter    string
	Scopes    []string
	Always    *bool  // nil: true
	Status    Status // empty: Active
}

// FindClaim returns a claim by its identifier. KindNotFound.
func (s *Server) FindClaim(id string) (*Claim, error) {
	all := s.AllClaims()
	i := slices.IndexFunc(all, func(v *Claim) bool { return v.ID == id })
	if i < 0 {
		return nil, idp.NotFound(TypeClaim, id)
	}
	return all[i], nil
}

// reservedClaims are those that the protocol itself gives a meaning.
func reservedClaims() []string {
	return []string{
		"acr", "act", "active", "amr", "at_hash", "aud", "auth_time", "azp", "c_hash", "cid", "client_id", "cnf", "exp", "iat", "idp",
		"iss", "jti", "may_act", "nbf", "nonce", "rpt", "rsi", "scope", "scp", "sid", "sub", "token_type", "uid", "username", "ver",
	}
}

func (c *Claim) take(s *Server, in ClaimInput) error {
	var f faults
	f.name("name", in.Name)
	if c.System && (in.Name != c.Name || in.Type != c.Type) {
		return &idp.Error{Kind: idp.KindReadOnly, Object: "name"}
	}
	if !c.System && slices.Contains(reservedClaims(), in.Name) {
		f.add("name", "is the name of a claim of the protocol")
	}
	f.oneOf("claimType", string(in.Type), string(ClaimResource), string(ClaimIdentity))
	in.checkValue(&f)
	for _, name := range in.Scopes {
		if s.Scope(name) == nil {
			f.add("scopes", "'"+name+"' is no scope of this authorization server")
		}
	}
	if len(in.Scopes) > maxParts {
		f.add("scopes", "too many")
	}
	if in.Status == "" {
		in.Status = Active
	}
	f.oneOf("status", string(in.Status), string(Active), string(Inactive))
	c.Name, c.Type, c.ValueType, c.Value, c.Filter, c.Status = in.Name, in.Type, in.ValueType, in.Value, "", in.Status
	if in.ValueType == ValueGroups {
		c.Filter = in.Filter
	}
	c.Scopes = append([]string{}, in.Scopes...)
	c.Always = in.Type == ClaimResource || in.Always == nil || *in.Always
	return f.err()
}

// checkValue tells whether the value can be made.
func (in ClaimInput) checkValue(f *faults) {
	if in.Value == "" {
		f.add("value", textBlank)
		return
	}
	switch in.ValueType {
	case ValueExpression:
		if len(in.Value) > maxClaimValue {
			f.add("value", textTooLong)
			return
		}
		if _, err := el.Parse(in.Value, el.Claims()); err != nil {
			text := "cannot be evaluated"
			if se, ok := errors.AsType[*el.SyntaxError](err); ok {
				text = se.Error()
			}
			f.add("value", text)
		}
	case ValueGroups:
		f.oneOf("group_filter_type", in.Filter, FilterStartsWith, FilterEquals, FilterContains, FilterRegex)
		if len(in.Value) > maxClaimPattern {
			f.add("value", textTooLong)
		} else if in.Filter == FilterRegex {
			if _, err := wholeName(in.Value); err != nil {
				f.add("value", "is no regular expression")
			}
		}
	default:
		f.oneOf("valueType", in.ValueType, ValueExpression, ValueGroups)
	}
}

func (c *Claim) target() idp.Target {
	return idp.Target{ID: c.ID, Type: "OAuth2Claim", AlternateID: c.Name, DisplayName: c.Name}
}

// CreateClaim adds a claim to a custom server.
// (spec: management-extra#createOAuth2Claim)
func (s *Service) CreateClaim(ctx context.Context, a idp.Actor, serverID string, in ClaimInput) (*Server, *Claim, error) {
	var out *Claim
	v, err := s.edit(ctx, a, serverID, "create claim", func(tx *store.Tx, v *Server) error {
		out = &Claim{part: s.newPart(tx, "ocl")}
		if err := out.take(v, in); err != nil {
			return err
		}
		return s.add(tx, a, v, out, len(v.Claims), telling{eventlog.ClaimCreate, v.target()})
	})
	return v, out, err
}

// ReplaceClaim gives a claim new settings. KindReadOnly for the name of one of
// the system's. (spec: management-extra#replaceOAuth2Claim)
func (s *Service) ReplaceClaim(ctx context.Context, a idp.Actor, serverID, id string, in ClaimInput) (*Server, *Claim, error) {
	var out *Claim
	v, err := s.edit(ctx, a, serverID, "update claim", func(tx *store.Tx, v *Server) (err error) {
		if out, err = v.FindClaim(id); err != nil {
			return err
		}
		if out.ValueType == ValueSystem {
			if err := out.takeSystem(in); err != nil {
				return err
			}
			return s.writeSystem(tx, a, v, out)
		}
		if err := out.take(v, in); err != nil {
			return err
		}
		return s.write(tx, a, v, out, telling{eventlog.ClaimUpdate, v.target()})
	})
	return v, out, err
}

// DeleteClaim removes a claim. KindForbidden for one of the system's.
// (spec: management-extra#deleteOAuth2Claim)
func (s *Service) DeleteClaim(ctx context.Context, a idp.Actor, serverID, id string) error {
	_, err := s.edit(ctx, a, serverID, "delete claim", func(tx *store.Tx, v *Server) error {
		c, err := v.FindClaim(id)
		if err != nil {
			return err
		}
		return s.remove(tx, a, v, c, telling{eventlog.ClaimDelete, v.target()})
	})
	return err
}
