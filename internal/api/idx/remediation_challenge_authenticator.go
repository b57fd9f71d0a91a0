package idx

import "usher/internal/signin"

// challengeAuthenticator asks for the proof of the method in use.
// (idx reference: verify)
func challengeAuthenticator(v *view, step signin.Step) *form {
	s, ok := step.(signin.Verify)
	if !ok {
		return nil
	}
	if _, ok := v.inUse(s); !ok {
		return nil
	}
	f := v.form("challenge-authenticator", "/challenge/answer", credentials(
		field{Name: fieldPasscode, Label: "Password", Required: yes(), Secret: yes()},
	))
	f.RelatesTo = []string{"$.currentAuthenticatorEnrollment"}
	return &f
}
