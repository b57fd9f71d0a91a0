package idp

import "time"

// SessionStatus is a session's state.
type SessionStatus string

// The states. (spec: management SessionStatus)
const (
	SessionActive      SessionStatus = "ACTIVE"
	SessionMFARequired SessionStatus = "MFA_REQUIRED"
	SessionMFAEnroll   SessionStatus = "MFA_ENROLL"
)

// Session is a user's signed-in browser. The secret by which it is presented
// is known to the browser alone; the store keeps its hash.
type Session struct {
	OrgID string
	// ID is the public name that the system log uses (102...).
	ID           string
	UserID       string
	Login        string
	Status       SessionStatus
	Created      time.Time
	Expires      time.Time // moves with use, never past EndsBy
	EndsBy       time.Time // zero when the policy sets no limit
	Idle         time.Duration
	LastPassword time.Time // zero when no password was verified
	LastFactor   time.Time // zero when no further factor was verified
	AMR          []string  // RFC 8176 values
	Persistent   bool      // the cookie survives the browser
	Version      int64

	// Owner is whose session it is, where that was read along, else nil.
	Owner *User `json:"-"`
}
