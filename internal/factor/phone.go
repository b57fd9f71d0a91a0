package factor

import (
	"encoding/json"
	"strings"

	"github.com/nyaruka/phonenumbers"

	"usher/internal/idp"
)

// The fields by which a phone is enrolled.
const (
	FieldPhone     = "phoneNumber"
	FieldExtension = "phoneExtension"
)

// Bounds of phones, in bytes. (spec: management SmsUserFactorProfile, CallUserFactorProfile)
const (
	maxPhoneText = 64
	maxExtension = 15
)

// Phone is where texts and calls go, and the profile of such a factor.
type Phone struct {
	Number    string `json:"phoneNumber"` // E.164, e.g. +15550100
	Extension string `json:"phoneExtension,omitempty"`
}

// PhoneFields are the fields of a phone.
func PhoneFields(extension bool) []Field {
	out := []Field{{Name: FieldPhone, MaxLength: maxPhoneText}}
	if extension {
		out = append(out, Field{Name: FieldExtension, Optional: true, MaxLength: maxPhoneText})
	}
	return out
}

// ParsePhone reads the fields of a phone: KindBadPhone for a number that no
// country has, KindBadExtension for an extension that cannot be dialled. A
// number without plus sign counts as one whose country code is there, else as
// one of North America.
func ParsePhone(fields map[string]string) (Phone, error) {
	n, ok := parseNumber(strings.TrimSpace(fields[FieldPhone]))
	if !ok {
		return Phone{}, idp.Fail(idp.KindBadPhone)
	}
	p := Phone{Number: phonenumbers.Format(n, phonenumbers.E164), Extension: fields[FieldExtension]}
	if len(p.Extension) > maxExtension || strings.Trim(p.Extension, "0123456789*#,") != "" {
		return Phone{}, idp.Fail(idp.KindBadExtension)
	}
	return p, nil
}

func parseNumber(text string) (*phonenumbers.PhoneNumber, bool) {
	if !strings.HasPrefix(text, "+") {
		if n, err := phonenumbers.Parse("+"+text, ""); err == nil && n.Extension == nil && phonenumbers.IsValidNumber(n) {
			return n, true
		}
	}
	n, err := phonenumbers.Parse(text, "US")
	return n, err == nil && n.Extension == nil && phonenumbers.IsPossibleNumber(n)
}

// shownDigits is how many of a number's last digits one sees before proving
// anything.
const shownDigits = 4

// Mask hides the digits of a number but for its country and the last four.
// (management reference: factor cause texts, masks)
func (p Phone) Mask() Phone {
	n, err := phonenumbers.Parse(p.Number, "")
	if err != nil {
		return Phone{}
	}
	country, rest, found := strings.Cut(phonenumbers.Format(n, phonenumbers.INTERNATIONAL), " ")
	if !found {
		return Phone{}
	}
	digits := len(rest) - len(strings.Map(dropDigit, rest))
	hidden := strings.Map(func(r rune) rune {
		if dropDigit(r) >= 0 {
			return r
		}
		if digits--; digits >= shownDigits {
			return 'X'
		}
		return r
	}, rest)
	return Phone{Number: country + " " + hidden}
}

// dropDigit maps digits to nothing.
func dropDigit(r rune) rune {
	if r >= '0' && r <= '9' {
		return -1
	}
	return r
}

// PhoneOf reads the phone of an enrolment.
func PhoneOf(profile []byte) (Phone, error) {
	var p Phone
	return p, json.Unmarshal(profile, &p)
}

// MaskPhone is Masker's Mask for the profile of a phone.
func MaskPhone(profile []byte) []byte {
	p, err := PhoneOf(profile)
	if err != nil {
		return []byte("{}")
	}
	out, err := json.Marshal(p.Mask())
	if err != nil {
		return []byte("{}")
	}
	return out
}
