package signin_test

import (
	"testing"
	"time"

	"usher/internal/idp"
	"usher/internal/policy"
	"usher/internal/signin"
	"usher/internal/store/storetest"
)

// TestStepUpMeetsEveryState: a session is raised for an active user alone,
// whatever the user became before the step-up began or while it was under way.
func TestStepUpMeetsEveryState(t *testing.T) {
	w := worldWithFactors(t, storetest.SQLite(t))
	u := w.User(login)
	w.RequireFactor(policy.PromptAlways, 0)
	first, _ := begin(t, w, signin.Options{})
	secret, _ := enrolTOTP(t, w, first)
	usable := map[idp.UserStatus]bool{idp.UserActive: true, idp.UserLockedOut: true, idp.UserPasswordExpired: true, idp.UserRecovery: true}
	for _, s := range idp.UserStatuses() {
		w.Clock.Advance(time.Minute)
		w.Put(u, idp.UserActive)
		v, err := w.Sessions.Lookup(t.Context(), w.Org.ID, sessionOf(t, w, w.Reload(u)))
		if err != nil {
			t.Fatal(err)
		}
		tx, err := w.Engine.StepUp(t.Context(), w.Anonymous(), v, signin.Options{Prefix: "02.id."})
		if err != nil {
			t.Fatal(err)
		}
		step, _, err := w.Engine.Next(t.Context(), w.Anonymous(), tx)
		if err != nil {
			t.Fatal(err)
		}
		id := is[signin.Verify](t, step).Options[0].FactorID
		is[signin.Done](t, apply(t, w, tx, signin.VerifyFactor{FactorID: id, Answer: passCode(w.AppCode(secret, 0))}))
		w.Put(u, s)
		if _, err = w.Engine.Redeem(t.Context(), w.Anonymous(), tx.Handle); (err == nil) != (s == idp.UserActive) {
			t.Errorf("%s: %v", s, err)
		}
		if _, err := w.Engine.StepUp(t.Context(), w.Anonymous(), v, signin.Options{}); (err == nil) != usable[s] {
			t.Errorf("a step-up begun as %s: %v", s, err)
		}
	}
}
