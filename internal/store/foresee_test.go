package store_test

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"usher/internal/store"
)

func (w *world) factor(userID string) *store.Factor {
	return &store.Factor{
		OrgID: w.org.ID, UserID: userID, ID: "ost1", Type: "token:software:totp", Provider: "OKTA", Status: "ACTIVE", Profile: []byte("{}"), Created: noon, LastUpdated: noon,
	}
}

// asked is all that can be foreseen, as the methods that read it tell it.
type asked struct {
	byID, byLogin, groups, factors, standing, credential, failures, step, auto any
}

func ask(t *testing.T, tx *store.Tx, orgID, userID, login, source string) asked {
	t.Helper()
	answer := func(v any, err error) any {
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			t.Error(err)
		}
		return v
	}
	var a asked
	byID, err := tx.User(orgID, userID)
	a.byID = answer(byID, err)
	byLogin, err := tx.UserByLogin(orgID, login)
	a.byLogin = answer(byLogin, err)
	groups, err := tx.GroupIDsOf(orgID, userID)
	a.groups = answer(groups, err)
	factors, err := tx.FactorsOf(orgID, userID)
	a.factors = answer(factors, err)
	standing, err := tx.Standing(orgID, userID, source)
	a.standing = answer(standing, err)
	credential, err := tx.Credential(orgID, userID)
	a.credential = answer(credential, err)
	failures, err := tx.FactorFailures(orgID, userID, "ost1")
	a.failures = answer(failures, err)
	step, err := tx.FactorStep(orgID, userID, "ost1")
	a.step = answer(step, err)
	auto, err := tx.FactorAuto(orgID, userID, "ost1")
	a.auto = answer(auto, err)
	return a
}

// TestWhatIsForeseenIsWhatIsThere: whoever is asked about, whether that is there or
// not, what was foreseen is what would be read, in a transaction and outside of one,
// and what the transaction writes afterwards is not missed.
func TestWhatIsForeseenIsWhatIsThere(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann, ben, group := w.addUser(t, "ann"), w.addUser(t, "ben"), w.addGroup(t, "a")
		factor := w.factor(ann.ID)
		w.tx(t, func(tx *store.Tx) error {
			_, err := tx.AddMember(w.org.ID, group.ID, ann.ID, "")
			return errors.Join(err,
				tx.SaveCredential(&store.Credential{OrgID: w.org.ID, UserID: ann.ID, Password: "first", History: []string{"old"}}),
				tx.TrustSource(w.org.ID, ann.ID, "home", noon, noon.Add(time.Hour), 3),
				tx.InsertFactor(factor),
				tx.SetFactorAuto(w.org.ID, ann.ID, factor.ID, true))
		})
		everything := func(userID, login, source string) store.Foreseen {
			return store.Foreseen{
				UserID: userID, Login: login, Credential: true, Groups: true, Factors: true, Counts: true, Standing: true, Source: source, Handle: hash("handle"),
			}
		}
		same := func(tx *store.Tx, userID, login, source string) {
			t.Helper()
			want := ask(t, w.Read(t.Context()), w.org.ID, userID, login, source)
			if got := ask(t, tx, w.org.ID, userID, login, source); !reflect.DeepEqual(got, want) {
				t.Errorf("%q: %+v, want %+v", login, got, want)
			}
		}
		for _, of := range []struct{ userID, login, source string }{
			{ann.ID, ann.Keys.Login, "home"}, {ann.ID, ann.Keys.Login, "away"}, {ann.ID, ben.Keys.Login, "home"}, {ben.ID, ben.Keys.Login, "home"}, {"", "nobody", ""},
		} {
			look := w.Look(t.Context())
			if err := look.Foresee(w.org.ID, everything(of.userID, of.login, of.source)); err != nil {
				t.Fatal(err)
			}
			same(look, of.userID, of.login, of.source)
			w.tx(t, func(tx *store.Tx) error {
				if err := tx.Foresee(w.org.ID, everything(of.userID, of.login, of.source)); err != nil {
					return err
				}
				same(tx, of.userID, of.login, of.source)
				return nil
			})
		}
		w.tx(t, func(tx *store.Tx) error {
			if err := tx.Foresee(w.org.ID, everything(ann.ID, "", "away")); err != nil {
				return err
			}
			for want := 1; want < 3; want++ {
				if n, err := tx.CountFactorFailure(w.org.ID, ann.ID, factor.ID); n != want || err != nil {
					t.Error(n, err)
				}
				if n, err := tx.FactorFailures(w.org.ID, ann.ID, factor.ID); n != want || err != nil {
					t.Errorf("%d failures, %v, want %d", n, err, want)
				}
			}
			if err := tx.TrustSource(w.org.ID, ann.ID, "away", noon, noon.Add(time.Hour), 3); err != nil {
				return err
			}
			if s, err := tx.Standing(w.org.ID, ann.ID, "away"); err != nil || !s.Known {
				t.Error(s, err)
			}
			return tx.DeleteUser(w.org.ID, ben.ID)
		})
	})
}

