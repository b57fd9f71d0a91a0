package idp

import "time"

// Pipeline names the sign-in pipeline that an organisation announces to its
// clients (/.well-known/okta-organization).
type Pipeline string

// The pipelines.
const (
	PipelineClassic Pipeline = "v1"
	PipelineIdX     Pipeline = "idx"
)

// Org is one tenant. Every other noun belongs to exactly one.
type Org struct {
	ID        string // 00o...
	Name      string
	Subdomain string
	// Host is the host name (with port, where it is not the scheme's own) by
	// which requests choose this organisation; empty for the default one.
	Host string
	// BaseURL is the scheme and authority of every link and issuer, without a
	// slash at the end. Empty for the default organisation, whose base URL is
	// the configured one.
	BaseURL  string
	Created  time.Time
	Settings OrgSettings
}

// OrgSettings are an organisation's choices. The zero value is not usable: new
// organisations get DefaultOrgSettings.
type OrgSettings struct {
	Pipeline        Pipeline      `json:"pipeline"`
	UserTypeID      string        `json:"userTypeId"`      // oty..., the default user type
	UserSchemaID    string        `json:"userSchemaId"`    // osc..., its profile schema
	EveryoneID      string        `json:"everyoneId"`      // 00g..., the built-in group of all users
	ActivationLife  time.Duration `json:"activationLife"`  // of activation tokens
	TransactionLife time.Duration `json:"transactionLife"` // of a sign-in between two requests
	// Registration lets people make themselves known: sign-in offers it.
	Registration bool `json:"registration,omitempty"`
	// PushNumbers has phones ask for the number that the sign-in shows, so that
	// nobody approves without looking at it.
	PushNumbers bool `json:"pushNumbers,omitempty"`
	// Contacts are users by what they are asked about: BILLING, TECHNICAL.
	Contacts map[string]string `json:"contacts,omitempty"`
	// What the vendor of the service asks its customers; kept and shown.
	HideFooter   bool      `json:"hideFooter,omitempty"`
	NoMailing    bool      `json:"noMailing,omitempty"`
	SupportUntil time.Time `json:"supportUntil,omitzero"`
	// UserVerification is whether security keys and their like must make sure who
	// uses them: required, preferred or discouraged; empty for preferred.
	// (WebAuthn Level 2 section 5.8.6)
	UserVerification string `json:"userVerification,omitempty"`
	// Details tell people about the organisation.
	Details OrgDetails `json:"details,omitzero"`
}

// OrgDetails are what an organisation says about itself; the name is Org.Name.
// (spec: management-extra OrgSetting)
type OrgDetails struct {
	Address1     string    `json:"address1,omitempty"`
	Address2     string    `json:"address2,omitempty"`
	City         string    `json:"city,omitempty"`
	State        string    `json:"state,omitempty"`
	PostalCode   string    `json:"postalCode,omitempty"`
	Country      string    `json:"country,omitempty"`
	Website      string    `json:"website,omitempty"`
	Phone        string    `json:"phone,omitempty"`
	SupportPhone string    `json:"supportPhone,omitempty"`
	HelpURL      string    `json:"helpUrl,omitempty"`
	Updated      time.Time `json:"updated,omitzero"` // zero while nothing was changed
}

// Default life times; see management-authn reference values: an activation
// token lives seven days, a sign-in may pause for an hour at most.
const (
	DefaultActivationLife  = 7 * 24 * time.Hour
	DefaultTransactionLife = time.Hour
)

// SchemaID returns the identifier of the profile schema of a type of users. That
// of a type which the organisation has made follows from the type's own.
func (o *Org) SchemaID(typeID string) string {
	if typeID == o.Settings.UserTypeID || len(typeID) < len(SchemaPrefix) {
		return o.Settings.UserSchemaID
	}
	return SchemaPrefix + typeID[len(TypePrefix):]
}

// TypeID is the reverse of SchemaID; a type of this identifier need not exist.
func (o *Org) TypeID(schemaID string) string {
	if schemaID == o.Settings.UserSchemaID || len(schemaID) < len(SchemaPrefix) {
		return o.Settings.UserTypeID
	}
	return TypePrefix + schemaID[len(SchemaPrefix):]
}

// The prefixes of the identifiers of user types and of their schemas.
const (
	TypePrefix   = "oty"
	SchemaPrefix = "osc"
)
