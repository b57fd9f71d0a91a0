package federation

import (
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"usher/internal/idp"
	"usher/internal/store"
)

// Names of objects in errors about what does not exist.
const (
	TypeProvider = "IdentityProvider"
	TypeKey      = "IdpKey"
)

// SAML2 is the only type of identity providers.
const SAML2 = "SAML2"

// The states.
const (
	Active   = "ACTIVE"
	Inactive = "INACTIVE"
)

// Provider is an identity provider.
type Provider struct {
	OrgID       string
	ID          string // 0oa...
	Name        string // unique
	Status      string
	Protocol    Protocol
	Policy      Policy
	Created     time.Time
	LastUpdated time.Time

	version int64
}

// Protocol is how an identity provider speaks. (spec: management-extra
// ProtocolSaml)
type Protocol struct {
	Type        string      `json:"type"` // SAML2
	Endpoints   Endpoints   `json:"endpoints"`
	Algorithms  Algorithms  `json:"algorithms"`
	Settings    *Settings   `json:"settings,omitempty"`
	RelayState  *RelayState `json:"relayState,omitempty"`
	Credentials Credentials `json:"credentials"`
}

// Endpoints are where messages go.
type Endpoints struct {
	SSO *Endpoint `json:"sso,omitempty"`
	ACS *Endpoint `json:"acs,omitempty"`
}

// Endpoint is one of them.
type Endpoint struct {
	URL         string `json:"url,omitempty"`
	Binding     string `json:"binding,omitempty"` // HTTP-POST or HTTP-REDIRECT
	Destination string `json:"destination,omitempty"`
	Type        string `json:"type,omitempty"` // INSTANCE or ORG
}

// Algorithms are how requests and responses are signed.
type Algorithms struct {
	Request  *Signed `json:"request,omitempty"`
	Response *Signed `json:"response,omitempty"`
}

// Signed says what is signed and how.
type Signed struct {
	Signature struct {
		Algorithm string `json:"algorithm,omitempty"` // SHA-256
		Scope     string `json:"scope,omitempty"`
	} `json:"signature"`
}

// Settings are the small choices.
type Settings struct {
	NameFormat     string `json:"nameFormat,omitempty"`
	ParticipateSLO *bool  `json:"participateSlo,omitempty"`
	SendContext    *bool  `json:"sendApplicationContext,omitempty"`
	HonorNameID    *bool  `json:"honorPersistentNameId,omitempty"`
}

// RelayState is the form of relay states.
type RelayState struct {
	Format string `json:"format,omitempty"` // OPAQUE or FROM_URL
}

// Credentials are what the identity provider proves itself by.
type Credentials struct {
	Trust Trust `json:"trust"`
}

// Trust names the issuer, what it calls us, and its certificates.
type Trust struct {
	Issuer         string   `json:"issuer"`
	Audience       string   `json:"audience"`
	Kid            string   `json:"kid"`
	AdditionalKids []string `json:"additionalKids,omitempty"`
}

// kids are the names of all certificates.
func (t Trust) kids() []string { return append([]string{t.Kid}, t.AdditionalKids...) }

// Policy is what an identity provider may do. (spec: management-extra
// IdentityProviderPolicy)
type Policy struct {
	AccountLink  AccountLink     `json:"accountLink"`
	Provisioning json.RawMessage `json:"provisioning,omitempty"`
	Subject      Subject         `json:"subject"`
	MaxClockSkew *int64          `json:"maxClockSkew,omitempty"` // milliseconds
	// The claims about how the user has signed in there are kept and shown only:
	// what an assertion gives rests on it alone.
	TrustClaims  *bool `json:"trustClaims,omitempty"`
	MapAMRClaims *bool `json:"mapAMRClaims,omitempty"`
}

// AccountLink says which users it may speak for: with DISABLED for none that it
// is not linked to, which here is none.
type AccountLink struct {
	Action string      `json:"action"` // AUTO or DISABLED
	Filter *LinkFilter `json:"filter"`
}

// LinkFilter limits that to groups.
type LinkFilter struct {
	Groups struct {
		Include []string `json:"include,omitempty"`
	} `json:"groups"`
}

// Subject says how a user is found.
type Subject struct {
	Template struct {
		Template string `json:"template"`
	} `json:"userNameTemplate"`
	Filter    *string  `json:"filter"`
	MatchType string   `json:"matchType"` // USERNAME
	Attribute *string  `json:"matchAttribute,omitempty"`
	Format    []string `json:"format,omitempty"` // of names, kept and shown only
}

