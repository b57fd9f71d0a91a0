package factor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/store"
)

// Ceremony is where the enrolment or the proof of a user's factor stands, begun
// by a caller of the users' factors.
type Ceremony struct {
	Enrolment
	// Waits tells that the answer comes from elsewhere, Result what has become of
	// it so far.
	Waits  bool
	Result Result
	// Challenge is its identifier (mst...), empty where nothing is pending.
	Challenge string
	Expires   time.Time // of what is pending
	View      View
	Ticket    string // of the picture to scan, empty for none (see Ceremonies.Ticket)
	Proved    bool
}

// EnrollInput is what a caller wants to enrol.
type EnrollInput struct {
	Type, Provider string
	Fields         map[string]string
	EnrollOptions
}

// maxTries bounds how often an answer is compared again because what it was
// compared with has changed meanwhile.
const maxTries = 4

// recently is how old the last proof in a user's own session may be when it
// changes factors: who finds an open browser cannot make it theirs.
const recently = 15 * time.Minute

// Enroll begins an enrolment for a user, or ends it where nothing has to be
// proved. KindInvalid on ObjectEnroll when there is no such factor, the user's
// policy does not allow it, or the user has it already.
// (spec: management#addFactor)
func (s *Enrolments) Enroll(ctx context.Context, a idp.Actor, ref string, in EnrollInput) (Ceremony, error) {
	u, err := s.Directory.User(ctx, a, ref)
	if err != nil {
		return Ceremony{}, err
	}
	if in.Provider == "" { // the official SDKs' own types leave it out
		in.Provider = ProviderOf(in.Type)
	}
	k, known := KindOf(in.Type, in.Provider)
	if !known {
		return Ceremony{}, RefuseEnroll(textProvider)
	}
	if err := s.mayEnroll(s.Store.Read(ctx), a, u, k); err != nil {
		return Ceremony{}, err
	}
	draft, err := s.Ceremonies.Draft(ctx, Subject{Org: a.Org, User: u}, k, in.Fields)
	if err != nil {
		return Ceremony{}, err
	}
	var out Ceremony
	_, err = s.Directory.Change(ctx, a, "enrol factor", u.ID, func(tx *store.Tx, u *idp.User) error {
		if err := s.mayEnroll(tx, a, u, k); err != nil {
			return err
		}
		sub, err := s.Ceremonies.Enroll(tx, a, Subject{Org: a.Org, User: u}, draft, in.EnrollOptions)
		if err != nil {
			return err
		}
		out, err = s.ceremony(tx, sub)
		return err
	})
	return out, err
}

// Replace gives an enrolment other contents: of the security question alone, which
// nobody has to prove. KindInvalid on ObjectEnroll for others, as Enroll, and on
// "factorType" or "provider" for those of another factor.
// (spec: management#replaceFactor)
func (s *Enrolments) Replace(ctx context.Context, a idp.Actor, ref, id string, in EnrollInput) (Enrolment, error) {
	u, err := s.Directory.User(ctx, a, ref)
	if err != nil {
		return Enrolment{}, err
	}
	f, err := find(s.Store.Read(ctx), u, id)
	if err != nil {
		return Enrolment{}, err
	}
	switch {
	case f.Type != TypeQuestion:
		return Enrolment{}, RefuseEnroll(textStays)
	case in.Type != "" && in.Type != f.Type:
		return Enrolment{}, idp.Invalid("factorType", idp.Cause{Field: "factorType", Text: "is that of another factor"})
	case in.Provider != "" && in.Provider != f.Provider:
		return Enrolment{}, idp.Invalid("provider", idp.Cause{Field: "provider", Text: "is that of another factor"})
	}
	k, _ := KindOf(f.Type, f.Provider)
	if err := s.mayEnroll(s.Store.Read(ctx), a, u, k); err != nil {
		return Enrolment{}, err
	}
	d, err := s.Ceremonies.Draft(ctx, Subject{Org: a.Org, User: u}, k, in.Fields)
	if err != nil {
		return Enrolment{}, err
	}
	profile, err := json.Marshal(d.Profile)
	if err != nil {
		return Enrolment{}, fmt.Errorf("write a factor's profile: %w", err)
	}
	_, err = s.Directory.Within(ctx, a, "replace factor", u.ID, func(tx *store.Tx, u *idp.User) error {
		if f, err = find(tx, u, id); err != nil {
			return err
		}
		if err := s.mayEnroll(tx, a, u, k); err != nil {
			return err
		}
		f.Profile, f.LastUpdated = profile, tx.Now()
		s.Ceremonies.Vault.Seal(f, d.Secret)
		if err := tx.UpdateFactor(f); err != nil {
			return fmt.Errorf("write a factor: %w", err)
		}
		return s.Log.Record(tx, a, eventlog.Entry{Type: eventlog.FactorUpdate, Targets: []idp.Target{idp.UserTarget(u), Target(f)}})
	})
	if err != nil {
		return Enrolment{}, err
	}
	return s.enrolmentOf(f), nil
}

