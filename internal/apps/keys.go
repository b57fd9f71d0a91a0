package apps

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"time"

	"usher/internal/env"
	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/keys"
	"usher/internal/store"
)

// What a key is for: one application, or all OpenID Connect clients of an
// organisation.
const (
	purposeApp  = store.LooseKeyPurpose
	purposeOIDC = "oidc"
)

// Life of keys. (management reference: application keys)
const (
	keyBits      = 2048
	firstYears   = 10 // of the key that an application gets when it is made
	minYears     = 2
	maxYears     = 10
	serialLength = 16 // bytes
)

// Key is the public part of a signing key.
type Key struct {
	ID          string // kid: the thumbprint of the key (RFC 7638)
	Created     time.Time
	LastUpdated time.Time
	Expires     time.Time
	Public      *rsa.PublicKey
	Certificate []byte // DER
}

// newKey is a key that is not stored yet, or one that is (stored).
type newKey struct {
	store.AppKey
	stored bool
}

// reader makes an io.Reader of a generator.
type reader struct{ env.Rand }

// Read fills p.
func (r reader) Read(p []byte) (int, error) {
	r.Rand.Read(p)
	return len(p), nil
}

// thumbprint is the name of a public key. (RFC 7638)
func thumbprint(k *rsa.PublicKey) string {
	e, n := PublicNumbers(k)
	sum := sha256.Sum256([]byte(`{"e":"` + e + `","kty":"RSA","n":"` + n + `"}`))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// PublicNumbers returns exponent and modulus as they stand in a JSON Web Key.
// (RFC 7518 section 6.3.1)
func PublicNumbers(k *rsa.PublicKey) (e, n string) {
	return base64.RawURLEncoding.EncodeToString(big.NewInt(int64(k.E)).Bytes()), base64.RawURLEncoding.EncodeToString(k.N.Bytes())
}

// generate makes a key pair with a certificate that it signs itself. It takes a
// tenth of a second, so it is not for a transaction.
func (s *Service) generate(org *idp.Org, purpose string, years int) (*newKey, error) {
	private, err := rsa.GenerateKey(reader{s.Rand}, keyBits)
	if err != nil {
		return nil, fmt.Errorf("generate key: %w", err)
	}
	now := s.Clock.Now().UTC()
	serial := make([]byte, serialLength)
	s.Rand.Read(serial)
	serial[0] &= 0x7f
	expires := now.AddDate(years, 0, 0).Truncate(time.Second)
	subject := subjectOf(org)
	der, err := x509.CreateCertificate(reader{s.Rand}, &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes(serial), Subject: subject, Issuer: subject,
		NotBefore: now.Truncate(time.Second), NotAfter: expires, SignatureAlgorithm: x509.SHA256WithRSA,
	}, &x509.Certificate{Subject: subject}, &private.PublicKey, private)
	if err != nil {
		return nil, fmt.Errorf("certify key: %w", err)
	}
	k := &newKey{AppKey: store.AppKey{
		OrgID: org.ID, ID: thumbprint(&private.PublicKey), Purpose: purpose, Certificate: der,
		Created: now, LastUpdated: now, Expires: expires,
	}}
	k.Private, err = s.sealPrivate(tableKeys, k.OrgID, k.ID, private)
	return k, err
}

// subjectOf names the organisation in its certificates, as the service does.
// (management reference: keys)
func subjectOf(org *idp.Org) pkix.Name {
	return pkix.Name{
		Country: []string{"US"}, Province: []string{"California"}, Locality: []string{"San Francisco"},
		Organization: []string{"Okta"}, OrganizationalUnit: []string{"SSOProvider"}, CommonName: org.Subdomain,
		ExtraNames: []pkix.AttributeTypeAndValue{{Type: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 1}, Value: "info@okta.com"}},
	}
}

func place(table, orgID, id string) keys.Place {
	column := columnPrivate
	switch table {
	case tableSecrets:
		column = columnValue
	case tableUsers:
		column = columnPass
	}
	return keys.Place{Table: table, Column: column, Row: orgID + "/" + id}
}

func (s *Service) sealPrivate(table, orgID, id string, private *rsa.PrivateKey) (string, error) {
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return "", fmt.Errorf("encode key: %w", err)
	}
	return s.Keeper.Seal(place(table, orgID, id), der), nil
}

