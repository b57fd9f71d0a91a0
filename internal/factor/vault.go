package factor

import (
	"usher/internal/keys"
	"usher/internal/store"
)

// Vault seals what only a method may know, bound to its row.
type Vault struct{ Keeper *keys.Keeper }

func factorPlace(f *store.Factor) keys.Place {
	return keys.Place{Table: "factors", Column: "sealed", Row: f.OrgID + "/" + f.UserID + "/" + f.ID}
}

func challengePlace(c *store.Challenge) keys.Place {
	return keys.Place{Table: "factor_challenges", Column: "sealed", Row: c.OrgID + "/" + c.ID}
}

// Seal keeps a secret with an enrolment.
func (v Vault) Seal(f *store.Factor, secret []byte) { f.Sealed = v.Keeper.Seal(factorPlace(f), secret) }

// Open returns the secret of an enrolment, else keys.ErrSealed.
func (v Vault) Open(f *store.Factor) ([]byte, error) { return v.Keeper.Open(factorPlace(f), f.Sealed) }

// SealState keeps with a challenge what its answer is compared with.
func (v Vault) SealState(c *store.Challenge, state []byte) {
	c.Sealed = v.Keeper.Seal(challengePlace(c), state)
}

// OpenState returns what SealState kept, else keys.ErrSealed.
func (v Vault) OpenState(c *store.Challenge) ([]byte, error) {
	return v.Keeper.Open(challengePlace(c), c.Sealed)
}
