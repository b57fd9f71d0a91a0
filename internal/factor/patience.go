package factor

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"usher/internal/idp"
	"usher/internal/keys"
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
// maxActivations within activationsWindow and maxMessages within messagesWindow,
// whatever becomes of the enrolments. So many go to one number, too, whoever has
// them sent. (management reference: lockout and abuse)
const (
	maxActivations    = 5
	activationsWindow = 5 * time.Minute
	maxMessages       = 20
	messagesWindow    = time.Hour
)

// The pauses between two links that bring an enrolment to a device. (management
// reference: lockout and abuse)
const (
	textPause = 30 * time.Second
	mailPause = 5 * time.Second
)

// paceOf is how often links are sent on their way.
func (w LinkWay) paceOf() Pace {
	if w == LinkByText {
		return Pace{Every: textPause, TooSoon: idp.KindSMSTooSoon}
	}
	return Pace{Every: mailPause, TooSoon: idp.KindEmailTooSoon}
}

// message is one that activates an enrolment: whose, how it travels and where to.
type message struct {
	orgID, userID, way, to string
}

// activating is the message by which an enrolment is activated. Extensions of one
// number are one place.
func activating(f *store.Factor) message {
	to := string(f.Profile)
	if p, err := PhoneOf(f.Profile); err == nil && p.Number != "" {
		to = p.Number
	}
	return message{f.OrgID, f.UserID, f.Type, to}
}

// named is a name of something that is counted, which tells nobody where to.
func named(what string, parts ...string) string {
	return what + base64.RawURLEncoding.EncodeToString(keys.Hash(strings.Join(parts, "\n")))
}

// pause is what the time of such a message is noted by. It is not the
// enrolment's: one that is given up and begun anew waits as one that is sent again.
func (m message) pause() string { return named("pause ", m.way, m.userID, m.to) }

// spare counts a message that activates an enrolment, exactly over all nodes. It
// refuses with the kind of the pace what comes too soon after one of the user to
// the same place, and with KindTooManyRequests where a user or a place has had
// enough.
func (m message) spare(tx *store.Tx, pace Pace) error {
	fine, err := tx.Pause(m.orgID, m.pause(), pace.Every)
	if err != nil {
		return fmt.Errorf("note a message: %w", err)
	}
	if !fine {
		return idp.Fail(pace.TooSoon)
	}
	for _, bound := range []struct {
		name   string
		window time.Duration
		most   int
	}{
		{"activation " + m.userID, activationsWindow, maxActivations},
		{"activations " + m.userID, messagesWindow, maxMessages},
		{named("activations to ", m.to), messagesWindow, maxMessages},
	} {
		n, err := tx.ShareCount(m.orgID, bound.name, tx.Now().Truncate(bound.window), bound.window)
		if err != nil {
			return fmt.Errorf("count messages of enrolments: %w", err)
		}
		if n > bound.most {
			return idp.Fail(idp.KindTooManyRequests)
		}
	}
	return nil
}

// What is guessed at enrolments is bounded beside the enrolment itself, which can
// be given up and begun anew: the maxMisses-th wrong answer of a user within
// missesWindow locks the user out, and as many enrolments that begin with the
// password of a token may be tried.
const (
	maxMisses    = 10
	missesWindow = time.Hour
)

// missed counts a wrong answer of a user to any enrolment, and tells whether that
// is one too many.
func missed(tx *store.Tx, f *store.Factor) (bool, error) {
	n, err := tx.ShareCount(f.OrgID, "misses "+f.UserID, tx.Now().Truncate(missesWindow), missesWindow)
	if err != nil {
		return false, fmt.Errorf("count a wrong answer: %w", err)
	}
	return n >= maxMisses, nil
}

// tried counts an enrolment that begins with the password of a token, before it
// is judged: KindTooManyRequests where a user has tried enough.
func tried(ctx context.Context, db *store.Store, u *idp.User) error {
	var n int
	err := db.Write(ctx, func(tx *store.Tx) (err error) {
		n, err = tx.ShareCount(u.OrgID, "tries "+u.ID, tx.Now().Truncate(missesWindow), missesWindow)
		return err
	})
	if err != nil {
		return fmt.Errorf("count an enrolment: %w", err)
	}
	if n > maxMisses {
		return idp.Fail(idp.KindTooManyRequests)
	}
	return nil
}
