package credential

import "time"

// Policy is what a password policy decides for one user.
type Policy struct {
	ID, Name string // of the policy that was found
	Rules    Rules
	Age      Age
	Lockout  Lockout
	Recovery Recovery
}

// Age says how long a password may, and must, be kept. Zero switches a limit off.
type Age struct {
	MaxDays    int // then it expires
	WarnDays   int // before it expires
	MinMinutes int // before its owner may change it again
	History    int // how many earlier passwords may not come back, at most MaxHistory
}

// Expires is when a password set at the given time expires; zero for never.
func (a Age) Expires(changed time.Time) time.Time {
	if a.MaxDays <= 0 || changed.IsZero() {
		return time.Time{}
	}
	return changed.Add(time.Duration(a.MaxDays) * 24 * time.Hour)
}

// Expired tells whether a password set at the given time has expired.
func (a Age) Expired(changed, now time.Time) bool {
	at := a.Expires(changed)
	return !at.IsZero() && !now.Before(at)
}

// Warns tells whether a password that has not expired soon will.
func (a Age) Warns(changed, now time.Time) bool {
	at := a.Expires(changed)
	if at.IsZero() || a.WarnDays <= 0 || !now.Before(at) {
		return false
	}
	return !now.Before(at.Add(-time.Duration(a.WarnDays) * 24 * time.Hour))
}

// TooYoung tells whether a password was set too short a time ago to be changed
// by its owner.
func (a Age) TooYoung(changed, now time.Time) bool {
	return a.MinMinutes > 0 && !changed.IsZero() && now.Before(changed.Add(time.Duration(a.MinMinutes)*time.Minute))
}

// Lockout says what wrong guesses lead to.
type Lockout struct {
	MaxAttempts       int  // in a row; 0 never locks
	AutoUnlockMinutes int  // 0 leaves it to an administrator
	Show              bool // tell the one who signs in that the user is locked out
	NotifyByEmail     bool
	// Source is where a guess comes from, when that is a source that the user has
	// signed in from before (Service.Standing): it counts for itself. Empty for a
	// stranger.
	Source string
}

// Over tells whether a lock that began at the given time has ended by itself.
func (l Lockout) Over(locked, now time.Time) bool {
	return l.AutoUnlockMinutes > 0 && !locked.IsZero() && !now.Before(locked.Add(time.Duration(l.AutoUnlockMinutes)*time.Minute))
}

// Recovery says by which ways a forgotten password may be recovered.
type Recovery struct {
	Question     bool
	AnswerLength int // the least number of characters of an answer
	Email        bool
	// EmailTokenLife is how long a link sent by mail is good.
	EmailTokenLife time.Duration
	SMS, Call      bool
	// SkipUnlock leaves the account locked at the source that keeps the password.
	SkipUnlock bool
}