// Bounds on identity providers.
const (
	maxProviders = 250
	maxName      = 100
	maxText      = 1024
	maxKids      = 10
	maxGroups    = 100
	maxSkew      = 5 * time.Minute
	defaultSkew  = 2 * time.Minute
)

// nameID is the template that takes the name by which the subject stands in the
// assertion; the others take one of its attributes.
const (
	templateRoot = "idpuser."
	nameID       = templateRoot + "subjectNameId"
)

type faults []idp.Cause

func (f *faults) add(field, text string) { *f = append(*f, idp.Cause{Field: field, Text: text}) }

func (f faults) err() error {
	if len(f) == 0 {
		return nil
	}
	return idp.Invalid(f[0].Field, f...)
}

// complete fills in what was left out and checks the rest. KindInvalid names the
// member at fault.
func (p *Provider) complete() error {
	var f faults
	if p.Name = strings.TrimSpace(p.Name); p.Name == "" || utf8.RuneCountInString(p.Name) > maxName {
		f.add("name", "must have 1 to 100 characters")
	}
	p.Protocol.complete(&f)
	p.Policy.complete(&f)
	return f.err()
}

func (p *Protocol) complete(f *faults) {
	if p.Type == "" {
		p.Type = SAML2
	}
	if p.Type != SAML2 {
		f.add("protocol.type", "must be SAML2")
	}
	if e := p.Endpoints.SSO; e == nil || !address(e.URL) || len(e.Destination) > maxText {
		f.add("protocol.endpoints.sso", "needs an absolute https or http address as url")
	} else {
		if e.Binding == "" {
			e.Binding = "HTTP-POST"
		}
		if e.Destination == "" {
			e.Destination = e.URL
		}
		oneOf(f, "protocol.endpoints.sso.binding", e.Binding, "HTTP-POST", "HTTP-REDIRECT")
	}
	if p.Endpoints.ACS == nil {
		p.Endpoints.ACS = &Endpoint{}
	}
	p.Endpoints.ACS.URL, p.Endpoints.ACS.Destination, p.Endpoints.ACS.Binding = "", "", "HTTP-POST"
	if p.Endpoints.ACS.Type == "" {
		p.Endpoints.ACS.Type = "INSTANCE"
	}
	oneOf(f, "protocol.endpoints.acs.type", p.Endpoints.ACS.Type, "INSTANCE", "ORG")
	p.Algorithms.Request = p.Algorithms.Request.complete(f, "protocol.algorithms.request", "REQUEST", "REQUEST", "NONE")
	p.Algorithms.Response = p.Algorithms.Response.complete(f, "protocol.algorithms.response", "ANY", "ANY", "RESPONSE", "TOKEN")
	if p.RelayState != nil {
		oneOf(f, "protocol.relayState.format", p.RelayState.Format, "OPAQUE", "FROM_URL")
	}
	if p.Settings != nil && len(p.Settings.NameFormat) > maxText {
		f.add("protocol.settings.nameFormat", "is too long")
	}
	t := &p.Credentials.Trust
	if t.Issuer == "" || len(t.Issuer) > maxText || len(t.Audience) > maxText {
		f.add("protocol.credentials.trust.issuer", "must have 1 to 1024 characters")
	}
	if t.Kid == "" || len(t.AdditionalKids) > maxKids {
		f.add("protocol.credentials.trust.kid", "must name a key, and at most 10 others")
	}
}

func (s *Signed) complete(f *faults, field, scope string, scopes ...string) *Signed {
	if s == nil {
		s = &Signed{}
	}
	v := &s.Signature
	if v.Algorithm == "" {
		v.Algorithm = "SHA-256"
	}
	if v.Scope == "" {
		v.Scope = scope
	}
	oneOf(f, field+".signature.algorithm", v.Algorithm, "SHA-256") // SHA-1 proves nothing any more
	oneOf(f, field+".signature.scope", v.Scope, scopes...)
	return s
}