// mayEnroll tells whether the user may have a factor of this kind at all.
func (s *Enrolments) mayEnroll(tx *store.Tx, a idp.Actor, u *idp.User, k Kind) error {
	if u.Status == idp.UserDeprovisioned || u.Status == idp.UserSuspended {
		return idp.Fail(idp.KindUserState)
	}
	if err := s.recent(tx, a, u); err != nil {
		return err
	}
	served, err := s.served(tx, a, u, s.Methods.exactly)
	if err != nil {
		return err
	}
	if !served(k) {
		return RefuseEnroll(TextNotEnabled)
	}
	if m, _ := s.Methods.Method(k.Method); m.Describe().Hosted {
		return RefuseEnroll(textSigningIn)
	}
	return nil
}

// served returns what tells whether a user may have a factor: this server has a
// method for it, the organisation has not switched it off, and the user's policy
// allows it.
func (s *Enrolments) served(
	tx *store.Tx, a idp.Actor, u *idp.User, active func(*store.Tx, *idp.Org) ([]Method, factorStates, error),
) (func(Kind) bool, error) {
	allowed, err := s.Allowed(tx, a, u)
	if err != nil {
		return nil, err
	}
	methods, states, err := active(tx, a.Org)
	if err != nil {
		return nil, err
	}
	return func(k Kind) bool {
		_, ok := allowed[k.Key]
		return ok && states.serve(methods, k)
	}, nil
}

// mayUse refuses to prove or to activate what the user may not have any more, with
// KindNotFound as it is listed no more, and anything for a user who may not have
// factors now, with KindUserState.
func (s *Enrolments) mayUse(tx *store.Tx, a idp.Actor, sub Subject) error {
	if sub.User.Status == idp.UserDeprovisioned || sub.User.Status == idp.UserSuspended {
		return idp.Fail(idp.KindUserState)
	}
	served, err := s.served(tx, a, sub.User, s.Methods.active)
	if err != nil {
		return err
	}
	if k, known := KindOf(sub.Factor.Type, sub.Factor.Provider); !known || !served(k) {
		return idp.NotFound(TypeFactor, sub.Factor.ID)
	}
	return nil
}

// recent refuses a user's own session whose last proof is too long ago, with
// KindForbidden; so it does where a factor was there before that proof, and none
// was proved lately: whoever has the password alone must not take away what is to
// be more than it.
func (s *Enrolments) recent(tx *store.Tx, a idp.Actor, u *idp.User) error {
	if !a.Is(u.ID) || a.SessionID == "" {
		return nil
	}
	if tx.Now().Sub(a.Proved) > recently {
		return idp.Fail(idp.KindForbidden)
	}
	if tx.Now().Sub(a.ProvedFactor) <= recently {
		return nil
	}
	rows, err := tx.FactorsOf(u.OrgID, u.ID)
	if err != nil || len(rows) == 0 {
		return store.Failure("list factors", err)
	}
	served, err := s.served(tx, a, u, s.Methods.exactly)
	if err != nil {
		return err
	}
	for i := range rows {
		k, known := KindOf(rows[i].Type, rows[i].Provider)
		if known && rows[i].Status == StatusActive && rows[i].Created.Before(a.Proved) && served(k) {
			return idp.Fail(idp.KindForbidden)
		}
	}
	return nil
}

