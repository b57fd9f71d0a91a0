package apps

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"time"

	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/store"
)

// Subject is whom a certificate is asked for. (spec: management CsrMetadata)
type Subject struct {
	Country          string `json:"countryName"`
	Province         string `json:"stateOrProvinceName"`
	Locality         string `json:"localityName"`
	Organization     string `json:"organizationName"`
	OrganizationUnit string `json:"organizationalUnitName"`
	CommonName       string `json:"commonName"`
}

// CSR is a certificate signing request: a key that waits for its certificate.
type CSR struct {
	ID      string // the kid that the key is going to have
	Created time.Time
	Request []byte // PKCS #10, DER
}

// Bounds on requests and certificates.
const (
	maxSubject    = 256 // bytes of a member
	maxDNSNames   = 100
	maxCSRs       = 20
	leastValidity = 90 * 24 * time.Hour
)

// CreateCSR makes a key pair and the request for its certificate. The key is
// none of the application's before a certificate is published.
// (spec: management-extra#generateCsrForApplication)
func (s *Service) CreateCSR(ctx context.Context, actor idp.Actor, appID string, subject Subject, dnsNames []string) (*CSR, error) {
	if _, err := s.may(s.Store.Read(ctx), actor)(read(s.Store.Read(ctx), actor.OrgID(), appID)); err != nil {
		return nil, store.Failure("read application", err)
	}
	if err := checkSubject(subject, dnsNames); err != nil {
		return nil, err
	}
	private, err := rsa.GenerateKey(reader{s.Rand}, keyBits)
	if err != nil {
		return nil, fmt.Errorf("generate key: %w", err)
	}
	request, err := x509.CreateCertificateRequest(reader{s.Rand}, &x509.CertificateRequest{
		Subject: subject.name(), DNSNames: dnsNames, SignatureAlgorithm: x509.SHA256WithRSA,
	}, private)
	if err != nil {
		return nil, idp.Invalid("csr", idp.Cause{Text: "The certificate signing request cannot be made of these names."})
	}
	row := &store.AppCSR{OrgID: actor.OrgID(), AppID: appID, ID: thumbprint(&private.PublicKey), Request: request}
	if row.Private, err = s.sealPrivate(tableCSRs, row.OrgID, row.ID, private); err != nil {
		return nil, err
	}
	err = s.tx(ctx, "create certificate signing request", func(tx *store.Tx) error {
		a, err := s.may(tx, actor)(read(tx, actor.OrgID(), appID))
		if err != nil {
			return err
		}
		pending, err := tx.AppCSRs(row.OrgID, appID, "")
		if err != nil {
			return err
		}
		if len(pending) >= maxCSRs {
			return idp.Invalid("csr", idp.Cause{Text: "This application has too many certificate signing requests."})
		}
		row.Created = tx.Now()
		if err := tx.InsertAppCSR(row); err != nil {
			return err
		}
		return s.record(tx, actor, eventlog.AppCSRGenerate, idp.AppTarget(a), csrTarget(row.ID))
	})
	return csrOf(row), err
}

func checkSubject(subject Subject, dnsNames []string) error {
	var f faults
	for _, m := range []struct{ name, value string }{
		{"countryName", subject.Country},
		{"stateOrProvinceName", subject.Province},
		{"localityName", subject.Locality},
		{"organizationName", subject.Organization},
		{"organizationalUnitName", subject.OrganizationUnit},
		{"commonName", subject.CommonName},
	} {
		if len(m.value) > maxSubject {
			f.add(m.name, "The field is too long")
		}
	}
	if len(dnsNames) > maxDNSNames {
		f.add("dnsNames", "too many")
	}
	for _, n := range dnsNames {
		if n == "" || len(n) > maxSubject {
			f.add("dnsNames", "Does not match required pattern")
		}
	}
	return f.err()
}

func (s Subject) name() pkix.Name {
	n := pkix.Name{CommonName: s.CommonName}
	for _, m := range []struct {
		into  *[]string
		value string
	}{
		{&n.Country, s.Country}, {&n.Province, s.Province}, {&n.Locality, s.Locality}, {&n.Organization, s.Organization}, {&n.OrganizationalUnit, s.OrganizationUnit},
	} {
		if m.value != "" {
			*m.into = []string{m.value}
		}
	}
	return n
}

// csrTarget names a certificate signing request as a target.
func csrTarget(id string) idp.Target {
	return idp.Target{ID: id, Type: TypeCSR, AlternateID: "unknown", DisplayName: id}
}

func csrOf(row *store.AppCSR) *CSR {
	return &CSR{ID: row.ID, Created: row.Created, Request: row.Request}
}

