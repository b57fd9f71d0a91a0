package factor

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"usher/internal/directory"
	"usher/internal/env"
	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/keys"
	"usher/internal/store"
)

// Devices is what phones can ask of the server. Each statement is signed by the
// phone's own key and holds a nonce of the server, which is good once: what is
// overheard cannot be said again. All members are required.
// (docs/device-protocol.md)
type Devices struct {
	Store      *store.Store
	Log        *eventlog.Log
	Clock      env.Clock
	Rand       env.Rand
	Vault      Vault
	Directory  *directory.Service
	Ceremonies *Ceremonies
}

// Enrolled is what a phone learns when it has become known.
type Enrolled struct {
	Device string // how the phone names itself from now on
	Login  string // whose it is
	Org    string // the organisation's name
}

// Enroll makes a phone known, by the token that its user was shown. It fails
// with KindUnauthenticated when statement or token prove nothing, with
// KindInvalid when a field cannot be used, and with KindUserState when the user
// may not have factors.
func (d *Devices) Enroll(ctx context.Context, a idp.Actor, text string) (Enrolled, error) {
	jws, err := d.read(text)
	if err != nil {
		return Enrolled{}, err
	}
	key, err := deviceKey(jws)
	if err != nil {
		return Enrolled{}, err
	}
	s, err := d.believe(a, jws, key, deviceEnrolls)
	if err != nil {
		return Enrolled{}, err
	}
	if err := s.check(); err != nil {
		return Enrolled{}, err
	}
	device := s.Device
	device.Key = key
	var out Enrolled
	err = d.Store.Tx(ctx, func(tx *store.Tx) error {
		if err := d.spend(tx, a, s.Nonce); err != nil {
			return err
		}
		sub, err := d.invited(tx, a, s.Token)
		if err != nil {
			return err
		}
		v, err := d.Ceremonies.Activate(tx, acting(a, sub.User), sub, Attempt{State: device})
		if err == nil {
			err = v.Refused
		}
		if err != nil {
			return err
		}
		out = Enrolled{Device: deviceName(sub.Factor), Login: sub.User.Login, Org: a.Org.Name}
		return d.Directory.Save(tx, sub.User)
	})
	return out, err
}

// invited finds the enrolment that a token was shown for.
func (d *Devices) invited(tx *store.Tx, a idp.Actor, token string) (Subject, error) {
	id, _, _ := strings.Cut(token, ".")
	c, err := tx.Challenge(a.OrgID(), id)
	if errors.Is(err, store.ErrNotFound) {
		return Subject{}, untrusted()
	}
	if err != nil {
		return Subject{}, fmt.Errorf("read challenge: %w", err)
	}
	f, err := tx.Factor(a.OrgID(), c.UserID, c.FactorID)
	if errors.Is(err, store.ErrNotFound) || (err == nil && (f.Type != TypePush || f.Status != StatusPending)) {
		return Subject{}, untrusted()
	}
	if err != nil {
		return Subject{}, fmt.Errorf("read factor: %w", err)
	}
	if c.Purpose != string(ToActivate) || ResultOf(c, tx.Now()) != Waiting {
		return Subject{}, untrusted()
	}
	kept, err := d.Vault.OpenActivation(c)
	if err != nil {
		return Subject{}, err
	}
	if !keys.Equal(kept.Presented(c), token) {
		return Subject{}, untrusted()
	}
	u, err := tx.User(a.OrgID(), c.UserID)
	if err != nil {
		return Subject{}, fmt.Errorf("read user: %w", err)
	}
	if u.Status == idp.UserDeprovisioned || u.Status == idp.UserSuspended {
		return Subject{}, idp.Fail(idp.KindUserState)
	}
	return Subject{Org: a.Org, User: u, Factor: f, Challenge: c}, nil
}

// acting is the user who acts by the phone.
func acting(a idp.Actor, u *idp.User) idp.Actor {
	t := idp.UserTarget(u)
	a.Kind, a.UserID, a.Login, a.Name, a.TokenID, a.SessionID, a.Roles = idp.ActorUser, u.ID, t.AlternateID, t.DisplayName, "", "", nil
	return a
}

// Request is a question that waits for the phone's answer.
type Request struct {
	ID      string // mst...
	Login   string
	Asked   time.Time
	Expires time.Time
	IP      string
	Agent   string
	// App names the application that asks apart from a sign-in, and Message is what
	// it says.
	App, Message string
	// Numbers are three to choose the one from that the sign-in shows; nil where
	// none is asked for.
	Numbers []int
}

// Requests lists what waits for the phone's answer, the newest first. From now on
// the sign-in shows which number is right. KindUnauthenticated as for Enroll.
func (d *Devices) Requests(ctx context.Context, a idp.Actor, text string) ([]Request, error) {
	var out []Request
	_, err := d.within(ctx, a, d.Store.Guarded, text, deviceAsks, func(tx *store.Tx, _ *statement, sub Subject) error {
		out = nil
		list, err := tx.ChallengesOf(sub.Factor.OrgID, sub.Factor.UserID, sub.Factor.ID, pendingScanned)
		if err != nil {
			return fmt.Errorf("read challenges: %w", err)
		}
		for i := range list {
			c := &list[i]
			if ResultOf(c, tx.Now()) != Waiting || c.Purpose == string(ToActivate) {
				continue
			}
			q, err := d.Vault.OpenQuestion(c)
			if err != nil {
				return err
			}
			if !q.Shown {
				q.Shown = true
				if err := d.Vault.SealQuestion(c, q); err != nil {
					return err
				}
				if err := tx.UpdateChallenge(c); err != nil {
					return fmt.Errorf("note that a question was shown: %w", err)
				}
			}
			out = append(out, Request{
				ID: c.ID, Login: sub.User.Login, Asked: q.Asked, Expires: c.Expires, IP: q.IP, Agent: q.UserAgent, Numbers: q.Numbers,
				App: q.App, Message: q.Message,
			})
		}
		return nil
	})
	return out, err
}

