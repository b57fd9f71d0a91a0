package apps

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"

	"usher/internal/el"
	"usher/internal/idp"
)

// SAMLSettings are the sign-on settings of a custom SAML 2.0 application, in
// the order in which they are shown. (spec: management
// SamlApplicationSettingsSignOn; recorded answers)
type SAMLSettings struct {
	DefaultRelayState     *string              `json:"defaultRelayState"`
	ACSURL                string               `json:"ssoAcsUrl"`
	Issuer                string               `json:"idpIssuer"`
	Audience              string               `json:"audience"`
	Recipient             string               `json:"recipient"`
	Destination           string               `json:"destination"`
	SubjectTemplate       string               `json:"subjectNameIdTemplate"`
	SubjectFormat         string               `json:"subjectNameIdFormat"`
	ResponseSigned        bool                 `json:"responseSigned"`
	AssertionSigned       bool                 `json:"assertionSigned"`
	SignatureAlgorithm    string               `json:"signatureAlgorithm"` // RSA_SHA1 or RSA_SHA256
	DigestAlgorithm       string               `json:"digestAlgorithm"`    // SHA1 or SHA256
	HonorForceAuthn       bool                 `json:"honorForceAuthn"`
	AuthnContext          string               `json:"authnContextClassRef"`
	SPIssuer              *string              `json:"spIssuer"`
	RequestCompressed     bool                 `json:"requestCompressed"`
	AttributeStatements   []AttributeStatement `json:"attributeStatements"`
	InlineHooks           []InlineHook         `json:"inlineHooks"`
	SPCertificate         *Certificates        `json:"spCertificate,omitempty"`
	Encryption            Encryption           `json:"assertionEncryption"`
	MultipleACS           bool                 `json:"allowMultipleAcsEndpoints"`
	ACSEndpoints          []ACSEndpoint        `json:"acsEndpoints"`
	SignedRequestRequired bool                 `json:"samlSignedRequestEnabled"`
	Logout                SingleLogout         `json:"slo"`
	Participation         *Participation       `json:"participateSlo,omitempty"`
	// Lifetime is how long an assertion is good, in seconds; nil for as long as
	// others.
	Lifetime *int `json:"samlAssertionLifetimeSeconds,omitempty"`
}

// AttributeStatement puts attributes of the user, or the names of groups, into
// an assertion.
type AttributeStatement struct {
	Type        string   `json:"type"` // EXPRESSION or GROUP
	Name        string   `json:"name"`
	Namespace   string   `json:"namespace"`
	Values      []string `json:"values,omitempty"`
	FilterType  string   `json:"filterType,omitempty"` // STARTS_WITH, EQUALS, CONTAINS or REGEX
	FilterValue string   `json:"filterValue,omitempty"`
}

// InlineHook names a hook that may change assertions.
type InlineHook struct {
	ID string `json:"id"`
}

// Certificates are X.509 certificates, base64 of DER, the leaf first.
type Certificates struct {
	X5C []string `json:"x5c"`
}

// Encryption says whether assertions are encrypted for the service provider.
type Encryption struct {
	Enabled      bool     `json:"enabled"`
	Algorithm    string   `json:"encryptionAlgorithm,omitempty"`
	KeyTransport string   `json:"keyTransportAlgorithm,omitempty"`
	X5C          []string `json:"x5c,omitempty"`
}

// ACSEndpoint is a further address that takes assertions.
type ACSEndpoint struct {
	URL   string `json:"url"`
	Index int    `json:"index"`
}

// SingleLogout says whether the service provider is told of a sign-out.
type SingleLogout struct {
	Enabled   bool   `json:"enabled"`
	Issuer    string `json:"issuer,omitempty"`
	LogoutURL string `json:"logoutUrl,omitempty"`
}

// Participation says whether the service provider is told when the user signs out
// elsewhere. (spec: management SloParticipate)
type Participation struct {
	Enabled              bool   `json:"enabled"`
	LogoutRequestURL     string `json:"logoutRequestUrl,omitempty"`
	Binding              string `json:"bindingType,omitempty"` // POST or REDIRECT
	SessionIndexRequired bool   `json:"sessionIndexRequired"`
}

// Bounds on SAML settings.
const (
	maxAssertionLife = 24 * 60 * 60 // seconds
	maxStatements    = 100
	maxCertificates  = 8
	maxACSEndpoints  = 100
)

// attributeNames begins the names of the formats that names of attributes have.
// (management reference: attributeStatements)
const attributeNames = "urn:oasis:names:tc:SAML:2.0:attrname-format:"

// samlDefaults are what members count as that are absent. (management reference)
func samlDefaults() *SAMLSettings {
	return &SAMLSettings{
		Issuer:          "http://www.okta.com/${org.externalKey}",
		SubjectTemplate: "${user.userName}",
		SubjectFormat:   "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified",
		ResponseSigned:  true, AssertionSigned: true, SignatureAlgorithm: "RSA_SHA256", DigestAlgorithm: "SHA256", HonorForceAuthn: true,
		AuthnContext:        "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
		AttributeStatements: []AttributeStatement{}, InlineHooks: []InlineHook{}, ACSEndpoints: []ACSEndpoint{},
	}
}

