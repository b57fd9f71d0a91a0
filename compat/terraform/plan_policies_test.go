package terraform

// policies are those of the plan, with their rules.
func policies() []resource {
	team := func(more attributes) func(state) attributes {
		return func(s state) attributes {
			a := attributes{"status": "ACTIVE", "groups_included": []any{s.id("okta_group.team")}}
			for k, v := range more {
				a[k] = v
			}
			return a
		}
	}
	below := func(policy string, more attributes) func(state) attributes {
		return func(s state) attributes {
			a := attributes{"policy_id": s.id(policy), "status": "ACTIVE", "network_connection": "ANYWHERE"}
			for k, v := range more {
				a[k] = v
			}
			if a["users_excluded"] != nil {
				a["users_excluded"] = []any{s.id("okta_user.member3")}
			}
			return a
		}
	}
	return []resource{
		{
			name: "okta_policy_password.strict", kind: passwordPolicy(),
			first: team(attributes{"name": "Strict", "description": "For the team", "password_history_count": 5.0}),
			then: team(attributes{
				"name": "Strict", "description": "Stricter", "status": "INACTIVE", "password_min_length": 12.0, "password_min_lowercase": 0.0,
				"password_min_uppercase": 0.0, "password_min_number": 0.0, "password_min_symbol": 1.0, "password_exclude_attributes": []any{"firstName", "lastName"},
				"password_max_age_days": 60.0, "password_expire_warn_days": 15.0, "password_min_age_minutes": 60.0, "password_history_count": 0.0,
				"password_max_lockout_attempts": 3.0, "password_auto_unlock_minutes": 2.0, "password_show_lockout_failures": true,
				"password_lockout_notification_channels": []any{"EMAIL"}, "question_min_length": 10.0, "recovery_email_token": 20160.0,
				"sms_recovery": "ACTIVE", "priority": 1.0,
			}),
		},
		{
			name: "okta_policy_rule_password.reset", kind: passwordRule(),
			first: below("okta_policy_password.strict", attributes{"name": "Reset", "password_change": "ALLOW", "password_reset": "ALLOW", "password_unlock": "DENY"}),
			then: below("okta_policy_password.strict", attributes{
				"name": "Reset", "password_change": "DENY", "password_reset": "DENY", "password_unlock": "ALLOW", "status": "INACTIVE",
			}),
		},
		{
			name: "okta_policy_signon.first", kind: signOnPolicy(),
			first: team(attributes{"name": "First", "priority": 1.0}), then: team(attributes{"name": "First", "priority": 2.0, "description": "moved"}),
		},
		{
			name: "okta_policy_signon.second", kind: signOnPolicy(),
			first: team(attributes{"name": "Second", "description": "with rules"}), then: team(attributes{"name": "Second", "description": "with other rules"}),
		},
		{
			name: "okta_policy_rule_signon.short", kind: signOnRule(),
			first: below("okta_policy_signon.second", attributes{"name": "Short", "session_idle": 30.0, "session_lifetime": 60.0, "users_excluded": true}),
			then: below("okta_policy_signon.second", attributes{
				"name": "Short", "session_idle": 15.0, "session_lifetime": 720.0, "session_persistent": true, "priority": 1.0,
			}),
		},
		{
			name: "okta_policy_rule_signon.deny", kind: signOnRule(),
			first: below("okta_policy_signon.second", attributes{"name": "Deny", "access": "DENY", "status": "INACTIVE", "risk_level": "HIGH"}),
			then: below("okta_policy_signon.second", attributes{
				"name": "Deny", "access": "ALLOW", "mfa_required": true, "mfa_prompt": "SESSION", "mfa_lifetime": 60.0, "risk_level": "LOW",
			}),
		},
	}
}
