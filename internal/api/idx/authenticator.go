package idx

import (
	"strings"
	"time"

	"usher/internal/factor"
	"usher/internal/signin"
)

// names are how this protocol calls a method of the catalogue.
// (idx reference: authenticator and enrolment)
type names struct {
	key    string // of the authenticator
	kind   string // its type
	label  string // clients find it by this text
	method string // the type of its one method
	prefix string // of the identifiers of its enrolments
}

// catalogue holds the names by kind.
var catalogue = map[string]names{
	signin.ByEmail:          {key: "okta_email", kind: "email", label: "Email", method: "email", prefix: "eae"},
	signin.RecoveryQuestion: {key: "security_question", kind: "security_question", label: "Security Question", method: "security_question", prefix: "qae"},
	factor.Password:         {key: "okta_password", kind: "password", label: "Password", method: "password", prefix: "lae"},
}

// authenticator is a method as the organisation offers it, as a user has
// enrolled it, or as it is in use. (spec: idx Authenticator)
type authenticator struct {
	Type        string            `json:"type"`
	Key         string            `json:"key"`
	ID          string            `json:"id,omitempty"` // empty where it must not tell anything
	DisplayName string            `json:"displayName"`
	Methods     []methodType      `json:"methods"`
	Settings    *settings         `json:"settings,omitempty"`
	Profile     map[string]string `json:"profile,omitempty"`
	// What one can do about it besides answering.
	Recover *form `json:"recover,omitempty"`
	Resend  *form `json:"resend,omitempty"`
}

type methodType struct {
	Type string `json:"type"`
}

// settings tell what the password policy asks of a new password.
// (idx reference: user, app, settings)
type settings struct {
	Complexity   complexity `json:"complexity"`
	Age          age        `json:"age"`
	DaysToExpiry *int       `json:"daysToExpiry,omitempty"`
}

type complexity struct {
	MinLength         int      `json:"minLength"`
	MinLowerCase      int      `json:"minLowerCase"`
	MinUpperCase      int      `json:"minUpperCase"`
	MinNumber         int      `json:"minNumber"`
	MinSymbol         int      `json:"minSymbol"`
	ExcludeUsername   bool     `json:"excludeUsername"`
	ExcludeAttributes []string `json:"excludeAttributes"`
}

type age struct {
	MinAgeMinutes int `json:"minAgeMinutes"`
	HistoryCount  int `json:"historyCount"`
}

// offered is a method as an authenticator of the organisation.
func offered(m signin.Method) authenticator {
	n := catalogue[m.Kind]
	return authenticator{Type: n.kind, Key: n.key, ID: m.ID, DisplayName: n.label, Methods: []methodType{{n.method}}}
}

// enrolled is a method as the user's enrolment. Its identifier is made of what
// was typed, so that it tells nobody whether there is such a user.
func (v *view) enrolled(m signin.Method) authenticator {
	e := offered(m)
	e.ID = factor.EnrolmentID(catalogue[m.Kind].prefix, v.r.Org.ID, strings.ToLower(v.tx.Login), m.Kind)
	return e
}

// password is the authenticator of the password with the rules for a new one.
func (v *view) password(c signin.ChangePassword) authenticator {
	p := offered(signin.Method{Kind: factor.Password, ID: factor.AuthenticatorID(v.r.Org.ID, factor.Password)})
	p.Settings = &settings{
		Complexity: complexity{
			MinLength: c.Rules.MinLength, MinLowerCase: c.Rules.MinLower, MinUpperCase: c.Rules.MinUpper, MinNumber: c.Rules.MinNumber,
			MinSymbol: c.Rules.MinSymbol, ExcludeUsername: c.Rules.ExcludeUsername, ExcludeAttributes: append([]string{}, c.Rules.ExcludeAttributes...),
		},
		Age: age{MinAgeMinutes: int(c.Rules.MinAge / time.Minute), HistoryCount: c.Rules.History},
	}
	if !c.Expires.IsZero() {
		const day = 24 * time.Hour
		days := int((c.Expires.Sub(v.now) + day - 1) / day)
		p.Settings.DaysToExpiry = &days
	}
	return p
}