func (p *Policy) complete(f *faults) {
	if p.AccountLink.Action == "" {
		p.AccountLink.Action = "AUTO"
	}
	oneOf(f, "policy.accountLink.action", p.AccountLink.Action, "AUTO", "DISABLED")
	if l := p.AccountLink.Filter; l != nil && len(l.Groups.Include) > maxGroups {
		f.add("policy.accountLink.filter.groups.include", "must not have more than 100 elements")
	}
	s := &p.Subject
	if s.Template.Template == "" {
		s.Template.Template = nameID
	}
	if name, ok := strings.CutPrefix(s.Template.Template, templateRoot); !ok || name == "" || len(name) > maxName {
		f.add("policy.subject.userNameTemplate.template", "must be "+nameID+", or idpuser. and the name of an attribute")
	}
	if s.MatchType == "" {
		s.MatchType = "USERNAME"
	}
	oneOf(f, "policy.subject.matchType", s.MatchType, "USERNAME")
	if s.Filter != nil && *s.Filter != "" {
		if _, err := pattern(*s.Filter); err != nil {
			f.add("policy.subject.filter", "must be a regular expression of RE2, up to 256 bytes")
		}
	}
	if p.MaxClockSkew != nil && (*p.MaxClockSkew < 0 || time.Duration(*p.MaxClockSkew)*time.Millisecond > maxSkew) {
		f.add("policy.maxClockSkew", "must be between 0 and 300000")
	}
	if len(s.Format) > maxKids || slices.ContainsFunc(s.Format, func(v string) bool { return len(v) > maxText }) {
		f.add("policy.subject.format", "must be at most 10 names of formats")
	}
	var ok bool
	if p.Provisioning, ok = provisioning(p.Provisioning); !ok || len(p.Provisioning) > maxText*4 {
		f.add("policy.provisioning", "must be an object")
	}
}

// provisioning fills in what an object leaves out; false for what is none. It is
// kept and shown; nobody becomes a user by it here. The Terraform provider for Okta
// reads its members without looking whether they are there.
func provisioning(text json.RawMessage) (json.RawMessage, bool) {
	object := map[string]any{}
	if len(text) > 0 && (json.Unmarshal(text, &object) != nil || object == nil) {
		return nil, false
	}
	absent := func(in map[string]any, name string, value any) {
		if in[name] == nil {
			in[name] = value
		}
	}
	none := func() map[string]any { return map[string]any{"action": "NONE"} }
	absent(object, "action", "DISABLED")
	absent(object, "profileMaster", false)
	absent(object, "groups", none())
	absent(object, "conditions", map[string]any{})
	conditions, ok := object["conditions"].(map[string]any)
	if !ok {
		return nil, false
	}
	absent(conditions, "deprovisioned", none())
	absent(conditions, "suspended", none())
	out, err := json.Marshal(object)
	return out, err == nil
}

// skew is by how much its clock may differ from ours.
func (p *Policy) skew() time.Duration {
	if p.MaxClockSkew == nil {
		return defaultSkew
	}
	return time.Duration(*p.MaxClockSkew) * time.Millisecond
}

// pattern reads the filter for names, which has to match the whole name.
func pattern(text string) (*regexp.Regexp, error) {
	const most = 256
	if len(text) > most {
		return nil, fmt.Errorf("federation: a filter of %d bytes", len(text))
	}
	return regexp.Compile("^(?:" + text + ")$")
}

func oneOf(f *faults, field, value string, allowed ...string) {
	if !slices.Contains(allowed, value) {
		f.add(field, "must be "+strings.Join(allowed, " or "))
	}
}

func address(text string) bool {
	u, err := url.Parse(text)
	return err == nil && len(text) <= maxText && (u.Scheme == "https" || u.Scheme == "http") && u.Host != ""
}

// kept is the document of a stored identity provider.
type kept struct {
	Protocol Protocol `json:"protocol"`
	Policy   Policy   `json:"policy"`
}

func (p *Provider) toStore() (*store.IdentityProvider, error) {
	doc, err := json.Marshal(kept{p.Protocol, p.Policy})
	if err != nil {
		return nil, fmt.Errorf("write identity provider: %w", err)
	}
	return &store.IdentityProvider{
		OrgID: p.OrgID, ID: p.ID, Name: p.Name, Type: SAML2, Status: p.Status, Issuer: p.Protocol.Credentials.Trust.Issuer, Document: doc,
		Created: p.Created, LastUpdated: p.LastUpdated, Version: p.version,
	}, nil
}

func fromStore(row *store.IdentityProvider) (*Provider, error) {
	var doc kept
	if err := json.Unmarshal(row.Document, &doc); err != nil {
		return nil, fmt.Errorf("read identity provider %s: %w", row.ID, err)
	}
	return &Provider{
		OrgID: row.OrgID, ID: row.ID, Name: row.Name, Status: row.Status, Protocol: doc.Protocol, Policy: doc.Policy,
		Created: row.Created, LastUpdated: row.LastUpdated, version: row.Version,
	}, nil
}

// Target names it in events.
func (p *Provider) Target() idp.Target {
	return idp.Target{ID: p.ID, Type: TypeProvider, AlternateID: "unknown", DisplayName: p.Name}
}
