package signintest

import (
	"context"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"usher/internal/env"
	"usher/internal/factor"
	"usher/internal/factor/call"
	"usher/internal/factor/email"
	"usher/internal/factor/password"
	"usher/internal/factor/question"
	"usher/internal/factor/sms"
	"usher/internal/factor/totp"
	"usher/internal/idp"
	"usher/internal/notify"
	"usher/internal/policy"
	"usher/internal/store"
)

// Factors gives the world further factors, which users may enrol when one is
// asked for: one-time passwords, the security question, texts, calls and mails.
func (w *World) Factors() {
	w.T.Helper()
	out, c := w.Directory.Outbox, w.Engine.Credentials
	w.Engine.Factors = factor.NewService(
		&password.Method{Credentials: c},
		&totp.Method{Rand: w.Rand, Vault: w.Vault},
		&question.Method{Credentials: c, Vault: w.Vault},
		sms.New(w.Rand, w.Vault, out, &notify.Templates{Store: w.Store, IDs: &env.Counting{}}, w.Log),
		call.New(w.Rand, w.Vault, out, w.Log),
		email.New(w.Rand, w.Vault, out, w.Log),
	)
	w.Engine.Ceremonies.Methods = w.Engine.Factors
	w.SetEnroll(policy.EnrollAtChallenge, map[string]policy.SelfEnroll{
		"okta_otp": policy.EnrollOptional, "google_otp": policy.EnrollOptional, "okta_question": policy.EnrollOptional,
		"okta_sms": policy.EnrollOptional, "okta_call": policy.EnrollOptional, "okta_email": policy.EnrollOptional,
	})
}

// Enrolments administers the factors of the world's users, of whom all may
// enrol those of these keys.
func (w *World) Enrolments(keys ...string) *factor.Enrolments {
	return &factor.Enrolments{
		Store: w.Store, Log: w.Log, Directory: w.Directory, Methods: w.Engine.Factors, Ceremonies: w.Engine.Ceremonies,
		Allowed: func(*store.Tx, idp.Actor, *idp.User) (map[string]string, error) {
			out := map[string]string{}
			for _, k := range keys {
				out[k] = string(policy.EnrollOptional)
			}
			return out, nil
		},
	}
}

// RequireFactor lets the default sign-on rule ask for a further factor; life is
// in minutes.
func (w *World) RequireFactor(mode policy.PromptMode, life int) {
	w.T.Helper()
	w.SetSignOn(func(a *policy.SignOnAction) { a.RequireFactor, a.PromptMode, a.FactorLifetime = true, mode, life })
}

// AppCode is the one-time password that an app shows for a secret, off steps
// away from now.
func (w *World) AppCode(secret string, off int) string {
	w.T.Helper()
	n := w.Clock.Now().Unix()/int64((30*time.Second).Seconds()) + int64(off)
	text, err := hotp.GenerateCodeCustom(secret, uint64(n), hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
	must(w.T, err)
	return text
}

// SentCode is the code of the newest message that has one.
func (w *World) SentCode() string {
	w.T.Helper()
	list, err := w.Directory.Outbox.List(context.Background(), w.Org.ID, notify.Query{})
	must(w.T, err)
	for _, m := range list {
		if c := m.Data[notify.DataCode]; c != "" {
			return c
		}
	}
	w.T.Fatal("no code was sent")
	return ""
}
