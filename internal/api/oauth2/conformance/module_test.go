package conformance_test

import "testing"

// The results that a module can have, in the words of the suite but for gap:
// that is what the suite would call failed.
const (
	passes  = "pass"
	warns   = "warning"
	skipped = "skipped"
	gap     = "gap"
)

// module is one module of the suite. What is not passed has a reason, and a run
// that shows that the reason holds.
type module struct {
	name   string
	run    func(t *testing.T, p *party)
	result string
	why    string
}

// pass is a module whose conditions all hold.
func pass(name string, run func(t *testing.T, p *party)) module {
	return module{name: name, run: run, result: passes}
}

// less is a module of another result.
func less(result, name, why string, run func(t *testing.T, p *party)) module {
	return module{name: name, run: run, result: result, why: why}
}

// part is a run of modules with one response type.
type part struct {
	response string
	mode     string
	modules  []module
}

// plan is a certification plan of the OpenID Foundation.
type plan struct {
	name  string
	title string
	parts []part
}

// plans are those that are run here, in the order of the page.
func plans() []plan {
	const query, form = "", "form_post"
	basic := func(mode string) []part { return []part{{"code", mode, basicModules()}} }
	implicit := func(mode string) []part {
		return []part{{"id_token", mode, implicitModules(false)}, {"id_token token", mode, implicitModules(true)}}
	}
	hybrid := func(mode string) []part {
		return []part{
			{"code id_token", mode, hybridModules(true, true)},
			{"code token", mode, hybridModules(false, false)},
			{"code id_token token", mode, hybridModules(true, false)},
		}
	}
	return []plan{
		{"oidcc-basic-certification-test-plan", "Basic OP", basic(query)},
		{"oidcc-implicit-certification-test-plan", "Implicit OP", implicit(query)},
		{"oidcc-hybrid-certification-test-plan", "Hybrid OP", hybrid(query)},
		{"oidcc-formpost-basic-certification-test-plan", "Form Post OP, basic", basic(form)},
		{"oidcc-formpost-implicit-certification-test-plan", "Form Post OP, implicit", implicit(form)},
		{"oidcc-formpost-hybrid-certification-test-plan", "Form Post OP, hybrid", hybrid(form)},
		{"oidcc-config-certification-test-plan", "Config OP", []part{{"", query, configModules()}}},
		{"oidcc-dynamic-certification-test-plan", "Dynamic OP", []part{{"code", query, dynamicModules()}}},
		{"oidcc-rp-initiated-logout-certification-test-plan", "RP-Initiated Logout OP", []part{{"code", query, logoutModules()}}},
		{"oidcc-backchannel-rp-initiated-logout-certification-test-plan", "Back-Channel OP", []part{{"code", query, backChannelModules()}}},
		{"oidcc-frontchannel-rp-initiated-logout-certification-test-plan", "Front-Channel OP", []part{{"code", query, frontChannelModules()}}},
	}
}

// basicModules are those of the code flow.
func basicModules() []module {
	out := []module{pass("oidcc-server", happyFlow), pass("oidcc-response-type-missing", responseTypeMissing), pass("oidcc-idtoken-signature", signature), unsignedToken()}
	out = append(out, userinfoModules()...)
	out = append(out, pass("oidcc-ensure-request-without-nonce-succeeds-for-code-flow", withoutNonce))
	out = append(out, commonModules()...)
	out = append(out, codeModules()...)
	out = append(out, pass("oidcc-ensure-post-request-succeeds", postRequest), pass("oidcc-server-client-secret-post", secretPost))
	out = append(out, objectModules()...)
	return append(out, pass("oidcc-refresh-token", refreshToken), pass("oidcc-ensure-request-with-valid-pkce-succeeds", withProofKey))
}

// implicitModules are those of the flow without a code; access tells whether an
// access token comes too.
func implicitModules(access bool) []module {
	out := []module{pass("oidcc-server", happyFlow), pass("oidcc-idtoken-signature", signature), pass("oidcc-ensure-request-without-nonce-fails", nonceMissing)}
	out = append(out, commonModules()...)
	out = append(out, objectModules()...)
	if access {
		out = append(out, userinfoModules()...)
		out = append(out, pass("oidcc-response-type-missing", responseTypeMissing))
	}
	return out
}

