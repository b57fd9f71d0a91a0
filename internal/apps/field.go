package apps

import (
	"bytes"
	"encoding/json"
	"net/url"
	"strings"
	"unicode/utf8"

	"usher/internal/idp"
)

// FieldKind is what a setting of an application may hold.
type FieldKind int

// The kinds of settings. Any of them may be null but for flags and lists.
const (
	FieldText FieldKind = iota
	FieldURL            // an absolute address of the web
	FieldFlag           // false when absent
	FieldNumber
	FieldList // of texts; empty when absent
	FieldAny
)

// Field is a setting that a kind of application has.
type Field struct {
	Name     string
	Also     string // another spelling that is understood
	Kind     FieldKind
	Required bool
	Default  string // JSON, where it is not null
	// Secret: the value is a secret of the other side. Usher has no use for it
	// and does not keep it.
	Secret bool
}

// Bounds on settings.
const (
	maxFieldText = 4096 // characters
	maxFieldList = 1000
)

// complete returns the settings of an application in the order of the fields,
// with defaults where they are absent. Members that are no field are dropped.
func complete(fields []Field, text json.RawMessage, f *faults) (json.RawMessage, error) {
	in := map[string]json.RawMessage{}
	if given(text) {
		if err := json.Unmarshal(text, &in); err != nil {
			return nil, malformed("settings.app", err)
		}
	}
	var b bytes.Buffer
	b.WriteByte('{')
	for i, field := range fields {
		v := in[field.Name]
		if !given(v) && field.Also != "" {
			v = in[field.Also]
		}
		value, err := field.value(v, f)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(field.Name)
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.WriteString(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// value checks one setting and returns it as JSON.
func (field Field) value(v json.RawMessage, f *faults) (string, error) {
	var text string
	isText := given(v) && v[0] == '"'
	if isText {
		if err := json.Unmarshal(v, &text); err != nil {
			return "", malformed(field.Name, err)
		}
	}
	if !given(v) || field.Secret || (isText && text == "" && field.Kind != FieldAny) {
		return field.absent(f), nil
	}
	switch field.Kind {
	case FieldText, FieldURL:
		if !isText {
			return "", wrongType(field.Name)
		}
		switch {
		case utf8.RuneCountInString(text) > maxFieldText:
			f.add(field.Name, "The field is too long")
		case field.Kind == FieldURL && !webAddress(text):
			f.add(field.Name, "Does not match required pattern")
		}
		return string(idp.AppendJSON(nil, text)), nil
	case FieldFlag:
		var flag bool
		if err := json.Unmarshal(v, &flag); err != nil {
			return "", wrongType(field.Name)
		}
	case FieldNumber:
		var n int64
		if err := json.Unmarshal(v, &n); err != nil {
			return "", wrongType(field.Name)
		}
	case FieldList:
		var list []string
		if err := json.Unmarshal(v, &list); err != nil {
			return "", wrongType(field.Name)
		}
		if len(list) > maxFieldList {
			f.add(field.Name, "The field is too long")
		}
	case FieldAny:
	}
	var b bytes.Buffer
	if err := json.Compact(&b, v); err != nil {
		return "", malformed(field.Name, err)
	}
	return b.String(), nil
}

func (field Field) absent(f *faults) string {
	switch {
	case field.Required:
		f.blank(field.Name)
	case field.Default != "":
		return field.Default
	case field.Kind == FieldFlag:
		return "false"
	case field.Kind == FieldList:
		return "[]"
	}
	return "null"
}

func wrongType(field string) error {
	return &idp.Error{Kind: idp.KindMalformed, Causes: []idp.Cause{{Field: field, Text: "has the wrong type"}}}
}

func malformed(field string, err error) error {
	return &idp.Error{Kind: idp.KindMalformed, Causes: []idp.Cause{{Field: field, Text: err.Error()}}}
}

// webAddress tells whether text is an absolute http or https address.
func webAddress(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && !strings.ContainsAny(text, " \t\r\n\x00")
}
