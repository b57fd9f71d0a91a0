package conformance_test

import (
	"slices"
	"testing"
)

// fill gives the user of the plans a profile with everything that it can hold.
func fill(t *testing.T, p *party) {
	t.Helper()
	p.app.On(t).Post("/api/v1/users/"+user, map[string]any{"profile": map[string]any{
		"middleName": "Kent", "nickName": "Ike", "displayName": "Isaac Brock", "profileUrl": "https://people.example/isaac", "timezone": "America/Los_Angeles",
		"locale": "en_US", "primaryPhone": "+1 555 0100", "streetAddress": "1 Main Street", "city": "Issaquah", "state": "Washington", "zipCode": "98027",
		"countryCode": "US", "postalAddress": "1 Main Street, Issaquah",
	}}).Want(200)
}

// has fails the test unless the user info, or the ID token where no access token
// came, has these claims.
func (p *party) has(t *testing.T, out *outcome, names ...string) map[string]any {
	t.Helper()
	said := out.claims
	if out.access != "" {
		said = p.userinfo(t, out.access)
	}
	for _, name := range names {
		if said[name] == nil || said[name] == "" {
			t.Errorf("no %s among %v", name, said)
		}
	}
	return said
}

// scopes asks for some, all of which the server says it has.
func (p *party) scopes(t *testing.T, scope string, each []string, names ...string) map[string]any {
	t.Helper()
	for _, s := range each {
		if !p.offers("scopes_supported", s) {
			t.Errorf("%s is not among %v", s, p.discovery["scopes_supported"])
		}
	}
	return p.has(t, p.visitor(t).complete(t, p.basic, p.request(p.basic, "scope", scope)), names...)
}

// lacks fails the test when claims are given that the page says are not.
func lacks(t *testing.T, said map[string]any, names ...string) {
	t.Helper()
	for _, name := range names {
		if said[name] != nil {
			t.Errorf("%s is given: the page may say so", name)
		}
	}
}

// The claims of the scope profile, and those among them that users do not have.
// (OpenID Connect Core section 5.4)
var (
	profileClaims = []string{
		"name", "family_name", "given_name", "middle_name", "nickname", "preferred_username", "profile", "zoneinfo", "locale", "updated_at",
	}
	noClaims = []string{"picture", "website", "gender", "birthdate"}
)

func scopeProfile(t *testing.T, p *party) {
	lacks(t, p.scopes(t, "openid profile", []string{"profile"}, profileClaims...), noClaims...)
}

func scopeEmail(t *testing.T, p *party) {
	lacks(t, p.scopes(t, "openid email", []string{"email"}, "email", "email_verified"), profileClaims...)
}

func scopeAddress(t *testing.T, p *party) {
	said := p.scopes(t, "openid address", []string{"address"}, "address")
	if address, _ := said["address"].(map[string]any); address["locality"] != "Issaquah" || address["country"] != "US" {
		t.Errorf("%v", said)
	}
}

func scopePhone(t *testing.T, p *party) {
	lacks(t, p.scopes(t, "openid phone", []string{"phone"}, "phone_number"), "phone_number_verified")
}

func scopeAll(t *testing.T, p *party) {
	names := slices.Concat(profileClaims, []string{"email", "email_verified", "address", "phone_number"})
	p.scopes(t, "openid profile email address phone", []string{"profile", "email", "address", "phone"}, names...)
}
