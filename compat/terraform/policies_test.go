package terraform

import "net/http"

// policy is what the kinds of policies have in common.
type policy struct {
	byID
	kind  string // the type
	own   fields
	fixed attributes // members that are always sent, by their path
}

var policyFields = fields{
	"name": "name", "description": "description", "priority": "priority", "status": "status",
	"groups_included": "conditions.people.groups.include",
}

// filled makes a body of what is always sent and of the attributes that are set.
func filled(fixed, want attributes, all ...fields) attributes {
	b := attributes{}
	for member, v := range fixed {
		set(b, member, v)
	}
	for _, f := range all {
		for name, member := range f {
			if v, ok := want[name]; ok && v != nil {
				set(b, member, v)
			}
		}
	}
	return b
}

func (p policy) body(want attributes) attributes {
	b := filled(p.fixed, want, policyFields, p.own)
	b["type"] = p.kind
	return b
}

// placed checks that a policy or rule went where it was told to: the provider
// takes another place for an error.
func placed(c *client, want, answer attributes) {
	if p := want["priority"]; p != nil && p != answer["priority"] {
		c.t.Fatalf("%s: priority %v, want %v", c.at, answer["priority"], p)
	}
}

func (p policy) create(c *client, want attributes) attributes {
	answer := c.post("/api/v1/policies", p.body(want))
	placed(c, want, answer)
	setStatus(c, "/api/v1/policies/"+text(answer, "id"), want)
	return attributes{"id": answer["id"]}
}

func setStatus(c *client, path string, want attributes) {
	operation := "/lifecycle/activate"
	if want["status"] == "INACTIVE" {
		operation = "/lifecycle/deactivate"
	}
	c.do(http.MethodPost, path+operation, nil, http.StatusNoContent)
}

func (p policy) read(c *client, state attributes) attributes {
	answer := c.get("/api/v1/policies/" + text(state, "id"))
	if answer == nil {
		return nil
	}
	if answer["type"] != p.kind {
		c.t.Errorf("%s: type %v, want %s", c.at, answer["type"], p.kind)
	}
	return policyFields.with(p.own).state(answer)
}

func (p policy) update(c *client, state, want attributes) {
	path := "/api/v1/policies/" + text(state, "id")
	placed(c, want, c.put(path, p.body(want)))
	setStatus(c, path, want)
}

func (policy) destroy(c *client, state attributes) { c.delete("/api/v1/policies/" + text(state, "id")) }

// signOnPolicy is okta_policy_signon.
func signOnPolicy() policy { return policy{kind: "OKTA_SIGN_ON"} }

// passwordPolicy is okta_policy_password.
func passwordPolicy() policy {
	const complexity, age, lockout, factors = "settings.password.complexity.", "settings.password.age.", "settings.password.lockout.", "settings.recovery.factors."
	return policy{
		kind: "PASSWORD",
		own: fields{
			"auth_provider": "conditions.authProvider.provider", "password_min_length": complexity + "minLength",
			"password_min_lowercase": complexity + "minLowerCase", "password_min_uppercase": complexity + "minUpperCase",
			"password_min_number": complexity + "minNumber", "password_min_symbol": complexity + "minSymbol",
			"password_exclude_username": complexity + "excludeUsername", "password_dictionary_lookup": complexity + "dictionary.common.exclude",
			"password_exclude_attributes": complexity + "excludeAttributes", "password_max_age_days": age + "maxAgeDays",
			"password_expire_warn_days": age + "expireWarnDays", "password_min_age_minutes": age + "minAgeMinutes",
			"password_history_count": age + "historyCount", "password_max_lockout_attempts": lockout + "maxAttempts",
			"password_auto_unlock_minutes": lockout + "autoUnlockMinutes", "password_show_lockout_failures": lockout + "showLockoutFailures",
			"password_lockout_notification_channels": lockout + "userLockoutNotificationChannels",
			"question_min_length":                    factors + "recovery_question.properties.complexity.minLength",
			"question_recovery":                      factors + "recovery_question.status",
			"recovery_email_token":                   factors + "okta_email.properties.recoveryToken.tokenLifetimeMinutes",
			"email_recovery":                         factors + "okta_email.status", "sms_recovery": factors + "okta_sms.status",
			"call_recovery": factors + "okta_call.status", "skip_unlock": "settings.delegation.options.skipUnlock",
		},
		fixed: attributes{
			"system": false, "conditions.authProvider.provider": "OKTA", complexity + "minLength": 8.0, complexity + "minLowerCase": 1.0,
			complexity + "minUpperCase": 1.0, complexity + "minNumber": 1.0, complexity + "minSymbol": 0.0, complexity + "excludeUsername": true,
			complexity + "dictionary.common.exclude": false, age + "maxAgeDays": 0.0, age + "expireWarnDays": 0.0, age + "minAgeMinutes": 0.0,
			age + "historyCount": 0.0, lockout + "maxAttempts": 10.0, lockout + "autoUnlockMinutes": 0.0, lockout + "showLockoutFailures": false,
			lockout + "userLockoutNotificationChannels":                          []any{},
			factors + "recovery_question.properties.complexity.minLength":        4.0,
			factors + "recovery_question.status":                                 "ACTIVE",
			factors + "okta_email.properties.recoveryToken.tokenLifetimeMinutes": 60.0,
			factors + "okta_email.status":                                        "ACTIVE",
			factors + "okta_sms.status":                                          "INACTIVE",
			factors + "okta_call.status":                                         "INACTIVE",
			"settings.delegation.options.skipUnlock":                             false,
		},
	}
}

