package signin

import (
	"time"
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

// Transaction is one sign-in under way. It is stored as one row: the hash of
// its handle, an expiry, a version, and these members as its document.
type Transaction struct {
	// Handle is the secret by which its holder presents the transaction. It is
	// known here only after Begin or Load; the store keeps its hash.
	Handle  string    `json:"-"`
	Version int64     `json:"-"` // 0 until it is stored
	Expires time.Time `json:"-"`

	Intent Intent `json:"intent"`
	Finish Finish `json:"finish"`
	// Login is what was given; UserID the user whose it is, empty when it is
	// nobody's. Identified tells that a login was given at all.
	Login      string `json:"login,omitempty"`
	UserID     string `json:"userId,omitempty"`
	Identified bool   `json:"identified,omitempty"`
	Remember   bool   `json:"remember,omitempty"`

	Proofs  []Proof `json:"proofs,omitempty"`
	Chosen  string  `json:"chosen,omitempty"` // the method that was picked
	Warned  bool    `json:"warned,omitempty"` // the password warning was wanted
	Skipped bool    `json:"skipped,omitempty"`
	// Completed is set when the transaction has come to Done and its session
	// has not been fetched yet.
	Completed bool `json:"completed,omitempty"`

	RelayState string `json:"relayState,omitempty"` // given back untouched
	// Notes belong to the protocol that began the transaction, e.g. the form in
	// which its answers are written.
	Notes map[string]string `json:"notes,omitempty"`
}

// Proof is a method that was proved in this transaction.
type Proof struct {
	Method string    `json:"method"`
	AMR    []string  `json:"amr"` // RFC 8176
	At     time.Time `json:"at"`
	// Credential is how the system log calls it, e.g. PASSWORD.
	Credential string `json:"credential"`
}
