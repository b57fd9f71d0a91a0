package signin

import "usher/internal/factor"

// Action is one thing that the one who signs in does. The set is closed.
//
//sumtype:decl
type Action interface{ action() }

// GiveLogin says who is signing in.
type GiveLogin struct {
	Login    string
	Remember bool // keep the browser signed in
}

// Choose picks a method to verify. What has to be sent for it is sent.
type Choose struct {
	Method   string // kind or authenticator identifier
	FactorID string // one of the user's enrolments, where there are several
	// Auto asks to be asked by it from now on without choosing it, once it is proved;
	// of one whose answer comes from elsewhere. Nil leaves that as it is.
	Auto *bool
}

// VerifyFactor proves a method. Answer holds the fields that the method
// declares, e.g. "password".
type VerifyFactor struct {
	Method   string // empty: the chosen one
	FactorID string // of a further factor; empty: the chosen one
	Answer   map[string]string
	Remembering
}

// Remembering is what may be said about the device along with a proof.
type Remembering struct {
	// RememberDevice asks not to be asked for a further factor again on this device.
	RememberDevice bool
	// Device is what the device will be known by, where it was not known at the
	// beginning.
	Device string
	// Auto takes the place of what Choose said.
	Auto *bool
}

// SendAgain repeats the sending of a challenge, also of one that was rejected or
// has expired.
type SendAgain struct{ FactorID string } // that must be under way; empty: whichever is

// Poll looks whether an answer has come from elsewhere.
type Poll struct {
	FactorID string // that must be under way; empty: whichever is
	Remembering
}

// EnrollFactor begins an enrolment.
type EnrollFactor struct {
	// Key names the factor as policies do, e.g. okta_otp.
	Key    string
	Fields map[string]string
	// Replace lets it take the place of one that the user has.
	Replace bool
}

// SendLink brings an enrolment under way to a device by a message with a link.
type SendLink struct {
	FactorID string // that must be under way; empty: whichever is
	Way      factor.LinkWay
	Phone    string // of a text; empty: the one of the profile
}

// ActivateFactor proves an enrolment under way.
type ActivateFactor struct {
	FactorID string // that must be under way; empty: whichever is
	Fields   map[string]string
}

// SetPassword gives a new password. Old is needed where the step says so.
type SetPassword struct {
	Old, New       string
	RevokeSessions bool
	// Question and Answer are a recovery question, where the step asks for one;
	// both empty for none.
	Question, Answer string
}

// UseInvitation brings an activation token.
type UseInvitation struct{ Token string }

// UseRecoveryToken brings the token of a recovery link.
type UseRecoveryToken struct{ Token string }

// GiveCode brings the code that a recovery has sent.
type GiveCode struct{ Code string }

// AnswerRecovery answers the recovery question.
type AnswerRecovery struct{ Answer string }

// StartRecovery begins the recovery of a forgotten password. With a method (a
// way of package signin, e.g. ByEmail) a code is sent at once; without a login
// that of the transaction counts.
type StartRecovery struct{ Login, Method string }

// StartUnlock begins the unlocking of a locked account, like StartRecovery.
type StartUnlock struct{ Login, Method string }

// GiveProfile gives profile attributes.
type GiveProfile struct{ Attributes map[string]any }

// Skip leaves out what may be left out.
type Skip struct{}

// Previous goes back to the choice.
type Previous struct{}

// Cancel ends the transaction.
type Cancel struct{}

func (GiveLogin) action()        {}
func (Choose) action()           {}
func (VerifyFactor) action()     {}
func (SendAgain) action()        {}
func (Poll) action()             {}
func (EnrollFactor) action()     {}
func (SendLink) action()         {}
func (ActivateFactor) action()   {}
func (SetPassword) action()      {}
func (UseInvitation) action()    {}
func (UseRecoveryToken) action() {}
func (GiveCode) action()         {}
func (AnswerRecovery) action()   {}
func (StartRecovery) action()    {}
func (StartUnlock) action()      {}
func (GiveProfile) action()      {}
func (Skip) action()             {}
func (Previous) action()         {}
func (Cancel) action()           {}