// policyRule is what the kinds of rules have in common.
type policyRule struct {
	ofParent
	kind  string
	own   fields
	fixed attributes
}

var ruleFields = fields{
	"name": "name", "priority": "priority", "status": "status", "network_connection": "conditions.network.connection",
	"network_includes": "conditions.network.include", "network_excludes": "conditions.network.exclude",
	"users_excluded": "conditions.people.users.exclude",
}

func (r policyRule) body(want attributes) attributes {
	b := filled(r.fixed, want, ruleFields, r.own)
	b["type"] = r.kind
	return b
}

func (r policyRule) create(c *client, want attributes) attributes {
	path := "/api/v1/policies/" + text(want, "policy_id") + "/rules"
	answer := c.post(path, r.body(want))
	if want["status"] == "INACTIVE" {
		c.do(http.MethodPost, path+"/"+text(answer, "id")+"/lifecycle/deactivate", nil, http.StatusNoContent)
	}
	placed(c, want, answer)
	return attributes{"id": answer["id"], "policy_id": want["policy_id"]}
}

func (r policyRule) read(c *client, state attributes) attributes {
	policy := "/api/v1/policies/" + text(state, "policy_id")
	if c.get(policy) == nil {
		return nil
	}
	answer := c.get(policy + "/rules/" + text(state, "id"))
	if answer == nil {
		return nil
	}
	s := ruleFields.with(r.own).state(answer)
	s["policy_id"] = state["policy_id"]
	return s
}

func (r policyRule) update(c *client, state, want attributes) {
	path := "/api/v1/policies/" + text(state, "policy_id") + "/rules/" + text(state, "id")
	placed(c, want, c.put(path, r.body(want)))
	setStatus(c, path, want)
}

func (r policyRule) destroy(c *client, state attributes) {
	if r.read(c, state) != nil {
		c.delete("/api/v1/policies/" + text(state, "policy_id") + "/rules/" + text(state, "id"))
	}
}

// signOnRule is okta_policy_rule_signon.
func signOnRule() policyRule {
	const signOn = "actions.signon."
	return policyRule{
		ofParent: ofParent{"policy_id", "id"}, kind: "SIGN_ON",
		own: fields{
			"authtype": "conditions.authContext.authType", "access": signOn + "access", "mfa_required": signOn + "requireFactor",
			"mfa_prompt": signOn + "factorPromptMode", "mfa_lifetime": signOn + "factorLifetime",
			"mfa_remember_device": signOn + "rememberDeviceByDefault", "session_idle": signOn + "session.maxSessionIdleMinutes",
			"session_lifetime": signOn + "session.maxSessionLifetimeMinutes", "session_persistent": signOn + "session.usePersistentCookie",
			"risk_level": "conditions.riskScore.level", "identity_provider": "conditions.identityProvider.provider",
		},
		fixed: attributes{
			"conditions.authContext.authType": "ANY", "conditions.network.connection": "ANYWHERE", "conditions.riskScore.level": "ANY",
			"conditions.identityProvider.provider": "ANY", signOn + "access": "ALLOW", signOn + "requireFactor": false,
			signOn + "rememberDeviceByDefault": false, signOn + "session.maxSessionIdleMinutes": 120.0,
			signOn + "session.maxSessionLifetimeMinutes": 120.0, signOn + "session.usePersistentCookie": false,
		},
	}
}

// passwordRule is okta_policy_rule_password.
func passwordRule() policyRule {
	return policyRule{
		ofParent: ofParent{"policy_id", "id"}, kind: "PASSWORD",
		own: fields{
			"password_change": "actions.passwordChange.access", "password_reset": "actions.selfServicePasswordReset.access",
			"password_unlock": "actions.selfServiceUnlock.access",
		},
		fixed: attributes{
			"conditions.network.connection": "ANYWHERE", "actions.passwordChange.access": "ALLOW",
			"actions.selfServicePasswordReset.access": "ALLOW", "actions.selfServiceUnlock.access": "DENY",
		},
	}
}
