package idx

import "usher/internal/signin"

// identify asks who is signing in. In the first form of the interface it has
// the name alone. (idx reference: identify family; seed conformance check)
func identify(v *view, step signin.Step) *form {
	s, ok := step.(signin.Identify)
	if !ok || v.tx.Recovering() {
		return nil
	}
	name := field{Name: fieldIdentifier, Label: "Username"}
	if s.Login != "" {
		name.Value = s.Login
	}
	if v.dialect == seed {
		f := v.form("identify", "/identify", name)
		return &f
	}
	name.Required = yes()
	f := v.form("identify", "/identify", name, field{Name: fieldRememberMe, Type: "boolean", Label: "Keep me signed in"})
	return &f
}
