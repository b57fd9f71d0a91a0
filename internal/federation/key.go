package federation

import (
	"context"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/store"
)

// Key is a certificate by which identity providers sign.
type Key struct {
	ID          string // kid
	Certificate *x509.Certificate
	Public      *rsa.PublicKey
	Created     time.Time
	LastUpdated time.Time
}

// Bounds on keys.
const (
	maxKeys        = 500
	maxCertificate = 16 << 10 // bytes
	minBits        = 2048
)

// Thumbprint is the name of a certificate. (RFC 7517 section 4.9)
func (k *Key) Thumbprint() string { return thumbprint(k.Certificate.Raw) }

func thumbprint(der []byte) string {
	sum := sha256.Sum256(der)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// certificateOf reads a certificate, DER in base64. KindInvalid.
func certificateOf(x5c []string) (*x509.Certificate, error) {
	bad := func(text string) error { return idp.Invalid("x5c", idp.Cause{Field: "x5c", Text: text}) }
	if len(x5c) == 0 || len(x5c[0]) > maxCertificate {
		return nil, bad("must hold a certificate")
	}
	der, err := base64.StdEncoding.DecodeString(x5c[0])
	if err != nil {
		return nil, bad("must be base64")
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, bad("is no certificate")
	}
	if k, ok := c.PublicKey.(*rsa.PublicKey); !ok || k.N.BitLen() < minBits {
		return nil, bad("must have an RSA key of 2048 bits or more")
	}
	return c, nil
}

func keyOf(row *store.IdentityProviderKey) (*Key, error) {
	c, err := x509.ParseCertificate(row.Certificate)
	if err != nil {
		return nil, fmt.Errorf("read key %s: %w", row.ID, err)
	}
	public, ok := c.PublicKey.(*rsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("key %s is no RSA key", row.ID)
	}
	return &Key{ID: row.ID, Certificate: c, Public: public, Created: row.Created, LastUpdated: row.LastUpdated}, nil
}

func (k *Key) target() idp.Target {
	return idp.Target{ID: k.ID, Type: "IdpKeyCredential", AlternateID: "unknown", DisplayName: k.Certificate.Subject.String()}
}

// Keys lists the certificates. (spec: management-extra#listIdentityProviderKeys)
func (s *Service) Keys(ctx context.Context, a idp.Actor) ([]*Key, error) {
	rows, err := s.Store.Read(ctx).IdentityProviderKeys(a.OrgID())
	if err != nil {
		return nil, fmt.Errorf("list keys: %w", err)
	}
	out := make([]*Key, 0, len(rows))
	for _, row := range rows {
		k, err := keyOf(row)
		if err != nil {
			return nil, err
		}
		out = append(out, k)
	}
	return out, nil
}

// Key returns one, else KindNotFound. (spec: management-extra#getIdentityProviderKey)
func (s *Service) Key(ctx context.Context, a idp.Actor, id string) (*Key, error) {
	return findKey(s.Store.Read(ctx), a.OrgID(), id)
}

func findKey(tx *store.Tx, orgID, id string) (*Key, error) {
	row, err := tx.IdentityProviderKey(orgID, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, idp.NotFound(TypeKey, id)
	}
	if err != nil {
		return nil, fmt.Errorf("read key: %w", err)
	}
	return keyOf(row)
}

// CreateKey adds a certificate, DER in base64; the first of the list counts.
// KindInvalid. (spec: management-extra#createIdentityProviderKey)
func (s *Service) CreateKey(ctx context.Context, a idp.Actor, x5c []string) (*Key, error) {
	c, err := certificateOf(x5c)
	if err != nil {
		return nil, err
	}
	id := s.IDs.UUID(s.Clock.Now(), 0)
	var out *Key
	err = s.Store.Tx(ctx, func(tx *store.Tx) error {
		list, err := tx.IdentityProviderKeys(a.OrgID())
		if err != nil {
			return fmt.Errorf("list keys: %w", err)
		}
		if len(list) >= maxKeys {
			return idp.Invalid("x5c", idp.Cause{Text: fmt.Sprintf("There are %d keys already", maxKeys)})
		}
		for _, k := range list {
			if thumbprint(k.Certificate) == thumbprint(c.Raw) {
				return idp.Invalid("x5c", idp.Cause{Field: "x5c", Text: "The certificate is there already: " + k.ID})
			}
		}
		row := &store.IdentityProviderKey{OrgID: a.OrgID(), ID: id, Certificate: c.Raw, Created: tx.Now(), LastUpdated: tx.Now(), Expires: c.NotAfter}
		if err := tx.InsertIdentityProviderKey(row); err != nil {
			return fmt.Errorf("add key: %w", err)
		}
		if out, err = keyOf(row); err != nil {
			return err
		}
		return s.record(tx, a, eventlog.IDPKeyCreate, out.target())
	})
	return out, err
}

// DeleteKey removes a certificate. KindInvalid while an identity provider signs
// by it. (spec: management-extra#deleteIdentityProviderKey)
func (s *Service) DeleteKey(ctx context.Context, a idp.Actor, id string) error {
	return s.Store.Tx(ctx, func(tx *store.Tx) error {
		k, err := findKey(tx, a.OrgID(), id)
		if err != nil {
			return err
		}
		rows, err := tx.IdentityProviders(a.OrgID(), "")
		if err != nil {
			return fmt.Errorf("list identity providers: %w", err)
		}
		list, err := all(rows)
		if err != nil {
			return err
		}
		for _, p := range list {
			if p.uses(id) {
				return idp.Invalid("kid", idp.Cause{Field: "kid", Text: "The key is used by the identity provider '" + p.Name + "'"})
			}
		}
		if err := tx.DeleteIdentityProviderKey(a.OrgID(), id); err != nil {
			return fmt.Errorf("delete key: %w", err)
		}
		return s.record(tx, a, eventlog.IDPKeyDelete, k.target())
	})
}
