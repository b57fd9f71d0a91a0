package policy

// DiscoveryAction is what a rule of an IDP_DISCOVERY policy decides: where the
// user proves who they are. (spec: management IdpPolicyRuleActionIdp)
type DiscoveryAction struct {
	Providers []DiscoveryProvider `json:"providers"`
}

// DiscoveryProvider is one place: OKTA for the organisation itself.
type DiscoveryProvider struct {
	Type string `json:"type"`
	ID   string `json:"id,omitempty"`
}
