package factor

import (
	"context"
	"errors"
	"time"

	"usher/internal/credential"
	"usher/internal/idp"
	"usher/internal/store"
)

// Password is the kind of the method that every user begins with.
const Password = "password"

// ErrChanged is what Settle returns when something that Check had read is no
// longer so: the caller checks again.
var ErrChanged = errors.New("factor: changed since it was checked")

// Method is one way to prove who one is. Implementations are safe for
// concurrent use and keep no state of their own. What else a method can do it
// says by the small interfaces below: Implicit, Enroller, Challenger, Resender,
// Viewer, Masker, Linker, Chooser.
type Method interface {
	// Describe tells what the method is and which fields it takes.
	Describe() Description
	// Check compares an answer with what is kept, outside any transaction. For a
	// subject without a user, or without this method, it takes as long as for
	// any other and gives an attempt that is not OK. Its error is never about a
	// wrong answer. What is cheap to compare may be left to Settle.
	Check(ctx context.Context, s Subject, answer map[string]string) (Attempt, error)
	// Settle makes the attempt count, in the caller's transaction. It returns
	// ErrChanged when the attempt no longer tells anything. Wrong answers to an
	// enrolment are counted by Ceremonies, not here; what must happen once (a code
	// is used, a counter goes up) belongs here.
	Settle(tx *store.Tx, s Subject, a Attempt) (Outcome, error)
}

// Implicit is a Method that a user can prove without having enrolled it, such
// as the password.
type Implicit interface {
	// Enrolled tells whether the user can prove this method. It reads only.
	Enrolled(tx *store.Tx, s Subject) (bool, error)
}

// Enroller is a Method that users enrol. One without it serves enrolments that
// come from elsewhere.
type Enroller interface {
	// Enroll checks the fields (those that Description.Enroll names are within
	// their bounds) and makes what is to be kept, outside any transaction. It
	// fails with KindInvalid or a kind of its own when the fields cannot be used.
	// s.Factor is nil.
	Enroll(ctx context.Context, s Subject, k Kind, fields map[string]string) (Draft, error)
}

// Challenger is a Method whose answers answer something that the server makes
// each time: a code that is sent, random bytes that are signed, a question to a
// device.
type Challenger interface {
	// Challenge fills in s.Challenge: Expires, and by Vault.SealState what
	// the answer is compared with. The caller stores it in the same transaction.
	// What is sent goes into the outbox. It is called again, on the same
	// challenge, to send again.
	Challenge(tx *store.Tx, a idp.Actor, s Subject, o ChallengeOptions) error
}

// Resender is a Challenger that can be asked to send again.
type Resender interface {
	// Pace bounds how often.
	Pace() Pace
}

// Viewer is a Method that shows more of an enrolment or a challenge than the
// profile.
type Viewer interface {
	// View tells what the one who proves or enrols needs to see. s.Factor is set,
	// s.Challenge where one is pending. It reads only.
	View(tx *store.Tx, s Subject) (View, error)
}

// Linker is a Method whose enrolment can be brought to a device by a link.
type Linker interface {
	// SendLink puts a message with the link into the outbox: by mail to the user,
	// or as a text to the phone number to. s.Challenge is what activates.
	SendLink(tx *store.Tx, a idp.Actor, s Subject, way LinkWay, to string) error
}

// LinkWay is how a link travels.
type LinkWay string

// The ways of links. (management reference: factors inside a transaction, push)
const (
	LinkByMail LinkWay = "email"
	LinkByText LinkWay = "sms"
)

// Chooser is a Method of which an organisation has several kinds to enrol.
type Chooser interface {
	// Choices lists them, the usual one first.
	Choices(tx *store.Tx, org *idp.Org) ([]Choice, error)
}

// Choice is one of several kinds of a factor.
type Choice struct {
	ID, Name string
	Default  bool
}

// Masker is a Method whose profile is not shown whole to one who has not proved
// it yet.
type Masker interface {
	// Mask returns the profile as a sign-in may show it.
	Mask(profile []byte) []byte
}

// Subject is who proves, what, and under which rules.
type Subject struct {
	Org  *idp.Org
	User *idp.User // nil for a login that is nobody's
	// Client is where an answer comes from, for methods that ask others.
	Client idp.Client
	// Look is what Check reads by, nil for reads of its own.
	Look *store.Tx
	// Lockout is what wrong passwords lead to.
	Lockout credential.Lockout
	// Factor is the enrolment that is proved or activated; nil for a method that
	// is Implicit, and while one is being made.
	Factor *store.Factor
	// Challenge is what the answer answers; nil where nothing is pending.
	Challenge *store.Challenge
}

// Activating tells that the enrolment is not active yet.
func (s Subject) Activating() bool { return s.Factor != nil && s.Factor.Status == StatusPending }

// Attempt is the outcome of Check, on its way to Settle.
type Attempt struct {
	OK bool
	// State belongs to the method that made the attempt.
	State any
}

