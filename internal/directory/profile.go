package directory

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"

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
func (s *Schema) profile(a idp.Attributes, object string) (idp.Attributes, json.RawMessage, error) {
	kept := make(idp.Attributes, len(a))
	for name, v := range a {
		if v != nil {
			kept[name] = v
		}
	}
	if causes := s.faults(kept); len(causes) > 0 {
		return nil, nil, idp.Invalid(causes[0].Field, causes...)
	}
	if causes := s.unknown(a); len(causes) > 0 {
		return nil, nil, idp.Invalid(object, causes...)
	}
	return kept, s.canonical(kept), nil
}

// faults lists what is missing, then what has a wrong form, in the order in
// which the service tells them.
func (s *Schema) faults(a idp.Attributes) []idp.Cause {
	var causes []idp.Cause
	add := func(field, text string) { causes = append(causes, idp.Cause{Field: field, Text: text}) }
	for _, name := range s.required() {
		if missing(a[name]) {
			add(name, textBlank)
		}
	}
	if login := s.Attribute(AttrLogin); login != nil && login.Pattern == "" {
		v, set := a[AttrLogin]
		if _, wrong := v.(string); (wrong || !set) && !FormatEmail.matches(text(v)) {
			add(AttrLogin, textLogin)
		}
	}
	for i := range s.Attributes {
		attr := &s.Attributes[i]
		v, set := a[attr.Name]
		if !set || attr.Required && missing(v) {
			continue
		}
		if fault := attr.fault(v); fault != "" {
			add(attr.Name, fault)
		}
	}
	return causes
}

// CustomFaults lists what is wrong with values of the attributes that the
// organisation has added. Nil stands for no value; names that the schema does
// not have are left aside.
func (s *Schema) CustomFaults(a map[string]any) []idp.Cause {
	var causes []idp.Cause
	for i := range s.Attributes {
		attr := &s.Attributes[i]
		v := a[attr.Name]
		if v == nil || !attr.Custom {
			continue
		}
		if fault := attr.fault(v); fault != "" {
			causes = append(causes, idp.Cause{Field: attr.Name, Text: fault})
		}
	}
	return causes
}

// CustomMissing lists the attributes that the organisation has added, that are
// required and have no value.
func (s *Schema) CustomMissing(a map[string]any) []idp.Cause {
	var causes []idp.Cause
	for i := range s.Attributes {
		if attr := &s.Attributes[i]; attr.Custom && attr.Required && missing(a[attr.Name]) {
			causes = append(causes, idp.Cause{Field: attr.Name, Text: textBlank})
		}
	}
	return causes
}

// required lists the attributes that must be there in the order in which
// missing ones are told.
func (s *Schema) required() []string {
	var out []string
	for _, name := range requiredOrder {
		if a := s.Attribute(name); a != nil && a.Required {
			out = append(out, name)
		}
	}
	for i := range s.Attributes {
		if a := &s.Attributes[i]; a.Required && !slices.Contains(requiredOrder, a.Name) {
			out = append(out, a.Name)
		}
	}
	return out
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

// missing tells whether there is no value, or a text of nothing but spaces.
func missing(v any) bool {
	list, ok := v.([]any)
	return v == nil || blank(v) || ok && len(list) == 0
}

// blank tells whether a value is a text of nothing but spaces.
func blank(v any) bool {
	s, ok := v.(string)
	return ok && strings.TrimSpace(s) == ""
}

// unknown lists the names that the schema does not have, sorted.
func (s *Schema) unknown(a idp.Attributes) []idp.Cause {
	var names []string
	for name := range a {
		if s.Attribute(name) == nil {
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
// some attributes even when they are not set, as the mobile phone of users and
// the description of groups; whatever else is not set is left out. (recorded
// answers)
func (s *Schema) canonical(a idp.Attributes) json.RawMessage {
	b := make([]byte, 0, 256)
	for i := range s.Attributes {
		attr := &s.Attributes[i]
		v, set := a[attr.Name]
		if !set && !slices.Contains(s.shown, attr.Name) {
			continue
		}
		b = append(b, ',')
		b = idp.AppendJSON(b, attr.Name)
		b = append(b, ':')
		b = appendValue(b, v)
	}
	b[0] = '{'
	return append(b, '}')
}

// denied returns the first attribute that differs and may not: that nobody may
// change, or, in their own profile (self), that users may not; empty for none.
func (s *Schema) denied(before, after idp.Attributes, self bool) string {
	for i := range s.Attributes {
		a := &s.Attributes[i]
		if (a.Mutability == ReadOnly || self && a.Self != SelfReadWrite) && !same(before[a.Name], after[a.Name]) {
			return a.Name
		}
	}
	return ""
}

// same compares two values; an empty text counts as none.
func same(a, b any) bool {
	if a == "" {
		a = nil
	}
	if b == "" {
		b = nil
	}
	return reflect.DeepEqual(a, b)
}