// Activate ends an enrolment by an answer. One whose answer comes from elsewhere
// is looked at; when nobody has answered in time, a second look after that one
// begins it anew. (spec: management#activateFactor)
func (s *Enrolments) Activate(ctx context.Context, a idp.Actor, ref, id string, answer map[string]string) (Ceremony, error) {
	return s.answer(ctx, a, ref, id, ToActivate, func(tx *store.Tx, sub Subject) (Subject, error) {
		if !sub.Activating() || sub.Challenge == nil || !s.waits(sub.Factor) || ResultOf(sub.Challenge, tx.Now()) != Expired {
			return sub, nil
		}
		return s.expired(tx, a, sub)
	}, answer)
}

// expired tells once that an activation came to nothing, then begins it anew.
func (s *Enrolments) expired(tx *store.Tx, a idp.Actor, sub Subject) (Subject, error) {
	if sub.Challenge.Result == string(Waiting) {
		sub.Challenge.Result = string(Expired)
		return sub, tx.UpdateChallenge(sub.Challenge)
	}
	return s.Ceremonies.Begin(tx, a, sub, ToActivate, Owner(""), ChallengeOptions{})
}

// Verify begins to prove a factor where the answer is empty and something has to
// be sent for it, and proves it by the answer otherwise.
// (spec: management#verifyFactor)
func (s *Enrolments) Verify(ctx context.Context, a idp.Actor, ref, id string, answer map[string]string, o ChallengeOptions) (Ceremony, error) {
	if len(answer) > 0 {
		return s.answer(ctx, a, ref, id, ToVerify, nil, answer)
	}
	return s.within(ctx, a, ref, id, ToVerify, func(tx *store.Tx, sub Subject) (Subject, error) {
		if err := s.mayUse(tx, a, sub); err != nil {
			return sub, err
		}
		m, _, err := s.Ceremonies.methodOf(sub.Factor)
		if err != nil {
			return sub, err
		}
		if sub.Factor.Status != StatusActive {
			return sub, idp.NotFound(TypeFactor, id)
		}
		if m.Describe().Hosted {
			return sub, idp.Fail(idp.KindUnsupported, textSigningIn)
		}
		if _, sends := m.(Challenger); !sends {
			return sub, m.Describe().Complete(nil)
		}
		return s.Ceremonies.Begin(tx, a, sub, ToVerify, Owner(""), o)
	})
}

// Resend sends anew what activates an enrolment. KindTransactionState where
// nothing is sent for it. (spec: management#resendEnrollFactor)
func (s *Enrolments) Resend(ctx context.Context, a idp.Actor, ref, id string, o ChallengeOptions) (Ceremony, error) {
	return s.within(ctx, a, ref, id, ToActivate, func(tx *store.Tx, sub Subject) (Subject, error) {
		if !sub.Activating() {
			return sub, idp.Fail(idp.KindTransactionState)
		}
		if err := s.mayUse(tx, a, sub); err != nil {
			return sub, err
		}
		return s.Ceremonies.SendAgain(tx, a, sub, o)
	})
}

// SendLink brings an enrolment under way to a device by a message (see
// Ceremonies.SendLink). (spec: management#sendFactorActivationEmail,
// management#sendFactorActivationSms)
func (s *Enrolments) SendLink(ctx context.Context, a idp.Actor, ref, id string, way LinkWay, to string) (Ceremony, error) {
	return s.within(ctx, a, ref, id, ToActivate, func(tx *store.Tx, sub Subject) (Subject, error) {
		if err := s.mayUse(tx, a, sub); err != nil {
			return sub, err
		}
		return sub, s.Ceremonies.SendLink(tx, a, sub, way, to)
	})
}

