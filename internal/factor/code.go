package factor

import (
	"context"
	"fmt"
	"time"

	"usher/internal/env"
	"usher/internal/idp"
	"usher/internal/keys"
	"usher/internal/store"
)

// FieldPassCode is the field of an answer that is a code, FieldCredentialID the one
// that names a token to its vendor. (spec: management UserFactorTokenProfile)
const (
	FieldPassCode     = "passCode"
	FieldCredentialID = "credentialId"
)

// The codes that are sent. (management reference: lockout and abuse)
const (
	codeDigits  = 6
	maxCode     = 64 // bytes of an answer
	codeLife    = 5 * time.Minute
	minCodeLife = time.Second
	maxCodeLife = 24 * time.Hour
)

// Codes is what the methods have in common that send a code of digits and ask
// for it. A method embeds it, which makes it a Method but for Describe, and a
// Challenger.
type Codes struct {
	Rand  env.Rand
	Vault Vault
	// Deliver puts the message with the code into the outbox, in the caller's
	// transaction. s.Factor holds where to, s.Challenge when the code expires and
	// what for.
	Deliver func(tx *store.Tx, a idp.Actor, s Subject, code string, o ChallengeOptions) error
}

// CodeFields are the fields of an answer that is a code.
func CodeFields() []Field { return []Field{{Name: FieldPassCode, MaxLength: maxCode}} }

// Challenge implements Challenger: it makes a code, keeps its hash, and sends it.
func (c *Codes) Challenge(tx *store.Tx, a idp.Actor, s Subject, o ChallengeOptions) error {
	life := o.Life
	if life == 0 {
		life = codeLife
	}
	if life < minCodeLife || life > maxCodeLife {
		return idp.Invalid("tokenLifetimeSeconds", idp.Cause{
			Field: "tokenLifetimeSeconds", Text: fmt.Sprintf("must be between %d and %d", int(minCodeLife.Seconds()), int(maxCodeLife.Seconds())),
		})
	}
	code := env.Digits(c.Rand, codeDigits)
	s.Challenge.Expires = tx.Now().Add(life)
	c.Vault.SealState(s.Challenge, keys.Hash(code))
	return c.Deliver(tx, a, s, code, o)
}

// Check implements Method. To compare a code is cheap: Settle does it.
func (c *Codes) Check(_ context.Context, _ Subject, answer map[string]string) (Attempt, error) {
	return Attempt{State: codeHash(keys.Hash(answer[FieldPassCode]))}, nil
}

// codeHash is an attempt at a code.
type codeHash []byte

// Settle implements Method: a code is good for its own challenge, once, in time
// and within MaxAttempts.
func (c *Codes) Settle(tx *store.Tx, s Subject, a Attempt) (Outcome, error) {
	given, ok := a.State.(codeHash)
	if !ok {
		return Outcome{}, ErrChanged
	}
	if s.Challenge == nil || ResultOf(s.Challenge, tx.Now()) != Waiting || s.Challenge.Attempts >= MaxAttempts {
		return Outcome{Void: true}, nil
	}
	kept, err := c.Vault.OpenState(s.Challenge)
	if err != nil {
		return Outcome{}, fmt.Errorf("challenge %s: %w", s.Challenge.ID, err)
	}
	if !keys.Equal(string(kept), string(given)) {
		if s.Challenge.Attempts, err = tx.CountAttempt(s.Challenge.OrgID, s.Challenge.ID); err != nil {
			return Outcome{}, fmt.Errorf("count a wrong answer: %w", err)
		}
		return Outcome{}, nil
	}
	err = Answered(tx, s.Challenge, Accepted)
	if idp.KindOf(err) == idp.KindChallengeOver {
		return Outcome{Void: true}, nil
	}
	return Outcome{Proved: err == nil}, err
}
