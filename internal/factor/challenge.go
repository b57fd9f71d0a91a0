package factor

import (
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"usher/internal/idp"
	"usher/internal/keys"
	"usher/internal/store"
)

// Purpose is what a challenge is for.
type Purpose string

// The purposes.
const (
	ToVerify   Purpose = "verify"
	ToActivate Purpose = "activate"
	ToRecover  Purpose = "recover"
	ToUnlock   Purpose = "unlock"
	// ToAuthorize lets an application have tokens, apart from any sign-in.
	ToAuthorize Purpose = "authorize"
	// ToSignIn is all of a sign-in that an application carries out: nobody has
	// proved anything before.
	ToSignIn Purpose = "sign-in"
)

// Result is what has become of a challenge.
type Result string

// The results.
const (
	Waiting   Result = "waiting"
	Accepted  Result = "accepted"
	Rejected  Result = "rejected"  // by the user, elsewhere
	Cancelled Result = "cancelled" // by the one who began it
	Expired   Result = "expired"   // nobody answered in time; stored only once that was told
	Taken     Result = "taken"     // accepted, and that has counted as a proof
)

// TypeChallenge is the name of challenges in errors about what does not exist.
const TypeChallenge = "Transaction"

// Bounds of challenges.
const (
	// MaxSends is how often something is sent for one challenge.
	MaxSends = 5
	// MaxAttempts is how many wrong answers a challenge takes: then its code is
	// void.
	MaxAttempts = 5
)

// Owner is how a challenge is bound to the sign-in whose handle this is: the
// empty handle stands for callers of the users' factors.
func Owner(handle string) string {
	if handle == "" {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(keys.Hash(handle))
}

// ResultOf tells what has become of a challenge by now.
func ResultOf(c *store.Challenge, now time.Time) Result {
	if r := Result(c.Result); r != Waiting || now.Before(c.Expires) {
		return r
	}
	return Expired
}

// Answered notes what came of a challenge that waits: of several answers that
// come at once, one counts. It fails with KindChallengeOver when it does not
// wait any more.
func Answered(tx *store.Tx, c *store.Challenge, r Result) error {
	if ResultOf(c, tx.Now()) != Waiting {
		return idp.Fail(idp.KindChallengeOver)
	}
	c.Result = string(r)
	err := tx.UpdateChallenge(c)
	if errors.Is(err, store.ErrStale) {
		return idp.Fail(idp.KindChallengeOver)
	}
	if err != nil {
		return fmt.Errorf("note the answer to a challenge: %w", err)
	}
	return nil
}

// ChallengeOf returns a challenge of this owner for a user's factor, else
// KindNotFound: a challenge of one owner is nothing to another.
func ChallengeOf(tx *store.Tx, f *store.Factor, owner string, p Purpose, id string) (*store.Challenge, error) {
	c, err := tx.Challenge(f.OrgID, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, idp.NotFound(TypeChallenge, id)
	}
	if err != nil {
		return nil, fmt.Errorf("read challenge: %w", err)
	}
	if c.UserID != f.UserID || c.FactorID != f.ID || c.Purpose != string(p) || c.Owner != owner {
		return nil, idp.NotFound(TypeChallenge, id)
	}
	return c, nil
}

// pendingScanned bounds how many challenges of a factor Pending looks at.
const pendingScanned = 20

// Pending returns the newest challenge of this owner and purpose for a user's
// factor that waits for its answer or has expired without one, nil when there
// is none.
func Pending(tx *store.Tx, f *store.Factor, owner string, p Purpose) (*store.Challenge, error) {
	list, err := tx.ChallengesOf(f.OrgID, f.UserID, f.ID, pendingScanned)
	if err != nil {
		return nil, fmt.Errorf("read challenges: %w", err)
	}
	for i := range list {
		if c := &list[i]; c.Purpose == string(p) && c.Owner == owner {
			if Result(c.Result) != Waiting {
				return nil, nil
			}
			return c, nil
		}
	}
	return nil, nil
}
