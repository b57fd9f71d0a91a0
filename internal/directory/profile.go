package directory

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"

	"usher/internal/idp"
)

// Texts of the faults of a profile. (reference: validation cause texts)
const (
	textBlank    = "The field cannot be left blank"
	textTooLong  = "The field is too long"
	textTooShort = "The field is too short"
	textPattern  = "Does not match required pattern"
	textLogin    = "Username must be in the form of an email address"
	textType     = "The value must be a string"
)

// profile checks attributes against the schema and returns them with the
// canonical text that is stored and sent. The object names the whole profile in
// the error about unknown attributes. KindInvalid lists every fault.
func profile(a idp.Attributes, object string) (idp.Attributes, json.RawMessage, error) {
	kept := make(idp.Attributes, len(a))
	for name, v := range a {
		if v != nil {
			kept[name] = v
		}
	}
	if causes := faults(kept); len(causes) > 0 {
		return nil, nil, idp.Invalid(causes[0].Field, causes...)
	}
	if causes := unknown(a); len(causes) > 0 {
		return nil, nil, idp.Invalid(object, causes...)
	}
	return kept, canonical(kept), nil
}

// faults lists what is missing, then what has a wrong form, in the order in
// which the service tells them.
func faults(a idp.Attributes) []idp.Cause {
	var causes []idp.Cause
	add := func(field, text string) { causes = append(causes, idp.Cause{Field: field, Text: text}) }
	for _, name := range requiredOrder {
		if v, set := a[name]; !set || v == "" || blank(v) {
			add(name, textBlank)
		}
	}
	if v, set := a[AttrLogin]; !set || !FormatEmail.matches(text(v)) {
		if _, wrong := v.(string); wrong || !set {
			add(AttrLogin, textLogin)
		}
	}
	for _, attr := range baseSchema {
		v, set := a[attr.Name]
		if !set || attr.Required && blank(v) {
			continue
		}
		s, ok := v.(string)
		if !ok {
			add(attr.Name, textType)
			continue
		}
		switch n := utf8.RuneCountInString(s); {
		case n > attr.Max:
			add(attr.Name, textTooLong)
		case s == "":
		case attr.Name != AttrLogin && !attr.Format.matches(s):
			add(attr.Name, textPattern)
		case n < attr.Min:
			add(attr.Name, textTooShort)
		}
	}
	return causes
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

// blank tells whether a value is a text of nothing but spaces.
func blank(v any) bool {
	s, ok := v.(string)
	return ok && strings.TrimSpace(s) == ""
}

// unknown lists the names that the schema does not have, sorted.
func unknown(a idp.Attributes) []idp.Cause {
	var names []string
	for name := range a {
		if _, ok := attribute(name); !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var causes []idp.Cause
	for _, name := range names {
		causes = append(causes, idp.Cause{Text: "Property name '" + short(name) + "' is not defined in profile"})
	}
	return causes
}

// short keeps an answer from repeating a name of any length.
func short(name string) string {
	if r := []rune(name); len(r) > maxEchoed {
		return string(r[:maxEchoed]) + "..."
	}
	return name
}

// maxEchoed is how many characters of a wrong name an answer repeats.
const maxEchoed = 100

// canonical writes a checked profile in the order of the schema. Clients expect
// the mobile phone and the second address even when they are not set; whatever
// else is not set is left out. (recorded answers)
func canonical(a idp.Attributes) json.RawMessage {
	b := make([]byte, 0, 256)
	for _, attr := range baseSchema {
		v, set := a[attr.Name]
		always := attr.Name == AttrMobilePhone || attr.Name == AttrSecondEmail
		if !set && !always {
			continue
		}
		b = append(b, ',')
		b = idp.AppendJSON(b, attr.Name)
		b = append(b, ':')
		if set {
			b = idp.AppendJSON(b, text(v))
		} else {
			b = append(b, "null"...)
		}
	}
	b[0] = '{'
	return append(b, '}')
}

// forbidden returns the first attribute that differs and that users may not
// change in their own profile, empty for none.
func forbidden(before, after idp.Attributes) string {
	for _, attr := range baseSchema {
		if attr.Self != SelfReadWrite && text(before[attr.Name]) != text(after[attr.Name]) {
			return attr.Name
		}
	}
	return ""
}
