package policy

import (
	"encoding/json"
	"fmt"
	"slices"

	"usher/internal/idp"
	"usher/internal/store"
)

// ProfileAction is what the rule of a PROFILE_ENROLLMENT policy decides: who may
// make themselves known, and what they tell. It is kept and given back; nothing
// evaluates it. (spec: management ProfileEnrollmentPolicyRuleAction)
type ProfileAction struct {
	Access     Access             `json:"access"`
	Hooks      []json.RawMessage  `json:"preRegistrationInlineHooks"`
	Attributes []ProfileAttribute `json:"profileAttributes"`
	GroupIDs   []string           `json:"targetGroupIds"`
	Unknown    string             `json:"unknownUserAction"` // DENY or REGISTER
	Activation struct {
		EmailVerification bool `json:"emailVerification"`
	} `json:"activationRequirements"`
	UISchemaID     string   `json:"uiSchemaId,omitempty"`
	Progressive    string   `json:"progressiveProfilingAction"` // ENABLED or DISABLED
	Identifiers    []string `json:"allowedIdentifiers,omitempty"`
	Authenticators []string `json:"enrollAuthenticatorTypes,omitempty"`
}

// ProfileAttribute is asked for when people make themselves known.
type ProfileAttribute struct {
	Name     string `json:"name"`
	Label    string `json:"label"`
	Required bool   `json:"required"`
}

// Words and bounds of profile enrolment.
const (
	registerUnknown  = "REGISTER"
	denyUnknown      = "DENY"
	progressiveOn    = "ENABLED"
	progressiveOff   = "DISABLED"
	maxProfileFields = 10
)

// defaultProfile is the decision of a new policy's only rule.
// (spec: management, example list-all-profile-enrollment-policy-rule-response)
func defaultProfile() *ProfileAction {
	out := &ProfileAction{Access: Allow, Unknown: denyUnknown, Progressive: progressiveOff, Attributes: []ProfileAttribute{
		{"email", "Email", true}, {"firstName", "First name", true}, {"lastName", "Last name", true},
	}}
	out.Activation.EmailVerification = true
	return out
}

// complete fills in what the action leaves out and checks the rest.
func (a *ProfileAction) complete() []idp.Cause {
	var causes []idp.Cause
	add := func(field, text string) {
		causes = append(causes, idp.Cause{Field: "profileEnrollment." + field, Text: text})
	}
	if a.Access != Allow && a.Access != Deny {
		add("access", textAccess)
	}
	if a.Unknown == "" {
		a.Unknown = denyUnknown
	}
	if a.Unknown != denyUnknown && a.Unknown != registerUnknown {
		add("unknownUserAction", "must be DENY or REGISTER")
	}
	if a.Progressive == "" {
		a.Progressive = progressiveOff
	}
	if a.Progressive != progressiveOn && a.Progressive != progressiveOff {
		add("progressiveProfilingAction", "must be ENABLED or DISABLED")
	}
	if len(a.Attributes) > maxProfileFields {
		add("profileAttributes", fmt.Sprintf("must not have more than %d elements", maxProfileFields))
	}
	for _, p := range a.Attributes {
		if p.Name == "" || len(p.Name) > maxName || len(p.Label) > maxName {
			add("profileAttributes", "each has a name")
			break
		}
	}
	if len(a.Hooks) > 1 {
		add("preRegistrationInlineHooks", "must not have more than 1 element")
	}
	if len(a.GroupIDs) > 1 {
		add("targetGroupIds", "must not have more than 1 element")
	}
	if len(a.Identifiers) > maxProfileFields || slices.Contains(a.Identifiers, "") {
		add("allowedIdentifiers", fmt.Sprintf("has at most %d names", maxProfileFields))
	}
	if slices.ContainsFunc(a.Authenticators, func(s string) bool { return s != "password" }) {
		add("enrollAuthenticatorTypes", "has password alone")
	}
	return causes
}

// checkGroups tells whether the groups exist that the decision names.
func (a *ProfileAction) checkGroups(tx *store.Tx, org *idp.Org) error {
	if a == nil || len(a.GroupIDs) == 0 {
		return nil
	}
	return checkConditions(tx, org, &Conditions{People: &People{Groups: &Selection{Include: a.GroupIDs}}}, nil)
}
