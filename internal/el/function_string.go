package el

import (
	"strings"
	"unicode/utf8"
)

// A null text gives null, except where a function tells something of it: its length is 0 and it contains nothing.
// Positions count characters, from 0.

func appendText(m *machine, args []Value) (Value, error) {
	if args[0].kind == KindNull && args[1].kind == KindNull {
		return Null(), nil
	}
	t, _, err := m.texts(args)
	if err != nil {
		return Value{}, err
	}
	return m.text(t[0] + t[1])
}

// join puts the separator between the texts that are not null. Lists stand for their items.
func join(m *machine, args []Value) (Value, error) {
	separator, _, err := m.textOf(args[0])
	if err != nil {
		return Value{}, err
	}
	var parts []string
	length := 0
	for _, a := range args[1:] {
		items := a.list
		if a.kind != KindList {
			items = []Value{a}
		}
		for _, item := range items {
			s, ok, err := m.textOf(item)
			if err != nil {
				return Value{}, err
			}
			if !ok {
				continue
			}
			if length += len(separator) + len(s); length > m.limits.MaxString+len(separator) {
				return Value{}, tooMuch("a text grows too long")
			}
			if err := m.spend(1); err != nil {
				return Value{}, err
			}
			parts = append(parts, s)
		}
	}
	return m.text(strings.Join(parts, separator))
}

func length(m *machine, args []Value) (Value, error) {
	s, _, err := m.textOf(args[0])
	return Int(int64(utf8.RuneCountInString(s))), err
}

// mapText makes a function of one text.
func mapText(m *machine, args []Value, f func(string) string) (Value, error) {
	s, ok, err := m.textOf(args[0])
	if err != nil || !ok {
		return Null(), err
	}
	return m.text(f(s))
}

func removeSpaces(m *machine, args []Value) (Value, error) {
	return mapText(m, args, func(s string) string { return strings.ReplaceAll(s, " ", "") })
}

func toUpperCase(m *machine, args []Value) (Value, error) { return mapText(m, args, strings.ToUpper) }

func toLowerCase(m *machine, args []Value) (Value, error) { return mapText(m, args, strings.ToLower) }

func replaceAll(m *machine, args []Value) (Value, error)   { return replace(m, args, -1) }
func replaceFirst(m *machine, args []Value) (Value, error) { return replace(m, args, 1) }

// replace puts the third text for the second in the first, at most n times. An empty second text is found nowhere.
func replace(m *machine, args []Value, n int) (Value, error) {
	t, ok, err := m.texts(args)
	if err != nil || !ok {
		return Null(), err
	}
	found := 0
	if t[1] != "" {
		found = strings.Count(t[0], t[1])
	}
	if n >= 0 {
		found = min(found, n)
	}
	if found == 0 {
		return m.text(t[0])
	}
	// The length is worked out first, so that nothing too long is ever built.
	if len(t[0])+found*(len(t[2])-len(t[1])) > m.limits.MaxString {
		return Value{}, tooMuch("a text grows too long")
	}
	return m.text(strings.Replace(t[0], t[1], t[2], n))
}

func startsWith(m *machine, args []Value) (Value, error) {
	return tell(m, args, strings.HasPrefix)
}

func stringContains(m *machine, args []Value) (Value, error) {
	return tell(m, args, strings.Contains)
}

// tell makes a test of two texts, false where either is null.
func tell(m *machine, args []Value, f func(s, part string) bool) (Value, error) {
	t, ok, err := m.texts(args)
	if err != nil {
		return Value{}, err
	}
	return Bool(ok && args[1].kind != KindNull && f(t[0], t[1])), nil
}

// stringSwitch gives the value of the first key that is part of the text, or else the default.
func stringSwitch(m *machine, args []Value) (Value, error) {
	input, ok, err := m.textOf(args[0])
	if err != nil {
		return Value{}, err
	}
	for i := 2; ok && i+1 < len(args); i += 2 {
		key, present, err := m.textOf(args[i])
		if err != nil {
			return Value{}, err
		}
		if present && strings.Contains(input, key) {
			return m.asText(args[i+1])
		}
		if err := m.spend(1 + len(input)/bytesPerStep); err != nil {
			return Value{}, err
		}
	}
	return m.asText(args[1])
}

// asText turns a value into text and leaves null.
func (m *machine) asText(v Value) (Value, error) {
	s, ok, err := m.textOf(v)
	if err != nil || !ok {
		return Null(), err
	}
	return m.text(s)
}

// substring gives the characters from the second argument on, up to and without the third. Positions outside the
// text mean its ends, as the vendor's example of a name cut to six letters requires for shorter names.
func substring(m *machine, args []Value) (Value, error) {
	s, ok, err := m.textOf(args[0])
	if err != nil || !ok {
		return Null(), err
	}
	from, err := integer(args[1])
	if err != nil {
		return Value{}, err
	}
	count := int64(utf8.RuneCountInString(s))
	to := count
	if len(args) == 3 {
		if to, err = integer(args[2]); err != nil {
			return Value{}, err
		}
	}
	from, to = max(from, 0), min(to, count)
	if from >= to {
		return String(""), nil
	}
	start := byteOffset(s, from)
	return m.text(s[start : start+byteOffset(s[start:], to-from)])
}

// byteOffset gives the offset of the nth character, n being at most the number of characters.
func byteOffset(s string, n int64) int {
	for i := range s {
		if n == 0 {
			return i
		}
		n--
	}
	return len(s)
}

// substringBefore gives what stands before the first place of the second text, nothing if it has no place.
func substringBefore(m *machine, args []Value) (Value, error) {
	t, ok, err := m.texts(args)
	if err != nil || !ok {
		return Null(), err
	}
	before, _, found := strings.Cut(t[0], t[1])
	if !found {
		return String(""), nil
	}
	return m.text(before)
}

// substringAfter gives what stands after the first place of the second text, nothing if it has no place.
func substringAfter(m *machine, args []Value) (Value, error) {
	t, ok, err := m.texts(args)
	if err != nil || !ok {
		return Null(), err
	}
	_, after, _ := strings.Cut(t[0], t[1])
	return m.text(after)
}
