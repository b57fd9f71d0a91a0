package directory

import (
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Names of the profile attributes that rules look at.
const (
	AttrLogin       = "login"
	AttrEmail       = "email"
	AttrFirstName   = "firstName"
	AttrLastName    = "lastName"
	AttrMobilePhone = "mobilePhone"
	AttrSecondEmail = "secondEmail"
)

// Permission is what users may do with an attribute of their own profile.
type Permission int

// The permissions.
const (
	SelfReadWrite Permission = iota
	SelfReadOnly
	SelfHide
)

// Format is the form that a text must have.
type Format int

// The formats.
const (
	FormatAny Format = iota
	FormatEmail
	FormatURI
	FormatCountry  // ISO 3166-1 alpha-2
	FormatLanguage // a language tag; "_" may stand for "-"
)

// Type is the JSON type of an attribute's values.
type Type string

// The types.
const (
	TypeString  Type = "string"
	TypeNumber  Type = "number"
	TypeInteger Type = "integer"
	TypeBoolean Type = "boolean"
	TypeArray   Type = "array"
)

// Attribute describes an attribute of a user's profile. Its JSON form is that
// of the stored schema.
type Attribute struct {
	Name        string     `json:"name"`
	Title       string     `json:"title"`
	Description string     `json:"description,omitempty"`
	Type        Type       `json:"type,omitempty"`  // TypeString when empty
	Items       Type       `json:"items,omitempty"` // of the elements of an array
	Required    bool       `json:"required,omitempty"`
	Min         int        `json:"min,omitempty"` // characters, of each text
	Max         int        `json:"max,omitempty"` // 0: maxValue
	Format      Format     `json:"format,omitempty"`
	Pattern     string     `json:"pattern,omitempty"` // RE2, for the whole text
	Choices     []Choice   `json:"choices,omitempty"` // empty: any value
	Unique      bool       `json:"unique,omitempty"`  // no two users share a value
	Mutability  Mutability `json:"mutability,omitempty"`
	Self        Permission `json:"self,omitempty"`
	// Custom tells an attribute of the organisation from those of every user.
	Custom bool `json:"custom,omitempty"`
}

// Choice is a value that an attribute may have.
type Choice struct {
	Value any    `json:"value"`
	Title string `json:"title,omitempty"` // empty where only values are listed
}

// Mutability tells whether the value can be changed at all.
type Mutability string

// The mutabilities. Empty is ReadWrite. (spec: management UserSchemaAttribute)
const (
	ReadWrite Mutability = "READ_WRITE"
	ReadOnly  Mutability = "READ_ONLY"
)

// Bounds of values for which the schema names none.
const (
	maxText  = 1024 // characters, of an attribute that every user has
	maxValue = 4096 // characters, of another
	maxItems = 500  // elements of an array
)

// baseSchema holds the attributes that every user has, in the order in which a
// profile is written. (spec: management UserProfile; reference: base attributes)
var baseSchema = []Attribute{
	{Name: AttrFirstName, Title: "First name", Required: true, Min: 1, Max: 50},
	{Name: AttrLastName, Title: "Last name", Required: true, Min: 1, Max: 50},
	{Name: AttrMobilePhone, Title: "Mobile phone", Max: 100},
	{Name: AttrSecondEmail, Title: "Secondary email", Min: 5, Max: 100, Format: FormatEmail},
	{Name: AttrLogin, Title: "Username", Required: true, Min: 5, Max: 100, Format: FormatEmail},
	{Name: AttrEmail, Title: "Primary email", Required: true, Min: 5, Max: 100, Format: FormatEmail},
	{Name: "middleName", Title: "Middle name", Max: maxText, Self: SelfReadOnly},
	{Name: "honorificPrefix", Title: "Honorific prefix", Max: maxText, Self: SelfReadOnly},
	{Name: "honorificSuffix", Title: "Honorific suffix", Max: maxText, Self: SelfReadOnly},
	{Name: "title", Title: "Title", Max: maxText, Self: SelfReadOnly},
	{Name: "displayName", Title: "Display name", Max: maxText, Self: SelfReadOnly},
	{Name: "nickName", Title: "Nickname", Max: maxText, Self: SelfReadOnly},
	{Name: "profileUrl", Title: "Profile Url", Max: maxText, Format: FormatURI, Self: SelfReadOnly},
	{Name: "primaryPhone", Title: "Primary phone", Max: 100, Self: SelfHide},
	{Name: "streetAddress", Title: "Street address", Max: maxText, Self: SelfHide},
	{Name: "city", Title: "City", Max: maxText, Self: SelfHide},
	{Name: "state", Title: "State", Max: 50, Self: SelfHide},
	{Name: "zipCode", Title: "Zip code", Max: 50, Self: SelfHide},
	{Name: "countryCode", Title: "Country code", Max: 2, Format: FormatCountry, Self: SelfHide},
	{Name: "postalAddress", Title: "Postal Address", Max: 4096, Self: SelfHide},
	{Name: "preferredLanguage", Title: "Preferred language", Max: 50, Format: FormatLanguage, Self: SelfReadOnly},
	{Name: "locale", Title: "Locale", Max: 50, Format: FormatLanguage, Self: SelfReadOnly},
	{Name: "timezone", Title: "Time zone", Max: 50, Self: SelfReadOnly},
	{Name: "userType", Title: "User type", Max: maxText, Self: SelfReadOnly},
	{Name: "employeeNumber", Title: "Employee number", Max: maxText, Self: SelfReadOnly},
	{Name: "costCenter", Title: "Cost center", Max: maxText, Self: SelfReadOnly},
	{Name: "organization", Title: "Organization", Max: maxText, Self: SelfReadOnly},
	{Name: "division", Title: "Division", Max: maxText, Self: SelfReadOnly},
	{Name: "department", Title: "Department", Max: maxText, Self: SelfReadOnly},
	{Name: "managerId", Title: "ManagerId", Max: maxText, Self: SelfReadOnly},
	{Name: "manager", Title: "Manager", Max: maxText, Self: SelfReadOnly},
}

// requiredOrder is the order in which missing attributes are told.
var requiredOrder = []string{AttrLogin, AttrFirstName, AttrLastName, AttrEmail}

// matches tells whether a text that is not blank has the form.
func (f Format) matches(s string) bool {
	switch f {
	case FormatAny:
		return true
	case FormatEmail:
		return isEmail(s)
	case FormatURI:
		u, err := url.Parse(s)
		return err == nil && u.Scheme != "" && u.Host != ""
	case FormatCountry:
		return len(s) == 2 && letter(s[0]) && letter(s[1])
	case FormatLanguage:
		return isLanguage(s)
	}
	return false
}

// isEmail accepts what a mail server could deliver to: a local part without
// spaces and quotes, and a host of two labels or more (letters of any script).
func isEmail(s string) bool {
	local, host, ok := strings.Cut(s, "@")
	if !ok || local == "" || len(local) > 64 || strings.HasPrefix(local, ".") || strings.HasSuffix(local, ".") || strings.Contains(local, "..") {
		return false
	}
	for _, r := range local {
		if unicode.IsSpace(r) || !unicode.IsGraphic(r) || strings.ContainsRune(`()<>[]\,;:"@`, r) {
			return false
		}
	}
	labels := strings.Split(host, ".")
	if len(labels) < 2 {
		return false
	}
	for _, l := range labels {
		if l == "" || len(l) > 63 || l[0] == '-' || l[len(l)-1] == '-' {
			return false
		}
		for _, r := range l {
			if r != '-' && (r < utf8.RuneSelf && !letter(byte(r)) && !(r >= '0' && r <= '9') || r >= utf8.RuneSelf && !unicode.In(r, unicode.L, unicode.N, unicode.M)) {
				return false
			}
		}
	}
	return true
}

// isLanguage accepts a language tag by its shape. (RFC 5646 section 2.1)
func isLanguage(s string) bool {
	for i, part := range strings.FieldsFunc(s, func(r rune) bool { return r == '-' || r == '_' }) {
		if (i == 0 && (len(part) < 2 || len(part) > 3)) || len(part) > 8 {
			return false
		}
		for j := range len(part) {
			if !letter(part[j]) && (i == 0 || part[j] < '0' || part[j] > '9') {
				return false
			}
		}
	}
	return s != "" && letter(s[0])
}

func letter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
