package signin

import (
	"maps"
	"slices"
	"time"

	"usher/internal/idp"
)

// Intent is what a transaction is for.
type Intent string

// The intents.
const (
	IntentSignIn  Intent = "sign-in"
	IntentRecover Intent = "recover"
	IntentUnlock  Intent = "unlock"
	IntentEnroll  Intent = "enroll"
	IntentStepUp  Intent = "step-up"
	// IntentActivate opens an account by an invitation.
	IntentActivate Intent = "activate"
)

// Finish says what Done hands out.
type Finish string

// The ends of a transaction.
const (
	// FinishToken gives a one-time session token in Done.
	FinishToken Finish = "token"
	// FinishBrowser leaves the transaction ready for the browser to come and
	// fetch its session with Engine.Redeem.
	FinishBrowser Finish = "browser"
)

// MaxAge is how long a transaction lives at most, however often it is used.
const MaxAge = 2 * time.Hour

// Transaction is one sign-in under way. It is stored as one row: the hash of
// its handle, an expiry, a version, and these members as its document.
type Transaction struct {
	// Handle is the secret by which its holder presents the transaction. It is
	// known here only after Begin or Load; the store keeps its hash.
	Handle  string    `json:"-"`
	Version int64     `json:"-"` // 0 until it is stored
	Expires time.Time `json:"-"`

	// Begun is when it began, Life how long it may pause between two requests.
	Begun time.Time     `json:"begun"`
	Life  time.Duration `json:"life"`
	// Carried tells that the handle itself carries the beginning, so that it
	// could be presented before anything was stored.
	Carried bool `json:"carried,omitempty"`
	// Ended marks what is left of a carried transaction that has ended: it
	// keeps the handle from being taken for a beginning again.
	Ended bool `json:"ended,omitempty"`

	Intent Intent `json:"intent"`
	Finish Finish `json:"finish"`
	// Login is what was given; UserID the user whose it is, empty when it is
	// nobody's. Identified tells that a login was given at all.
	Login      string `json:"login,omitempty"`
	UserID     string `json:"userId,omitempty"`
	Identified bool   `json:"identified,omitempty"`
	Remember   bool   `json:"remember,omitempty"`

	// Levels are asked for beyond the policies: one of them has to be reached.
	Levels []Level `json:"levels,omitempty"`
	// Session and SessionUser name the session in whose place the one of this
	// transaction comes, empty for none.
	Session     string `json:"session,omitempty"`
	SessionUser string `json:"sessionUser,omitempty"`

	Proofs []Proof `json:"proofs,omitempty"`
	// PasswordSet is when the user's password was set at the time of the first
	// proof: once somebody else sets another one, the proofs are void.
	PasswordSet time.Time `json:"passwordSet,omitzero"`

	// Pending is the factor that is being proved or enrolled, nil for none.
	Pending *Pending `json:"pending,omitempty"`
	// Device is the SHA-256, in base64url, of what the user's device is known by,
	// empty when it is not.
	Device string `json:"device,omitempty"`
	// Optional asks to be offered what may be enrolled after what must;
	// EnrollSkipped tells that this was declined.
	Optional      bool `json:"optional,omitempty"`
	EnrollSkipped bool `json:"enrollSkipped,omitempty"`

	Chosen  string `json:"chosen,omitempty"` // the kind of the method that was picked
	Warn    bool   `json:"warn,omitempty"`   // tell when the password will expire soon
	Skipped bool   `json:"skipped,omitempty"`
	// Completed is set when the transaction has come to Done and its session
	// has not been fetched yet.
	Completed bool `json:"completed,omitempty"`

	// Recovery is set where something else than the password comes first.
	Recovery *Recovery `json:"recovery,omitempty"`

	RelayState string `json:"relayState,omitempty"` // given back untouched
	// Return is where the browser goes when all is done; the protocol that set
	// it has checked it.
	Return string `json:"return,omitempty"`
	// Notes belong to the protocol that began the transaction, e.g. the form in
	// which its answers are written.
	Notes map[string]string `json:"notes,omitempty"`

	// subject is the user as read last, by Next or by Apply, nil for not at all;
	// next is what Next has decided last. Neither outlives a change.
	subject *idp.User
	next    *decision
}

// Pending is a factor that is being proved or enrolled.
type Pending struct {
	FactorID string `json:"factor"`
	// Challenge is what waits for its answer, empty for a method without.
	Challenge string `json:"challenge,omitempty"`
	Enrolling bool   `json:"enrolling,omitempty"`
	// Auto is what its user wants of it from now on, nil for what is.
	Auto *bool `json:"auto,omitempty"`
}

// Proof is a method that was proved in this transaction.
type Proof struct {
	Method string    `json:"method"`
	AMR    []string  `json:"amr"` // RFC 8176
	At     time.Time `json:"at"`
	// Credential is how the system log calls it, e.g. PASSWORD.
	Credential string `json:"credential"`
	// Factor is the enrolment that was proved, or made and proved; empty for the
	// password.
	Factor string `json:"factor,omitempty"`
	// Enrolled tells that it was enrolled in this transaction.
	Enrolled bool `json:"enrolled,omitempty"`
}

// amrMany is the method of a sign-in with more than one factor. (RFC 8176)
const amrMany = "mfa"

// further tells whether a factor beyond the first was proved.
func (t *Transaction) further() bool {
	return slices.ContainsFunc(t.Proofs, func(p Proof) bool { return p.Factor != "" }) && len(t.Proofs) > 1
}

// provedFurther tells whether a further factor was proved that the user had
// before.
func (t *Transaction) provedFurther() bool {
	return t.further() && slices.ContainsFunc(t.Proofs, func(p Proof) bool { return p.Factor != "" && !p.Enrolled })
}

// enrolled tells whether a factor was enrolled in this transaction.
func (t *Transaction) enrolled() bool {
	return slices.ContainsFunc(t.Proofs, func(p Proof) bool { return p.Enrolled })
}

// amr lists the methods of all proofs without repetition.
func (t *Transaction) amr() []string {
	var out []string
	seen := map[string]bool{}
	for _, p := range t.Proofs {
		for _, v := range p.AMR {
			if !seen[v] {
				seen[v] = true
				out = append(out, v)
			}
		}
	}
	if t.further() {
		out = append(out, amrMany)
	}
	return out
}

// clone copies the transaction, so that a failed step leaves the original as
// it was.
func (t *Transaction) clone() *Transaction {
	c := *t
	c.subject, c.next = nil, nil
	c.Proofs, c.Notes = slices.Clone(t.Proofs), maps.Clone(t.Notes)
	if t.Recovery != nil {
		recovery := *t.Recovery
		c.Recovery = &recovery
	}
	if t.Pending != nil {
		pending := *t.Pending
		c.Pending = &pending
	}
	return &c
}

// holds tells whether the proofs still stand: the user's password is the one
// that was there when they were given.
func (t *Transaction) holds(u *idp.User) bool { return t.PasswordSet.Equal(u.PasswordChanged) }

// slide moves the expiry as a request at the given time does.
func (t *Transaction) slide(now time.Time) {
	t.Expires = now.Add(t.Life)
	if end := t.Begun.Add(MaxAge); t.Expires.After(end) {
		t.Expires = end
	}
}
