package idx

// envelope is the body of every answer. A member that has nothing to say is
// left out, never null: clients look into every one that is there.
// (spec: idx IdxResponse; idx reference: envelope)
type envelope struct {
	StateHandle             string                     `json:"stateHandle,omitempty"`
	Version                 string                     `json:"version"`
	Expires                 *string                    `json:"expiresAt,omitempty"`
	Step                    string                     `json:"step,omitempty"`
	Intent                  string                     `json:"intent,omitempty"`
	Remediation             *collection[form]          `json:"remediation,omitempty"`
	Messages                *messages                  `json:"messages,omitempty"`
	CurrentAuthenticator    *object[authenticator]     `json:"currentAuthenticator,omitempty"`
	CurrentEnrollment       *object[authenticator]     `json:"currentAuthenticatorEnrollment,omitempty"`
	RecoveryAuthenticator   *object[authenticator]     `json:"recoveryAuthenticator,omitempty"`
	Authenticators          *collection[authenticator] `json:"authenticators,omitempty"`
	AuthenticatorEnrollment *collection[authenticator] `json:"authenticatorEnrollments,omitempty"`
	User                    *object[user]              `json:"user,omitempty"`
	Success                 *redirection               `json:"success,omitempty"`
	WithCode                *form                      `json:"successWithInteractionCode,omitempty"`
	Cancel                  *form                      `json:"cancel,omitempty"`
	Context                 *form                      `json:"context,omitempty"`
}

// user is who signs in: what was typed, and, once something is proved, who
// that is. (idx reference: user, app, settings)
type user struct {
	ID         string   `json:"id,omitempty"`
	Identifier string   `json:"identifier,omitempty"`
	Profile    *profile `json:"profile,omitempty"`
}

type profile struct {
	FirstName string `json:"firstName,omitempty"`
	LastName  string `json:"lastName,omitempty"`
	TimeZone  string `json:"timeZone,omitempty"`
	Locale    string `json:"locale,omitempty"`
}

// redirection sends a browser on. It is no form. (spec: idx Redirect)
type redirection struct {
	Name string `json:"name"`
	Href string `json:"href"`
}

// The steps that answers name. (idx reference: step and intent)
const (
	stepIdentify     = "IDENTIFY"
	stepAuthenticate = "AUTHENTICATE"
	stepEnroll       = "ENROLL"
	stepGrant        = "GRANT"
)

// intentLogin is what every transaction here is for.
const intentLogin = "LOGIN"
