package decision

import (
	"context"
	"sync"
)

// Kind says what decided.
type Kind string

// The kinds.
const (
	SignOnPolicy   Kind = "SIGN_ON_POLICY"    // whether, and how far, a user is let in
	PasswordPolicy Kind = "PASSWORD_POLICY"   // whose rules a password and its lockout follow
	PasswordRule   Kind = "PASSWORD_RULE"     // what users may do about their passwords alone
	EnrollPolicy   Kind = "MFA_ENROLL_POLICY" // which factors may be enrolled, and when
	Proof          Kind = "PROOF"             // whether what was given proves the user
	Lockout        Kind = "LOCKOUT"           // whether guesses have locked the user out
	Gate           Kind = "GATE"              // whether a session or token may be given now
	Throttle       Kind = "THROTTLE"          // whether the request came within the limits
)

// Outcomes that several kinds share. The others say their own.
const (
	Allow   = "ALLOW"
	Deny    = "DENY"
	Matched = "MATCHED"
	None    = "NONE" // no policy or rule holds
)

// Tried is one policy or rule that was looked at.
type Tried struct {
	PolicyID   string `json:"policyId"`
	PolicyName string `json:"policyName"`
	RuleID     string `json:"ruleId,omitempty"` // empty for the policy itself
	RuleName   string `json:"ruleName,omitempty"`
	// Failed names the first condition that did not hold, e.g. "people.groups";
	// empty for the one that decided.
	Failed string `json:"failed,omitempty"`
}

// Decision is one of the things that were decided.
type Decision struct {
	Kind    Kind    `json:"kind"`
	Outcome string  `json:"outcome"`
	Reason  string  `json:"reason,omitempty"`
	UserID  string  `json:"userId,omitempty"` // whom it is about, empty for nobody
	Tried   []Tried `json:"tried,omitempty"`
}

// Bounds on what one request keeps.
const (
	maxDecisions = 32
	maxTried     = 200
)

// Notes gathers the decisions of one attempt at a request. It is safe for
// concurrent use; nil gathers nothing.
type Notes struct {
	mu   sync.Mutex
	list []Decision
}

// Add notes a decision. Beyond a bound it is left out.
func (n *Notes) Add(d Decision) {
	if n == nil {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.list) >= maxDecisions {
		return
	}
	d.Tried = d.Tried[:min(len(d.Tried), maxTried)]
	n.list = append(n.list, d)
}

// Reset forgets what was noted: the attempt begins anew.
func (n *Notes) Reset() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.list = nil
}

func (n *Notes) all() []Decision {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.list
}

type notesKey struct{}

// With returns a context in which decisions are noted.
func With(ctx context.Context, n *Notes) context.Context {
	return context.WithValue(ctx, notesKey{}, n)
}

// Of returns where the decisions of a context are noted; nil for nowhere.
func Of(ctx context.Context) *Notes {
	n, _ := ctx.Value(notesKey{}).(*Notes)
	return n
}
