package saml

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/beevik/etree"
)

// Names of SAML 2.0 and of XML signatures. (SAML 2.0 core section 1.1; XML
// Signature section 4)
const (
	nsAssertion = "urn:oasis:names:tc:SAML:2.0:assertion"
	nsSignature = "http://www.w3.org/2000/09/xmldsig#"
	bearer      = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
)

// Bounds on what is read.
const (
	MaxSize     = 64 << 10 // bytes
	maxDepth    = 32
	maxElements = 1000
)

// ErrInvalid is what every refusal of a text is. What follows it is for the log of
// the one who runs the server.
var ErrInvalid = errors.New("saml: not a valid assertion")

func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrInvalid, fmt.Sprintf(format, args...))
}

// Message is an assertion that was read and is not believed yet.
type Message struct{ root *etree.Element }

// Read parses a single assertion. It refuses what gives an attacker room: a
// document type, entities, comments, processing instructions, identifiers that
// occur twice, a second assertion or signature anywhere, and a signature that is
// not the assertion's own. ErrInvalid.
func Read(text []byte) (*Message, error) {
	if err := scan(text); err != nil {
		return nil, err
	}
	doc := etree.NewDocument()
	if err := doc.ReadFromBytes(text); err != nil {
		return nil, invalid("it is no XML: %v", err)
	}
	root := doc.Root()
	if root == nil || !is(root, nsAssertion, "Assertion") || root.SelectAttrValue("Version", "") != "2.0" || root.SelectAttrValue("ID", "") == "" {
		return nil, invalid("the root is no assertion of SAML 2.0")
	}
	assertions, signatures := 0, 0
	for _, el := range append(root.FindElements(".//*"), root) {
		switch {
		case el.Tag == "Assertion" || el.Tag == "EncryptedAssertion":
			assertions++
		case el.Tag == "Signature":
			signatures++
		}
	}
	if assertions != 1 || signatures != 1 {
		return nil, invalid("it holds %d assertions and %d signatures", assertions, signatures)
	}
	m := &Message{root: root}
	if err := m.checkShape(); err != nil {
		return nil, err
	}
	return m, nil
}

// scan looks at the text as a stream, before a tree is made of it.
func scan(text []byte) error {
	if len(text) > MaxSize || !utf8.Valid(text) {
		return invalid("it is too long, or no UTF-8")
	}
	d := xml.NewDecoder(bytes.NewReader(text))
	depth, elements := 0, 0
	ids := map[string]bool{}
	for {
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return invalid("it is no XML: %v", err)
		}
		switch t := token.(type) {
		case xml.StartElement:
			depth++
			if elements++; depth > maxDepth || elements > maxElements {
				return invalid("it is too deep, or has too many elements")
			}
			if err := scanAttributes(t.Attr, ids); err != nil {
				return err
			}
		case xml.EndElement:
			depth--
		case xml.CharData:
		case xml.ProcInst:
			if t.Target != "xml" || elements > 0 {
				return invalid("it holds a processing instruction")
			}
		case xml.Comment, xml.Directive:
			return invalid("it holds a comment or a document type")
		}
	}
}

// scanAttributes finds attributes and identifiers that occur twice.
func scanAttributes(list []xml.Attr, ids map[string]bool) error {
	seen := map[xml.Name]bool{}
	for _, a := range list {
		if seen[a.Name] {
			return invalid("an element has an attribute twice")
		}
		seen[a.Name] = true
		if strings.EqualFold(a.Name.Local, "id") {
			if ids[a.Value] {
				return invalid("two elements have the same identifier")
			}
			ids[a.Value] = true
		}
	}
	return nil
}

// checkShape checks that the signature is a child of the assertion and is about
// it alone, by algorithms that prove something.
func (m *Message) checkShape() error {
	signature, err := one(m.root, nsSignature, "Signature")
	if err != nil {
		return err
	}
	info, err := one(signature, nsSignature, "SignedInfo")
	if err != nil {
		return err
	}
	about, err := one(info, nsSignature, "Reference")
	if err != nil {
		return err
	}
	if about.SelectAttrValue("URI", "") != "#"+m.root.SelectAttrValue("ID", "") {
		return invalid("the signature is about something else")
	}
	method, err := one(info, nsSignature, "SignatureMethod")
	if err != nil {
		return err
	}
	digest, err := one(about, nsSignature, "DigestMethod")
	if err != nil {
		return err
	}
	canonical, err := one(info, nsSignature, "CanonicalizationMethod")
	if err != nil {
		return err
	}
	for _, v := range []struct {
		el   *etree.Element
		fine []string
	}{{method, signatureMethods()}, {digest, digestMethods()}, {canonical, []string{exclusive}}} {
		if name := v.el.SelectAttrValue("Algorithm", ""); !slices.Contains(v.fine, name) {
			return invalid("the algorithm %q is not allowed", name)
		}
	}
	transforms, err := one(about, nsSignature, "Transforms")
	if err != nil {
		return err
	}
	list := transforms.ChildElements()
	if len(list) != 2 || list[0].SelectAttrValue("Algorithm", "") != enveloped || list[1].SelectAttrValue("Algorithm", "") != exclusive {
		return invalid("the transforms are not the two of an assertion")
	}
	return nil
}

// The algorithms of signatures. SHA-1 proves nothing any more. (XML Signature
// section 6; RFC 6931)
const (
	enveloped = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
	exclusive = "http://www.w3.org/2001/10/xml-exc-c14n#"
)

func signatureMethods() []string {
	return []string{
		"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384",
		"http://www.w3.org/2001/04/xmldsig-more#rsa-sha512",
	}
}

func digestMethods() []string {
	return []string{
		"http://www.w3.org/2001/04/xmlenc#sha256", "http://www.w3.org/2001/04/xmldsig-more#sha384", "http://www.w3.org/2001/04/xmlenc#sha512",
	}
}

// is tells whether an element has a name in a namespace.
func is(el *etree.Element, space, tag string) bool {
	return el.Tag == tag && el.NamespaceURI() == space
}

// children are the child elements of a name.
func children(el *etree.Element, space, tag string) []*etree.Element {
	var out []*etree.Element
	for _, c := range el.ChildElements() {
		if is(c, space, tag) {
			out = append(out, c)
		}
	}
	return out
}

// one is the only child element of a name.
func one(el *etree.Element, space, tag string) (*etree.Element, error) {
	list := children(el, space, tag)
	if len(list) != 1 {
		return nil, invalid("%s has %d elements %s", el.Tag, len(list), tag)
	}
	return list[0], nil
}

// text is the text of an element that holds nothing else.
func text(el *etree.Element) (string, error) {
	if len(el.ChildElements()) > 0 {
		return "", invalid("%s holds elements", el.Tag)
	}
	return strings.TrimSpace(el.Text()), nil
}

// Issuer is whom the message names as its issuer: to find out by which keys it
// would have to be signed.
func (m *Message) Issuer() (string, error) {
	el, err := one(m.root, nsAssertion, "Issuer")
	if err != nil {
		return "", err
	}
	return text(el)
}
