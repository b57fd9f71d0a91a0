package terraform

// applications are those of the plan, and who has them.
func applications() []resource {
	return append([]resource{
		{
			name: "okta_app_bookmark.wiki", kind: bookmark(),
			first: config(attributes{"label": "Wiki", "url": "https://wiki.example.com", "status": "ACTIVE"}),
			then: config(attributes{
				"label": "Old wiki", "url": "https://old.example.com", "status": "INACTIVE", "hide_web": true, "admin_note": "to be removed",
			}),
		},
		{
			name: "okta_app_auto_login.bank", kind: autoLogin(),
			first: config(attributes{
				"label": "Bank", "status": "ACTIVE", "sign_on_url": "https://example.com/login.html", "sign_on_redirect_url": "https://example.com",
				"credentials_scheme": "EDIT_USERNAME_AND_PASSWORD", "reveal_password": true, "user_name_template": "user.firstName",
				"user_name_template_type": "CUSTOM", "admin_note": "admin note", "enduser_note": "enduser note",
			}),
			then: config(attributes{
				"label": "Bank", "status": "ACTIVE", "sign_on_url": "https://exampleupdate.com/login.html",
				"sign_on_redirect_url": "https://exampleupdate.com", "credentials_scheme": "EDIT_USERNAME_AND_PASSWORD", "reveal_password": false,
				"user_name_template": "user.firstName", "user_name_template_type": "CUSTOM", "user_name_template_push_status": "PUSH",
				"admin_note": "another note",
			}),
		},
		{
			name: "okta_app_oauth.shop", kind: oauthApp(), kept: []string{"client_secret"},
			first: config(attributes{
				"label": "Shop", "status": "ACTIVE", "type": "web", "grant_types": []any{"authorization_code", "refresh_token"},
				"response_types": []any{"code"}, "redirect_uris": []any{"https://shop.example.com/callback"},
				"refresh_token_rotation": "STATIC",
			}),
			then: config(attributes{
				"label": "Shop", "status": "ACTIVE", "type": "web", "grant_types": []any{"implicit", "authorization_code"},
				"response_types": []any{"code", "token", "id_token"}, "post_logout_redirect_uris": []any{"https://shop.example.com/bye"},
				"redirect_uris": []any{"https://shop.example.com/callback", "https://shop.example.com/other"}, "consent_method": "TRUSTED",
				"token_endpoint_auth_method": "client_secret_post", "refresh_token_rotation": "",
			}),
		},
		{
			name: "okta_app_oauth.spa", kind: oauthApp(), kept: []string{"client_secret"},
			first: config(attributes{
				"label": "Single page", "status": "ACTIVE", "type": "browser", "grant_types": []any{"authorization_code"},
				"response_types": []any{"code"}, "redirect_uris": []any{"https://spa.example.com/callback"},
				"token_endpoint_auth_method": "none", "pkce_required": true,
			}),
		},
		{
			name: "okta_app_oauth.robot", kind: oauthApp(), kept: []string{"client_secret"},
			first: config(attributes{
				"label": "Robot", "status": "ACTIVE", "type": "service", "grant_types": []any{"client_credentials"}, "response_types": []any{"token"},
			}),
		},
		{name: "okta_app_saml.payroll", kind: samlApp(), first: payroll(nil), then: payroll(attributes{
			"sso_url": "https://pay.example.com/acs2", "recipient": "https://pay.example.com/acs2", "destination": "https://pay.example.com/acs2",
			"digest_algorithm": "SHA1", "attribute_statements": []any{attributes{
				"type": "EXPRESSION", "name": "mail", "namespace": "urn:oasis:names:tc:SAML:2.0:attrname-format:basic", "values": []any{"user.email"},
			}, attributes{
				"type": "GROUP", "name": "groups", "namespace": "urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified",
				"filterType": "STARTS_WITH", "filterValue": "Te",
			}},
			"allow_multiple_acs_endpoints": true, "acs_endpoints": []any{attributes{"url": "https://pay.example.com/acs3", "index": 0.0}},
		})},
		{name: "okta_app_saml.rekeyed", kind: samlApp(), kept: []string{"key_name"}, first: payroll(attributes{"label": "Rekeyed", "key_name": "second"})},
	}, assignments()...)
}

func payroll(more attributes) func(state) attributes {
	a := attributes{
		"label": "Payroll", "status": "ACTIVE", "sso_url": "https://pay.example.com/acs", "recipient": "https://pay.example.com/acs",
		"destination": "https://pay.example.com/acs", "audience": "https://pay.example.com", "subject_name_id_template": "${user.userName}",
		"subject_name_id_format": "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress", "response_signed": true, "assertion_signed": true,
		"signature_algorithm": "RSA_SHA256", "digest_algorithm": "SHA256", "honor_force_authn": false,
		"authn_context_class_ref": "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
	}
	for k, v := range more {
		a[k] = v
	}
	return config(a)
}

func assignments() []resource {
	return []resource{
		{
			name: "okta_app_group_assignments.wiki", kind: appGroups{},
			first: func(s state) attributes {
				return attributes{"app_id": s.id("okta_app_oauth.shop"), "group": []any{
					attributes{"id": s.id("okta_group.team"), "priority": 0.0, "profile": attributes{}},
					attributes{"id": s.id("okta_group.other"), "priority": 1.0, "profile": attributes{}},
				}}
			},
			then: func(s state) attributes {
				return attributes{"app_id": s.id("okta_app_oauth.shop"), "group": []any{
					attributes{"id": s.id("okta_group.other"), "priority": 0.0, "profile": attributes{}},
				}}
			},
		},
		{
			name: "okta_app_user.ada", kind: newAppUser(), kept: []string{"password"},
			first: func(s state) attributes {
				return attributes{
					"app_id": s.id("okta_app_auto_login.bank"), "user_id": s.id("okta_user.ada"), "username": "ada", "password": "Bank-Pass-1",
				}
			},
			then: func(s state) attributes {
				return attributes{"app_id": s.id("okta_app_auto_login.bank"), "user_id": s.id("okta_user.ada"), "username": "ada.king"}
			},
		},
	}
}
