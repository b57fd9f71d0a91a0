package factor

import (
	"context"
	"errors"
	"fmt"

	"usher/internal/directory"
	"usher/internal/idp"
	"usher/internal/store"
)

// FieldResponse is what a page of a vendor's gives to the browser.
// (spec: authn DuoCallbackRequest)
const FieldResponse = "sig_response"

// Visits takes what a vendor's page has answered, by the browser that showed it.
// The sign-in then finds its challenge answered. All members are required.
type Visits struct {
	Store      *store.Store
	Directory  *directory.Service
	Ceremonies *Ceremonies
}

// Bring makes such an answer count for a challenge of a user's factor. KindNotFound
// for another factor or challenge, KindWrongPasscode and its like for an answer that
// does not hold, KindChallengeOver for one too late, KindFactorService where nobody
// judges it.
func (v *Visits) Bring(ctx context.Context, a idp.Actor, userID, factorID, challenge, response string) error {
	sub, err := v.subject(v.Store.Read(ctx), a, userID, factorID, challenge)
	if err != nil {
		return err
	}
	at, err := v.Ceremonies.Check(ctx, sub, map[string]string{FieldResponse: response})
	if err != nil {
		return err
	}
	activating := sub.Activating()
	var verdict Verdict
	err = v.Store.Tx(ctx, func(tx *store.Tx) error {
		if sub, err = v.subject(tx, a, userID, factorID, challenge); err != nil {
			return err
		}
		if sub.Activating() != activating {
			return idp.Fail(idp.KindChallengeOver)
		}
		if !activating {
			verdict, err = v.Ceremonies.heard(tx, acting(a, sub.User), sub, at)
			return err
		}
		if verdict, err = v.Ceremonies.Activate(tx, acting(a, sub.User), sub, at); err != nil || !verdict.Proved {
			return err
		}
		return v.Directory.Save(tx, sub.User)
	})
	if err != nil {
		return err
	}
	return verdict.Refused
}

// subject reads whose challenge it is, of a method whose answers come this way.
func (v *Visits) subject(tx *store.Tx, a idp.Actor, userID, factorID, challenge string) (Subject, error) {
	u, err := tx.User(a.OrgID(), userID)
	if errors.Is(err, store.ErrNotFound) {
		return Subject{}, idp.NotFound("User", userID)
	}
	if err != nil {
		return Subject{}, fmt.Errorf("read user: %w", err)
	}
	if u.Status == idp.UserDeprovisioned || u.Status == idp.UserSuspended {
		return Subject{}, idp.Fail(idp.KindUserState)
	}
	f, err := find(tx, u, factorID)
	if err != nil {
		return Subject{}, err
	}
	c, err := tx.Challenge(a.OrgID(), challenge)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return Subject{}, fmt.Errorf("read challenge: %w", err)
	}
	if m, _, unserved := v.Ceremonies.methodOf(f); err != nil || c.UserID != u.ID || c.FactorID != f.ID || unserved != nil || !m.Describe().Hosted {
		return Subject{}, idp.NotFound(TypeChallenge, challenge)
	}
	if ResultOf(c, tx.Now()) != Waiting {
		return Subject{}, idp.Fail(idp.KindChallengeOver)
	}
	return Subject{Org: a.Org, User: u, Factor: f, Challenge: c}, nil
}