// Transaction tells where a proof stands whose answer comes from elsewhere.
// KindNotFound for one of somebody else. The first look at an answer that
// accepts counts it as a proof. (spec: management#getFactorTransactionStatus)
func (s *Enrolments) Transaction(ctx context.Context, a idp.Actor, ref, id, challenge string) (Ceremony, error) {
	return s.transaction(ctx, a, ref, id, challenge, func(tx *store.Tx, sub Subject) error {
		if ResultOf(sub.Challenge, tx.Now()) != Accepted {
			return nil
		}
		if err := s.Ceremonies.Took(tx, a, sub); err != nil {
			return err
		}
		sub.Challenge.Result = string(Taken)
		return tx.UpdateChallenge(sub.Challenge)
	})
}

// Cancel gives up a proof whose answer has not come. KindNotFound like
// Transaction, and where it is over. (spec: management#cancelFactorTransaction)
func (s *Enrolments) Cancel(ctx context.Context, a idp.Actor, ref, id, challenge string) error {
	_, err := s.transaction(ctx, a, ref, id, challenge, func(tx *store.Tx, sub Subject) error {
		err := Answered(tx, sub.Challenge, Cancelled)
		if idp.KindOf(err) == idp.KindChallengeOver {
			return idp.NotFound(TypeChallenge, challenge)
		}
		return err
	})
	return err
}

func (s *Enrolments) transaction(ctx context.Context, a idp.Actor, ref, id, challenge string, fn func(*store.Tx, Subject) error) (Ceremony, error) {
	return s.within(ctx, a, ref, id, ToVerify, func(tx *store.Tx, sub Subject) (Subject, error) {
		var err error
		if sub.Challenge, err = ChallengeOf(tx, sub.Factor, Owner(""), ToVerify, challenge); err != nil {
			return sub, err
		}
		if !s.waits(sub.Factor) {
			return sub, idp.NotFound(TypeChallenge, challenge)
		}
		return sub, fn(tx, sub)
	})
}

// warm reads what a node may remember for a second. (ADR 0007)
func (s *Enrolments) warm(ctx context.Context, a idp.Actor) error {
	if s.Warm != nil {
		if err := s.Warm(ctx, a.OrgID()); err != nil {
			return err
		}
	}
	return s.Methods.Warm(ctx, s.Store, a.Org)
}

// within does something with a user's factor in one transaction of the store. A
// proof meets others at the factor's counts and at the challenge. (ADR 0016)
func (s *Enrolments) within(ctx context.Context, a idp.Actor, ref, id string, p Purpose, fn func(*store.Tx, Subject) (Subject, error)) (Ceremony, error) {
	var out Ceremony
	change := s.Directory.Within
	if p == ToVerify {
		change = s.Directory.Guarded
	}
	if err := s.warm(ctx, a); err != nil {
		return out, err
	}
	_, err := change(ctx, a, "use factor", ref, func(tx *store.Tx, u *idp.User) error {
		f := store.Foreseen{UserID: u.ID, Groups: true, Factors: true, Counts: true, FactorID: id, Challenges: pendingScanned}
		if err := tx.Foresee(a.OrgID(), f); err != nil {
			return fmt.Errorf("read factors: %w", err)
		}
		sub, err := s.subject(tx, a, u, id, p)
		if err != nil {
			return err
		}
		if sub, err = fn(tx, sub); err != nil {
			return err
		}
		out, err = s.ceremony(tx, sub)
		return err
	})
	return out, err
}

// subject reads a user's factor with what is pending of it.
func (s *Enrolments) subject(tx *store.Tx, a idp.Actor, u *idp.User, id string, p Purpose) (Subject, error) {
	f, err := find(tx, u, id)
	if err != nil {
		return Subject{}, err
	}
	sub := Subject{Org: a.Org, User: u, Factor: f}
	sub.Challenge, err = s.newest(tx, f, p)
	return sub, err
}

// newest returns what was begun last for a factor by this surface, answered or
// not; nil for nothing.
func (s *Enrolments) newest(tx *store.Tx, f *store.Factor, p Purpose) (*store.Challenge, error) {
	list, err := tx.ChallengesOf(f.OrgID, f.UserID, f.ID, pendingScanned)
	if err != nil {
		return nil, fmt.Errorf("read challenges: %w", err)
	}
	for i := range list {
		if c := &list[i]; c.Purpose == string(p) && c.Owner == Owner("") {
			return c, nil
		}
	}
	return nil, nil
}

