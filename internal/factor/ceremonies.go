package factor

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"usher/internal/credential"
	"usher/internal/directory"
	"usher/internal/env"
	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/store"
)

// ObjectEnroll is the object of errors about what cannot be enrolled.
// (management reference: user factors)
const ObjectEnroll = "factorEnrollRequest"

// MaxOfAKind is how many enrolments of a kind a user may have where several are
// allowed. (Okta's documentation of security keys)
const MaxOfAKind = 10

// Why an enrolment is refused. (management reference: user factors)
const (
	textProvider   = "Invalid Provider."
	TextNotEnabled = "Factor not enabled."
	textSigningIn  = "This factor is enrolled and proved while signing in."
	textStays      = "A factor of this type cannot be replaced."
	TextSetUp      = "A factor of this type is already set up."
	textVerified   = "There is an existing verified phone number."
)

// Ceremonies are the steps of enrolling and of proving what is enrolled, the
// same for a sign-in and for the users' factors. Each works in the caller's
// transaction of the store, but Draft and Check, which do what is slow before
// it. All members are required.
type Ceremonies struct {
	Store       *store.Store
	Log         *eventlog.Log
	IDs         env.IDs
	Vault       Vault
	Methods     *Service
	Directory   *directory.Service
	Credentials *credential.Service
}

// Draft checks what an enrolment begins with and makes what is kept of it. It
// fails with KindInvalid on ObjectEnroll where there is no such factor, with
// KindTooManyRequests where the user has tried too many tokens, and as Enroller
// does.
func (c *Ceremonies) Draft(ctx context.Context, s Subject, k Kind, fields map[string]string) (Draft, error) {
	m, ok := c.Methods.Method(k.Method)
	if !ok {
		return Draft{}, RefuseEnroll(textProvider)
	}
	e, ok := m.(Enroller)
	if !ok {
		return Draft{}, RefuseEnroll(textProvider)
	}
	about := m.Describe()
	if err := complete(about.Enroll, fields); err != nil {
		return Draft{}, err
	}
	if guessed(about.Enroll) {
		if err := tried(ctx, c.Store, s.User); err != nil {
			return Draft{}, err
		}
	}
	d, err := e.Enroll(ctx, s, k, fields)
	d.Kind = k
	return d, err
}

// RefuseEnroll is the refusal of an enrolment.
func RefuseEnroll(why string) error { return idp.Invalid(ObjectEnroll, idp.Cause{Text: why}) }

// EnrollOptions are the choices of a caller about an enrolment.
type EnrollOptions struct {
	ChallengeOptions
	// Owner binds what activates it (see Owner).
	Owner string
	// Replace lets the enrolment take the place of an active one of its kind.
	// (spec: management#enrollFactor, updatePhone)
	Replace bool
	// Trusted makes it active at once: the caller vouches for it.
	// (spec: management#enrollFactor, activate)
	Trusted bool
}

// Enroll stores a draft. One that is not active yet takes the place of others
// of its kind that are not, and begins the challenge that activates it, where
// the method is a Challenger. The result is s with Factor and Challenge set.
// KindInvalid on ObjectEnroll when the user has one already. It changes the count
// in s.User: the caller writes the user.
func (c *Ceremonies) Enroll(tx *store.Tx, a idp.Actor, s Subject, d Draft, o EnrollOptions) (Subject, error) {
	m, ok := c.Methods.Method(d.Kind.Method)
	if !ok {
		return s, RefuseEnroll(textProvider)
	}
	profile := []byte("{}")
	if d.Profile != nil {
		var err error
		if profile, err = json.Marshal(d.Profile); err != nil {
			return s, fmt.Errorf("write a factor's profile: %w", err)
		}
	}
	if err := c.makeRoom(tx, s.User, d.Kind, m.Describe().Several, o.Replace, profile); err != nil {
		return s, err
	}
	f := &store.Factor{
		OrgID: s.User.OrgID, UserID: s.User.ID, ID: c.IDs.New(d.Kind.Prefix), Type: d.Kind.Type, Provider: d.Kind.Provider,
		Vendor: d.Kind.Vendor, Status: StatusPending, Profile: profile, Created: tx.Now(), LastUpdated: tx.Now(),
	}
	if d.Vendor != "" {
		f.Vendor = d.Vendor
	}
	// Nobody can vouch for what only an authenticator or a phone can bring.
	about := m.Describe()
	if d.Active || o.Trusted && about.Activate == nil && !about.Waits {
		f.Status = StatusActive
	}
	if d.Secret != nil {
		c.Vault.Seal(f, d.Secret)
	}
	if err := tx.InsertFactor(f); err != nil {
		return s, fmt.Errorf("enrol a factor: %w", err)
	}
	s.Factor, s.Challenge = f, nil
	if f.Status == StatusActive {
		return s, c.activated(tx, a, s, d.Kind, m.Describe().Several)
	}
	if _, ok := m.(Challenger); ok {
		return c.Begin(tx, a, s, ToActivate, o.Owner, o.ChallengeOptions)
	}
	return s, nil
}

