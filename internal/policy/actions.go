package policy

import (
	"bytes"
	"encoding/json"
	"fmt"

	"usher/internal/idp"
)

// Texts of causes.
const (
	textBlank   = "The field cannot be left blank"
	textTooLong = "The field is too long"
	textAccess  = "must be ALLOW or DENY"
)

// primaryAny is what a sign-on rule says about the first factor that does not
// mention it: the password or any other (recorded answers).
const primaryAny = "PASSWORD_IDP_ANY_FACTOR"

// parseActions reads the actions of a rule of a policy type, fills in what they
// leave out and checks them. Members of other types are left aside. It fails
// with KindMalformed or KindInvalid on "actions".
func parseActions(t Type, text json.RawMessage) (Actions, error) {
	given := Actions{}
	if t == TypeSignOn {
		given.SignOn = DefaultSignOnAction()
		given.SignOn.Access, given.SignOn.PrimaryFactor = "", primaryAny
	}
	if len(text) > 0 {
		if err := json.Unmarshal(text, &given); err != nil {
			return Actions{}, idp.Fail(idp.KindMalformed, err.Error())
		}
	}
	var out Actions
	var causes []idp.Cause
	switch t {
	case TypeSignOn:
		out.SignOn = given.SignOn
		causes = out.SignOn.check()
	case TypePassword:
		out, causes = passwordActions(given)
	case TypeEnroll:
		out.Enroll = given.Enroll
		if out.Enroll == nil {
			out.Enroll = &EnrollAction{}
		}
		switch out.Enroll.Self {
		case EnrollAtLogin, EnrollAtChallenge, EnrollNever:
		default:
			causes = append(causes, idp.Cause{Field: "enroll.self", Text: "must be LOGIN, CHALLENGE or NEVER"})
		}
	case TypeIDPDiscovery:
		out.IDP = given.IDP
		if out.IDP == nil || len(out.IDP.Providers) == 0 && len(out.IDP.Criteria) == 0 {
			causes = append(causes, idp.Cause{Field: "idp.providers", Text: textBlank})
		} else if len(out.IDP.Providers) > maxProviders {
			causes = append(causes, idp.Cause{Field: "idp.providers", Text: fmt.Sprintf("must not have more than %d elements", maxProviders)})
		}
	case TypeAccess:
		out.AppSignOn = given.AppSignOn
		if out.AppSignOn == nil {
			out.AppSignOn = &AppSignOnAction{}
		}
		causes = out.AppSignOn.complete()
	case TypeProfile:
		out.Profile = given.Profile
		if out.Profile == nil {
			out.Profile = &ProfileAction{}
		}
		causes = out.Profile.complete()
	case TypeToken:
		return Actions{}, idp.Fail(idp.KindUnsupported)
	}
	if len(causes) > 0 {
		return Actions{}, idp.Invalid("actions", causes...)
	}
	return out, nil
}

// check finds what is wrong with a sign-on decision: with requireFactor it says
// when a factor is asked for. (management reference: policies, rule object)
func (a *SignOnAction) check() []idp.Cause {
	if a == nil {
		return []idp.Cause{{Field: "signon", Text: textBlank}}
	}
	var causes []idp.Cause
	add := func(field, text string) { causes = append(causes, idp.Cause{Field: "signon." + field, Text: text}) }
	if a.Access != Allow && a.Access != Deny {
		add("access", textAccess)
	}
	switch a.PrimaryFactor {
	case "":
		a.PrimaryFactor = primaryAny
	case primaryAny, "PASSWORD_IDP":
	default:
		add("primaryFactor", "must be PASSWORD_IDP or "+primaryAny)
	}
	switch a.PromptMode {
	case "":
		if a.RequireFactor {
			add("factorPromptMode", textBlank)
		}
	case PromptSession:
		if a.RequireFactor && a.FactorLifetime == 0 {
			add("factorLifetime", textBlank)
		}
	case PromptAlways, PromptDevice:
	default:
		add("factorPromptMode", "must be ALWAYS, DEVICE or SESSION")
	}
	for _, m := range []struct {
		field   string
		minutes int
	}{
		{"factorLifetime", a.FactorLifetime},
		{"session.maxSessionIdleMinutes", a.Session.MaxIdleMinutes},
		{"session.maxSessionLifetimeMinutes", a.Session.MaxLifetimeMinutes},
	} {
		if m.minutes < 0 || m.minutes > maxMinutes {
			add(m.field, fmt.Sprintf("must be between 0 and %d", maxMinutes))
		}
	}
	return causes
}

// passwordActions fills in what a password rule leaves out: it is denied.
func passwordActions(given Actions) (Actions, []idp.Cause) {
	out := Actions{PasswordChange: given.PasswordChange, SelfReset: given.SelfReset, SelfUnlock: given.SelfUnlock}
	if out.PasswordChange == nil {
		out.PasswordChange = &AccessAction{}
	}
	if out.SelfReset == nil {
		out.SelfReset = &ResetAction{}
	}
	if out.SelfUnlock == nil {
		out.SelfUnlock = &AccessAction{}
	}
	var causes []idp.Cause
	for _, a := range []struct {
		field  string
		access *Access
	}{
		{"passwordChange", &out.PasswordChange.Access}, {"selfServicePasswordReset", &out.SelfReset.Access}, {"selfServiceUnlock", &out.SelfUnlock.Access},
	} {
		switch *a.access {
		case "":
			*a.access = Deny
		case Allow, Deny:
		default:
			causes = append(causes, idp.Cause{Field: a.field + ".access", Text: textAccess})
		}
	}
	return out, causes
}

// same tells whether two values have the same JSON text.
func same(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}
