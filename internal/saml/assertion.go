package saml

import (
	"crypto/x509"
	"slices"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
)

// Assertion is what a trusted issuer says about somebody. (SAML 2.0 core section
// 2.3.3)
type Assertion struct {
	ID         string
	Issuer     string
	NameID     string
	Attributes map[string][]string
	// Authenticated is when the subject has signed in there, zero where that is not
	// said.
	Authenticated time.Time

	notBefore, notOnOrAfter time.Time // of the conditions; zero for none
	audiences               [][]string
	bearers                 []confirmation
}

// confirmation is a way by which a bearer may use the assertion. (SAML 2.0
// profiles section 3.3)
type confirmation struct {
	recipient               string
	notBefore, notOnOrAfter time.Time
}

// Verify checks the signature by the certificates of the issuer, one of which has
// to be valid now, and returns what was signed. A certificate in the message
// counts for nothing. ErrInvalid.
func (m *Message) Verify(trusted []*x509.Certificate, now time.Time) (*Assertion, error) {
	root := m.root.Copy()
	signature, err := one(root, nsSignature, "Signature")
	if err != nil {
		return nil, err
	}
	for _, info := range children(signature, nsSignature, "KeyInfo") {
		signature.RemoveChild(info)
	}
	for _, c := range trusted {
		v := dsig.NewDefaultValidationContext(&dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{c}})
		v.Clock = dsig.NewFakeClockAt(now)
		signed, err := v.Validate(root)
		if err == nil && signed != nil {
			return read(signed)
		}
	}
	return nil, invalid("no key of the issuer has signed it")
}

// read gives the contents of an element whose signature was checked.
func read(root *etree.Element) (*Assertion, error) {
	if !is(root, nsAssertion, "Assertion") {
		return nil, invalid("what was signed is no assertion")
	}
	a := &Assertion{ID: root.SelectAttrValue("ID", ""), Attributes: map[string][]string{}}
	issuer, err := one(root, nsAssertion, "Issuer")
	if err != nil {
		return nil, err
	}
	if a.Issuer, err = text(issuer); err != nil {
		return nil, err
	}
	if err := a.readSubject(root); err != nil {
		return nil, err
	}
	if err := a.readConditions(root); err != nil {
		return nil, err
	}
	for _, s := range children(root, nsAssertion, "AuthnStatement") {
		if a.Authenticated, err = instant(s, "AuthnInstant"); err != nil {
			return nil, err
		}
	}
	return a, a.readAttributes(root)
}

func (a *Assertion) readSubject(root *etree.Element) error {
	subject, err := one(root, nsAssertion, "Subject")
	if err != nil {
		return err
	}
	name, err := one(subject, nsAssertion, "NameID")
	if err != nil {
		return err
	}
	if a.NameID, err = text(name); err != nil {
		return err
	}
	for _, c := range children(subject, nsAssertion, "SubjectConfirmation") {
		if c.SelectAttrValue("Method", "") != bearer {
			continue
		}
		data, err := one(c, nsAssertion, "SubjectConfirmationData")
		if err != nil {
			return err
		}
		v := confirmation{recipient: data.SelectAttrValue("Recipient", "")}
		if v.notBefore, err = instant(data, "NotBefore"); err != nil {
			return err
		}
		if v.notOnOrAfter, err = instant(data, "NotOnOrAfter"); err != nil {
			return err
		}
		a.bearers = append(a.bearers, v)
	}
	return nil
}

// readConditions refuses an assertion with a condition that is not understood.
// (SAML 2.0 core section 2.5.1.1)
func (a *Assertion) readConditions(root *etree.Element) error {
	c, err := one(root, nsAssertion, "Conditions")
	if err != nil {
		return err
	}
	if a.notBefore, err = instant(c, "NotBefore"); err != nil {
		return err
	}
	if a.notOnOrAfter, err = instant(c, "NotOnOrAfter"); err != nil {
		return err
	}
	for _, el := range c.ChildElements() {
		switch {
		case is(el, nsAssertion, "OneTimeUse"), is(el, nsAssertion, "ProxyRestriction"):
		case is(el, nsAssertion, "AudienceRestriction"):
			list := []string{}
			for _, v := range children(el, nsAssertion, "Audience") {
				name, err := text(v)
				if err != nil {
					return err
				}
				list = append(list, name)
			}
			a.audiences = append(a.audiences, list)
		default:
			return invalid("the condition %s is not understood", el.Tag)
		}
	}
	return nil
}

func (a *Assertion) readAttributes(root *etree.Element) error {
	for _, s := range children(root, nsAssertion, "AttributeStatement") {
		for _, el := range children(s, nsAssertion, "Attribute") {
			name := el.SelectAttrValue("Name", "")
			for _, v := range children(el, nsAssertion, "AttributeValue") {
				value, err := text(v)
				if err != nil {
					return err
				}
				a.Attributes[name] = append(a.Attributes[name], value)
			}
		}
	}
	return nil
}

// instant reads a time, zero where there is none. (SAML 2.0 core section 1.3.3)
func instant(el *etree.Element, name string) (time.Time, error) {
	v := el.SelectAttrValue(name, "")
	if v == "" {
		return time.Time{}, nil
	}
	at, err := time.Parse(time.RFC3339Nano, v)
	if err != nil {
		return time.Time{}, invalid("%s is no time", name)
	}
	return at.UTC(), nil
}

// Expected is what an assertion has to be good for.
type Expected struct {
	Issuer string
	// Audiences and Recipients are the names under which the one who reads it is
	// known: one of each must be there.
	Audiences, Recipients []string
	Now                   time.Time
	Skew                  time.Duration // by which clocks may differ
	Life                  time.Duration // how far into the future it may be good
}

// Check tells whether an assertion is good for this, and until when. (RFC 7522
// section 3) ErrInvalid.
func (a *Assertion) Check(e Expected) (until time.Time, err error) {
	switch {
	case a.Issuer != e.Issuer:
		return until, invalid("the issuer is another one")
	case a.NameID == "":
		return until, invalid("it has no subject")
	case len(a.audiences) == 0:
		return until, invalid("it is made out to nobody")
	case !a.notBefore.IsZero() && a.notBefore.After(e.Now.Add(e.Skew)):
		return until, invalid("it is not valid yet")
	case !a.notOnOrAfter.IsZero() && !e.Now.Add(-e.Skew).Before(a.notOnOrAfter):
		return until, invalid("it is expired")
	}
	for _, list := range a.audiences { // each restriction has to hold
		if !slices.ContainsFunc(list, func(v string) bool { return slices.Contains(e.Audiences, v) }) {
			return until, invalid("it is made out to somebody else")
		}
	}
	for _, c := range a.bearers {
		until = c.notOnOrAfter
		if until.IsZero() || !a.notOnOrAfter.IsZero() && a.notOnOrAfter.Before(until) {
			until = a.notOnOrAfter
		}
		switch {
		case !slices.Contains(e.Recipients, c.recipient), until.IsZero(), until.After(e.Now.Add(e.Life + e.Skew)):
		case !e.Now.Add(-e.Skew).Before(until), !c.notBefore.IsZero() && c.notBefore.After(e.Now.Add(e.Skew)):
		default:
			return until, nil
		}
	}
	return time.Time{}, invalid("no confirmation of its bearer holds here and now")
}
