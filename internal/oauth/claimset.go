package oauth

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"usher/internal/apps"
	"usher/internal/el"
	"usher/internal/idp"
	"usher/internal/store"
)

// Claims are what tokens say beyond what the protocol itself puts there. Sub is
// among Access where the server has a claim for it.
type Claims struct {
	// Access is for the access token.
	Access map[string]any
	// Identity is for an ID token that comes with an access token (nil where
	// there is none to be made), Full for one that comes alone and for the user
	// info.
	Identity map[string]any
	Full     map[string]any
}

// Claims makes the claims. One whose expression fails or gives nothing is left
// out. (spec: management-extra OAuth2Claim; OpenID Connect Core section 5.1)
func (f *Facts) Claims() (*Claims, error) {
	out := &Claims{Access: map[string]any{}, Identity: map[string]any{}, Full: map[string]any{}}
	if f.User != nil {
		if err := f.standard(out); err != nil {
			return nil, err
		}
	}
	scope, err := f.scope()
	if err != nil {
		return nil, err
	}
	for _, c := range f.asked() {
		v, ok := c.make(scope)
		if !ok {
			continue
		}
		switch {
		case c.Type == ClaimResource:
			out.Access[c.Name] = v
		case c.Always:
			out.Identity[c.Name], out.Full[c.Name] = v, v
		default:
			out.Full[c.Name] = v
		}
	}
	return out, nil
}

// asked are the claims that are to be made, those of OpenID Connect aside.
func (f *Facts) asked() []*Claim {
	return slices.DeleteFunc(slices.Concat(f.Server.Claims, f.groupsClaim()), func(c *Claim) bool {
		return c.Status != Active || !c.wanted(f.Scopes) || (c.Type == ClaimIdentity && f.User == nil)
	})
}

// groupsClaim is the claim that the organisation's own server makes of the
// groups, as the client's application says.
func (f *Facts) groupsClaim() []*Claim {
	if !f.Server.Own() || f.Client == nil {
		return nil
	}
	g := f.Client.Details.GroupsClaim
	if g == nil {
		return nil
	}
	c := &Claim{
		Name: g.Name, Type: ClaimIdentity, ValueType: ValueExpression, Value: g.Value, Scopes: []string{ScopeGroups}, Always: true, Status: Active,
	}
	if g.Kind() == apps.GroupsFilter {
		c.ValueType, c.Filter = ValueGroups, g.Filter
	}
	c.compile()
	return []*Claim{c}
}

// wanted tells whether a claim goes with one of the scopes.
func (c *Claim) wanted(scopes []string) bool {
	return len(c.Scopes) == 0 || slices.ContainsFunc(c.Scopes, func(name string) bool { return slices.Contains(scopes, name) })
}

// compile gets a claim ready to be made. Its value was checked when it was
// stored: what does not compile makes nothing.
func (c *Claim) compile() {
	if c.ValueType == ValueExpression {
		if p, err := el.Parse(c.Value, el.Claims()); err == nil {
			c.program, c.grouped = p, p.Uses().Groups()
		}
		return
	}
	c.grouped = true
	if c.Filter == FilterRegex {
		if re, err := wholeName(c.Value); err == nil {
			c.pattern = re
		}
	}
}

// wholeName is a pattern that a whole group name has to match.
func wholeName(pattern string) (*regexp.Regexp, error) {
	return regexp.Compile(`^(?:` + pattern + `)$`)
}

// make gives the value of a claim; ok is false for none.
func (c *Claim) make(scope el.Scope) (v any, ok bool) {
	if c.ValueType == ValueGroups {
		names := []string{}
		for _, g := range scope.Member {
			if c.matches(g.Name) {
				names = append(names, g.Name)
			}
		}
		return names, true
	}
	if c.program == nil {
		return nil, false
	}
	value, err := c.program.Value(scope)
	if err != nil || value.Kind() == el.KindNull {
		return nil, false
	}
	return value.Any(), true
}

// matches tells whether a group belongs to the claim by its name.
func (c *Claim) matches(name string) bool {
	switch c.Filter {
	case FilterStartsWith:
		return strings.HasPrefix(name, c.Value)
	case FilterEquals:
		return name == c.Value
	case FilterContains:
		return strings.Contains(name, c.Value)
	case FilterRegex:
		return c.pattern != nil && c.pattern.MatchString(name)
	}
	return false
}

// standard adds the claims that OpenID Connect has for scopes. An ID token that
// comes with an access token has those of them that the server always tells; the
// user info has all. (OpenID Connect Core section 5.4)
func (f *Facts) standard(out *Claims) error {
	if !slices.Contains(f.Scopes, ScopeOpenID) {
		return nil
	}
	a, err := f.User.Attributes()
	if err != nil {
		return store.Failure("read profile", err)
	}
	for _, scope := range f.Scopes {
		switch scope {
		case ScopeProfile:
			f.profile(a, out.Full)
		case ScopeEmail:
			if text := a.Text("email"); text != "" {
				out.Full["email"], out.Full["email_verified"] = text, true
			}
		case ScopeAddress:
			if address := addressOf(a); len(address) > 0 {
				out.Full["address"] = address
			}
		case ScopePhone:
			put(out.Full, "phone_number", a.Text("primaryPhone"))
			if out.Full["phone_number"] == nil {
				put(out.Full, "phone_number", a.Text("mobilePhone"))
			}
		}
	}
	if out.Identity == nil {
		return nil
	}
	for _, name := range f.Server.always() {
		if v, ok := out.Full[name]; ok {
			out.Identity[name] = v
		}
	}
	return nil
}

// profile adds the claims of the scope of this name.
func (f *Facts) profile(a idp.Attributes, full map[string]any) {
	name := a.Text("displayName")
	if name == "" {
		name = a.DisplayName()
	}
	put(full, "name", name)
	put(full, "preferred_username", f.User.Login)
	for _, c := range [...]struct{ claim, attribute string }{
		{"given_name", "firstName"},
		{"family_name", "lastName"},
		{"middle_name", "middleName"},
		{"nickname", "nickName"},
		{"profile", "profileUrl"},
		{"zoneinfo", "timezone"},
	} {
		put(full, c.claim, a.Text(c.attribute))
	}
	// The language tag of the interface has a dash. (OpenID Connect Core section 5.1)
	put(full, "locale", strings.ReplaceAll(a.Text("locale"), "_", "-"))
	full["updated_at"] = f.User.LastUpdated.Unix()
}

// addressOf is the claim of the scope address. (OpenID Connect Core section 5.1.1)
func addressOf(a idp.Attributes) map[string]any {
	out := map[string]any{}
	for member, attribute := range map[string]string{
		"street_address": "streetAddress", "locality": "city", "region": "state", "postal_code": "zipCode", "country": "countryCode",
		"formatted": "postalAddress",
	} {
		put(out, member, a.Text(attribute))
	}
	return out
}

func put(into map[string]any, name, text string) {
	if text != "" {
		into[name] = text
	}
}

// object decodes a JSON object; anything else is an empty one.
func object(text json.RawMessage) map[string]any {
	out := map[string]any{}
	if len(text) > 0 && json.Unmarshal(text, &out) != nil || out == nil {
		return map[string]any{}
	}
	return out
}
