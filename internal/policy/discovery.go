package policy

import "encoding/json"

// DiscoveryAction is what a rule of an IDP_DISCOVERY policy decides: where the
// user proves who they are. (spec: management IdpPolicyRuleActionIdp)
type DiscoveryAction struct {
	Providers []DiscoveryProvider `json:"providers"`
	// The rest is kept and given back.
	Selection string          `json:"idpSelectionType,omitempty"` // SPECIFIC or DYNAMIC
	Criteria  json.RawMessage `json:"matchCriteria,omitempty"`
	FallBack  *bool           `json:"shouldFallBackToOkta,omitempty"`
}

// DiscoveryProvider is one place: OKTA for the organisation itself.
type DiscoveryProvider struct {
	Type string `json:"type"`
	ID   string `json:"id,omitempty"`
}

// maxProviders bounds the places of a rule.
// (spec: management IdpPolicyRuleAction)
const maxProviders = 10
