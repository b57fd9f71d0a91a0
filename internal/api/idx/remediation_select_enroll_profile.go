package idx

import "usher/internal/signin"

// selectEnrollProfile leads to registration, where the organisation lets people
// make themselves known. (idx reference: identify family)
func selectEnrollProfile(v *view, step signin.Step) *form {
	if s, ok := step.(signin.Identify); !ok || !s.Registration {
		return nil
	}
	f := v.form("select-enroll-profile", "/enroll")
	return &f
}
