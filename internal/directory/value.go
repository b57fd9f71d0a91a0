package directory

import (
	"encoding/hex"
	"encoding/json"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"usher/internal/idp"
	"usher/internal/keys"
	"usher/internal/scim"
	"usher/internal/store"
)

// Texts of the faults of values that are no texts.
const (
	textNumber  = "The value must be a number"
	textInteger = "The value must be an integer"
	textBoolean = "The value must be a boolean"
	textArray   = "The value must be an array"
	textItems   = "The array has too many elements"
	textChoice  = "The value is not one of the allowed values"
)

// fault says what is wrong with a value, "" for nothing.
func (a *Attribute) fault(v any) string {
	if a.Type == TypeArray {
		list, ok := v.([]any)
		switch {
		case !ok:
			return textArray
		case len(list) > maxItems:
			return textItems
		}
		for _, item := range list {
			if f := a.single(item, a.Items); f != "" {
				return f
			}
		}
		return ""
	}
	return a.single(v, a.Type)
}

// single checks a value that is no array.
func (a *Attribute) single(v any, t Type) string {
	if f := typeFault(v, t); f != "" {
		return f
	}
	if s, ok := v.(string); ok {
		if f := a.textFault(s); f != "" || s == "" {
			return f
		}
	}
	if len(a.Choices) > 0 && !slices.ContainsFunc(a.Choices, func(c Choice) bool { return c.Value == v }) {
		return textChoice
	}
	return ""
}

func typeFault(v any, t Type) string {
	switch t {
	case TypeNumber:
		if _, ok := v.(float64); !ok {
			return textNumber
		}
	case TypeInteger:
		if !whole(v) {
			return textInteger
		}
	case TypeBoolean:
		if _, ok := v.(bool); !ok {
			return textBoolean
		}
	case TypeString, TypeArray, "":
		if _, ok := v.(string); !ok {
			return textType
		}
	}
	return ""
}

// whole tells whether a value is a whole number that a float64 holds exactly.
func whole(v any) bool {
	f, ok := v.(float64)
	return ok && f == math.Trunc(f) && math.Abs(f) <= 1<<53
}

func (a *Attribute) textFault(s string) string {
	longest := a.Max
	if longest == 0 {
		longest = maxValue
	}
	switch n := utf8.RuneCountInString(s); {
	case n > longest:
		return textTooLong
	case s == "":
	case a.Name != AttrLogin && !a.Format.matches(s), !a.patternMatches(s):
		return textPattern
	case n < a.Min:
		return textTooShort
	}
	return ""
}

// patternMatches tests the pattern, which was checked when the schema took it.
func (a *Attribute) patternMatches(s string) bool {
	if a.Pattern == "" {
		return true
	}
	re, err := compilePattern(a.Pattern)
	return err == nil && re.MatchString(s)
}

// maxPattern bounds a pattern in bytes. RE2 matches in linear time.
const maxPattern = 256

func compilePattern(pattern string) (*regexp.Regexp, error) {
	return regexp.Compile("^(?:" + pattern + ")$")
}

// appendValue writes a checked value as JSON.
func appendValue(b []byte, v any) []byte {
	switch v := v.(type) {
	case string:
		return idp.AppendJSON(b, v)
	case bool:
		return strconv.AppendBool(b, v)
	case float64:
		if whole(v) {
			return strconv.AppendInt(b, int64(v), 10)
		}
		text, err := json.Marshal(v)
		if err != nil {
			return append(b, "null"...) // not finite, which JSON cannot have said
		}
		return append(b, text...)
	case []any:
		b = append(b, '[')
		for i, item := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendValue(b, item)
		}
		return append(b, ']')
	}
	return append(b, "null"...)
}

// The kinds of keys under which values are looked up.
const (
	kindBool   = 'b'
	kindEmpty  = 'e' // an array without elements
	kindNumber = 'n'
	kindText   = 's'
)

// maxKey bounds the part of a text that is looked up as it is, in bytes. A
// longer one is told from others with the same beginning by its hash.
const maxKey = 512

// textKey is the folded form in which a text is looked up.
func textKey(s string) string {
	s = scim.Fold(s)
	if len(s) <= maxKey {
		return s
	}
	return prefixKey(s) + "\x01" + hex.EncodeToString(keys.Hash(s)[:16])
}

// prefixKey cuts a folded text to what is looked up, at the end of a character.
func prefixKey(s string) string {
	if len(s) <= maxKey {
		return s
	}
	end := maxKey
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end]
}

// numberKey is the form of a number whose order as text is that of the numbers.
func numberKey(f float64) string {
	if f == 0 {
		f = 0 // there is only one zero
	}
	bits := math.Float64bits(f)
	if bits>>63 == 1 {
		bits = ^bits
	} else {
		bits |= 1 << 63
	}
	text := strconv.FormatUint(bits, 16)
	for len(text) < 16 {
		text = "0" + text
	}
	return text
}

// valueKeys lists the keys of a value.
func valueKeys(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{string(kindText) + textKey(v)}
	case bool:
		return []string{string(kindBool) + strconv.FormatBool(v)}
	case float64:
		return []string{string(kindNumber) + numberKey(v)}
	case []any:
		if len(v) == 0 {
			return []string{string(kindEmpty)}
		}
		var out []string
		for _, item := range v {
			out = append(out, valueKeys(item)...)
		}
		slices.Sort(out)
		return slices.Compact(out)
	}
	return nil
}

// hasColumn tells whether an attribute is looked up by a column of its own.
func hasColumn(name string) bool {
	switch name {
	case AttrLogin, AttrEmail, AttrFirstName, AttrLastName:
		return true
	}
	return false
}

// values lists what a user with these attributes is looked up by, beside the
// columns.
func (s *Schema) values(a idp.Attributes) (all, unique []store.AttributeValue) {
	for i := range s.Attributes {
		attr := &s.Attributes[i]
		v, set := a[attr.Name]
		if !set || hasColumn(attr.Name) {
			continue
		}
		for _, key := range valueKeys(v) {
			all = append(all, store.AttributeValue{Name: attr.Name, Key: key})
			if attr.Unique && key != string(kindText) && key != string(kindEmpty) {
				unique = append(unique, store.AttributeValue{Name: s.unique + attr.Name, Key: key})
			}
		}
	}
	return all, unique
}

// index makes a user who is stored findable by the attributes, and reserves
// those that no other may share: KindInvalid when another has one.
func (s *Schema) index(tx *store.Tx, u *idp.User, before, after idp.Attributes) error {
	had, _ := s.values(before)
	has, _ := s.values(after)
	if slices.Equal(had, has) {
		return nil
	}
	return s.reindex(tx, u, before != nil, after)
}

// reindex is index for whoever may have been looked up otherwise; stored tells
// whether the user was.
func (s *Schema) reindex(tx *store.Tx, u *idp.User, stored bool, after idp.Attributes) error {
	has, unique := s.values(after)
	var err error
	if stored {
		err = tx.ReplaceUserAttributes(u.OrgID, u.ID, has)
	} else {
		err = tx.InsertUserAttributes(u.OrgID, u.ID, has)
	}
	if err == nil && stored {
		err = tx.DeleteUniques(u.OrgID, u.ID)
	}
	if err != nil {
		return store.Failure("index user", err)
	}
	for _, v := range unique {
		err := tx.InsertUnique(u.OrgID, u.ID, v)
		if store.Exists(err, "user_uniques.value_key") {
			return taken(strings.TrimPrefix(v.Name, s.unique))
		}
		if err != nil {
			return store.Failure("index user", err)
		}
	}
	return nil
}