// Answer takes the phone's answer to a question and tells what has become of
// it: a wrong number rejects it, and counts as a wrong answer. KindNotFound for a
// question that is not this phone's, KindChallengeOver for one that does not
// wait any more.
func (d *Devices) Answer(ctx context.Context, a idp.Actor, text string) (Result, error) {
	var out Result
	_, err := d.within(ctx, a, d.Store.Guarded, text, deviceAnswers, func(tx *store.Tx, s *statement, sub Subject) error {
		c, err := tx.Challenge(a.OrgID(), s.Challenge)
		if errors.Is(err, store.ErrNotFound) || (err == nil && (c.FactorID != sub.Factor.ID || c.UserID != sub.User.ID || c.Purpose == string(ToActivate))) {
			return idp.NotFound(TypeChallenge, s.Challenge)
		}
		if err != nil {
			return fmt.Errorf("read challenge: %w", err)
		}
		q, err := d.Vault.OpenQuestion(c)
		if err != nil {
			return err
		}
		sub.Challenge = c
		switch {
		case s.Decision == decisionDeny:
			out = Rejected
		case s.Decision != decisionApprove:
			return idp.Invalid("decision", idp.Cause{Field: "decision", Text: "must be approve or deny"})
		case q.Numbers != nil && (s.Number == nil || !q.Shown || *s.Number != q.Correct):
			out = Rejected
			if err := Answered(tx, c, out); err != nil {
				return err
			}
			return d.Ceremonies.misled(tx, acting(a, sub.User), sub)
		default:
			out = Accepted
		}
		if err := Answered(tx, c, out); err != nil || out == Accepted {
			return err
		}
		return d.Log.Record(tx, acting(a, sub.User), eventlog.Entry{
			Type: eventlog.PushDenied, Targets: []idp.Target{idp.UserTarget(sub.User), Target(sub.Factor)},
		})
	})
	return out, err
}

// Remove takes the phone back: its user has to enrol one anew.
func (d *Devices) Remove(ctx context.Context, a idp.Actor, text string) error {
	_, err := d.within(ctx, a, d.Store.Tx, text, deviceLeaves, func(tx *store.Tx, _ *statement, sub Subject) error {
		if err := tx.DeleteFactor(sub.Factor.OrgID, sub.Factor.UserID, sub.Factor.ID); err != nil {
			return fmt.Errorf("delete a factor: %w", err)
		}
		if err := Count(tx, sub.User); err != nil {
			return err
		}
		if err := d.Directory.Save(tx, sub.User); err != nil {
			return err
		}
		return d.Log.Record(tx, acting(a, sub.User), eventlog.Entry{
			Type: eventlog.FactorDeactivate, Targets: []idp.Target{idp.UserTarget(sub.User), Target(sub.Factor)},
		})
	})
	return err
}

// Gone forgets where a push would reach a phone, once its push service knows it
// no longer: the phone still answers, by asking itself. login and id are those of
// the push that could not be brought.
func (d *Devices) Gone(tx *store.Tx, orgID, login, id string) error {
	u, err := d.Directory.Find(tx, orgID, login)
	if err != nil {
		return ignoreGone(err)
	}
	f, err := tx.Factor(orgID, u.ID, id)
	if err != nil {
		return ignoreGone(err)
	}
	device, err := d.Vault.OpenDevice(f)
	if err != nil {
		return err
	}
	device.PushService, device.PushToken = "", ""
	if err := d.Vault.SealDevice(f, u, device); err != nil {
		return err
	}
	return ignoreGone(tx.UpdateFactor(f))
}

// ignoreGone drops the errors that say that there is nothing to forget.
func ignoreGone(err error) error {
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrStale) || idp.KindOf(err) == idp.KindNotFound {
		return nil
	}
	return err
}

// level begins a transaction of the store: Store.Tx, or Store.Guarded where what
// is done is to a challenge, which each answer writes. (ADR 0016)
type level func(ctx context.Context, fn func(*store.Tx) error) error

// within does what a known phone says, in one transaction of the store.
func (d *Devices) within(
	ctx context.Context, a idp.Actor, at level, text, action string, fn func(*store.Tx, *statement, Subject) error,
) (Subject, error) {
	jws, err := d.read(text)
	if err != nil {
		return Subject{}, err
	}
	var sub Subject
	err = at(ctx, func(tx *store.Tx) error {
		f, err := d.known(tx, a, jws)
		if err != nil {
			return err
		}
		device, err := d.Vault.OpenDevice(f)
		if err != nil {
			return err
		}
		s, err := d.believe(a, jws, device.Key, action)
		if err != nil {
			return err
		}
		if err := d.spend(tx, a, s.Nonce); err != nil {
			return err
		}
		u, err := tx.User(a.OrgID(), f.UserID)
		if err != nil {
			return fmt.Errorf("read user: %w", err)
		}
		sub = Subject{Org: a.Org, User: u, Factor: f}
		return fn(tx, s, sub)
	})
	return sub, err
}
