package oauth

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"usher/internal/env"
	"usher/internal/keys"
	"usher/internal/store"
)

// A refresh token is two parts: one that stays through all rotations, by which
// it is found, and one that changes. The next changing part is computed from the
// present one and a random salt that is kept: whoever lost the answer, or asked
// twice at once, is told the same next token again, and nothing but hashes is
// stored.
const (
	familyBytes  = 16
	familyLength = 22
	secretLength = 43
)

// refreshLimits are how long a refresh token lives: in all (zero for ever), and
// without being used.
type refreshLimits struct{ Life, Idle time.Duration }

// expires is when a token ends if it is not used from now on.
func (l refreshLimits) expires(created, now time.Time) time.Time {
	const ever = 100 * 365 * 24 * time.Hour
	at := now.Add(ever)
	if l.Idle > 0 {
		at = now.Add(l.Idle)
	}
	if end := created.Add(l.Life); l.Life > 0 && end.Before(at) {
		at = end
	}
	return at
}

// newRefresh begins a family and returns its first token. proof is what the
// tokens stand for.
func (p *Provider) newRefresh(tx *store.Tx, orgID, serverID, clientID, userID string, l refreshLimits, proof *Proof) (string, *store.OAuthRefresh, error) {
	family, secret := env.Secret(p.Rand, "", familyBytes), env.Secret(p.Rand, "", ticketBytes)
	doc, err := json.Marshal(proof)
	if err != nil {
		return "", nil, fmt.Errorf("write refresh token: %w", err)
	}
	row := &store.OAuthRefresh{
		OrgID: orgID, ID: p.IDs.New("oar"), Hash: keys.Hash(family), ServerID: serverID, ClientID: clientID, UserID: userID,
		Current: keys.Hash(secret), Expires: l.expires(tx.Now(), tx.Now()), Document: doc,
	}
	if err := tx.InsertOAuthRefresh(row); err != nil {
		return "", nil, fmt.Errorf("begin refresh token: %w", err)
	}
	return family + secret, row, nil
}

// findRefresh finds the family of a token, nil for none. Whether the token is
// its present one remains to be seen.
func findRefresh(tx *store.Tx, orgID, token string) (*store.OAuthRefresh, error) {
	if len(token) != familyLength+secretLength {
		return nil, nil
	}
	row, err := tx.OAuthRefreshByHash(orgID, keys.Hash(token[:familyLength]))
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read refresh token: %w", err)
	}
	return row, nil
}

// standing is what a presented token is to its family.
type standing int

const (
	refreshCurrent standing = iota
	refreshGrace            // the one before, within the time in which it still holds
	refreshReused           // an older one: somebody else has it
)

// standingOf tells what a token is to its family. (RFC 9700 section 4.14.2)
func standingOf(row *store.OAuthRefresh, token string, grace time.Duration, now time.Time) standing {
	hash := keys.Hash(token[familyLength:])
	switch {
	case subtle.ConstantTimeCompare(hash, row.Current) == 1:
		return refreshCurrent
	case subtle.ConstantTimeCompare(hash, row.Previous) == 1 && !row.Rotated.IsZero() && now.Before(row.Rotated.Add(grace)):
		return refreshGrace
	}
	return refreshReused
}

// rotate moves a family on from its current token, or tells again what it was
// moved to, and returns the token that holds now.
func (p *Provider) rotate(tx *store.Tx, row *store.OAuthRefresh, token string, s standing) string {
	if s == refreshCurrent {
		row.Salt = make([]byte, ticketBytes)
		p.Rand.Read(row.Salt)
	}
	next := successor(token[familyLength:], row.Salt)
	if s == refreshCurrent {
		row.Previous, row.Current, row.Rotated = row.Current, keys.Hash(next), tx.Now()
	}
	return token[:familyLength] + next
}

func successor(secret string, salt []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(salt)
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// rotation tells whether a client's refresh tokens change with use, and for how
// long the one before still holds. (spec: management
// OpenIdConnectApplicationSettingsRefreshToken)
func rotation(client *Client) (rotates bool, grace time.Duration) {
	r := client.Settings.Refresh
	if r == nil || r.RotationType != "ROTATE" {
		return false, 0
	}
	if r.Leeway != nil {
		grace = time.Duration(*r.Leeway) * time.Second
	}
	return true, grace
}
