package policy

import (
	"testing"
	"time"

	"usher/internal/credential"
	"usher/internal/fresh"
	"usher/internal/idp"
	"usher/internal/store"
)

// TestPoliciesAreAtMostASecondOld: a change holds at once on the node that makes
// it, and within a second on another.
func TestPoliciesAreAtMostASecondOld(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.admin()
		var age time.Duration
		other := &Service{Store: w.store, IDs: w.IDs}
		other.warm.Age = func() time.Duration { return age }
		rules := func(s *Service) (out credential.Policy) {
			t.Helper()
			if err := s.Warm(t.Context(), w.org.ID); err != nil {
				t.Fatal(err)
			}
			w.tx(t, func(tx *store.Tx) (err error) {
				out, err = s.PasswordRules(tx, w.org, w.user)
				return err
			})
			return out
		}
		w.join(t)
		before := rules(w.Service)
		rules(other)
		in := Input{
			Type: TypePassword, Name: "staff", Conditions: &Conditions{People: &People{Groups: &Selection{Include: []string{w.staff.ID}}}},
			Settings: []byte(`{"password":{"complexity":{"minLength":20}}}`),
		}
		p, err := w.Create(t.Context(), a, in, true)
		if err != nil {
			t.Fatal(err)
		}
		reset := RuleInput{Name: "rule", Actions: []byte(`{"passwordChange":{"access":"ALLOW"}}`)}
		if _, _, err := w.AddRule(t.Context(), a, p.ID, reset, true); err != nil {
			t.Fatal(err)
		}
		if got := rules(w.Service); got.Rules.MinLength != 20 {
			t.Errorf("here: %d characters", got.Rules.MinLength)
		}
		age = fresh.Life - 1
		if got := rules(other); got.Rules.MinLength != before.Rules.MinLength {
			t.Errorf("elsewhere, within the second: %d characters", got.Rules.MinLength)
		}
		age = fresh.Life
		if got := rules(other); got.Rules.MinLength != 20 {
			t.Errorf("elsewhere, after the second: %d characters", got.Rules.MinLength)
		}
		if _, err := w.Policy(t.Context(), a, p.ID); err != nil {
			t.Error(err)
		}
		if err := w.Delete(t.Context(), a, p.ID); err != nil {
			t.Fatal(err)
		}
		if got := rules(w.Service); got.Rules.MinLength != before.Rules.MinLength {
			t.Errorf("here, after the policy has gone: %d characters", got.Rules.MinLength)
		}
		if _, err := w.Policy(t.Context(), a, p.ID); idp.KindOf(err) != idp.KindNotFound {
			t.Errorf("the policy that has gone: %v", err)
		}
	})
}
