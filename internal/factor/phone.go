package factor

import (
	"encoding/json"
	"slices"
	"strings"

	"usher/internal/e164"
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
// number of ten digits without a country code counts as one of North America.
func ParsePhone(fields map[string]string) (Phone, error) {
	n, ok := e164.Parse(fields[FieldPhone])
	if !ok {
		return Phone{}, idp.Fail(idp.KindBadPhone)
	}
	p := Phone{Number: n.String(), Extension: fields[FieldExtension]}
	if len(p.Extension) > maxExtension || strings.Trim(p.Extension, "0123456789*#,") != "" {
		return Phone{}, idp.Fail(idp.KindBadExtension)
	}
	return p, nil
}

// shownDigits is how many of a number's last digits one sees before proving
// anything.
const shownDigits = 4

// Mask hides the digits of a number but for its country and the last four. A
// number of North America is shown in its groups, others in one.
// (management reference: factor cause texts, masks)
func (p Phone) Mask() Phone {
	if !strings.HasPrefix(p.Number, "+") {
		return Phone{}
	}
	n, ok := e164.Parse(p.Number)
	if !ok {
		return Phone{}
	}
	hidden := strings.Repeat("X", len(n.National)-shownDigits)
	shown := n.National[len(hidden):]
	if n.NorthAmerican() {
		hidden = "XXX-XXX-"
	}
	return Phone{Number: "+" + n.Code + " " + hidden + shown}
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

// KnownPhone is a number that a user has proved, by a text or a call.
type KnownPhone struct {
	ID    string // of the enrolment
	Phone Phone
}

// KnownPhones adds the number of an enrolment to a list, each number once.
func KnownPhones(list []KnownPhone, id, factorType, status string, profile []byte) []KnownPhone {
	if status != StatusActive || factorType != typeText && factorType != typeCall {
		return list
	}
	p, err := PhoneOf(profile)
	if err != nil || slices.ContainsFunc(list, func(k KnownPhone) bool { return k.Phone.Number == p.Number }) {
		return list
	}
	return append(list, KnownPhone{id, p})
}
