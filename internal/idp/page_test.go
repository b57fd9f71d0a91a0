package idp

import (
	"slices"
	"strings"
	"testing"
)

func TestIdentifiers(t *testing.T) {
	for text, want := range map[string]struct{ id, plain bool }{
		"":                      {false, false},
		"00u1234567890abcdefg":  {true, true},
		"00g1234567890abcdefg":  {false, true},
		"00u1234567890abcdef":   {false, true},
		"00u1234567890abcdef-":  {false, true},
		"00u12345 67890abcdef":  {false, false},
		"00u1234567890abcdef\n": {false, false},
		"00u1234567890abcdeé":   {false, false},
		"client_of-my-own.1":    {false, false},
		strings.Repeat("a", 64): {false, true},
		strings.Repeat("a", 65): {false, false},
	} {
		if IsID(text, "00u") != want.id || PlainID(text) != want.plain {
			t.Errorf("%q: %v %v", text, IsID(text, "00u"), PlainID(text))
		}
	}
}

func TestPage(t *testing.T) {
	for p, want := range map[Page]Kind{
		{Limit: 1}: 0, {After: "00u1234567890abcdefg", Limit: 200}: 0,
		{}: KindBadPaging, {Limit: -1}: KindBadPaging, {After: "00g1234567890abcdefg", Limit: 1}: KindBadPaging,
	} {
		if err := p.Check("00u"); KindOf(err) != want {
			t.Errorf("%v: %v", p, err)
		}
	}
	self := func(s string) string { return s }
	for limit, want := range map[int]string{1: "a", 2: "b", 3: "", 4: ""} {
		if part, next := Cut([]string{"a", "b", "c"}, limit, self); next != want || !slices.Equal(part, []string{"a", "b", "c"}[:min(limit, 3)]) {
			t.Errorf("%d: %v %q", limit, part, next)
		}
	}
}
