package apps

import (
	"cmp"
	"context"
	"regexp"
	"slices"
	"unicode/utf8"

	"usher/internal/el"
	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/scim"
	"usher/internal/store"
)

// How the claim of groups is made.
const (
	GroupsNone       = "NONE"
	GroupsFilter     = "GROUPS"
	GroupsExpression = "EXPRESSION"

	// groupsFilterOld is an older name of GroupsFilter, which is still understood.
	groupsFilterOld = "FILTER"
)

// GroupsClaim says what ID tokens of the organisation's own authorization server
// tell an application about the groups of its users, when the application asks
// for the scope groups. The public interface does not show it; administration
// and Terraform set it. (Terraform provider for Okta, okta_app_oauth)
type GroupsClaim struct {
	ValueType string `json:"valueType"`
	// Filter is how Value names groups, for GroupsFilter: STARTS_WITH, EQUALS,
	// CONTAINS or REGEX.
	Filter string `json:"groupFilterType,omitempty"`
	Name   string `json:"name,omitempty"` // of the claim
	Value  string `json:"value,omitempty"`
}

// typeOAuthApp is the name of OAuth clients in errors about what does not exist.
const typeOAuthApp = "OAuth2AppInstance"

// Bounds on the claim.
const (
	maxClaimName  = 100
	maxClaimValue = 1024
)

// Kind is how the claim is made, by its name of today.
func (c *GroupsClaim) Kind() string {
	if c.ValueType == groupsFilterOld {
		return GroupsFilter
	}
	return cmp.Or(c.ValueType, GroupsNone)
}

func (c *GroupsClaim) check() error {
	var f faults
	c.ValueType = c.Kind()
	switch c.ValueType {
	case GroupsNone:
		*c = GroupsClaim{ValueType: GroupsNone}
		return nil
	case GroupsFilter:
		if !slices.Contains([]string{"STARTS_WITH", "EQUALS", "CONTAINS", "REGEX"}, c.Filter) {
			f.add("groupFilterType", "must be STARTS_WITH, EQUALS, CONTAINS or REGEX")
		}
		if _, err := regexp.Compile(c.Value); err != nil && c.Filter == "REGEX" {
			f.add("value", "The value is no regular expression")
		}
	case GroupsExpression:
		c.Filter = ""
		if _, err := el.Parse(c.Value, el.Claims()); err != nil && c.Value != "" {
			f.add("value", "The value is no expression")
		}
	default:
		f.add("valueType", "must be GROUPS, EXPRESSION or NONE")
		return f.err()
	}
	switch {
	case c.Name == "":
		f.blank("name")
	case utf8.RuneCountInString(c.Name) > maxClaimName:
		f.add("name", "The field is too long")
	case slices.Contains(reservedClaims(), c.Name):
		f.add("name", "The name belongs to the protocol")
	}
	switch {
	case c.Value == "":
		f.blank("value")
	case len(c.Value) > maxClaimValue:
		f.add("value", "The field is too long")
	}
	return f.err()
}

// reservedClaims are the claims that an ID token has by itself.
// (OpenID Connect Core section 2)
func reservedClaims() []string {
	return []string{
		"iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "azp", "at_hash", "c_hash", "jti", "ver", "idp", "sid", "scp", "cid", "uid",
	}
}

// GroupsClaim returns an OAuth client with what it is told about groups.
// KindNotFound for another application.
func (s *Service) GroupsClaim(ctx context.Context, actor idp.Actor, appID string) (*App, error) {
	a, err := oauthApp(s.mayLoad(s.Store.Read(ctx), actor, appID))
	if err != nil {
		return nil, store.Failure("read application", err)
	}
	return a, nil
}

func oauthApp(a *App, err error) (*App, error) {
	switch {
	case err != nil:
		return nil, err
	case a.Details.OAuthClient == nil:
		return nil, idp.NotFound(typeOAuthApp, a.ID)
	}
	return a, nil
}

// SetGroupsClaim changes what an OAuth client is told about groups; issuerMode,
// if not empty, is changed with it. KindInvalid names the member at fault.
func (s *Service) SetGroupsClaim(ctx context.Context, actor idp.Actor, appID string, c GroupsClaim, issuerMode string) (*App, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	if !slices.Contains([]string{"", "ORG_URL", "CUSTOM_URL", "DYNAMIC"}, issuerMode) {
		return nil, idp.Invalid("issuerMode", idp.Cause{Field: "issuerMode", Text: "must be ORG_URL, CUSTOM_URL or DYNAMIC"})
	}
	var out *App
	err := s.tx(ctx, "set groups claim", func(tx *store.Tx) error {
		a, err := oauthApp(s.mayLoad(tx, actor, appID))
		if err != nil {
			return err
		}
		out = a
		claim := &c
		if c.ValueType == GroupsNone {
			claim = nil
		}
		a.Details.GroupsClaim, a.LastUpdated = claim, tx.Now()
		if issuerMode != "" {
			a.Details.OAuthClient.IssuerMode = issuerMode
		}
		if err := a.seal(); err != nil {
			return err
		}
		if err := tx.UpdateApp(&a.App, scim.Fold(a.Label)); err != nil {
			return err
		}
		return s.record(tx, actor, eventlog.AppUpdate, idp.AppTarget(&a.App))
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}
