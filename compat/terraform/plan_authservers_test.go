package terraform

// authServers are the authorization server of the plan with all that is below
// it, and what an application may do. The values are those of the provider's own
// tests.
func authServers() []resource {
	const server = "okta_auth_server.api"
	under := func(a attributes) func(state) attributes {
		return func(s state) attributes {
			out := attributes{"auth_server_id": s.id(server)}
			for k, v := range a {
				out[k] = v
			}
			return out
		}
	}
	claim := func(name, status, value string, more attributes) func(state) attributes {
		a := attributes{
			"name": name, "status": status, "value": value, "value_type": "EXPRESSION", "claim_type": "RESOURCE", "always_include_in_token": true,
		}
		for k, v := range more {
			a[k] = v
		}
		return under(a)
	}
	scopes := func(names ...any) func(state) attributes {
		return func(s state) attributes { return attributes{"app_id": s.id("okta_app_oauth.robot"), "scopes": names} }
	}
	return []resource{
		{
			name: server, kind: authServer(),
			first: config(attributes{
				"name": "testAcc", "description": "test", "audiences": []any{"whatever.rise.zone"}, "issuer_mode": "ORG_URL", "status": "ACTIVE",
				"credentials_rotation_mode": "AUTO",
			}),
			then: config(attributes{
				"name": "testAcc_new", "description": "test_updated", "audiences": []any{"whatever.rise.zone"}, "issuer_mode": "ORG_URL",
				"status": "INACTIVE", "credentials_rotation_mode": "MANUAL",
			}),
		},
		{
			name: "okta_auth_server_scope.test", kind: authServerScope(),
			first: under(attributes{
				"name": "test:something", "description": "This is a scope", "consent": "REQUIRED", "metadata_publish": "ALL_CLIENTS", "default": false,
			}),
			then: under(attributes{
				"name": "test:other", "description": "", "display_name": "Something", "consent": "IMPLICIT", "metadata_publish": "NO_CLIENTS", "default": true,
			}),
		},
		{
			name: "okta_auth_server_claim.test", kind: authServerClaim(),
			first: claim("test", "ACTIVE", "cool", nil), then: claim("test_updated", "INACTIVE", "cool_updated", nil),
		},
		{
			name: "okta_auth_server_claim.groups", kind: authServerClaim(),
			first: claim("groups", "ACTIVE", "Everyone", attributes{"value_type": "GROUPS", "group_filter_type": "EQUALS"}),
			then:  claim("groups", "ACTIVE", "Every", attributes{"value_type": "GROUPS", "group_filter_type": "STARTS_WITH", "scopes": []any{"profile"}}),
		},
		{
			name: "okta_auth_server_policy.test", kind: authServerPolicy(),
			first: under(attributes{"name": "test", "description": "test", "priority": 1.0, "status": "ACTIVE", "client_whitelist": []any{"ALL_CLIENTS"}}),
			then: func(s state) attributes {
				return attributes{
					"auth_server_id": s.id(server), "name": "test_updated", "description": "test updated", "priority": 1.0, "status": "INACTIVE",
					"client_whitelist": []any{s["okta_app_oauth.shop"]["client_id"]},
				}
			},
		},
		{
			name: "okta_auth_server_policy_rule.test", kind: authServerRule(),
			first: func(s state) attributes {
				return attributes{
					"auth_server_id": s.id(server), "policy_id": s.id("okta_auth_server_policy.test"), "name": "test", "priority": 1.0, "status": "ACTIVE",
					"grant_type_whitelist": []any{"password"}, "group_whitelist": []any{s.id("okta_group.team")},
					"access_token_lifetime_minutes": 60.0, "refresh_token_lifetime_minutes": 0.0, "refresh_token_window_minutes": 10080.0,
				}
			},
			then: func(s state) attributes {
				return attributes{
					"auth_server_id": s.id(server), "policy_id": s.id("okta_auth_server_policy.test"), "name": "test_updated", "priority": 1.0,
					"status": "INACTIVE", "grant_type_whitelist": []any{"password", "authorization_code", "implicit"},
					"scope_whitelist": []any{"*"}, "group_whitelist": []any{"EVERYONE"}, "user_blacklist": []any{s.id("okta_user.ada")},
					"access_token_lifetime_minutes": 30.0, "refresh_token_lifetime_minutes": 120.0, "refresh_token_window_minutes": 60.0,
				}
			},
		},
		{
			name: "okta_app_oauth_api_scope.robot", kind: apiScopes{}, first: scopes("okta.users.read", "okta.apps.read"),
			then: scopes("okta.users.read", "okta.users.manage", "okta.groups.read"),
		},
	}
}
