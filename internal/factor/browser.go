package factor

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"usher/internal/idp"
	"usher/internal/store"
)

// The fields in which a browser brings what an authenticator has signed.
// (spec: management VerifyFactorRequest, ActivateFactorRequest)
const (
	FieldClientData        = "clientData"
	FieldAttestation       = "attestation"
	FieldAuthenticatorData = "authenticatorData"
	FieldSignatureData     = "signatureData"
	FieldRegistrationData  = "registrationData"
)

// Bounds of these fields, in bytes of base64: certificates make an attestation
// large.
const (
	maxSigned      = 8 << 10
	maxAttestation = 64 << 10
)

// SignedFields are fields of these names, with bounds.
func SignedFields(names ...string) []Field {
	out := make([]Field, 0, len(names))
	for _, n := range names {
		f := Field{Name: n, MaxLength: maxSigned}
		if n == FieldAttestation || n == FieldRegistrationData {
			f.MaxLength = maxAttestation
		}
		out = append(out, f)
	}
	return out
}

// Binary reads a value that a browser sends as text: base64 of either alphabet,
// with padding or without, since clients differ. (idx reference: WebAuthn wire
// encodings)
func Binary(text string) ([]byte, error) {
	text = strings.NewReplacer("+", "-", "/", "_").Replace(strings.TrimRight(text, "="))
	out, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("read base64: %w", err)
	}
	return out, nil
}

// Text is what browsers are given for bytes.
func Text(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// SignsAt tells whether a page of this origin may ask for signatures, and the
// host that they are bound to: pages of the organisation's own address, and of
// the trusted origins that may call it. An origin is compared whole, as browsers
// write it. The host is the page's own, since the options name none.
// (management reference: factors inside a transaction; WebAuthn Level 2 section
// 5.4.2, rp.id)
func SignsAt(tx *store.Tx, org *idp.Org, origin string) (host string, ok bool, err error) {
	u, err := url.Parse(origin)
	if err != nil || u.Scheme == "" || u.Host == "" || origin != u.Scheme+"://"+u.Host {
		return "", false, nil //nolint:nilerr // what is no origin is not a trusted one
	}
	if origin == org.BaseURL {
		return u.Hostname(), true, nil
	}
	o, err := tx.OriginByURL(org.ID, origin)
	if errors.Is(err, store.ErrNotFound) {
		return "", false, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("read a trusted origin: %w", err)
	}
	return u.Hostname(), o.Active && o.CORS, nil
}

// Use lets what a challenge asked for be given once: void where it waits no
// more.
func Use(tx *store.Tx, c *store.Challenge) (void bool, err error) {
	err = Answered(tx, c, Accepted)
	if idp.KindOf(err) == idp.KindChallengeOver {
		return true, nil
	}
	return false, err
}

// Open tells whether a challenge still takes an answer.
func Open(tx *store.Tx, c *store.Challenge) bool {
	return c != nil && ResultOf(c, tx.Now()) == Waiting && c.Attempts < MaxAttempts
}

// ActiveOf lists the active enrolments that a user has of a method.
func ActiveOf(tx *store.Tx, u *idp.User, method string) ([]store.Factor, error) {
	rows, err := tx.FactorsOf(u.OrgID, u.ID)
	if err != nil {
		return nil, fmt.Errorf("list factors: %w", err)
	}
	var out []store.Factor
	for _, f := range rows {
		if k, ok := KindOf(f.Type, f.Provider); ok && k.Method == method && f.Status == StatusActive {
			out = append(out, f)
		}
	}
	return out, nil
}

// AnyOf finds whose signature an answer is, since answers do not say: in a
// sign-in, where all of the user's keys of the method were offered, that of any;
// a caller of the users' factors names the one. try tells whether it is that of
// an enrolment, and changes what is kept of it. changed tells that this was
// s.Factor, which the caller writes; another is written here.
func AnyOf(tx *store.Tx, s Subject, method string, try func(*store.Factor) (bool, error)) (fine, changed bool, err error) {
	fine, err = try(s.Factor)
	if fine || err != nil || s.Challenge.Owner == Owner("") {
		return fine, fine, err
	}
	rows, err := ActiveOf(tx, s.User, method)
	if err != nil {
		return false, false, err
	}
	for i := range rows {
		f := &rows[i]
		if f.ID == s.Factor.ID {
			continue
		}
		if fine, err = try(f); err != nil {
			return false, false, err
		}
		if fine {
			f.LastUpdated = tx.Now()
			if err := tx.UpdateFactor(f); err != nil {
				return false, false, fmt.Errorf("write a factor: %w", err)
			}
			return true, false, nil
		}
	}
	return false, false, nil
}