// SAML decodes the sign-on settings of a custom SAML 2.0 application.
func (a *App) SAML() (*SAMLSettings, error) {
	s := samlDefaults()
	if err := json.Unmarshal(a.Details.SignOn, s); err != nil {
		return nil, err
	}
	return s, nil
}

// completeSAML fills in and checks the settings. What was kept before stays
// where the client leaves it out: its certificate, single logout, and what older
// clients do not know.
func completeSAML(text json.RawMessage, before *App, f *faults) (json.RawMessage, error) {
	s := samlDefaults()
	var members map[string]json.RawMessage
	if given(text) {
		if err := json.Unmarshal(text, s); err != nil {
			return nil, malformed("settings.signOn", err)
		}
		if err := json.Unmarshal(text, &members); err != nil {
			return nil, malformed("settings.signOn", err)
		}
	}
	if before != nil && len(before.Details.SignOn) > 0 {
		old, err := before.SAML()
		if err != nil {
			return nil, err
		}
		if !given(members["slo"]) {
			s.Logout = old.Logout
		}
		if _, there := members["spCertificate"]; !there {
			s.SPCertificate = old.SPCertificate
		}
		if _, there := members["participateSlo"]; !there {
			s.Participation = old.Participation
		}
		if _, there := members["samlAssertionLifetimeSeconds"]; !there {
			s.Lifetime = old.Lifetime
		}
	}
	s.tidy()
	s.check(f)
	return json.Marshal(s)
}

// tidy writes lists that are absent as empty, and gives statements the type
// and namespace that they have by default.
func (s *SAMLSettings) tidy() {
	if s.AttributeStatements == nil {
		s.AttributeStatements = []AttributeStatement{}
	}
	if s.InlineHooks == nil {
		s.InlineHooks = []InlineHook{}
	}
	if s.ACSEndpoints == nil {
		s.ACSEndpoints = []ACSEndpoint{}
	}
	if s.SPIssuer != nil && *s.SPIssuer == "" {
		s.SPIssuer = nil
	}
	for i := range s.AttributeStatements {
		st := &s.AttributeStatements[i]
		if st.Type == "" {
			st.Type = "EXPRESSION"
		}
		if st.Namespace == "" {
			st.Namespace = attributeNames + "unspecified"
		}
	}
	if s.SPCertificate != nil && len(s.SPCertificate.X5C) == 0 {
		s.SPCertificate = nil
	}
}

func (s *SAMLSettings) check(f *faults) {
	for _, m := range []struct{ name, value string }{
		{"ssoAcsUrl", s.ACSURL}, {"audience", s.Audience}, {"recipient", s.Recipient}, {"destination", s.Destination},
	} {
		switch {
		case m.value == "":
			f.blank(m.name)
		case m.name != "audience" && !webAddress(m.value):
			f.add(m.name, "Does not match required pattern")
		}
	}
	oneOf(f, "signatureAlgorithm", s.SignatureAlgorithm, "RSA_SHA1", "RSA_SHA256")
	oneOf(f, "digestAlgorithm", s.DigestAlgorithm, "SHA1", "SHA256")
	if !strings.HasPrefix(s.SubjectFormat, "urn:oasis:names:tc:SAML:") {
		f.add("subjectNameIdFormat", "must be the name of a SAML name identifier format")
	}
	if _, err := el.Parse(s.SubjectTemplate, el.Usernames()); err != nil {
		f.add("subjectNameIdTemplate", "Invalid expression")
	}
	if !s.ResponseSigned && !s.AssertionSigned {
		f.add("responseSigned", "the response or the assertion must be signed")
	}
	if len(s.AttributeStatements) > maxStatements {
		f.add("attributeStatements", "too many")
	}
	if len(s.ACSEndpoints) > maxACSEndpoints {
		f.add("acsEndpoints", "too many")
	}
	for _, e := range s.ACSEndpoints {
		if !webAddress(e.URL) {
			f.add("acsEndpoints", "Does not match required pattern")
		}
	}
	for _, st := range s.AttributeStatements {
		st.check(f)
	}
	checkCertificates(f, "spCertificate", s.SPCertificate)
	if s.Logout.Enabled {
		if s.Logout.Issuer == "" {
			f.blank("slo.issuer")
		}
		if !webAddress(s.Logout.LogoutURL) {
			f.add("slo.logoutUrl", "Does not match required pattern")
		}
	}
	s.Participation.check(f)
	if n := s.Lifetime; n != nil && (*n < 1 || *n > maxAssertionLife) {
		f.add("samlAssertionLifetimeSeconds", "must be between 1 and 86400")
	}
}