// makeRoom removes enrolments of a kind that were never activated, and refuses
// a second active one; profile is that of the one to come.
func (c *Ceremonies) makeRoom(tx *store.Tx, u *idp.User, k Kind, several, replace bool, profile []byte) error {
	rows, err := tx.FactorsOf(u.OrgID, u.ID)
	if err != nil {
		return fmt.Errorf("list factors: %w", err)
	}
	had := 0
	for i := range rows {
		f := &rows[i]
		switch {
		case f.Type != k.Type || f.Provider != k.Provider:
		case f.Status == StatusPending:
			if err := tx.DeleteFactor(f.OrgID, f.UserID, f.ID); err != nil {
				return fmt.Errorf("drop a pending factor: %w", err)
			}
		case !several && !replace && k.Type == typeText && !bytes.Equal(f.Profile, profile):
			return RefuseEnroll(textVerified)
		case !several && !replace:
			return RefuseEnroll(TextSetUp)
		case several:
			had++
		}
	}
	if had >= MaxOfAKind {
		return RefuseEnroll(TextSetUp)
	}
	return nil
}

// activated makes an enrolment count: others of its kind give way to it, unless
// a user may have several.
func (c *Ceremonies) activated(tx *store.Tx, a idp.Actor, s Subject, k Kind, several bool) error {
	if !several {
		rows, err := tx.FactorsOf(s.User.OrgID, s.User.ID)
		if err != nil {
			return fmt.Errorf("list factors: %w", err)
		}
		for i := range rows {
			if f := &rows[i]; f.Type == k.Type && f.Provider == k.Provider && f.ID != s.Factor.ID {
				if err := c.giveWay(tx, a, s.User, f); err != nil {
					return err
				}
			}
		}
	}
	if err := Count(tx, s.User); err != nil {
		return err
	}
	return c.Log.Record(tx, a, eventlog.Entry{
		Type: eventlog.FactorActivate, Targets: []idp.Target{idp.UserTarget(s.User), Target(s.Factor)},
	})
}

// giveWay takes an enrolment away whose place another takes. One that was never
// active leaves no trace.
func (c *Ceremonies) giveWay(tx *store.Tx, a idp.Actor, u *idp.User, f *store.Factor) error {
	if f.Status == StatusActive {
		return drop(tx, c.Log, a, u, f)
	}
	if err := tx.DeleteFactor(f.OrgID, f.UserID, f.ID); err != nil {
		return fmt.Errorf("drop a pending factor: %w", err)
	}
	return nil
}

// Target names an enrolment in events.
func Target(f *store.Factor) idp.Target {
	return idp.Target{ID: f.ID, Type: "Factor", AlternateID: "unknown", DisplayName: f.Type}
}

// Begin makes a challenge for s.Factor and sends what has to be sent. What was
// pending of the same owner for the same purpose is cancelled. Those who begin at
// once for one factor take turns, by its counts. The result is s with Challenge set. It fails with the kind of the method's Pace when something
// was sent a moment ago, and with KindTransactionState when the method has no
// challenges.
func (c *Ceremonies) Begin(tx *store.Tx, a idp.Actor, s Subject, p Purpose, owner string, o ChallengeOptions) (Subject, error) {
	old, err := Pending(tx, s.Factor, owner, p)
	if err != nil {
		return s, err
	}
	if old != nil {
		old.Result = string(Cancelled)
		if err := tx.UpdateChallenge(old); err != nil {
			return s, fmt.Errorf("cancel a challenge: %w", err)
		}
	}
	s.Challenge = &store.Challenge{Purpose: string(p), Owner: owner}
	return c.begin(tx, a, s, o)
}