// hybridModules are those of the flows with a code and more. front tells whether
// an ID token comes from the authorization endpoint, first whether it is the
// first of the three response types, with which some modules are run alone.
func hybridModules(front, first bool) []module {
	out := []module{pass("oidcc-server", happyFlow)}
	if first {
		out = append(out, pass("oidcc-response-type-missing", responseTypeMissing))
	}
	out = append(out, pass("oidcc-idtoken-signature", signature))
	out = append(out, userinfoModules()...)
	if front {
		out = append(out, pass("oidcc-ensure-request-without-nonce-fails", nonceMissing))
	} else {
		out = append(out, pass("oidcc-ensure-request-without-nonce-succeeds-for-code-flow", withoutNonce))
	}
	out = append(out, commonModules()...)
	out = append(out, codeModules()...)
	out = append(out, pass("oidcc-server-client-secret-post", secretPost))
	out = append(out, objectModules()...)
	out = append(out, pass("oidcc-refresh-token", refreshToken))
	if first {
		out = append(out, pass("oidcc-ensure-request-with-valid-pkce-succeeds", withProofKey))
	}
	return out
}

// commonModules are those of every flow.
func commonModules() []module {
	return []module{
		less(warns, "oidcc-scope-profile", "Profiles of users have no picture, website, gender and birthdate.", scopeProfile),
		pass("oidcc-scope-email", scopeEmail),
		pass("oidcc-scope-address", scopeAddress),
		less(warns, "oidcc-scope-phone", "The service has no claim phone_number_verified.", scopePhone),
		less(warns, "oidcc-scope-all", "As oidcc-scope-profile and oidcc-scope-phone.", scopeAll),
		pass("oidcc-alternate-happy-flow", otherOrder),
		pass("oidcc-display-page", parameter("display", "page")),
		pass("oidcc-display-popup", parameter("display", "popup")),
		pass("oidcc-prompt-login", promptLogin),
		pass("oidcc-prompt-none-not-logged-in", promptNoneNobody),
		pass("oidcc-prompt-none-logged-in", promptNone),
		pass("oidcc-max-age-1", maxAgeOver),
		pass("oidcc-max-age-10000", maxAgeWithin),
		pass("oidcc-ensure-request-with-unknown-parameter-succeeds", parameter("extra", "foobar")),
		pass("oidcc-id-token-hint", idTokenHint),
		pass("oidcc-login-hint", loginHint),
		pass("oidcc-ui-locales", parameter("ui_locales", "se no fr")),
		pass("oidcc-claims-locales", parameter("claims_locales", "se")),
		less(warns, "oidcc-ensure-request-with-acr-values-succeeds", "For values that nobody knows the ID token names the assurance that was reached.", acrValues),
		pass("oidcc-ensure-registered-redirect-uri", unregistered),
		less(warns, "oidcc-claims-essential", "The parameter claims is no part of the service's interface: claims go by scopes.", claimsParameter),
	}
}

// userinfoModules ask for the user in the three ways that there are.
func userinfoModules() []module {
	return []module{
		pass("oidcc-userinfo-get", userinfoBy("GET", true)),
		pass("oidcc-userinfo-post-header", userinfoBy("POST", true)),
		pass("oidcc-userinfo-post-body", userinfoBy("POST", false)),
	}
}

// codeModules are about codes.
func codeModules() []module {
	return []module{pass("oidcc-codereuse", reuse(0)), pass("oidcc-codereuse-30seconds", reuse(30))}
}

// objectModules are about requests in a JWT that nobody has signed.
func objectModules() []module {
	const why = "Unsigned request objects are refused, as the discovery document says."
	return []module{
		less(skipped, "oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported", why, objectByReference),
		less(skipped, "oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported", why, unsignedObject),
		less(skipped, "oidcc-ensure-request-object-with-redirect-uri", why+" The address in a signed one counts.", signedObject),
	}
}

// unsignedToken wants ID tokens that nobody has signed.
func unsignedToken() module {
	return less(skipped, "oidcc-idtoken-unsigned", "ID tokens are always signed, as the discovery document says.", func(t *testing.T, p *party) {
		if p.offers("id_token_signing_alg_values_supported", "none") || !p.offers("id_token_signing_alg_values_supported", "RS256") {
			t.Errorf("%v", p.discovery["id_token_signing_alg_values_supported"])
		}
		p.visitor(t).complete(t, p.basic, p.request(p.basic))
	})
}
