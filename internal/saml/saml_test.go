package saml_test

import (
	"crypto/x509"
	"errors"
	"strings"
	"testing"
	"time"

	"usher/internal/saml"
	"usher/internal/saml/samltest"
)

const (
	audience  = "https://id.example.com/saml"
	recipient = "https://id.example.com/oauth2/v1/token"
)

type world struct {
	now     time.Time
	issuer  *samltest.Issuer
	trusted []*x509.Certificate
	saying  samltest.Saying
}

func newWorld(t testing.TB) *world {
	t.Helper()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	w := &world{now: now, issuer: samltest.New(t, "urn:example:idp", now)}
	w.trusted = []*x509.Certificate{certificate(t, samltest.New(t, "urn:example:idp", now)), certificate(t, w.issuer)}
	w.saying = samltest.Saying{
		ID: "_a1", Subject: "isaac.brock@example.com", Audience: audience, Recipient: recipient, From: now, Until: now.Add(5 * time.Minute),
		Attributes: map[string]string{"email": "isaac@example.com"},
	}
	return w
}

func certificate(t testing.TB, i *samltest.Issuer) *x509.Certificate {
	t.Helper()
	c, err := x509.ParseCertificate(i.Certificate)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// believe reads an assertion and checks its signature.
func (w *world) believe(text string) (*saml.Assertion, error) {
	m, err := saml.Read([]byte(text))
	if err != nil {
		return nil, err
	}
	return m.Verify(w.trusted, w.now)
}

func (w *world) expected() saml.Expected {
	return saml.Expected{
		Issuer: w.issuer.Name, Audiences: []string{audience}, Recipients: []string{recipient}, Now: w.now, Skew: time.Minute, Life: time.Hour,
	}
}

func TestAssertion(t *testing.T) {
	w := newWorld(t)
	a, err := w.believe(w.issuer.Say(t, w.saying))
	if err != nil {
		t.Fatal(err)
	}
	if a.ID != "_a1" || a.NameID != "isaac.brock@example.com" || a.Attributes["email"][0] != "isaac@example.com" || !a.Authenticated.Equal(w.now) {
		t.Errorf("%+v", a)
	}
	if until, err := a.Check(w.expected()); err != nil || !until.Equal(w.saying.Until) {
		t.Error(until, err)
	}
	for name, change := range map[string]func(*saml.Expected){
		"another issuer":    func(e *saml.Expected) { e.Issuer = "urn:example:other" },
		"another audience":  func(e *saml.Expected) { e.Audiences = []string{"urn:example:other"} },
		"another recipient": func(e *saml.Expected) { e.Recipients = []string{"https://other.example"} },
		"too late":          func(e *saml.Expected) { e.Now = w.saying.Until.Add(time.Minute) },
		"too early":         func(e *saml.Expected) { e.Now = w.saying.From.Add(-2 * time.Minute) },
		"for too long":      func(e *saml.Expected) { e.Life = time.Minute },
	} {
		e := w.expected()
		change(&e)
		if _, err := a.Check(e); !errors.Is(err, saml.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestNoForgedAssertion: what was not signed by a key of the issuer, or stands
// where the signature does not reach, is not believed: the known shapes of
// signature wrapping, and what parsers have been led astray by.
func TestNoForgedAssertion(t *testing.T) {
	w := newWorld(t)
	good := w.issuer.Say(t, w.saying)
	evil := w.saying
	evil.ID, evil.Subject = "_evil", "admin@example.com"
	evilText := w.issuer.Text(evil)
	signature := good[strings.Index(good, "<ds:Signature"):strings.Index(good, "</ds:Signature>")] + "</ds:Signature>"
	bare := strings.Replace(good, signature, "", 1)
	into := func(outer, inner string) string {
		return strings.Replace(outer, "</saml:Assertion>", inner+"</saml:Assertion>", 1)
	}
	stranger := samltest.New(t, w.issuer.Name, w.now)
	open := func(s string) string { return strings.Replace(s, "<saml:Subject>", signature+"<saml:Subject>", 1) }
	within := strings.Replace(signature, "</ds:Signature>", "<ds:Object>"+bare+"</ds:Object></ds:Signature>", 1)
	response := func(inner string) string {
		return `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_r">` + inner + `</samlp:Response>`
	}
	for name, text := range map[string]string{
		"not signed":                          w.issuer.Text(w.saying),
		"another subject":                     strings.Replace(good, "isaac.brock@", "admin@", 1),
		"another time":                        strings.ReplaceAll(good, "2026-", "2027-"),
		"the key of a stranger":               stranger.Say(t, w.saying),
		"SHA-1":                               w.issuer.Sign(t, w.issuer.Text(w.saying), "http://www.w3.org/2000/09/xmldsig#rsa-sha1"),
		"signed by the key of nobody":         strings.Replace(good, signature, strings.Replace(signature, "<ds:SignatureValue>", "<ds:SignatureValue>AA", 1), 1),
		"wrapping: original inside, at end":   into(evilText, good),
		"wrapping: original inside, signed":   into(open(evilText), bare),
		"wrapping: original in the signature": strings.Replace(evilText, "<saml:Subject>", within+"<saml:Subject>", 1),
		"wrapping: signature moved":           open(evilText),
		"wrapping: same identifier":           into(strings.Replace(open(evilText), `ID="_evil"`, `ID="_a1"`, 1), bare),
		"wrapping: both in a response":        response(evilText + good),
		"wrapping: evil first in a response":  response(evilText) + good,
		"wrapping: response":                  response(good),
		"wrapping: under an extension":        into(evilText, "<x:Extensions xmlns:x=\"urn:x\">"+good+"</x:Extensions>"),
		"two signatures":                      strings.Replace(good, signature, signature+signature, 1),
		"a reference to everything":           strings.Replace(good, `URI="#_a1"`, `URI=""`, 1),
		"a comment in the name":               strings.Replace(good, "isaac.brock@", "isaac<!---->.brock@", 1),
		"a document type":                     `<!DOCTYPE a [<!ENTITY x "y">]>` + good,
		"an entity":                           strings.Replace(good, "isaac.brock@", "&x;", 1),
		"a processing instruction":            strings.Replace(good, "isaac.brock@", "<?x y?>isaac.brock@", 1),
		"an element in the name":              strings.Replace(good, "isaac.brock@example.com", "<b>isaac.brock@example.com</b>", 1),
		"an attribute twice":                  strings.Replace(good, `ID="_a1"`, `ID="_a1" ID="_a1"`, 1),
		"not SAML 2.0":                        strings.Replace(good, `Version="2.0"`, `Version="1.1"`, 1),
		"no XML":                              "nonsense",
		"nothing":                             "",
		"too deep":                            strings.Repeat("<a>", 1000) + strings.Repeat("</a>", 1000),
		"too long":                            good + strings.Repeat(" ", saml.MaxSize),
	} {
		if a, err := w.believe(text); !errors.Is(err, saml.ErrInvalid) {
			t.Errorf("%s: %+v %v", name, a, err)
		}
	}
	w.now = w.now.AddDate(2, 0, 0)
	if _, err := w.believe(good); !errors.Is(err, saml.ErrInvalid) {
		t.Errorf("an old certificate: %v", err)
	}
}

// TestCertificateInMessage: the certificate that the message carries says
// nothing, neither for it nor against it.
func TestCertificateInMessage(t *testing.T) {
	w := newWorld(t)
	good := w.issuer.Say(t, w.saying)
	other := samltest.New(t, w.issuer.Name, w.now)
	if !strings.Contains(good, w.issuer.X5C()) {
		t.Fatal("the message carries no certificate")
	}
	if _, err := w.believe(strings.Replace(good, w.issuer.X5C(), other.X5C(), 1)); err != nil {
		t.Error(err)
	}
	forged := strings.Replace(other.Say(t, w.saying), other.X5C(), w.issuer.X5C(), 1)
	if _, err := w.believe(forged); !errors.Is(err, saml.ErrInvalid) {
		t.Errorf("%v", err)
	}
}

// FuzzRead: no text makes the reader fail otherwise than by refusing, or believe
// what nobody has signed.
func FuzzRead(f *testing.F) {
	w := newWorld(f)
	f.Add(w.issuer.Say(f, w.saying))
	f.Add(w.issuer.Text(w.saying))
	f.Add(`<!DOCTYPE a><a/>`)
	subject := w.saying.Subject
	f.Fuzz(func(t *testing.T, text string) {
		a, err := w.believe(text)
		if err == nil && a.NameID != subject {
			t.Errorf("believed: %s", text)
		}
		if err != nil && !errors.Is(err, saml.ErrInvalid) {
			t.Errorf("%v", err)
		}
	})
}