func (p *Participation) check(f *faults) {
	if p == nil || !p.Enabled {
		return
	}
	if !webAddress(p.LogoutRequestURL) {
		f.add("participateSlo.logoutRequestUrl", "Does not match required pattern")
	}
	oneOf(f, "participateSlo.bindingType", p.Binding, "POST", "REDIRECT")
}

func (st AttributeStatement) check(f *faults) {
	if st.Name == "" {
		f.blank("attributeStatements.name")
	}
	oneOf(f, "attributeStatements.namespace", st.Namespace, attributeNames+"unspecified", attributeNames+"basic", attributeNames+"uri")
	switch st.Type {
	case "EXPRESSION":
		if len(st.Values) == 0 {
			f.blank("attributeStatements.values")
		}
	case "GROUP":
		oneOf(f, "attributeStatements.filterType", st.FilterType, "STARTS_WITH", "EQUALS", "CONTAINS", "REGEX")
		if st.FilterValue == "" {
			f.blank("attributeStatements.filterValue")
		}
	default:
		f.add("attributeStatements.type", "must be EXPRESSION or GROUP")
	}
}

func checkCertificates(f *faults, field string, c *Certificates) {
	if c == nil {
		return
	}
	if len(c.X5C) > maxCertificates {
		f.add(field, "too many")
		return
	}
	for _, text := range c.X5C {
		der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
		if err == nil {
			_, err = x509.ParseCertificate(der)
		}
		if err != nil {
			f.add(field, "is no X.509 certificate")
		}
	}
}

func oneOf(f *faults, field, value string, allowed ...string) {
	if !slices.Contains(allowed, value) {
		f.add(field, "must be one of "+strings.Join(allowed, ", "))
	}
}

// FederationOverrides are the sign-on settings of SAML applications of the
// catalogue: they replace what the kind says. (recorded answers)
type FederationOverrides struct {
	DefaultRelayState   *string              `json:"defaultRelayState"`
	ACSURL              *string              `json:"ssoAcsUrlOverride"`
	Audience            *string              `json:"audienceOverride"`
	Recipient           *string              `json:"recipientOverride"`
	Destination         *string              `json:"destinationOverride"`
	AttributeStatements []AttributeStatement `json:"attributeStatements"`
}

// Overrides decodes the sign-on settings of a SAML application of the catalogue.
func (a *App) Overrides() (*FederationOverrides, error) {
	o := &FederationOverrides{}
	if len(a.Details.SignOn) == 0 {
		return o, nil
	}
	return o, json.Unmarshal(a.Details.SignOn, o)
}

// completeOverrides fills in and checks the settings; SAML 1.1 has fewer.
func completeOverrides(mode idp.SignOnMode, text json.RawMessage, f *faults) (json.RawMessage, error) {
	o := FederationOverrides{AttributeStatements: []AttributeStatement{}}
	if given(text) {
		if err := json.Unmarshal(text, &o); err != nil {
			return nil, malformed("settings.signOn", err)
		}
	}
	for field, p := range map[string]**string{
		"ssoAcsUrlOverride": &o.ACSURL, "audienceOverride": &o.Audience, "recipientOverride": &o.Recipient,
		"destinationOverride": &o.Destination, "defaultRelayState": &o.DefaultRelayState,
	} {
		switch {
		case *p == nil:
		case **p == "":
			*p = nil
		case field == "ssoAcsUrlOverride" && !webAddress(**p):
			f.add(field, "Does not match required pattern")
		}
	}
	if mode == idp.SignOnSAML1 {
		return json.Marshal(struct {
			DefaultRelayState *string `json:"defaultRelayState"`
			ACSURL            *string `json:"ssoAcsUrlOverride"`
			Audience          *string `json:"audienceOverride"`
			Recipient         *string `json:"recipientOverride"`
		}{o.DefaultRelayState, o.ACSURL, o.Audience, o.Recipient})
	}
	if len(o.AttributeStatements) > maxStatements {
		f.add("attributeStatements", "too many")
	}
	for _, st := range o.AttributeStatements {
		st.check(f)
	}
	return json.Marshal(o)
}

// AutoLogin are the sign-on settings of a custom application that signs on by
// itself.
type AutoLogin struct {
	RedirectURL *string `json:"redirectUrl"`
	LoginURL    string  `json:"loginUrl"`
}

func completeAutoLogin(text json.RawMessage, f *faults) (json.RawMessage, error) {
	var s AutoLogin
	if given(text) {
		if err := json.Unmarshal(text, &s); err != nil {
			return nil, malformed("settings.signOn", err)
		}
	}
	switch {
	case s.LoginURL == "":
		f.blank("loginUrl")
	case !webAddress(s.LoginURL):
		f.add("loginUrl", "Does not match required pattern")
	}
	if s.RedirectURL != nil && *s.RedirectURL != "" && !webAddress(*s.RedirectURL) {
		f.add("redirectUrl", "Does not match required pattern")
	}
	return json.Marshal(s)
}
