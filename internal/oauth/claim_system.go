package oauth

import (
	"crypto/sha256"
	"slices"

	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/store"
)

// ValueSystem is how the claims that OpenID Connect has for scopes are made:
// what they say is ours to know. (recorded answers)
const ValueSystem = "SYSTEM"

// systemClaim is one of the claims that OpenID Connect has for scopes.
type systemClaim struct {
	name, scope string
	always      bool // stands in ID tokens that come with an access token, too
}

// systemClaims are those that every custom server has, with what they begin
// with. (OpenID Connect Core sections 5.1 and 5.4; recorded answers)
func systemClaims() []systemClaim {
	return []systemClaim{
		{"name", ScopeProfile, true},
		{"family_name", ScopeProfile, false},
		{"given_name", ScopeProfile, false},
		{"middle_name", ScopeProfile, false},
		{"nickname", ScopeProfile, false},
		{"preferred_username", ScopeProfile, true},
		{"profile", ScopeProfile, false},
		{"picture", ScopeProfile, false},
		{"website", ScopeProfile, false},
		{"gender", ScopeProfile, false},
		{"birthdate", ScopeProfile, false},
		{"zoneinfo", ScopeProfile, false},
		{"locale", ScopeProfile, false},
		{"updated_at", ScopeProfile, false},
		{"email", ScopeEmail, true},
		{"email_verified", ScopeEmail, false},
		{"address", ScopeAddress, false},
		{"phone_number", ScopePhone, false},
	}
}

// addSystemClaims puts the claims of OpenID Connect behind the server's others.
// One is stored when it is changed for the first time; until then it is made
// anew each time, always with the same identifier.
func (s *Server) addSystemClaims() {
	stored := map[string]*Claim{}
	s.Claims = slices.DeleteFunc(s.Claims, func(c *Claim) bool {
		if c.ValueType == ValueSystem {
			stored[c.Name] = c
		}
		return c.ValueType == ValueSystem
	})
	for _, v := range systemClaims() {
		c := stored[v.name]
		if c == nil {
			c = &Claim{
				part: part{ID: systemClaimID(s.ID, v.name), Created: s.Created, LastUpdated: s.Created}, Name: v.name, Type: ClaimIdentity,
				ValueType: ValueSystem, Scopes: []string{v.scope}, Always: v.always, Status: Active, System: true,
			}
		}
		s.system = append(s.system, c)
	}
}

// systemClaimID is the identifier of a claim of OpenID Connect, which depends on
// the server alone.
func systemClaimID(serverID, name string) string {
	const digits, length = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", 17
	sum := sha256.Sum256([]byte(serverID + " " + name))
	out := []byte("ocl")
	for _, b := range sum[:length] {
		out = append(out, digits[int(b)%len(digits)])
	}
	return string(out)
}

// AllClaims are the server's claims, those of OpenID Connect last.
func (s *Server) AllClaims() []*Claim { return slices.Concat(s.Claims, s.system) }

// always are the names of the claims of OpenID Connect that stand in ID tokens
// that come with an access token, too.
func (s *Server) always() []string {
	var out []string
	if s.Own() {
		for _, c := range systemClaims() {
			if c.always {
				out = append(out, c.name)
			}
		}
	}
	for _, c := range s.system {
		if c.Always {
			out = append(out, c.Name)
		}
	}
	return out
}

// takeSystem gives a claim of OpenID Connect what of it can be chosen: whether
// ID tokens have it that come with an access token.
func (c *Claim) takeSystem(in ClaimInput) error {
	var f faults
	switch {
	case in.Name != c.Name:
		return &idp.Error{Kind: idp.KindReadOnly, Object: "name"}
	case in.Type != "" && in.Type != c.Type:
		return &idp.Error{Kind: idp.KindReadOnly, Object: "claimType"}
	case in.ValueType != "" && in.ValueType != ValueSystem:
		return &idp.Error{Kind: idp.KindReadOnly, Object: "valueType"}
	}
	f.oneOf("status", string(in.Status), "", string(Active))
	if in.Always != nil {
		c.Always = *in.Always
	}
	return f.err()
}

// writeSystem writes a claim of OpenID Connect, for the first time where it was
// not stored yet.
func (s *Service) writeSystem(tx *store.Tx, a idp.Actor, v *Server, c *Claim) error {
	t := telling{eventlog.ClaimUpdate, v.target()}
	if c.version > 0 {
		return s.write(tx, a, v, c, t)
	}
	c.LastUpdated = tx.Now()
	return s.add(tx, a, v, c, 0, t)
}
