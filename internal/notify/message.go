package notify

import (
	"fmt"
	"strings"
	"time"

	"usher/internal/idp"
)

// Kind is the way a message takes.
type Kind string

// The kinds.
const (
	Email Kind = "email"
	SMS   Kind = "sms"
	Call  Kind = "call"
	Push  Kind = "push"
	// Logout tells a program, not a person: an OAuth client, by its identifier,
	// that a session has ended.
	Logout Kind = "logout"
)

// Status is what has become of a message.
type Status string

// The states.
const (
	Queued Status = "queued" // waits for its sender, or for another attempt
	Sent   Status = "sent"   // a sender has taken it
	Dead   Status = "dead"   // given up: refused for good or too often
)

// Names of Data that readers of the outbox rely on.
const (
	DataLink  = "link"  // the address that the message invites to open
	DataToken = "token" // the secret in that link, by itself
	DataCode  = "code"  // the digits that the message tells
)

// Bounds of a message.
const (
	maxRecipient = 512       // bytes
	maxSubject   = 998       // bytes, the longest line of RFC 5322
	maxBody      = 256 << 10 // bytes, of text and of HTML each
	maxData      = 32        // entries
)

// Message is one thing to tell one person.
type Message struct {
	Kind Kind
	// To is an address, a phone number in international form or the identifier
	// of a device, as the kind needs it.
	To       string
	Template string // names the text, e.g. "activation"
	Subject  string // of an email
	Text     string // what is read or spoken
	HTML     string // of an email; empty for none
	// Data holds what the text was made from, for readers of the outbox.
	Data map[string]string
	// Expires is when the message has lost its sense, e.g. the end of its code;
	// it is not sent later. Zero for never.
	Expires time.Time

	// The outbox fills the rest.
	OrgID    string
	ID       string
	Status   Status
	Attempts int       // how often a sender was tried
	Created  time.Time // when it was queued
	Due      time.Time // when queued: not sent earlier; else when it was settled
	Problem  string    // why the last attempt failed; empty for none
}

// check holds a message to the bounds: KindInvalid.
func (m Message) check() error {
	var causes []idp.Cause
	complain := func(field, format string, args ...any) {
		causes = append(causes, idp.Cause{Field: field, Text: fmt.Sprintf(format, args...)})
	}
	switch m.Kind {
	case Email, SMS, Call, Push, Logout:
	default:
		complain("kind", "%q is no kind of message", m.Kind)
	}
	if m.To == "" || len(m.To) > maxRecipient || strings.ContainsFunc(m.To, control) {
		complain("to", "a recipient has 1 to %d bytes, none of them a control character", maxRecipient)
	}
	if len(m.Subject) > maxSubject || strings.ContainsFunc(m.Subject, control) {
		complain("subject", "a subject has at most %d bytes, none of them a control character", maxSubject)
	}
	if m.Text == "" || len(m.Text) > maxBody || len(m.HTML) > maxBody {
		complain("text", "a message has a text, and text and HTML have at most %d bytes each", maxBody)
	}
	if len(m.Data) > maxData {
		complain("data", "a message has at most %d data", maxData)
	}
	if causes != nil {
		return idp.Invalid("message", causes...)
	}
	return nil
}

// control finds what could begin another header line.
func control(r rune) bool { return r < ' ' || r == 0x7f }