func (s *Service) openPrivate(table, orgID, id, sealed string) (*rsa.PrivateKey, error) {
	der, err := s.Keeper.Open(place(table, orgID, id), sealed)
	if err != nil {
		return nil, fmt.Errorf("open key %s: %w", id, err)
	}
	k, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("decode key %s: %w", id, err)
	}
	private, ok := k.(*rsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("key %s is no RSA key", id)
	}
	return private, nil
}

// keyFor makes the key that a new application needs: none for most, its own
// where it is named in assertions, the common one of the organisation for
// OpenID Connect.
func (s *Service) keyFor(ctx context.Context, actor idp.Actor, a *App) (*newKey, error) {
	switch {
	case federated(a.SignOnMode):
		return s.generate(actor.Org, purposeApp, firstYears)
	case a.SignOnMode != idp.SignOnOIDC:
		return nil, nil
	}
	if k, err := s.Store.Read(ctx).NewestAppKey(a.OrgID, purposeOIDC); !errors.Is(err, store.ErrNotFound) {
		if err != nil {
			return nil, store.Failure("read key", err)
		}
		return &newKey{AppKey: *k, stored: true}, nil
	}
	return s.generate(actor.Org, purposeOIDC, firstYears)
}

// keyTarget names a signing key as a target.
func keyTarget(id string) idp.Target {
	return idp.Target{ID: id, Type: "KeyCredential", AlternateID: "unknown", DisplayName: id}
}

// useKey stores a key that is new and makes it the one that signs. Of two
// common keys that were made at once the first one stays.
func (s *Service) useKey(tx *store.Tx, a *App, k *newKey) error {
	id := k.ID
	if k.Purpose == purposeOIDC {
		common, err := tx.NewestAppKey(a.OrgID, purposeOIDC)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if err == nil {
			a.KeyID = common.ID
			return nil
		}
	}
	if !k.stored {
		if err := tx.InsertAppKey(&k.AppKey); err != nil {
			return err
		}
	}
	a.KeyID = id
	return nil
}

// chooseKey changes the key that signs to another one of the application.
func (s *Service) chooseKey(tx *store.Tx, a, before *App, in *Input) error {
	if in.Credentials == nil || in.Credentials.Signing == nil || in.Credentials.Signing.KeyID == "" || in.Credentials.Signing.KeyID == before.KeyID {
		return nil
	}
	if _, err := tx.AppKey(a.OrgID, a.ID, in.Credentials.Signing.KeyID); err != nil {
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		return idp.Invalid("kid", idp.Cause{Field: "kid", Text: "is no key of this application"})
	}
	a.KeyID = in.Credentials.Signing.KeyID
	return nil
}

func publicKey(k *store.AppKey) (*Key, error) {
	cert, err := x509.ParseCertificate(k.Certificate)
	if err != nil {
		return nil, fmt.Errorf("certificate of key %s: %w", k.ID, err)
	}
	public, ok := cert.PublicKey.(*rsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("key %s is no RSA key", k.ID)
	}
	return &Key{
		ID: k.ID, Created: k.Created, LastUpdated: k.LastUpdated, Expires: k.Expires, Public: public, Certificate: k.Certificate,
	}, nil
}

// Keys lists the signing keys of an application, the oldest first.
// (spec: management#listApplicationKeys)
func (s *Service) Keys(ctx context.Context, actor idp.Actor, appID string) ([]*Key, error) {
	tx := s.Store.Read(ctx)
	if _, err := s.may(tx, actor)(read(tx, actor.OrgID(), appID)); err != nil {
		return nil, store.Failure("read application", err)
	}
	rows, err := tx.AppKeys(actor.OrgID(), appID)
	if err != nil {
		return nil, store.Failure("list keys", err)
	}
	out := make([]*Key, 0, len(rows))
	for _, row := range rows {
		k, err := publicKey(row)
		if err != nil {
			return nil, err
		}
		out = append(out, k)
	}
	return out, nil
}

