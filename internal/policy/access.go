package policy

import (
	"encoding/json"

	"usher/internal/idp"
)

// AppSignOnAction is what a rule of an ACCESS_POLICY decides about an
// application. It is kept and given back; nothing evaluates it yet.
// (spec: management AccessPolicyRuleApplicationSignOn)
type AppSignOnAction struct {
	Access         Access          `json:"access"`
	Verification   *Verification   `json:"verificationMethod,omitempty"`
	KeepMeSignedIn json.RawMessage `json:"keepMeSignedIn,omitempty"`
}

// Verification is what a user has to prove.
// (spec: management VerificationMethod)
type Verification struct {
	FactorMode       string          `json:"factorMode,omitempty"` // 1FA or 2FA
	Type             string          `json:"type"`
	Chains           json.RawMessage `json:"chains,omitempty"`
	ReauthenticateIn string          `json:"reauthenticateIn,omitempty"` // ISO 8601 period
	InactivityPeriod string          `json:"inactivityPeriod,omitempty"` // ISO 8601 period
	Constraints      json.RawMessage `json:"constraints,omitempty"`
	ID               string          `json:"id,omitempty"`
}

// The kinds of verification. (spec: management PolicyRuleVerificationMethodType)
const (
	verifyAssurance = "ASSURANCE"
	verifyChain     = "AUTH_METHOD_CHAIN"
	verifyIdentity  = "ID_PROOFING"
)

// Names of what every ACCESS_POLICY has (recorded answers).
const (
	CatchAllName     = "Catch-all Rule"
	catchAllPriority = 99
)

// catchAll is the decision of a new policy's last rule (recorded answers).
func catchAll() *AppSignOnAction {
	return &AppSignOnAction{
		Access: Allow, KeepMeSignedIn: json.RawMessage(neverKept),
		Verification: &Verification{
			FactorMode: "2FA", Type: verifyAssurance, ReauthenticateIn: "PT12H",
			Constraints: json.RawMessage(`[{"possession":{"required":true,"deviceBound":"REQUIRED"}}]`),
		},
	}
}

// oneFactor is the decision of the default policy's last rule. It says what
// holds: a user who is signed in is let into the applications.
// (spec: management, example list-all-access-policy-rule-response)
func oneFactor() *AppSignOnAction {
	return &AppSignOnAction{
		Access: Allow, KeepMeSignedIn: json.RawMessage(neverKept),
		Verification: &Verification{FactorMode: "1FA", Type: verifyAssurance, ReauthenticateIn: "PT12H", Constraints: json.RawMessage(`[]`)},
	}
}

// neverKept is what a rule says that does not mention keeping people signed in.
const neverKept = `{"postAuth":"NOT_ALLOWED"}`

// complete fills in what the action leaves out, drops what its kind of
// verification does not have (recorded answers) and checks the rest.
func (a *AppSignOnAction) complete() []idp.Cause {
	var causes []idp.Cause
	if a.Access != Allow && a.Access != Deny {
		causes = append(causes, idp.Cause{Field: "appSignOn.access", Text: textAccess})
	}
	if len(a.KeepMeSignedIn) == 0 || string(a.KeepMeSignedIn) == "null" {
		a.KeepMeSignedIn = json.RawMessage(neverKept)
	}
	v := a.Verification
	if v == nil {
		return causes
	}
	for _, raw := range []*json.RawMessage{&v.Chains, &v.Constraints} {
		if string(*raw) == "null" {
			*raw = nil
		}
	}
	switch v.Type {
	case verifyAssurance:
		if v.FactorMode != "" && v.FactorMode != "1FA" && v.FactorMode != "2FA" {
			causes = append(causes, idp.Cause{Field: "appSignOn.verificationMethod.factorMode", Text: "must be 1FA or 2FA"})
		}
		v.Chains, v.ID = nil, ""
	case verifyChain:
		if len(v.Chains) == 0 {
			causes = append(causes, idp.Cause{Field: "appSignOn.verificationMethod.chains", Text: textBlank})
		}
		v.FactorMode, v.InactivityPeriod, v.Constraints, v.ID = "", "", nil, ""
	case verifyIdentity:
	default:
		causes = append(causes, idp.Cause{
			Field: "appSignOn.verificationMethod.type", Text: "must be " + verifyAssurance + ", " + verifyChain + " or " + verifyIdentity,
		})
	}
	return causes
}
