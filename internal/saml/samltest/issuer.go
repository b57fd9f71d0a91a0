// Package samltest is an issuer of SAML assertions for tests.
package samltest

import (
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"

	"usher/internal/env"
)

// Issuer signs assertions.
type Issuer struct {
	Name        string
	Certificate []byte // DER
	key         *rsa.PrivateKey
}

type reader struct{ env.Rand }

func (r reader) Read(p []byte) (int, error) {
	r.Rand.Read(p)
	return len(p), nil
}

// New makes an issuer whose certificate is good for a year from now.
func New(t testing.TB, name string, now time.Time) *Issuer {
	t.Helper()
	key, err := rsa.GenerateKey(reader{env.SystemRand{}}, 2048)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(1, 0, 0)}
	der, err := x509.CreateCertificate(reader{env.SystemRand{}}, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return &Issuer{Name: name, Certificate: der, key: key}
}

// X5C is the certificate as it stands in a JSON Web Key.
func (i *Issuer) X5C() string { return base64.StdEncoding.EncodeToString(i.Certificate) }

// GetKeyPair implements dsig.X509KeyStore.
func (i *Issuer) GetKeyPair() (*rsa.PrivateKey, []byte, error) { return i.key, i.Certificate, nil }

// Saying is what an assertion says.
type Saying struct {
	ID, Subject, Audience, Recipient string
	From, Until                      time.Time
	Attributes                       map[string]string
}

// Text is the assertion without a signature.
func (i *Issuer) Text(s Saying) string {
	var b strings.Builder
	at := func(t time.Time) string { return t.UTC().Format(time.RFC3339) }
	fmt.Fprintf(&b, `<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="%s" Version="2.0" IssueInstant="%s">`, s.ID, at(s.From))
	fmt.Fprintf(&b, `<saml:Issuer>%s</saml:Issuer>`, escape(i.Name))
	fmt.Fprintf(&b, `<saml:Subject><saml:NameID>%s</saml:NameID><saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">`, escape(s.Subject))
	fmt.Fprintf(&b, `<saml:SubjectConfirmationData NotOnOrAfter="%s" Recipient="%s"/></saml:SubjectConfirmation></saml:Subject>`, at(s.Until), escape(s.Recipient))
	fmt.Fprintf(&b, `<saml:Conditions NotBefore="%s" NotOnOrAfter="%s"><saml:AudienceRestriction><saml:Audience>%s</saml:Audience></saml:AudienceRestriction></saml:Conditions>`,
		at(s.From), at(s.Until), escape(s.Audience))
	fmt.Fprintf(&b, `<saml:AuthnStatement AuthnInstant="%s"/>`, at(s.From))
	if len(s.Attributes) > 0 {
		b.WriteString(`<saml:AttributeStatement>`)
		for name, v := range s.Attributes {
			fmt.Fprintf(&b, `<saml:Attribute Name="%s"><saml:AttributeValue>%s</saml:AttributeValue></saml:Attribute>`, escape(name), escape(v))
		}
		b.WriteString(`</saml:AttributeStatement>`)
	}
	b.WriteString(`</saml:Assertion>`)
	return b.String()
}

func escape(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a strings.Builder takes everything
	return b.String()
}

// Sign signs an assertion; method is a signature algorithm, empty for RSA with
// SHA-256.
func (i *Issuer) Sign(t testing.TB, text, method string) string {
	t.Helper()
	doc := etree.NewDocument()
	if err := doc.ReadFromString(text); err != nil {
		t.Fatal(err)
	}
	c := dsig.NewDefaultSigningContext(i)
	c.Canonicalizer = dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")
	if method != "" {
		if err := c.SetSignatureMethod(method); err != nil {
			t.Fatal(err)
		}
	}
	signed, err := c.SignEnveloped(doc.Root())
	if err != nil {
		t.Fatal(err)
	}
	out := etree.NewDocument()
	out.SetRoot(signed)
	written, err := out.WriteToString()
	if err != nil {
		t.Fatal(err)
	}
	return written
}

// Say signs what an assertion says.
func (i *Issuer) Say(t testing.TB, s Saying) string { return i.Sign(t, i.Text(s), "") }