// Key returns a signing key of an application. KindNotFound.
// (spec: management#getApplicationKey)
func (s *Service) Key(ctx context.Context, actor idp.Actor, appID, kid string) (*Key, error) {
	tx := s.Store.Read(ctx)
	if _, err := s.may(tx, actor)(read(tx, actor.OrgID(), appID)); err != nil {
		return nil, store.Failure("read application", err)
	}
	if !idp.PlainID(kid) {
		return nil, idp.NotFound(TypeKey, kid)
	}
	row, err := tx.AppKey(actor.OrgID(), appID, kid)
	if err != nil {
		return nil, store.Failure("read key", missing(err, TypeKey, kid))
	}
	return publicKey(row)
}

// GenerateKey gives an application a further key, valid for 2 to 10 years. It
// does not sign before the application is told to use it.
// (spec: management-extra#generateApplicationKey)
func (s *Service) GenerateKey(ctx context.Context, actor idp.Actor, appID string, years int) (*Key, error) {
	if _, err := s.may(s.Store.Read(ctx), actor)(read(s.Store.Read(ctx), actor.OrgID(), appID)); err != nil {
		return nil, store.Failure("read application", err)
	}
	if years < minYears || years > maxYears {
		return nil, idp.Invalid("generateKey", idp.Cause{Text: "Validity years out of range. It should be 2 - 10 years"})
	}
	k, err := s.generate(actor.Org, purposeApp, years)
	if err != nil {
		return nil, err
	}
	err = s.tx(ctx, "generate key", func(tx *store.Tx) error {
		a, err := s.may(tx, actor)(read(tx, actor.OrgID(), appID))
		if err != nil {
			return err
		}
		if err := tx.InsertAppKey(&k.AppKey); err != nil {
			return err
		}
		if err := tx.LinkAppKey(k.OrgID, appID, k.ID); err != nil {
			return err
		}
		return s.record(tx, actor, eventlog.AppKeyGenerate, idp.AppTarget(a), keyTarget(k.ID))
	})
	if err != nil {
		return nil, err
	}
	return publicKey(&k.AppKey)
}

// CloneKey shares a key with another application.
// (spec: management#cloneApplicationKey)
func (s *Service) CloneKey(ctx context.Context, actor idp.Actor, appID, kid, targetID string) (*Key, error) {
	if targetID == "" {
		return nil, &idp.Error{Kind: idp.KindMissingParameter, Object: "targetAid"}
	}
	var row *store.AppKey
	err := s.tx(ctx, "clone key", func(tx *store.Tx) error {
		var targets []idp.Target
		for _, id := range []string{appID, targetID} {
			a, err := s.may(tx, actor)(read(tx, actor.OrgID(), id))
			if err != nil {
				return err
			}
			targets = append(targets, idp.AppTarget(a))
		}
		if !idp.PlainID(kid) {
			return idp.NotFound(TypeKey, kid)
		}
		k, err := tx.AppKey(actor.OrgID(), appID, kid)
		if err != nil {
			return missing(err, TypeKey, kid)
		}
		row = k
		switch _, err := tx.AppKey(actor.OrgID(), targetID, kid); {
		case err == nil:
			return idp.Invalid("cloneKey", idp.Cause{Text: "Key already exists in the list of key credentials for the target app."})
		case !errors.Is(err, store.ErrNotFound):
			return err
		}
		if err := tx.LinkAppKey(actor.OrgID(), targetID, kid); err != nil {
			return err
		}
		return s.record(tx, actor, eventlog.AppKeyClone, append(targets, keyTarget(kid))...)
	})
	if err != nil {
		return nil, err
	}
	return publicKey(row)
}

// Signer returns the key that signs for an application, with its public part.
// KindNotFound when the application has none.
func (s *Service) Signer(ctx context.Context, orgID string, a *App) (crypto.Signer, *Key, error) {
	row, err := s.Store.Read(ctx).AppKey(orgID, a.ID, a.KeyID)
	if err != nil {
		return nil, nil, store.Failure("read key", missing(err, TypeKey, a.KeyID))
	}
	public, err := publicKey(row)
	if err != nil {
		return nil, nil, err
	}
	private, err := s.openPrivate(tableKeys, orgID, row.ID, row.Private)
	return private, public, err
}

// ignoreMissing makes nothing of a row that is not there.
func ignoreMissing(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}