// answer compares an answer outside the transaction that settles it. first may
// change what is pending before.
func (s *Enrolments) answer(
	ctx context.Context, a idp.Actor, ref, id string, p Purpose, first func(*store.Tx, Subject) (Subject, error), answer map[string]string,
) (Ceremony, error) {
	for range maxTries {
		out, err := s.tryAnswer(ctx, a, ref, id, p, first, answer)
		if !errors.Is(err, ErrChanged) {
			return out, err
		}
	}
	return Ceremony{}, &idp.Error{Kind: idp.KindConflict, Object: TypeFactor}
}

func (s *Enrolments) tryAnswer(
	ctx context.Context, a idp.Actor, ref, id string, p Purpose, first func(*store.Tx, Subject) (Subject, error), answer map[string]string,
) (Ceremony, error) {
	u, err := s.Directory.User(ctx, a, ref)
	if err != nil {
		return Ceremony{}, err
	}
	before, err := s.subject(s.Store.Read(ctx), a, u, id, p)
	if err != nil {
		return Ceremony{}, err
	}
	if err := s.mayUse(s.Store.Read(ctx), a, before); err != nil {
		return Ceremony{}, err
	}
	var at Attempt
	looks := s.waits(before.Factor)
	if !looks && (p != ToActivate || before.Activating()) {
		if at, err = s.Ceremonies.Check(ctx, before, answer); err != nil {
			return Ceremony{}, err
		}
	}
	change := s.Directory.Within
	switch {
	case p == ToVerify:
		change = s.Directory.Guarded
	case !looks:
		change = s.Directory.Change
	}
	var out Ceremony
	var v Verdict
	_, err = change(ctx, a, "answer for factor", u.ID, func(tx *store.Tx, u *idp.User) error {
		sub, err := s.subject(tx, a, u, id, p)
		if err != nil {
			return err
		}
		if sub.Factor.Status != before.Factor.Status {
			return ErrChanged
		}
		if first != nil {
			if sub, err = first(tx, sub); err != nil {
				return err
			}
		}
		// Whoever holds the device answers; here it is only looked at.
		if !looks {
			if v, err = s.settle(tx, a, sub, p, at); err != nil {
				return err
			}
		}
		out, err = s.ceremony(tx, sub)
		return err
	})
	if out.Proved = v.Proved; err == nil {
		err = v.Refused
	}
	return out, err
}

func (s *Enrolments) settle(tx *store.Tx, a idp.Actor, sub Subject, p Purpose, at Attempt) (Verdict, error) {
	if p == ToVerify {
		return s.Ceremonies.Verify(tx, a, sub, at)
	}
	if err := s.recent(tx, a, sub.User); err != nil {
		return Verdict{}, err
	}
	return s.Ceremonies.Activate(tx, a, sub, at)
}

// waits tells whether the answers to a factor come from elsewhere.
func (s *Enrolments) waits(f *store.Factor) bool {
	m, _, err := s.Ceremonies.methodOf(f)
	return err == nil && m.Describe().Waits
}

// ceremony tells where s.Factor stands.
func (s *Enrolments) ceremony(tx *store.Tx, sub Subject) (Ceremony, error) {
	m, _, err := s.Ceremonies.methodOf(sub.Factor)
	if err != nil {
		return Ceremony{}, err
	}
	out := Ceremony{Enrolment: s.enrolmentOf(sub.Factor), Waits: m.Describe().Waits}
	if sub.Challenge != nil {
		out.Result, out.Challenge, out.Expires = ResultOf(sub.Challenge, tx.Now()), sub.Challenge.ID, sub.Challenge.Expires
	}
	if out.View, err = s.Ceremonies.View(tx, sub); err != nil {
		return Ceremony{}, err
	}
	if out.View.QR != "" && sub.Activating() {
		out.Ticket = s.Ceremonies.Ticket(sub)
	}
	return out, nil
}
