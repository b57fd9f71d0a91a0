package totp

import (
	"context"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // what authenticator apps make codes with
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"hash"
	"net/url"
	"strconv"
	"strings"
	"time"

	"usher/internal/env"
	"usher/internal/factor"
	"usher/internal/idp"
	"usher/internal/keys"
	"usher/internal/store"
)

// The passwords that apps make. (RFC 6238 section 5.2, RFC 4226 section 4)
const (
	step        = 30 * time.Second
	digits      = 6
	secretBytes = 20
	// window is how many steps a clock may be off, either way.
	window = 1
	// drift is how many steps a code may be off to be told from a wrong one.
	drift = 10
)

// Method proves a user by one-time passwords of time.
type Method struct {
	Rand  env.Rand
	Vault factor.Vault
}

// Describe implements factor.Method.
func (*Method) Describe() factor.Description {
	return factor.Description{
		Kind:       "totp",
		Verify:     factor.CodeFields(),
		AMR:        []string{"otp"},
		Credential: "OTP",
	}
}

// profile is what may be shown. (management reference: user factors, profiles)
type profile struct {
	CredentialID string `json:"credentialId"`
}

// Enroll implements factor.Enroller: the server makes the secret.
func (m *Method) Enroll(_ context.Context, s factor.Subject, k factor.Kind, _ map[string]string) (factor.Draft, error) {
	secret := make([]byte, secretBytes)
	m.Rand.Read(secret)
	return factor.Draft{Kind: k, Profile: profile{s.User.Login}, Secret: secret}, nil
}

// View implements factor.Viewer: the secret is shown until it is proved.
func (m *Method) View(_ *store.Tx, s factor.Subject) (factor.View, error) {
	if !s.Activating() {
		return factor.View{}, nil
	}
	secret, err := m.Vault.Open(s.Factor)
	if err != nil {
		return factor.View{}, fmt.Errorf("factor %s: %w", s.Factor.ID, err)
	}
	text := encode(secret)
	return factor.View{
		Seed: &factor.Seed{Secret: text, Step: step, Digits: digits},
		QR:   address(s.Org, s.User, text),
	}, nil
}

func encode(secret []byte) string {
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret)
}

// address is what an app scans. (the key URI format of authenticator apps)
func address(org *idp.Org, u *idp.User, secret string) string {
	issuer := org.Name
	if host, err := url.Parse(org.BaseURL); err == nil && host.Hostname() != "" {
		issuer = host.Hostname()
	}
	// Apps do not agree on "+" for a space.
	q := url.Values{
		"secret": {secret}, "issuer": {issuer}, "algorithm": {"SHA1"},
		"digits": {strconv.Itoa(digits)}, "period": {strconv.Itoa(int(step.Seconds()))},
	}
	return "otpauth://totp/" + url.PathEscape(issuer) + ":" + url.PathEscape(u.Login) + "?" + strings.ReplaceAll(q.Encode(), "+", "%20")
}

// guess is a code on its way to Settle, which compares it.
type guess string

// Check implements factor.Method.
func (*Method) Check(_ context.Context, _ factor.Subject, answer map[string]string) (factor.Attempt, error) {
	return factor.Attempt{State: guess(strings.TrimSpace(answer[factor.FieldPassCode]))}, nil
}

// Settle implements factor.Method. A code is good once, in its own step and the
// ones beside it, and no earlier one is good after it. One that is right for
// another time is told from a wrong one. (RFC 6238 section 5.2)
func (m *Method) Settle(tx *store.Tx, s factor.Subject, a factor.Attempt) (factor.Outcome, error) {
	g, ok := a.State.(guess)
	if !ok || s.Factor == nil {
		return factor.Outcome{}, factor.ErrChanged
	}
	secret, err := m.Vault.Open(s.Factor)
	if err != nil {
		return factor.Outcome{}, fmt.Errorf("factor %s: %w", s.Factor.ID, err)
	}
	now := tx.Now().Unix() / int64(step.Seconds())
	at, found := match(secret, string(g), now)
	if !found {
		return factor.Outcome{}, nil
	}
	if at < now-window || at > now+window {
		return factor.Outcome{Why: idp.KindPasscodeWindow}, nil
	}
	fresh, err := tx.UseFactorStep(s.Factor.OrgID, s.Factor.UserID, s.Factor.ID, at)
	if err != nil {
		return factor.Outcome{}, fmt.Errorf("use a code: %w", err)
	}
	if !fresh {
		return factor.Outcome{Why: idp.KindPasscodeReplayed}, nil
	}
	return factor.Outcome{Proved: true}, nil
}

// match finds the step nearest to now whose code this is. It makes the same
// number of codes whatever it finds.
func match(secret []byte, code string, now int64) (at int64, found bool) {
	mac := hmac.New(sha1.New, secret)
	for off := int64(drift); off >= 0; off-- {
		for _, at2 := range []int64{now - off, now + off} {
			if at2 >= 0 && keys.Equal(password(mac, uint64(at2)), code) {
				at, found = at2, true
			}
		}
	}
	return at, found
}

// password is the one of a step. (RFC 4226 section 5.3)
func password(mac hash.Hash, step uint64) string {
	var sum [sha1.Size]byte
	binary.BigEndian.PutUint64(sum[:], step)
	mac.Reset()
	mac.Write(sum[:8])
	mac.Sum(sum[:0])
	const positive = 1<<31 - 1
	n := binary.BigEndian.Uint32(sum[sum[sha1.Size-1]&0xf:]) & positive
	var text [digits]byte
	for i := len(text) - 1; i >= 0; i-- {
		text[i] = '0' + byte(n%10)
		n /= 10
	}
	return string(text[:])
}