// SendAgain begins s.Challenge anew: another code, another question to the
// device. KindTooManyRequests when it was sent MaxSends times; else as Begin.
func (c *Ceremonies) SendAgain(tx *store.Tx, a idp.Actor, s Subject, o ChallengeOptions) (Subject, error) {
	old := s.Challenge
	if old == nil || Result(old.Result) == Accepted {
		return s, idp.Fail(idp.KindTransactionState)
	}
	if old.Sends >= MaxSends {
		return s, idp.Fail(idp.KindTooManyRequests)
	}
	if Result(old.Result) == Waiting {
		old.Result = string(Cancelled)
		if err := tx.UpdateChallenge(old); err != nil {
			return s, fmt.Errorf("cancel a challenge: %w", err)
		}
	}
	s.Challenge = &store.Challenge{Purpose: old.Purpose, Owner: old.Owner, Sends: old.Sends}
	return c.begin(tx, a, s, o)
}

// SendLink brings the enrolment s.Factor, which is under way, to a device by a
// message. A text goes to the number to or, where that is empty, to the mobile
// phone of the profile: KindBadPhone for none. KindTransactionState where there
// is no link or nothing waits, KindTooManyRequests after MaxSends, and the kinds of
// a message that comes too soon.
func (c *Ceremonies) SendLink(tx *store.Tx, a idp.Actor, s Subject, way LinkWay, to string) error {
	m, _, err := c.methodOf(s.Factor)
	if err != nil {
		return err
	}
	l, ok := m.(Linker)
	if !ok || !s.Activating() || s.Challenge == nil || ResultOf(s.Challenge, tx.Now()) != Waiting {
		return idp.Fail(idp.KindTransactionState)
	}
	if s.Challenge.Sends >= MaxSends {
		return idp.Fail(idp.KindTooManyRequests)
	}
	to, err = destination(s.User, way, to)
	if err != nil {
		return err
	}
	if err := (message{s.Factor.OrgID, s.Factor.UserID, string(way), to}).spare(tx, way.paceOf()); err != nil {
		return err
	}
	s.Challenge.Sends++
	if err := tx.UpdateChallenge(s.Challenge); err != nil {
		return fmt.Errorf("count a message: %w", err)
	}
	return l.SendLink(tx, a, s, way, to)
}

// destination is where a link goes on its way.
func destination(u *idp.User, way LinkWay, to string) (string, error) {
	attributes, err := u.Attributes()
	if err != nil {
		return "", fmt.Errorf("read profile: %w", err)
	}
	if way == LinkByMail {
		return attributes.Text("email"), nil
	}
	if to == "" {
		to = attributes.Text("mobilePhone")
	}
	p, err := ParsePhone(map[string]string{FieldPhone: to})
	return p.Number, err
}

func (c *Ceremonies) begin(tx *store.Tx, a idp.Actor, s Subject, o ChallengeOptions) (Subject, error) {
	m, _, err := c.methodOf(s.Factor)
	if err != nil {
		return s, err
	}
	ch, ok := m.(Challenger)
	if !ok {
		return s, idp.Fail(idp.KindTransactionState)
	}
	r, sends := m.(Resender)
	if sends {
		pace := r.Pace()
		fine, err := tx.SendForFactor(s.Factor.OrgID, s.Factor.UserID, s.Factor.ID, pace.Every)
		if err != nil {
			return s, fmt.Errorf("note a sending: %w", err)
		}
		if !fine {
			return s, idp.Fail(pace.TooSoon)
		}
		if s.Activating() {
			if err := activating(s.Factor).spare(tx, pace); err != nil {
				return s, err
			}
		}
	} else if err := tx.HoldFactor(s.Factor.OrgID, s.Factor.UserID, s.Factor.ID); err != nil {
		return s, fmt.Errorf("hold a factor: %w", err)
	}
	if (sends || m.Describe().Waits) && Purpose(s.Challenge.Purpose) == ToVerify {
		if err := patient(tx, s.Factor); err != nil {
			return s, err
		}
	}
	v := s.Challenge
	v.OrgID, v.ID, v.UserID, v.FactorID = s.Factor.OrgID, c.IDs.New("mst"), s.Factor.UserID, s.Factor.ID
	v.Result, v.Created, v.Sends = string(Waiting), tx.Now(), v.Sends+1
	if err := ch.Challenge(tx, a, s, o); err != nil {
		return s, err
	}
	if err := tx.InsertChallenge(v); err != nil {
		return s, fmt.Errorf("begin a challenge: %w", err)
	}
	return s, nil
}

// methodOf returns the method that serves an enrolment, else KindNotFound.
func (c *Ceremonies) methodOf(f *store.Factor) (Method, Kind, error) {
	k, known := KindOf(f.Type, f.Provider)
	m, ok := c.Methods.Method(k.Method)
	if !known || !ok {
		return nil, k, idp.NotFound(TypeFactor, f.ID)
	}
	return m, k, nil
}