// CSRs lists the certificate signing requests of an application.
// (spec: management-extra#listCsrsForApplication)
func (s *Service) CSRs(ctx context.Context, actor idp.Actor, appID string) ([]*CSR, error) {
	tx := s.Store.Read(ctx)
	if _, err := s.may(tx, actor)(read(tx, actor.OrgID(), appID)); err != nil {
		return nil, store.Failure("read application", err)
	}
	rows, err := tx.AppCSRs(actor.OrgID(), appID, "")
	out := make([]*CSR, 0, len(rows))
	for _, row := range rows {
		out = append(out, csrOf(row))
	}
	return out, store.Failure("list certificate signing requests", err)
}

// CSR returns a certificate signing request. KindNotFound.
func (s *Service) CSR(ctx context.Context, actor idp.Actor, appID, id string) (*CSR, error) {
	tx := s.Store.Read(ctx)
	if _, err := s.may(tx, actor)(read(tx, actor.OrgID(), appID)); err != nil {
		return nil, store.Failure("read application", err)
	}
	row, err := oneCSR(tx, actor.OrgID(), appID, id)
	if err != nil {
		return nil, store.Failure("read certificate signing request", err)
	}
	return csrOf(row), nil
}

func oneCSR(tx *store.Tx, orgID, appID, id string) (*store.AppCSR, error) {
	if !idp.PlainID(id) {
		return nil, idp.NotFound(TypeCSR, id)
	}
	rows, err := tx.AppCSRs(orgID, appID, id)
	if err == nil && len(rows) == 0 {
		err = idp.NotFound(TypeCSR, id)
	}
	if err != nil {
		return nil, err
	}
	return rows[0], nil
}

// DeleteCSR gives a certificate signing request up, with its key.
func (s *Service) DeleteCSR(ctx context.Context, actor idp.Actor, appID, id string) error {
	return s.tx(ctx, "delete certificate signing request", func(tx *store.Tx) error {
		a, err := s.may(tx, actor)(read(tx, actor.OrgID(), appID))
		if err != nil {
			return err
		}
		if !idp.PlainID(id) {
			return idp.NotFound(TypeCSR, id)
		}
		if err := tx.DeleteAppCSR(actor.OrgID(), appID, id); err != nil {
			return missing(err, TypeCSR, id)
		}
		return s.record(tx, actor, eventlog.AppCSRRevoke, idp.AppTarget(a), csrTarget(id))
	})
}

// PublishCSR takes the certificate for a request (DER or PEM) and makes its key
// one of the application's. (spec: management-extra#publishCsrFromApplication)
func (s *Service) PublishCSR(ctx context.Context, actor idp.Actor, appID, id string, certificate []byte) (*Key, error) {
	cert, err := parseCertificate(certificate)
	if err != nil {
		return nil, err
	}
	var key *store.AppKey
	err = s.tx(ctx, "publish certificate", func(tx *store.Tx) error {
		a, err := s.may(tx, actor)(read(tx, actor.OrgID(), appID))
		if err != nil {
			return err
		}
		row, err := oneCSR(tx, actor.OrgID(), appID, id)
		if err != nil {
			return err
		}
		private, err := s.openPrivate(tableCSRs, row.OrgID, row.ID, row.Private)
		if err != nil {
			return err
		}
		if !private.PublicKey.Equal(cert.PublicKey) {
			return idp.Invalid("certificate", idp.Cause{Text: "The certificate doesn't match the CSR."})
		}
		if cert.NotAfter.Before(tx.Now().Add(leastValidity)) {
			return idp.Invalid("certificate", idp.Cause{Text: "The certificate must be valid for more than 90 days."})
		}
		key = &store.AppKey{
			OrgID: row.OrgID, ID: row.ID, Purpose: purposeApp, Certificate: cert.Raw,
			Created: tx.Now(), LastUpdated: tx.Now(), Expires: cert.NotAfter,
		}
		if key.Private, err = s.sealPrivate(tableKeys, key.OrgID, key.ID, private); err != nil {
			return err
		}
		if err := tx.InsertAppKey(key); err != nil {
			return err
		}
		if err := tx.LinkAppKey(key.OrgID, appID, key.ID); err != nil {
			return err
		}
		if err := tx.DeleteAppCSR(row.OrgID, appID, id); err != nil {
			return err
		}
		return s.record(tx, actor, eventlog.AppCSRPublish, idp.AppTarget(a), csrTarget(id))
	})
	if store.Exists(err, "app_keys.kid") {
		return nil, &idp.Error{Kind: idp.KindCertificateExists, Object: id}
	}
	if err != nil {
		return nil, err
	}
	return publicKey(key)
}

func parseCertificate(text []byte) (*x509.Certificate, error) {
	if block, _ := pem.Decode(text); block != nil {
		text = block.Bytes
	}
	cert, err := x509.ParseCertificate(text)
	if err == nil {
		if _, is := cert.PublicKey.(*rsa.PublicKey); !is {
			err = errors.New("no RSA key")
		}
	}
	if err != nil {
		return nil, idp.Invalid("certificate", idp.Cause{Text: "The certificate cannot be read."})
	}
	return cert, nil
}
