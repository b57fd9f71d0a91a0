package authn

import (
	"net/http"
	"strings"
	"time"

	"usher/internal/api/httpkit"
	"usher/internal/idp"
	"usher/internal/signin"
)

// The states of a transaction. (spec: authn TransactionState)
const (
	statusSuccess = "SUCCESS"
	statusWarn    = "PASSWORD_WARN"
	statusExpired = "PASSWORD_EXPIRED"
	statusReset   = "PASSWORD_RESET"
	statusLocked  = "LOCKED_OUT"
)

// transaction is the body of every answer. (spec: authn AuthenticationTransaction)
type transaction struct {
	StateToken    string  `json:"stateToken,omitempty"`
	Expires       *string `json:"expiresAt,omitempty"`
	Status        string  `json:"status"`
	RelayState    string  `json:"relayState,omitempty"`
	FactorResult  string  `json:"factorResult,omitempty"`
	ChallengeType string  `json:"challengeType,omitempty"`
	FactorType    string  `json:"factorType,omitempty"`
	RecoveryType  string  `json:"recoveryType,omitempty"`
	RecoveryToken string  `json:"recoveryToken,omitempty"`
	SessionToken  string  `json:"sessionToken,omitempty"`
	// Embedded is nil where nobody is proved yet.
	Embedded *embedded `json:"_embedded,omitempty"`
	Links    *links    `json:"_links,omitempty"`
}

type embedded struct {
	User *user `json:"user,omitempty"`
	// Factors are those to choose from, Factor the one that was chosen.
	Factors []mfaFactor `json:"factors,omitempty"`
	Factor  *mfaFactor  `json:"factor,omitempty"`
	// FactorTypes are those of which the user has several, Challenge what any of
	// them answers.
	FactorTypes []factorType   `json:"factorTypes,omitempty"`
	Challenge   map[string]any `json:"challenge,omitempty"`
	// Policy is a policy or an mfaPolicy.
	Policy any `json:"policy,omitempty"`
}

// user is the user of a transaction. (spec: authn TransactionUser)
type user struct {
	ID              string  `json:"id"`
	PasswordChanged *string `json:"passwordChanged"`
	Profile         profile `json:"profile"`
	// Question is shown while it is asked.
	Question *question `json:"recovery_question,omitempty"`
}

type question struct {
	Question string `json:"question"`
}

type profile struct {
	Login     string `json:"login"`
	FirstName string `json:"firstName"`
	LastName  string `json:"lastName"`
	Locale    string `json:"locale"`
	TimeZone  string `json:"timeZone"`
}

// policy is what the password policy asks of a new password, all that the text
// about a refused one names: clients take out of that text what they show
// already. (spec: authn TransactionPolicy; client: sign-in widget)
type policy struct {
	Expiration *expiration `json:"expiration,omitempty"`
	Complexity complexity  `json:"complexity"`
	Age        age         `json:"age"`
}

type expiration struct {
	Days int `json:"passwordExpireDays"`
}

type complexity struct {
	MinLength         int      `json:"minLength"`
	MinLowerCase      int      `json:"minLowerCase"`
	MinUpperCase      int      `json:"minUpperCase"`
	MinNumber         int      `json:"minNumber"`
	MinSymbol         int      `json:"minSymbol"`
	ExcludeUsername   bool     `json:"excludeUsername"`
	ExcludeAttributes []string `json:"excludeAttributes,omitempty"`
}

type age struct {
	MinAgeMinutes int `json:"minAgeMinutes"`
	HistoryCount  int `json:"historyCount"`
}

// links are the ways on. Each allows exactly one method: clients make a
// function of such a link. (management reference: transaction object)
type links struct {
	Next   *httpkit.Href `json:"next,omitempty"`
	Skip   *httpkit.Href `json:"skip,omitempty"`
	Cancel *httpkit.Href `json:"cancel,omitempty"`
	Prev   *httpkit.Href `json:"prev,omitempty"`
	// Resend is one link in a recovery, a list of one else: the clients tell the
	// two apart. (management reference: state operations)
	Resend any `json:"resend,omitempty"`
}

// answer renders a step.
func (a *API) answer(r *httpkit.Request, t *signin.Transaction, step signin.Step) error {
	return a.answerWith(r, t, step, http.StatusOK)
}