// TestForeseenCounts: a step is used once, whether or not its counts were foreseen,
// and forgiving forgets what there is.
func TestForeseenCounts(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann := w.addUser(t, "ann")
		w.tx(t, func(tx *store.Tx) error { return tx.InsertFactor(w.factor(ann.ID)) })
		foresee := func(tx *store.Tx) {
			t.Helper()
			if err := tx.Foresee(w.org.ID, store.Foreseen{UserID: ann.ID, Counts: true}); err != nil {
				t.Error(err)
			}
		}
		use := func(tx *store.Tx, step int64, want bool) {
			t.Helper()
			if got, err := tx.UseFactorStep(w.org.ID, ann.ID, "ost1", step); got != want || err != nil {
				t.Errorf("step %d: %v, %v", step, got, err)
			}
		}
		w.tx(t, func(tx *store.Tx) error {
			foresee(tx)
			use(tx, 5, true)
			use(tx, 5, false)
			use(tx, 4, false)
			use(tx, 6, true)
			_, err := tx.CountFactorFailure(w.org.ID, ann.ID, "ost1")
			return err
		})
		w.tx(t, func(tx *store.Tx) error {
			foresee(tx)
			use(tx, 6, false)
			use(tx, 7, true)
			return tx.ForgiveFactor(w.org.ID, ann.ID, "ost1")
		})
		read := w.Read(t.Context())
		if n, err := read.FactorFailures(w.org.ID, ann.ID, "ost1"); n != 0 || err != nil {
			t.Errorf("%d failures, %v", n, err)
		}
		if step, err := read.FactorStep(w.org.ID, ann.ID, "ost1"); step != 7 || err != nil {
			t.Errorf("step %d, %v", step, err)
		}
	})
}

