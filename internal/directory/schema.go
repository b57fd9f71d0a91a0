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

// Attribute describes an attribute of a user's profile. All of the base schema
// are texts.
type Attribute struct {
	Name     string
	Required bool
	Min, Max int // characters
	Format   Format
	Self     Permission
}

// maxText bounds texts for which the service names no length of its own.
const maxText = 1024

// baseSchema holds the attributes that every user has, in the order in which a
// profile is written. (spec: management UserProfile; reference: base attributes)
var baseSchema = []Attribute{
	{Name: AttrFirstName, Required: true, Min: 1, Max: 50},
	{Name: AttrLastName, Required: true, Min: 1, Max: 50},
	{Name: AttrMobilePhone, Max: 100},
	{Name: AttrSecondEmail, Min: 5, Max: 100, Format: FormatEmail},
	{Name: AttrLogin, Required: true, Min: 5, Max: 100, Format: FormatEmail},
	{Name: AttrEmail, Required: true, Min: 5, Max: 100, Format: FormatEmail},
	{Name: "middleName", Max: maxText, Self: SelfReadOnly},
	{Name: "honorificPrefix", Max: maxText, Self: SelfReadOnly},
	{Name: "honorificSuffix", Max: maxText, Self: SelfReadOnly},
	{Name: "title", Max: maxText, Self: SelfReadOnly},
	{Name: "displayName", Max: maxText, Self: SelfReadOnly},
	{Name: "nickName", Max: maxText, Self: SelfReadOnly},
	{Name: "profileUrl", Max: maxText, Format: FormatURI, Self: SelfReadOnly},
	{Name: "primaryPhone", Max: 100, Self: SelfHide},
	{Name: "streetAddress", Max: maxText, Self: SelfHide},
	{Name: "city", Max: maxText, Self: SelfHide},
	{Name: "state", Max: 50, Self: SelfHide},
	{Name: "zipCode", Max: 50, Self: SelfHide},
	{Name: "countryCode", Max: 2, Format: FormatCountry, Self: SelfHide},
	{Name: "postalAddress", Max: 4096, Self: SelfHide},
	{Name: "preferredLanguage", Max: 50, Format: FormatLanguage, Self: SelfReadOnly},
	{Name: "locale", Max: 50, Format: FormatLanguage, Self: SelfReadOnly},
	{Name: "timezone", Max: 50, Self: SelfReadOnly},
	{Name: "userType", Max: maxText, Self: SelfReadOnly},
	{Name: "employeeNumber", Max: maxText, Self: SelfReadOnly},
	{Name: "costCenter", Max: maxText, Self: SelfReadOnly},
	{Name: "organization", Max: maxText, Self: SelfReadOnly},
	{Name: "division", Max: maxText, Self: SelfReadOnly},
	{Name: "department", Max: maxText, Self: SelfReadOnly},
	{Name: "managerId", Max: maxText, Self: SelfReadOnly},
	{Name: "manager", Max: maxText, Self: SelfReadOnly},
}

// requiredOrder is the order in which missing attributes are told.
var requiredOrder = []string{AttrLogin, AttrFirstName, AttrLastName, AttrEmail}

// attribute finds an attribute of the base schema.
func attribute(name string) (Attribute, bool) {
	for _, a := range baseSchema {
		if a.Name == name {
			return a, true
		}
	}
	return Attribute{}, false
}

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
