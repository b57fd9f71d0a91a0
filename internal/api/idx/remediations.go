package idx

import "usher/internal/signin"

// remediation makes the form of one kind for a step, nil where the step does
// not offer it.
type remediation func(*view, signin.Step) *form

// remediations lists the kinds in the order in which they are shown: the form
// that the step is about comes first. A new one is a line here.
func remediations() []remediation {
	return []remediation{
		identify,
		identifyRecovery,
		challengeAuthenticator,
		challengeCode,
		challengeQuestion,
		authenticatorVerificationData,
		selectRecovery,
		reenrollAuthenticator,
		selectAuthenticator,
		skip,
		selectEnrollProfile,
		unlockAccount,
	}
}
