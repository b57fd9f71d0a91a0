package signin

import (
	"encoding/json"
	"time"

	"usher/internal/factor"
	"usher/internal/idp"
)

// Step is what has to happen next. The set is closed: a protocol that forgets
// one fails the linter.
//
//sumtype:decl
type Step interface{ step() }

// Identify asks who is signing in.
type Identify struct {
	// Login is a name to offer, e.g. one that was given and refused.
	Login string
	// Registration and Unlock tell whether these ways are open.
	Registration, Unlock bool
}

// Verify asks to choose a method and prove it. With a single option a protocol
// may present that one at once.
type Verify struct {
	Options []Method
	// Primary tells that nothing is proved yet: the first factor is asked for.
	Primary bool
	// Recoverable tells whether a forgotten password may be recovered.
	Recoverable bool
	// Remember is what may be said about the device; of a further factor.
	Remember Remember
}

// Remember tells whether a proof may be remembered with the device, so that it is
// not asked for again there. (management reference: primary authentication,
// remember device)
type Remember struct {
	Allowed bool
	// Life is how long; zero for as long as devices are remembered at all.
	Life time.Duration
	// Default tells whether it is offered as the usual choice.
	Default bool
}

// Challenge waits for the answer to the method that was chosen.
type Challenge struct {
	Method Method
	// Waiting tells that the answer comes from elsewhere and is polled for.
	Waiting bool
	// ID is the challenge's, empty where nothing was sent.
	ID string
	// Result is what has become of it where Waiting.
	Result  factor.Result
	Expires time.Time // zero where nothing was sent
	// View is what the user needs to see of it.
	View     factor.View
	Remember Remember
	// Any are the user's enrolments that may answer, Method among them, where a
	// user may have several.
	Any []Method
}

// Enroll asks to choose a method and enrol it.
type Enroll struct {
	Options   []Method
	Skippable bool
	// Phones are the numbers that the user has proved, as a sign-in may show them.
	Phones []factor.KnownPhone
}

// Activate waits for the proof that an enrolment under way works.
type Activate struct {
	Method  Method
	Waiting bool
	ID      string        // the challenge's, empty where nothing was sent
	Result  factor.Result // where Waiting
	Expires time.Time
	View    factor.View
	// Ticket stands in the address of the picture to scan; empty for none.
	Ticket string
}

// ChangePassword asks for a new password.
type ChangePassword struct {
	Reason PasswordReason
	// Expires is when the present one stops being good (PasswordWarned).
	Expires time.Time
	// OldNeeded tells whether the old password must be given again.
	OldNeeded bool
	// Question tells that a recovery question is wanted: the policy counts on one,
	// and the user, who is new, has none. A protocol without a place for it may
	// leave it out.
	Question bool
	// Rules are those of the user's password policy.
	Rules PasswordRules
}

// PasswordReason says why a new password is asked for.
type PasswordReason string

// The reasons.
const (
	PasswordExpired PasswordReason = "expired" // it must be changed
	PasswordWarned  PasswordReason = "warned"  // it will expire; may be skipped
	PasswordReset   PasswordReason = "reset"   // recovered or activated; may not
)

// PasswordRules are what a password policy tells to the one who chooses.
type PasswordRules struct {
	MinLength, MinLower, MinUpper, MinNumber, MinSymbol int
	ExcludeUsername                                     bool
	ExcludeAttributes                                   []string
	MinAge                                              time.Duration
	History                                             int
	// Requirements are the rules in words, e.g. "at least 8 characters".
	Requirements []string
}

// Recover asks for the proof that a recovery needs.
type Recover struct{ Options []Method }

// Unlock asks for the proof that unlocking needs.
type Unlock struct{ Options []Method }

// EnrollProfile asks for profile attributes.
type EnrollProfile struct{ Required []string }

// Consent asks the user to agree to what an application wants.
type Consent struct{ Scopes []string }

// Locked tells that the user is locked out, where the policy lets it show. The
// transaction stays where it was.
type Locked struct{}

// Denied tells that a policy refuses. A transaction that was to give a token is
// over; any other stays where it was.
type Denied struct {
	Reason string
	// Unmet tells that not a policy refuses: the user cannot reach a level that
	// was asked for.
	Unmet bool
}

// Done tells that the transaction has reached its end. With a token it is over;
// otherwise a browser can fetch its session with Engine.Redeem.
type Done struct {
	// SessionToken is the one-time token for a session, where one was asked for.
	SessionToken string
	// Expires is when it stops being good.
	Expires time.Time
}

func (Identify) step()       {}
func (Verify) step()         {}
func (Challenge) step()      {}
func (Enroll) step()         {}
func (Activate) step()       {}
func (ChangePassword) step() {}
func (Recover) step()        {}
func (Unlock) step()         {}
func (EnrollProfile) step()  {}
func (Consent) step()        {}
func (Locked) step()         {}
func (Denied) step()         {}
func (Done) step()           {}

// Method is a way to prove something, as a step offers it.
type Method struct {
	Kind     string // the method's name in the catalogue of package factor, e.g. "password"
	ID       string // the authenticator's identifier: stable within the organisation
	FactorID string // the user's enrolment, empty where there is none (or it must not show)

	// Factor names the factor for policies and administrators; zero for the
	// password.
	Factor factor.Kind
	// Profile is what may be shown of the enrolment, an object; nil for none.
	Profile json.RawMessage
	// Required tells that a policy wants it enrolled, Enrolled that it is: of the
	// options of Enroll.
	Required, Enrolled bool
	// Count is how many enrolments of the kind are active; of the options of Enroll.
	Count int
	// Sends tells that the method makes a challenge before it can be answered,
	// Resends that it can be sent again, Waits that the answer comes from elsewhere.
	Sends, Resends, Waits bool
	// Choices are what an enrolment chooses from, the usual one first; of the options
	// of Enroll, nil for no choice.
	Choices []factor.Choice
	// Auto tells that the user wants to be asked by it without choosing it.
	Auto bool
	// About is what the method tells about itself; of further factors.
	About factor.Description
}

// Subject is the user of a transaction, as far as the protocols may show it.
type Subject struct {
	// User is nil while nobody is known, and for a login that is nobody's.
	User *idp.User
	// Login is what was given.
	Login string
}