func (a *API) answerWith(r *httpkit.Request, t *signin.Transaction, step signin.Step, status int) error {
	if _, waits := step.(signin.Challenge); waits && t.Recovering() {
		return recoveryChallenge(r, t)
	}
	out := transaction{StateToken: t.Handle, Expires: httpkit.Time(t.Expires), RelayState: t.RelayState, Embedded: new(embedded)}
	switch s := step.(type) {
	case signin.Done:
		if t.Intent == signin.IntentUnlock {
			return r.OK(transaction{Status: statusSuccess, RelayState: t.RelayState, RecoveryType: recoveryUnlock})
		}
		out.Status, out.StateToken, out.SessionToken, out.Expires = statusSuccess, "", s.SessionToken, httpkit.Time(s.Expires)
	case signin.Locked:
		return r.OK(transaction{Status: statusLocked, Embedded: new(embedded), Links: &links{Next: link(r, "unlock", "/recovery/unlock")}})
	case signin.Denied:
		return idp.Fail(idp.KindPolicyDenied)
	case signin.ChangePassword:
		out.password(r, t, s, a.Engine.Clock.Now())
	case signin.Recover, signin.Unlock:
		out.Status, out.RecoveryType = statusRecovery, recoveryType(t.Intent)
		out.Links = &links{Next: link(r, "answer", "/recovery/answer"), Cancel: link(r, "", "/cancel")}
	case signin.Verify:
		if s.Primary {
			return stateError(idp.Fail(idp.KindTransactionState))
		}
		out.required(r, s)
	case signin.Challenge:
		if t.Notes[noteType] != "" && t.Notes[noteType] == s.Method.Factor.Type {
			out.challengeOfType(r, s)
		} else {
			out.challenge(r, s)
		}
	case signin.Enroll:
		out.enroll(r, s, t.UserID)
	case signin.Activate:
		out.activate(r, s, t.UserID)
	case signin.Identify, signin.EnrollProfile, signin.Consent:
		// No transaction that this protocol begins comes here.
		return stateError(idp.Fail(idp.KindTransactionState))
	}
	s, err := a.Engine.Subject(r.Context(), r.Actor, t)
	if err != nil {
		return err
	}
	show := userOf
	if out.Status == statusRecovery {
		show = asked
	}
	if out.Embedded.User, err = show(s.User); err != nil {
		return err
	}
	return r.JSON(status, out)
}

// password renders the three states that ask for a new password.
func (out *transaction) password(r *httpkit.Request, t *signin.Transaction, s signin.ChangePassword, now time.Time) {
	p := &policy{Complexity: complexity{
		MinLength: s.Rules.MinLength, MinLowerCase: s.Rules.MinLower, MinUpperCase: s.Rules.MinUpper,
		MinNumber: s.Rules.MinNumber, MinSymbol: s.Rules.MinSymbol,
		ExcludeUsername: s.Rules.ExcludeUsername, ExcludeAttributes: s.Rules.ExcludeAttributes,
	}, Age: age{MinAgeMinutes: int(s.Rules.MinAge / time.Minute), HistoryCount: s.Rules.History}}
	out.Embedded.Policy = p
	out.Links = &links{Next: link(r, "changePassword", "/credentials/change_password"), Cancel: link(r, "", "/cancel")}
	switch s.Reason {
	case signin.PasswordWarned:
		out.Status = statusWarn
		p.Expiration = &expiration{Days: daysLeft(s.Expires, now)}
		out.Links.Skip = link(r, "skip", "/skip")
	case signin.PasswordExpired:
		out.Status = statusExpired
	case signin.PasswordReset:
		out.Status, out.RecoveryType = statusReset, recoveryType(t.Intent)
		p.Expiration = &expiration{}
		out.Links.Next = link(r, "resetPassword", "/credentials/reset_password")
	}
}

// daysLeft counts whole days until a password expires, the day that has begun
// included.
func daysLeft(expires, now time.Time) int {
	const day = 24 * time.Hour
	return int((expires.Sub(now) + day - 1) / day)
}

func link(r *httpkit.Request, name, path string) *httpkit.Href {
	return &httpkit.Href{Name: name, Href: r.Link("/api/v1/authn" + path), Hints: httpkit.Allow("POST")}
}

// What a profile without locale or time zone counts as.
// (management reference: transaction object)
const (
	defaultLocale   = "en_US"
	defaultTimeZone = "America/Los_Angeles"
)

func userOf(u *idp.User) (*user, error) {
	if u == nil {
		return nil, nil
	}
	attributes, err := u.Attributes()
	if err != nil {
		return nil, err
	}
	p := profile{
		Login: u.Login, FirstName: attributes.Text("firstName"), LastName: attributes.Text("lastName"),
		Locale: strings.ReplaceAll(attributes.Text("locale"), "-", "_"), TimeZone: attributes.Text("timezone"),
	}
	if p.Locale == "" {
		p.Locale = defaultLocale
	}
	if p.TimeZone == "" {
		p.TimeZone = defaultTimeZone
	}
	return &user{ID: u.ID, PasswordChanged: httpkit.Seconds(u.PasswordChanged), Profile: p}, nil
}
