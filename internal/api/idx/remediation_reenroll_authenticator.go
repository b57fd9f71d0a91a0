package idx

import "usher/internal/signin"

// reenrollAuthenticator asks for a new password. Its name tells why.
// (idx reference: password change)
func reenrollAuthenticator(v *view, step signin.Step) *form {
	s, ok := step.(signin.ChangePassword)
	if !ok {
		return nil
	}
	name := "reenroll-authenticator"
	switch s.Reason {
	case signin.PasswordWarned:
		name = "reenroll-authenticator-warning"
	case signin.PasswordReset:
		name = "reset-authenticator"
	case signin.PasswordExpired:
	}
	f := v.form(name, "/challenge/answer", credentials(
		field{Name: fieldPasscode, Label: "New password", Required: yes(), Secret: yes()},
		field{Name: fieldRevoke, Type: "boolean", Label: "Sign me out of all other devices"},
	))
	f.RelatesTo = []string{"$.currentAuthenticator"}
	return &f
}
