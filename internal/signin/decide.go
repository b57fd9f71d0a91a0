package signin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"usher/internal/credential"
	"usher/internal/factor"
	"usher/internal/idp"
	"usher/internal/policy"
	"usher/internal/store"
)

// Trace tells an administrator why a transaction stands where it stands.
type Trace struct {
	// SignOn is what the evaluation of the sign-on policies tried; nil where the
	// transaction has not come so far.
	SignOn policy.Trace
}

// Reasons for which a sign-on is refused, as the system log tells them.
const (
	reasonDenied   = "Sign-on policy evaluation resulted in DENY"
	reasonNoFactor = "Sign-on policy requires a factor that the user cannot give"
)

// decision is a step with what it rests on.
type decision struct {
	step  Step
	trace Trace
	user  *idp.User // nil while nothing is proved
	// signOn is set once the policies were asked.
	signOn *policy.SignOn
	// demanded tells that a further factor is asked for and not proved.
	demanded bool
	// expired tells that the password has reached its greatest age.
	expired bool
	// usable are the further factors that the user may prove, where one is asked for.
	usable []factor.Held
}

// factor returns one of those that the user may prove, nil for none.
func (d *decision) factor(id string) *store.Factor {
	i := slices.IndexFunc(d.usable, func(h factor.Held) bool { return h.Factor.ID == id })
	if i < 0 {
		return nil
	}
	return d.usable[i].Factor
}

// Next tells what has to happen now, with the trace of the rules that were
// tried. It changes nothing, so that it may be asked as often as one likes. It
// fails with KindBadToken when the transaction's proofs are void: the user is
// gone or may no longer sign in, or somebody has set another password.
func (e *Engine) Next(ctx context.Context, a idp.Actor, t *Transaction) (Step, Trace, error) {
	if err := e.warm(ctx, a); err != nil {
		return nil, Trace{}, err
	}
	look := e.Store.Look(ctx)
	if err := e.foreseeNext(look, a, t); err != nil {
		return nil, Trace{}, err
	}
	d, err := e.decide(look, a, t, nil)
	if t.subject, t.next = d.user, nil; err == nil {
		t.next = &d
	}
	return d.step, d.trace, err
}

// facts are what has been read in the same transaction of the store already.
type facts struct {
	user  *idp.User
	rules credential.Policy // the user's
}

// decide is Next within a transaction of the store. known may be nil.
func (e *Engine) decide(tx *store.Tx, a idp.Actor, t *Transaction, known *facts) (decision, error) {
	switch {
	case t.Completed:
		return decision{step: Done{}}, nil
	case t.Recovering():
		return e.decideRecovery(tx, a, t)
	case !t.Identified, len(t.Proofs) == 0:
		// The same for every login, whosever it is and whatever is enrolled.
		return e.first(tx, a, t)
	}
	if known == nil {
		known = &facts{}
		var err error
		if known.user, err = tx.User(a.OrgID(), t.UserID); errors.Is(err, store.ErrNotFound) {
			return decision{}, idp.Fail(idp.KindBadToken)
		} else if err != nil {
			return decision{}, fmt.Errorf("read user: %w", err)
		}
		if known.rules, err = e.Policies.PasswordRules(tx, a.Org, known.user); err != nil {
			return decision{}, err
		}
	}
	if known.user.Status == idp.UserLockedOut && t.holds(known.user) {
		return decision{}, idp.Fail(idp.KindUserLocked)
	}
	if !maySignIn(known.user.Status) || !t.holds(known.user) {
		return decision{}, idp.Fail(idp.KindBadToken)
	}
	return e.proved(tx, a, t, known.user, known.rules)
}

// proved decides for a user who has given the first proof.
// (management reference: primary authentication, evaluation order)
func (e *Engine) proved(tx *store.Tx, a idp.Actor, t *Transaction, u *idp.User, pw credential.Policy) (decision, error) {
	s, err := e.signOn(tx, a, u)
	if err != nil {
		return decision{}, err
	}
	d := decision{user: u, signOn: &s, trace: Trace{SignOn: s.Trace}}
	if !s.Allowed {
		d.step = Denied{Reason: reasonDenied}
		return d, nil
	}
	f, err := e.further(tx, a, t, u, s)
	if err != nil {
		return decision{}, err
	}
	d.demanded, d.usable = f.demanded, f.usable
	if d.step, err = e.proving(tx, a, t, u, s, f); err != nil || d.step != nil {
		return d, err
	}
	if u.Provider.Local() && u.HasPassword {
		d.expired = pw.Age.Expired(u.PasswordChanged, tx.Now())
		switch {
		case d.expired || u.Status == idp.UserPasswordExpired:
			d.step = changePassword(PasswordExpired, pw, time.Time{})
			return d, nil
		case t.Warn && !t.Skipped && pw.Age.Warns(u.PasswordChanged, tx.Now()):
			d.step = changePassword(PasswordWarned, pw, pw.Age.Expires(u.PasswordChanged))
			return d, nil
		}
	}
	if d.step, err = e.enrolling(tx, a, t, u, s, f); err != nil || d.step != nil {
		return d, err
	}
	d.step = Done{}
	return d, nil
}

func (e *Engine) signOn(tx *store.Tx, a idp.Actor, u *idp.User) (policy.SignOn, error) {
	return e.Policies.SignOn(tx, a.Org, u, policy.From{Client: a.Client})
}

// changePassword asks for a new password. The old one was given in this
// transaction, so it need not come again.
func changePassword(why PasswordReason, p credential.Policy, expires time.Time) ChangePassword {
	return ChangePassword{Reason: why, Expires: expires, Rules: PasswordRules{
		MinLength: p.Rules.MinLength, MinLower: p.Rules.MinLower, MinUpper: p.Rules.MinUpper, MinNumber: p.Rules.MinNumber, MinSymbol: p.Rules.MinSymbol,
		ExcludeUsername: p.Rules.ExcludeUsername, ExcludeAttributes: p.Rules.ExcludeAttributes,
		MinAge: time.Duration(p.Age.MinMinutes) * time.Minute, History: p.Age.History,
		Requirements: p.Rules.Requirements(),
	}}
}

// offer is how a step offers a method.
func (e *Engine) offer(a idp.Actor, kind string) Method {
	return Method{Kind: kind, ID: factor.AuthenticatorID(a.OrgID(), kind)}
}

// maySignIn tells whether a user in this state may begin to sign in at all.
func maySignIn(s idp.UserStatus) bool { return s == idp.UserActive || s == idp.UserPasswordExpired }

// find returns the user who signs in with a login, nil when it is nobody's.
func (e *Engine) find(tx *store.Tx, orgID, login string) (*idp.User, error) {
	u, err := e.Directory.ByLogin(tx, orgID, login)
	if idp.KindOf(err) == idp.KindNotFound {
		return nil, nil
	}
	return u, err
}

// Subject is the user of a transaction, as far as the protocols may show it: a
// user who has proved nothing yet is known by what was typed alone.
func (e *Engine) Subject(ctx context.Context, a idp.Actor, t *Transaction) (Subject, error) {
	s := Subject{Login: t.Login}
	if !t.known() {
		return s, nil
	}
	if s.User = t.subject; s.User != nil {
		return s, nil
	}
	u, err := e.Store.Read(ctx).User(a.OrgID(), t.UserID)
	if errors.Is(err, store.ErrNotFound) {
		return s, idp.Fail(idp.KindBadToken)
	}
	if err != nil {
		return s, fmt.Errorf("read user: %w", err)
	}
	s.User = u
	return s, nil
}
