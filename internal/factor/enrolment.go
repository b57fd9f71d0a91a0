package factor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"usher/internal/directory"
	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/store"
)

// TypeFactor is the name of enrolled factors in errors about what does not
// exist.
const TypeFactor = "UserFactor"

// The states of an enrolled factor. (spec: management FactorStatus)
const (
	StatusPending  = "PENDING_ACTIVATION"
	StatusActive   = "ACTIVE"
	StatusNotSetup = "NOT_SETUP"
)

// TypeQuestion is the type of security questions, which are no factor of their
// own at a sign-in.
const TypeQuestion = "question"

// typeOTP is the type of one-time passwords that go by the time.
const typeOTP = "token:software:totp"

// The types of factors that reach a phone by its number.
const (
	typeText = "sms"
	typeCall = "call"
)

// TypePush is the type of factors that a phone answers for.
const TypePush = "push"

// Enrolment is a factor that a user has enrolled or begun to, without what only
// its method may know.
type Enrolment struct {
	UserID      string
	ID          string
	Type        string // e.g. token:software:totp
	Provider    string // e.g. OKTA
	Vendor      string
	Status      string
	Profile     json.RawMessage // an object
	Created     time.Time
	LastUpdated time.Time
	Resends     bool // what activates it can be sent again
}

func (s *Enrolments) enrolmentOf(f *store.Factor) Enrolment {
	k, _ := KindOf(f.Type, f.Provider)
	m, _ := s.Methods.Method(k.Method)
	_, resends := m.(Resender)
	return Enrolment{
		Resends: resends,
		UserID:  f.UserID, ID: f.ID, Type: f.Type, Provider: f.Provider, Vendor: f.Vendor, Status: f.Status, Profile: f.Profile,
		Created: f.Created, LastUpdated: f.LastUpdated,
	}
}

// Enrolments administers the factors that users have enrolled. All members are
// required.
type Enrolments struct {
	Store     *store.Store
	Log       *eventlog.Log
	Directory *directory.Service
	Methods   *Service
	// Ceremonies enrol and prove.
	Ceremonies *Ceremonies
	// Allowed tells by policy keys which factors a user may enrol, and whether
	// the user has to (REQUIRED) or may (OPTIONAL). Policies are beside this
	// package.
	Allowed func(tx *store.Tx, actor idp.Actor, u *idp.User) (map[string]string, error)
	// Warm reads outside of a transaction what Allowed may go by for a second; nil
	// where there is nothing such.
	Warm func(ctx context.Context, orgID string) error
}

// List returns the factors of a user that the policy allows and the organisation
// has not switched off, those included that are not active yet.
// (spec: management#listFactors)
func (s *Enrolments) List(ctx context.Context, a idp.Actor, ref string) (*idp.User, []Enrolment, error) {
	u, err := s.Directory.User(ctx, a, ref)
	if err != nil {
		return nil, nil, err
	}
	rows, err := s.Store.Read(ctx).FactorsOf(u.OrgID, u.ID)
	if err != nil {
		return nil, nil, fmt.Errorf("list factors: %w", err)
	}
	if len(rows) == 0 {
		return u, nil, nil
	}
	served, err := s.served(s.Store.Read(ctx), a, u, s.Methods.exactly)
	if err != nil {
		return nil, nil, err
	}
	var out []Enrolment
	for i := range rows {
		if k, known := KindOf(rows[i].Type, rows[i].Provider); known && served(k) {
			out = append(out, s.enrolmentOf(&rows[i]))
		}
	}
	return u, out, nil
}

// Get returns a factor of a user, else KindNotFound on "User" or "UserFactor".
// (spec: management#getFactor)
func (s *Enrolments) Get(ctx context.Context, a idp.Actor, ref, id string) (Enrolment, error) {
	u, err := s.Directory.User(ctx, a, ref)
	if err != nil {
		return Enrolment{}, err
	}
	f, err := find(s.Store.Read(ctx), u, id)
	if err != nil {
		return Enrolment{}, err
	}
	return s.enrolmentOf(f), nil
}

func find(tx *store.Tx, u *idp.User, id string) (*store.Factor, error) {
	f, err := tx.Factor(u.OrgID, u.ID, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, idp.NotFound(TypeFactor, id)
	}
	if err != nil {
		return nil, fmt.Errorf("read factor: %w", err)
	}
	return f, nil
}

// Delete unenrols a factor: with a push the one-time passwords that are the same
// app's. KindNotFound like Get, KindUserState for a user who is deprovisioned.
// (spec: management#unenrollFactor)
func (s *Enrolments) Delete(ctx context.Context, a idp.Actor, ref, id string) error {
	_, err := s.Directory.Change(ctx, a, "delete factor", ref, func(tx *store.Tx, u *idp.User) error {
		f, err := find(tx, u, id)
		if err != nil {
			return err
		}
		if err := s.recent(tx, a, u); err != nil {
			return err
		}
		gone := []*store.Factor{f}
		if f.Type == TypePush {
			if gone, err = sameApp(tx, f); err != nil {
				return err
			}
		}
		for _, f := range gone {
			if err := drop(tx, s.Log, a, u, f); err != nil {
				return err
			}
		}
		return Count(tx, u)
	})
	return err
}

// sameApp lists a push factor and the one-time passwords of the same app.
func sameApp(tx *store.Tx, push *store.Factor) ([]*store.Factor, error) {
	rows, err := tx.FactorsOf(push.OrgID, push.UserID)
	if err != nil {
		return nil, fmt.Errorf("list factors: %w", err)
	}
	out := []*store.Factor{push}
	for i := range rows {
		if f := &rows[i]; f.Provider == push.Provider && f.Type == typeOTP {
			out = append(out, f)
		}
	}
	return out, nil
}

// drop takes an enrolment away and records that.
func drop(tx *store.Tx, log *eventlog.Log, a idp.Actor, u *idp.User, f *store.Factor) error {
	if err := tx.DeleteFactor(f.OrgID, f.UserID, f.ID); err != nil {
		return fmt.Errorf("delete factor: %w", err)
	}
	return log.Record(tx, a, eventlog.Entry{Type: eventlog.FactorDeactivate, Targets: []idp.Target{idp.UserTarget(u), Target(f)}})
}

// Reset unenrols all factors of a user. KindUserState for one who is
// deprovisioned. (spec: management#resetAllFactors)
func (s *Enrolments) Reset(ctx context.Context, a idp.Actor, ref string) error {
	_, err := s.Directory.Change(ctx, a, "reset factors", ref, func(tx *store.Tx, u *idp.User) error {
		if u.Status == idp.UserDeprovisioned {
			return idp.Fail(idp.KindUserState)
		}
		if _, err := tx.DeleteFactors(u.OrgID, u.ID); err != nil {
			return fmt.Errorf("reset factors: %w", err)
		}
		u.Factors = 0
		return s.Log.Record(tx, a, eventlog.Entry{Type: eventlog.FactorResetAll, Targets: []idp.Target{idp.UserTarget(u)}})
	})
	return err
}

// Count brings the number of active factors in a user up to date. The caller
// writes the user.
func Count(tx *store.Tx, u *idp.User) error {
	factors, err := tx.FactorsOf(u.OrgID, u.ID)
	if err != nil {
		return fmt.Errorf("count factors: %w", err)
	}
	u.Factors = 0
	for i := range factors {
		if factors[i].Status == StatusActive && factors[i].Type != TypeQuestion {
			u.Factors++
		}
	}
	return nil
}
