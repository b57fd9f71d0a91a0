package factor

import (
	"fmt"
	"time"

	"usher/internal/idp"
	"usher/internal/store"
)

// Whoever has a password can have its user asked on the phone again and again,
// until one yes gives everything away, or have codes sent to where they annoy:
// after maxAsked times within askedWindow to which no right answer came, that
// factor asks and sends no more. What applications ask (ToAuthorize, ToSignIn) is
// bounded where it begins, and does not count here: strangers must not be able to
// use up what a sign-in may ask.
const (
	maxAsked    = 10
	askedWindow = time.Hour
)

// patient refuses with KindTooManyRequests to ask a user yet again.
func patient(tx *store.Tx, f *store.Factor) error {
	list, err := tx.ChallengesOf(f.OrgID, f.UserID, f.ID, pendingScanned)
	if err != nil {
		return fmt.Errorf("read challenges: %w", err)
	}
	asked := 0
	for i := range list {
		switch was := &list[i]; {
		case Purpose(was.Purpose) != ToVerify:
		case Result(was.Result) == Accepted, Result(was.Result) == Taken, !tx.Now().Before(was.Created.Add(askedWindow)):
			return nil
		default:
			asked++
		}
		if asked >= maxAsked {
			return idp.Fail(idp.KindTooManyRequests)
		}
	}
	return nil
}

// Whoever signs in can have messages sent to any number by enrolling it: at most
// maxActivations within activationsWindow, whatever becomes of the enrolments.
// (management reference: lockout and abuse)
const (
	maxActivations    = 5
	activationsWindow = 5 * time.Minute
)

// spareActivation counts a message that activates an enrolment, exactly over all
// nodes, and refuses with KindTooManyRequests where a user has had enough.
func spareActivation(tx *store.Tx, f *store.Factor) error {
	n, err := tx.ShareCount(f.OrgID, "activation "+f.UserID, tx.Now().Truncate(activationsWindow), activationsWindow)
	if err != nil {
		return fmt.Errorf("count messages of enrolments: %w", err)
	}
	if n > maxActivations {
		return idp.Fail(idp.KindTooManyRequests)
	}
	return nil
}