// Outcome is what an attempt came to.
type Outcome struct {
	Proved bool
	// LockedNow tells that this attempt, a wrong one, was the last that the
	// policy allows.
	LockedNow bool
	// Why is the kind of error of a wrong answer, KindWrongPasscode when zero.
	Why idp.Kind
	// Void tells that the answer was compared with nothing, since what it answers
	// is over: it is refused, and no guess.
	Void bool
	// Changed tells that Settle has changed Profile, Vendor or Sealed of s.Factor,
	// which the caller writes.
	Changed bool
}

// Draft is an enrolment on its way into the store.
type Draft struct {
	Kind Kind
	// Vendor is who made it, where that is not the vendor of the kind.
	Vendor string
	// Profile is what may be shown, written as JSON; nil for an empty object.
	Profile any
	// Secret is what only the method may know; it is sealed. Nil for none.
	Secret []byte
	// Active tells that nothing has to be proved before it counts.
	Active bool
}

// ChallengeOptions are the choices of a caller about a challenge.
type ChallengeOptions struct {
	// Template names the text of a message; empty for the usual one.
	// (spec: management#verifyFactor, templateId)
	Template string
	// Life is how long the answer is awaited; zero for the method's own.
	// (spec: management#verifyFactor, tokenLifetimeSeconds)
	Life time.Duration
	// App names the application that asks, and Message is what it wants the user
	// to read before the answer; both empty for a sign-in. Only what is answered on
	// a device can show them.
	App, Message string
	// Languages are those in which the caller wants a message, the best first, as
	// tags such as "fr-CA"; none for that of the user's profile.
	// (spec: management#verifyFactor, Accept-Language)
	Languages []string
	// Numbers has a device ask for a number, which the caller shows from the
	// beginning. (spec: management#verifyFactor, useNumberMatchingChallenge)
	Numbers bool
}

// Pace bounds how often something is sent for one enrolment.
type Pace struct {
	Every time.Duration
	// TooSoon is the kind of error before that. (management reference: lockout and abuse)
	TooSoon idp.Kind
}

// View is what the one who enrols or proves needs to see. Each method sets what
// it has.
type View struct {
	// Expires is when what is shown is good no more; zero for no limit.
	Expires time.Time
	// Seed is a secret to type or to scan, of one-time passwords.
	Seed *Seed
	// QR is the text of a picture to scan; empty for none.
	QR string
	// Options are the options of a browser's credential call, or the members of
	// what another client needs, by their names there.
	Options map[string]any
	// Number is the one that the user must find on the device; nil for none.
	Number *int
}

// Seed is the secret of one-time passwords and how they are made of it.
type Seed struct {
	Secret string // base32 without padding
	Step   time.Duration
	Digits int
}

// Description is what a method tells about itself. Protocols build their forms
// and links from it.
type Description struct {
	Kind string // its name in the catalogue, e.g. "password"
	// Verify are the fields of an answer.
	Verify []Field
	// Enroll are the fields that begin an enrolment, those that may be left out
	// included.
	Enroll []Field
	// Activate are the fields that end one, where they differ from Verify.
	Activate []Field
	// AMR are the values that a proof adds to a session. (RFC 8176)
	AMR []string
	// Credential is how the system log calls it, empty for none of its names.
	// (spec: management LogCredentialType)
	Credential string
	// Primary tells that the method may be the first of a sign-in.
	Primary bool
	// Waits tells that the answer comes from elsewhere and is polled for.
	Waits bool
	// Hosted tells that it waits for a page of its vendor's, whose answer the
	// browser of the sign-in brings (Visits): nothing is sent for it.
	Hosted bool
	// Several tells that a user may have more than one enrolment of a kind.
	Several bool
	// Wrong is what is said about a wrong answer, where it is not about a passcode.
	// (management reference: factor cause texts)
	Wrong string
}

// Field is one value that a method takes.
type Field struct {
	Name      string
	Secret    bool // not shown while it is typed
	Optional  bool // may be left out
	MaxLength int  // bytes
}

// Complete checks an answer against the fields of Verify: each is there and
// none is too long, else KindInvalid naming the field.
func (d Description) Complete(answer map[string]string) error { return complete(d.Verify, answer) }

// CompleteActivation is Complete for the answer that ends an enrolment.
func (d Description) CompleteActivation(answer map[string]string) error {
	return complete(d.activation(), answer)
}

// activation are the fields of the answer that ends an enrolment.
func (d Description) activation() []Field {
	if d.Activate != nil {
		return d.Activate
	}
	return d.Verify
}

func complete(fields []Field, answer map[string]string) error {
	for _, f := range fields {
		v := answer[f.Name]
		if v == "" && !f.Optional {
			return idp.Invalid(f.Name, idp.Cause{Field: f.Name, Text: "The field cannot be left blank"})
		}
		if len(v) > f.MaxLength {
			return idp.Invalid(f.Name, idp.Cause{Field: f.Name, Text: "The field is too long"})
		}
	}
	return nil
}
