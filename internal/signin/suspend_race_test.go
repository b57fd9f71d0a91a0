package signin_test

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"usher/internal/env"
	"usher/internal/idp"
	"usher/internal/policy"
	"usher/internal/signin"
	"usher/internal/signin/signintest"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

// interrupted is randomness that is asked for in the middle of a transaction,
// where something else then happens once.
type interrupted struct {
	env.Rand
	once  sync.Once
	other func()
}

func (r *interrupted) Read(p []byte) {
	r.once.Do(r.other)
	r.Rand.Read(p)
}

// minting is a way to a session, or to what stands for one. ready prepares it and
// returns what mints, and what tries whether that is good for anything.
type minting struct {
	name string
	// holds tells that it has taken something away, in its transaction, that a
	// suspension would take: that waits.
	holds bool
	ready func(t *testing.T, w *signintest.World) (mint func() error, good func() bool)
}

func mintings() []minting {
	redeem := func(t *testing.T, w *signintest.World, token string) (*signin.Issued, error) {
		t.Helper()
		return w.Engine.RedeemToken(t.Context(), w.Anonymous(), token)
	}
	secret := "" // of the further factor
	return []minting{
		{name: "a token by a password", ready: func(t *testing.T, w *signintest.World) (func() error, func() bool) {
			token := ""
			return func() error {
					tx := w.Engine.Begin(t.Context(), w.Anonymous(), signin.Options{Prefix: "00", Finish: signin.FinishToken})
					step, err := w.Engine.Apply(t.Context(), w.Anonymous(), tx, signin.GiveLogin{Login: login}, guess(signintest.Password))
					if done, ok := step.(signin.Done); ok {
						token = done.SessionToken
					}
					return err
				}, func() bool {
					_, err := redeem(t, w, token)
					return err == nil
				}
		}},
		{name: "a token by a further factor", ready: func(t *testing.T, w *signintest.World) (func() error, func() bool) {
			if secret == "" {
				w.Factors()
				w.RequireFactor(policy.PromptAlways, 0)
				tx, _ := begin(t, w, signin.Options{Prefix: "00"})
				secret, _ = enrolTOTP(t, w, tx)
			}
			w.Clock.Advance(time.Minute)
			tx, _ := begin(t, w, signin.Options{Prefix: "00"})
			token := ""
			return func() error {
					step, err := w.Engine.Apply(t.Context(), w.Anonymous(), tx, signin.VerifyFactor{Method: "totp", Answer: passCode(w.AppCode(secret, 0))})
					if done, ok := step.(signin.Done); ok {
						token = done.SessionToken
					}
					return err
				}, func() bool {
					_, err := redeem(t, w, token)
					return err == nil
				}
		}},
		{name: "a session by a token", holds: true, ready: func(t *testing.T, w *signintest.World) (func() error, func() bool) {
			_, step := begin(t, w, signin.Options{Prefix: "00"})
			token := is[signin.Done](t, step).SessionToken
			secret := ""
			return func() error {
				v, err := redeem(t, w, token)
				if err == nil {
					secret = v.Secret
				}
				return err
			}, func() bool { return w.HasSession(secret) }
		}},
		{name: "a session by a browser", ready: func(t *testing.T, w *signintest.World) (func() error, func() bool) {
			tx, _ := begin(t, w, signin.Options{Prefix: "02.id.", Carried: true, Finish: signin.FinishBrowser})
			secret := ""
			return func() error {
				v, err := w.Engine.Redeem(t.Context(), w.Anonymous(), tx.Handle)
				if err == nil {
					secret = v.Secret
				}
				return err
			}, func() bool { return w.HasSession(secret) }
		}},
	}
}

// suspension is a world on PostgreSQL in which suspending a user ends what the
// user has, as the server has it.
func suspension(t *testing.T) (*signintest.World, *idp.User, idp.Actor) {
	t.Helper()
	w := signintest.New(t, storetest.Postgres(t))
	u := w.User(login)
	admin := w.Anonymous()
	admin.Kind = idp.ActorSystem
	w.Directory.OnSuspend = append(w.Directory.OnSuspend, func(tx *store.Tx, a idp.Actor, u *idp.User) error {
		_, err := w.Sessions.EndAll(tx, a, u.ID, "")
		return errors.Join(err, tx.DeleteUserTransactions(a.OrgID(), u.ID))
	})
	return w, u, admin
}

// TestNothingOutlivesASuspension: who is suspended while signing in has nothing
// that is good again when the suspension ends, whichever of the two has read the
// user first.
func TestNothingOutlivesASuspension(t *testing.T) {
	for _, m := range mintings() {
		t.Run(m.name, func(t *testing.T) {
			w, u, admin := suspension(t)
			mint, good := m.ready(t, w)
			var suspending sync.WaitGroup
			w.Sessions.Rand = &interrupted{Rand: w.Rand, other: func() {
				suspending.Go(func() {
					if err := w.Directory.Suspend(t.Context(), admin, u.ID); err != nil {
						t.Error(err)
					}
				})
				if !m.holds {
					suspending.Wait()
				}
			}}
			err := mint()
			if k := idp.KindOf(err); !m.holds && k != idp.KindUnauthenticated && k != idp.KindBadToken {
				t.Errorf("minted for a suspended user: %v", err)
			}
			suspending.Wait()
			over(t, w, u, admin, good)

			mint, good = m.ready(t, w)
			runs := 0
			// The suspension has read the user and taken nothing away yet.
			w.Directory.OnSuspend = slices.Insert(w.Directory.OnSuspend, 0, func(*store.Tx, idp.Actor, *idp.User) error {
				if runs++; runs > 1 {
					return nil
				}
				return mint()
			})
			if err := w.Directory.Suspend(t.Context(), admin, u.ID); err != nil || runs != 2 {
				t.Errorf("%v after %d runs", err, runs)
			}
			over(t, w, u, admin, good)
		})
	}
}

// over ends the suspension and looks whether anything is good again.
func over(t *testing.T, w *signintest.World, u *idp.User, admin idp.Actor, good func() bool) {
	t.Helper()
	if s := w.Reload(u).Status; s != idp.UserSuspended {
		t.Fatalf("the user is %s", s)
	}
	if err := w.Directory.Unsuspend(t.Context(), admin, u.ID); err != nil {
		t.Fatal(err)
	}
	if good() {
		t.Error("what was minted has outlived the suspension")
	}
}