// TestWhatWasForeseenMayChange: what another one writes after it was foreseen makes
// the transaction run again, and then it is seen.
func TestWhatWasForeseenMayChange(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		if w.Engine() != "postgres" {
			return // has one writer
		}
		ann := w.addUser(t, "ann")
		handle := func(version int64) *store.Transaction {
			return &store.Transaction{OrgID: w.org.ID, Hash: hash("handle"), Expires: noon.Add(time.Hour), Document: []byte("{}"), Version: version}
		}
		w.tx(t, func(tx *store.Tx) error {
			return errors.Join(tx.InsertFactor(w.factor(ann.ID)), tx.SaveTransaction(handle(0)), tx.InsertChallenge(&store.Challenge{
				OrgID: w.org.ID, ID: "mst1", UserID: ann.ID, FactorID: "ost1", Purpose: "verify", Result: "waiting", Created: noon, Expires: noon.Add(time.Hour),
			}))
		})
		answer := func(tx *store.Tx) error {
			c, err := tx.Challenge(w.org.ID, "mst1")
			if err == nil && c.Result != "waiting" {
				err = store.ErrStale
			}
			if err != nil {
				return err
			}
			c.Result = "accepted"
			return tx.UpdateChallenge(c)
		}
		use := func(tx *store.Tx) (bool, error) { return tx.UseFactorStep(w.org.ID, ann.ID, "ost1", 5) }
		for _, c := range []struct {
			name        string
			other, mine func(tx *store.Tx) error
			want        error
		}{
			{
				"a step is used first",
				func(tx *store.Tx) error { _, err := use(tx); return err },
				func(tx *store.Tx) error {
					news, err := use(tx)
					if err == nil && !news {
						err = store.ErrStale
					}
					return err
				}, store.ErrStale,
			},
			{"a challenge is answered first", answer, answer, store.ErrStale},
			{
				"a sign-in goes on first",
				func(tx *store.Tx) error { return tx.SaveTransaction(handle(1)) },
				func(tx *store.Tx) error { return tx.SaveTransaction(handle(1)) }, store.ErrStale,
			},
			{
				"a sign-in ends first",
				func(tx *store.Tx) error { return tx.EndTransaction(handle(2)) },
				func(tx *store.Tx) error { return tx.EndTransaction(handle(2)) }, store.ErrStale,
			},
			{
				"a sign-in begins",
				func(*store.Tx) error { return nil },
				func(tx *store.Tx) error { return tx.SaveTransaction(handle(0)) }, nil,
			},
		} {
			runs := 0
			err := w.Guarded(t.Context(), func(tx *store.Tx) error {
				if err := tx.Foresee(w.org.ID, store.Foreseen{UserID: ann.ID, Counts: true, Handle: hash("handle"), FactorID: "ost1", Challenges: 5}); err != nil {
					return err
				}
				if runs++; runs == 1 {
					if err := w.Tx(t.Context(), c.other); err != nil {
						t.Error(c.name, err)
					}
				}
				return c.mine(tx)
			})
			if again := c.want != nil; !errors.Is(err, c.want) || (runs > 1) != again {
				t.Errorf("%s: %v after %d runs", c.name, err, runs)
			}
		}
		if err := w.Guarded(t.Context(), func(tx *store.Tx) error { return tx.SaveTransaction(handle(0)) }); !store.Exists(err, "transactions.hash") {
			t.Errorf("a second one of the same handle: %v", err)
		}
	})
}

// TestForeseenAssignment: what an application has to do with a user is the same,
// whether or not it was foreseen, and for nobody else.
func TestForeseenAssignment(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann, ben, group := w.addUser(t, "ann"), w.addUser(t, "ben"), w.addGroup(t, "a")
		app := w.addApp(t, "app")
		w.tx(t, func(tx *store.Tx) error {
			_, err := tx.AddMember(w.org.ID, group.ID, ben.ID, "")
			return errors.Join(err, w.populateApp(tx, ann.ID, group.ID))
		})
		type assigned struct{ groups, users, paths any }
		ask := func(tx *store.Tx, appID string, users ...string) assigned {
			t.Helper()
			groups, err := tx.AppGroups(w.org.ID, appID)
			rows, err2 := tx.AppUsers(w.org.ID, appID, users)
			paths, err3 := tx.AppPaths(w.org.ID, appID, users)
			if err := errors.Join(err, err2, err3); err != nil {
				t.Error(err)
			}
			return assigned{groups, rows, paths}
		}
		apps, err := w.Read(t.Context()).AppsAfter(w.org.ID, store.AppFilter{}, "", 10)
		if err != nil || len(apps) < 2 {
			t.Fatalf("%d applications, %v", len(apps), err)
		}
		for _, of := range apps {
			for _, u := range []string{ann.ID, ben.ID} {
				w.tx(t, func(tx *store.Tx) error {
					if err := tx.Foresee(w.org.ID, store.Foreseen{AppID: of.ID, UserID: u}); err != nil {
						return err
					}
					for _, users := range [][]string{{u}, {ann.ID}, {ben.ID}, {ann.ID, ben.ID}} {
						for _, id := range []string{of.ID, app.ID} {
							if got, want := ask(tx, id, users...), ask(w.Read(t.Context()), id, users...); !reflect.DeepEqual(got, want) {
								t.Errorf("%s of %v, foreseen of %s at %s: %+v, want %+v", id, users, u, of.ID, got, want)
							}
						}
					}
					return nil
				})
			}
		}
	})
}
