package signintest

import (
	"context"

	"usher/internal/env"
	"usher/internal/factor"
	"usher/internal/factor/call"
	"usher/internal/factor/password"
	"usher/internal/factor/sms"
	"usher/internal/idp"
	"usher/internal/notify"
	"usher/internal/policy"
	"usher/internal/store"
)

// Phones gives the world the factors of texts and calls, and lets the default
// password policy recover and unlock by them.
func (w *World) Phones() {
	w.T.Helper()
	out := w.Directory.Outbox
	w.Engine.Factors = factor.NewService(
		&password.Method{Credentials: w.Engine.Credentials},
		sms.New(w.Rand, w.Vault, out, &notify.Templates{Store: w.Store, IDs: &env.Counting{}}, w.Log),
		call.New(w.Rand, w.Vault, out, w.Log),
	)
	w.Engine.Ceremonies.Methods = w.Engine.Factors
	w.SetPasswordPolicy(func(p *policy.PasswordSettings) {
		p.Recovery.Factors.SMS.Status, p.Recovery.Factors.Call.Status = policy.Active, policy.Active
	})
	w.SetPasswordActions(func(a *policy.Actions) { a.SelfUnlock.Access = policy.Allow })
}

// Phone enrols a number for texts and calls.
func (w *World) Phone(u *idp.User, number string) {
	w.T.Helper()
	must(w.T, w.Store.Tx(context.Background(), func(tx *store.Tx) error {
		for _, kind := range []string{"sms", "call"} {
			f := &store.Factor{
				OrgID: u.OrgID, UserID: u.ID, ID: w.Engine.Ceremonies.IDs.New(kind[:2] + "f"), Type: kind, Provider: "OKTA", Vendor: "OKTA",
				Status: factor.StatusActive, Profile: []byte(`{"phoneNumber":"` + number + `"}`), Created: tx.Now(), LastUpdated: tx.Now(),
			}
			if err := tx.InsertFactor(f); err != nil {
				return err
			}
		}
		return nil
	}))
}
