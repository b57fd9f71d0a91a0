package store

import "time"

// IdentityProvider is a stored identity provider; its document belongs to package
// federation.
type IdentityProvider struct {
	OrgID       string
	ID          string // 0oa...
	Name        string
	Type        string
	Status      string
	Issuer      string // how it names itself in what it signs
	Document    []byte // JSON
	Created     time.Time
	LastUpdated time.Time
	Version     int64
}

const providerColumns = "id, name, type, status, issuer, document, created, last_updated, version"

func scanProvider(orgID string, p *IdentityProvider) func(scan) error {
	return func(s scan) error {
		var created, updated int64
		err := s(&p.ID, &p.Name, &p.Type, &p.Status, &p.Issuer, &p.Document, &created, &updated, &p.Version)
		p.OrgID, p.Created, p.LastUpdated = orgID, at(created), at(updated)
		return err
	}
}

// InsertIdentityProvider adds an identity provider at version 1. ExistsError on
// "identity_providers.name" when there is one of this name.
func (tx *Tx) InsertIdentityProvider(p *IdentityProvider) error {
	p.Version = 1
	_, err := tx.exec("INSERT INTO identity_providers (org_id, "+providerColumns+") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
		p.OrgID, p.ID, p.Name, p.Type, p.Status, p.Issuer, string(p.Document), ms(p.Created), ms(p.LastUpdated), p.Version)
	return err
}

// UpdateIdentityProvider writes one read at its version, else ErrStale. It fails
// like InsertIdentityProvider for a name that is taken.
func (tx *Tx) UpdateIdentityProvider(p *IdentityProvider) error {
	err := tx.versioned(`UPDATE identity_providers SET name = $1, status = $2, issuer = $3, document = $4, last_updated = $5, version = version + 1
 WHERE org_id = $6 AND id = $7 AND version = $8`, p.Name, p.Status, p.Issuer, string(p.Document), ms(p.LastUpdated), p.OrgID, p.ID, p.Version)
	if err == nil {
		p.Version++
	}
	return err
}

// DeleteIdentityProvider removes one.
func (tx *Tx) DeleteIdentityProvider(orgID, id string) error {
	return tx.one("DELETE FROM identity_providers WHERE org_id = $1 AND id = $2", orgID, id)
}

// IdentityProvider returns one.
func (tx *Tx) IdentityProvider(orgID, id string) (*IdentityProvider, error) {
	var p IdentityProvider
	return &p, tx.first(scanProvider(orgID, &p), "SELECT "+providerColumns+" FROM identity_providers WHERE org_id = $1 AND id = $2", orgID, id)
}

// IdentityProviders lists those of an organisation by identifier; those that
// name themselves so where issuer is not empty.
func (tx *Tx) IdentityProviders(orgID, issuer string) ([]*IdentityProvider, error) {
	var out []*IdentityProvider
	err := tx.each(func(s scan) error {
		p := new(IdentityProvider)
		out = append(out, p)
		return scanProvider(orgID, p)(s)
	}, "SELECT "+providerColumns+" FROM identity_providers WHERE org_id = $1 AND ($2 = '' OR issuer = $2) ORDER BY id", orgID, issuer)
	return out, err
}

// IdentityProviderKey is a certificate by which identity providers sign.
type IdentityProviderKey struct {
	OrgID       string
	ID          string // kid
	Certificate []byte // DER
	Created     time.Time
	LastUpdated time.Time
	Expires     time.Time
}

const providerKeyColumns = "id, certificate, created, last_updated, expires"

func scanProviderKey(orgID string, k *IdentityProviderKey) func(scan) error {
	return func(s scan) error {
		var created, updated, expires int64
		err := s(&k.ID, &k.Certificate, &created, &updated, &expires)
		k.OrgID, k.Created, k.LastUpdated, k.Expires = orgID, at(created), at(updated), at(expires)
		return err
	}
}

// InsertIdentityProviderKey adds a certificate. ExistsError on
// "identity_provider_keys.id" when it is there.
func (tx *Tx) InsertIdentityProviderKey(k *IdentityProviderKey) error {
	_, err := tx.exec("INSERT INTO identity_provider_keys (org_id, "+providerKeyColumns+") VALUES ($1, $2, $3, $4, $5, $6)",
		k.OrgID, k.ID, k.Certificate, ms(k.Created), ms(k.LastUpdated), ms(k.Expires))
	return err
}

// DeleteIdentityProviderKey removes a certificate.
func (tx *Tx) DeleteIdentityProviderKey(orgID, id string) error {
	return tx.one("DELETE FROM identity_provider_keys WHERE org_id = $1 AND id = $2", orgID, id)
}

// IdentityProviderKey returns a certificate.
func (tx *Tx) IdentityProviderKey(orgID, id string) (*IdentityProviderKey, error) {
	var k IdentityProviderKey
	return &k, tx.first(scanProviderKey(orgID, &k), "SELECT "+providerKeyColumns+" FROM identity_provider_keys WHERE org_id = $1 AND id = $2", orgID, id)
}

// IdentityProviderKeys lists the certificates of an organisation by their
// creation.
func (tx *Tx) IdentityProviderKeys(orgID string) ([]*IdentityProviderKey, error) {
	var out []*IdentityProviderKey
	err := tx.each(func(s scan) error {
		k := new(IdentityProviderKey)
		out = append(out, k)
		return scanProviderKey(orgID, k)(s)
	}, "SELECT "+providerKeyColumns+" FROM identity_provider_keys WHERE org_id = $1 ORDER BY created, id", orgID)
	return out, err
}
