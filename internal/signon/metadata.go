package signon

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"strings"

	"usher/internal/apps"
	"usher/internal/idp"
)

// Names of SAML 2.0. (SAML 2.0 bindings, metadata)
const (
	nsMetadata  = "urn:oasis:names:tc:SAML:2.0:metadata"
	nsProtocol  = "urn:oasis:names:tc:SAML:2.0:protocol"
	nsSignature = "http://www.w3.org/2000/09/xmldsig#"
	bindPost    = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
	bindGet     = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
	formatAny   = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
	formatEmail = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"

	issuerBase = "http://www.okta.com/"
)

// Issuer is the name of this side towards a SAML application.
func Issuer(a *apps.App) (string, error) {
	if !a.Kind.Custom() {
		return issuerBase + a.ExternalKey, nil
	}
	s, err := a.SAML()
	if err != nil {
		return "", err
	}
	return strings.ReplaceAll(s.Issuer, "${org.externalKey}", a.ExternalKey), nil
}

// SAMLMetadata describes this side to the service provider of a SAML 2.0
// application. Text that is not ASCII is escaped, so that the document reads the
// same in any encoding. (SAML 2.0 metadata section 2.4.3; management reference)
func SAMLMetadata(org *idp.Org, a *apps.App, key *apps.Key) ([]byte, error) {
	issuer, err := Issuer(a)
	if err != nil {
		return nil, err
	}
	sso := org.BaseURL + "/app/" + a.Name + "/" + a.ExternalKey
	w := &document{}
	w.raw(`<?xml version="1.0" encoding="UTF-8"?>`)
	w.open("md:EntityDescriptor", "entityID", issuer, "xmlns:md", nsMetadata)
	w.open("md:IDPSSODescriptor", "WantAuthnRequestsSigned", "false", "protocolSupportEnumeration", nsProtocol)
	w.open("md:KeyDescriptor", "use", "signing")
	w.open("ds:KeyInfo", "xmlns:ds", nsSignature)
	w.open("ds:X509Data")
	w.leaf("ds:X509Certificate", base64.StdEncoding.EncodeToString(key.Certificate))
	w.close("ds:X509Data", "ds:KeyInfo", "md:KeyDescriptor")
	if a.Kind.Custom() {
		s, err := a.SAML()
		if err != nil {
			return nil, err
		}
		if s.Logout.Enabled {
			for _, binding := range []string{bindPost, bindGet} {
				w.empty("md:SingleLogoutService", "Binding", binding, "Location", sso+"/slo/saml")
			}
		}
	}
	w.leaf("md:NameIDFormat", formatAny)
	w.leaf("md:NameIDFormat", formatEmail)
	for _, binding := range []string{bindPost, bindGet} {
		w.empty("md:SingleSignOnService", "Binding", binding, "Location", sso+"/sso/saml")
	}
	w.close("md:IDPSSODescriptor", "md:EntityDescriptor")
	return w.ascii(), nil
}

// document writes XML.
type document struct{ b bytes.Buffer }

func (w *document) raw(s string) { w.b.WriteString(s) }

func (w *document) tag(name, end string, attributes []string) {
	w.raw("<" + name)
	for i := 0; i+1 < len(attributes); i += 2 {
		w.raw(" " + attributes[i] + `="`)
		w.text(attributes[i+1])
		w.raw(`"`)
	}
	w.raw(end)
}

func (w *document) open(name string, attributes ...string)  { w.tag(name, ">", attributes) }
func (w *document) empty(name string, attributes ...string) { w.tag(name, "/>", attributes) }

func (w *document) close(names ...string) {
	for _, n := range names {
		w.raw("</" + n + ">")
	}
}

func (w *document) leaf(name, text string) {
	w.open(name)
	w.text(text)
	w.close(name)
}

// text escapes; writing to a buffer cannot fail.
func (w *document) text(s string) { _ = xml.EscapeText(&w.b, []byte(s)) }

// ascii returns the document with everything else as character references.
func (w *document) ascii() []byte {
	var out bytes.Buffer
	for _, r := range w.b.String() {
		if r < 0x80 {
			out.WriteByte(byte(r))
			continue
		}
		out.WriteString("&#x")
		const hex = "0123456789ABCDEF"
		started := false
		for shift := 20; shift >= 0; shift -= 4 {
			d := int(r>>shift) & 15
			if d != 0 || started || shift == 0 {
				started = true
				out.WriteByte(hex[d])
			}
		}
		out.WriteByte(';')
	}
	return out.Bytes()
}
