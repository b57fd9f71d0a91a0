package factor

import (
	"encoding/json"
	"fmt"

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

// SealValue keeps a value, written as JSON, with an enrolment.
func (v Vault) SealValue(f *store.Factor, value any) error {
	text, err := Sealable(value)
	if err == nil {
		v.Seal(f, text)
	}
	return err
}

// OpenValue reads what SealValue kept.
func (v Vault) OpenValue(f *store.Factor, value any) error {
	text, err := v.Open(f)
	if err == nil {
		err = json.Unmarshal(text, value)
	}
	if err != nil {
		return fmt.Errorf("factor %s: %w", f.ID, err)
	}
	return nil
}

// SealState keeps with a challenge what its answer is compared with.
func (v Vault) SealState(c *store.Challenge, state []byte) {
	c.Sealed = v.Keeper.Seal(challengePlace(c), state)
}

// OpenState returns what SealState kept, else keys.ErrSealed.
func (v Vault) OpenState(c *store.Challenge) ([]byte, error) {
	return v.Keeper.Open(challengePlace(c), c.Sealed)
}

// Sealable writes a value as the secret of a Draft, for OpenValue to read.
func Sealable(value any) ([]byte, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("write the secret of a factor: %w", err)
	}
	return text, nil
}
