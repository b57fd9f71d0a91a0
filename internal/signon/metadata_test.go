package signon_test

import (
	"encoding/json"
	"encoding/xml"
	"strings"
	"testing"

	"usher/internal/apps"
	"usher/internal/idp"
	"usher/internal/signon"
)

// TestMetadataIsPlainASCII has names that need escaping in every way.
func TestMetadataIsPlainASCII(t *testing.T) {
	a := &apps.App{App: idp.App{Name: "bücher_&<x>_1", ExternalKey: "exk1", SignOnMode: idp.SignOnSAML2}}
	a.Details.SignOn = json.RawMessage(`{"idpIssuer":"urn:\"ü\":😀:${org.externalKey}"}`)
	text, err := signon.SAMLMetadata(&idp.Org{BaseURL: "https://id.example.com"}, a, &apps.Key{Certificate: []byte{1, 2, 3}})
	if err != nil {
		t.Fatal(err)
	}
	if at := strings.IndexFunc(string(text), func(r rune) bool { return r > 0x7e }); at >= 0 {
		t.Errorf("%q", text[at:])
	}
	var doc struct {
		EntityID string `xml:"entityID,attr"`
		SSO      []struct {
			Location string `xml:",attr"`
		} `xml:"IDPSSODescriptor>SingleSignOnService"`
		SLO []string `xml:"IDPSSODescriptor>SingleLogoutService"`
	}
	if err := xml.Unmarshal(text, &doc); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	if doc.EntityID != `urn:"ü":😀:exk1` || len(doc.SSO) != 2 || doc.SSO[0].Location != "https://id.example.com/app/bücher_&<x>_1/exk1/sso/saml" || doc.SLO != nil {
		t.Errorf("%+v", doc)
	}
}

func TestIssuerOfTheCatalogue(t *testing.T) {
	a := &apps.App{App: idp.App{ExternalKey: "exk2"}, Kind: apps.Kind{Name: "zendesk"}}
	if got, err := signon.Issuer(a); err != nil || got != "http://www.okta.com/exk2" {
		t.Errorf("%q, %v", got, err)
	}
}
