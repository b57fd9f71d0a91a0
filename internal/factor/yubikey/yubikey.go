package yubikey

import (
	"context"
	"crypto/aes"
	"encoding/binary"
	"fmt"
	"strings"

	"usher/internal/factor"
	"usher/internal/idp"
	"usher/internal/keys"
	"usher/internal/store"
)

// The parts of a password. (Yubico OTP: an encrypted block of 16 bytes behind
// the public identifier, both in modhex)
const (
	publicChars = 12
	otpChars    = 44
	// residue is what the checksum over a whole block comes to. (ISO 13239)
	residue = 0xf0b8
)

// Method proves a user by the password that a YubiKey types.
type Method struct {
	Store *store.Store
	Vault factor.Vault
}

// Describe implements factor.Method.
func (*Method) Describe() factor.Description {
	return factor.Description{
		Kind: "yubikey", Verify: factor.CodeFields(), Enroll: factor.CodeFields(), AMR: []string{"otp", "hwk"}, Credential: "OTP",
	}
}

// profile is what may be shown. (management reference: user factors, profiles)
type profile struct {
	CredentialID string `json:"credentialId"` // the token's serial number
}

// Enroll implements factor.Enroller: a first password shows who has the token,
// which is the user's from then on.
func (m *Method) Enroll(ctx context.Context, s factor.Subject, k factor.Kind, fields map[string]string) (factor.Draft, error) {
	d := factor.Draft{Kind: k, Active: true}
	err := m.Store.Tx(ctx, func(tx *store.Tx) error {
		token, counter, err := m.read(tx, s.Org.ID, fields[factor.FieldPassCode])
		if err != nil {
			return err
		}
		if token == nil {
			return idp.Fail(idp.KindWrongPasscode, wrong)
		}
		fresh, err := tx.UseYubiKey(token.OrgID, token.ID, s.User.ID, counter)
		if err != nil {
			return fmt.Errorf("use a password: %w", err)
		}
		if !fresh {
			return idp.Fail(idp.KindWrongPasscode, wrong)
		}
		d.Profile, d.Secret = profile{token.Serial}, []byte(token.ID)
		return nil
	})
	return d, err
}

// wrong is said about a password that does not count.
const wrong = "Your passcode doesn't match our records. Please try again."

// guess is a password on its way to Settle.
type guess string

// Check implements factor.Method.
func (*Method) Check(_ context.Context, _ factor.Subject, answer map[string]string) (factor.Attempt, error) {
	return factor.Attempt{State: guess(answer[factor.FieldPassCode])}, nil
}

// Settle implements factor.Method. A password is good once, and no earlier one
// after it.
func (m *Method) Settle(tx *store.Tx, s factor.Subject, a factor.Attempt) (factor.Outcome, error) {
	g, ok := a.State.(guess)
	if !ok || s.Factor == nil {
		return factor.Outcome{}, factor.ErrChanged
	}
	id, err := m.Vault.Open(s.Factor)
	if err != nil {
		return factor.Outcome{}, fmt.Errorf("factor %s: %w", s.Factor.ID, err)
	}
	token, counter, err := m.read(tx, s.Factor.OrgID, string(g))
	if err != nil || token == nil || token.ID != string(id) {
		return factor.Outcome{}, err
	}
	fresh, err := tx.UseYubiKey(token.OrgID, token.ID, s.Factor.UserID, counter)
	if err != nil {
		return factor.Outcome{}, fmt.Errorf("use a password: %w", err)
	}
	if !fresh {
		return factor.Outcome{Why: idp.KindPasscodeReplayed}, nil
	}
	return factor.Outcome{Proved: true}, nil
}

// read finds the token that has typed a password, and its counter; nil for none.
func (m *Method) read(tx *store.Tx, orgID, otp string) (*store.YubiKey, int64, error) {
	otp = strings.ToLower(strings.TrimSpace(otp))
	if len(otp) != otpChars {
		return nil, 0, nil
	}
	block, ok := factor.Modhex(otp[publicChars:])
	if !ok {
		return nil, 0, nil
	}
	token, private, key, err := m.Vault.YubiSecrets(tx, orgID, otp[:publicChars])
	if err != nil || token == nil {
		return nil, 0, err
	}
	c, err := aes.NewCipher(key)
	if err != nil {
		return nil, 0, fmt.Errorf("token %s: %w", token.ID, err)
	}
	plain := make([]byte, aes.BlockSize)
	c.Decrypt(plain, block)
	if checksum(plain) != residue || !keys.Equal(string(plain[:len(private)]), string(private)) {
		return nil, 0, nil
	}
	uses, session := binary.LittleEndian.Uint16(plain[6:])&0x7fff, plain[11]
	return token, int64(uses)<<8 | int64(session), nil
}

// checksum is the CRC-16 of ISO 13239.
func checksum(b []byte) uint16 {
	crc := uint16(0xffff)
	for _, v := range b {
		crc ^= uint16(v)
		for range 8 {
			low := crc & 1
			if crc >>= 1; low != 0 {
				crc ^= 0x8408
			}
		}
	}
	return crc
}
