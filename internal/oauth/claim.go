package oauth

import (
	"regexp"

	"usher/internal/el"
)

// ClaimType tells into which token a claim goes.
// (spec: management-extra OAuth2ClaimType)
type ClaimType string

// The tokens: RESOURCE is the access token, IDENTITY the ID token.
const (
	ClaimResource ClaimType = "RESOURCE"
	ClaimIdentity ClaimType = "IDENTITY"
)

// Ways to make the value of a claim.
// (spec: management-extra OAuth2ClaimValueType, OAuth2ClaimGroupFilterType)
const (
	ValueExpression = "EXPRESSION"
	ValueGroups     = "GROUPS"

	FilterStartsWith = "STARTS_WITH"
	FilterEquals     = "EQUALS"
	FilterContains   = "CONTAINS"
	FilterRegex      = "REGEX"
)

// Claim is something that tokens of a custom server say.
type Claim struct {
	part      `json:"-"`
	Name      string    `json:"-"`
	Type      ClaimType `json:"claimType"`
	ValueType string    `json:"valueType"`
	Value     string    `json:"value"`
	Filter    string    `json:"filter,omitempty"` // of ValueGroups
	Scopes    []string  `json:"scopes"`           // one is needed; empty for any
	// Always puts the claim of an ID token into the token itself; else it is
	// there only when no access token goes with it, and in the user info.
	Always bool   `json:"always"`
	Status Status `json:"-"`
	System bool   `json:"-"`

	program *el.Program // of an expression
	// grouped tells that it depends on the groups of the user.
	grouped bool
	pattern *regexp.Regexp // of a filter by one
}

// subjectClaim is the one that access tokens of custom servers begin with.
// (recorded answers)
func subjectClaim() Claim {
	return Claim{
		Name: "sub", Type: ClaimResource, ValueType: ValueExpression, Value: "(appuser != null) ? appuser.userName : app.clientId",
		Scopes: []string{}, Always: true, Status: Active, System: true,
	}
}
