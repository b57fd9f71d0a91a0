package httpkit

import (
	"encoding/json"
	"strings"
	"testing"
)

// FuzzCheckJSON holds that what passes is safe to decode, and that nothing the
// decoder reads is refused without a reason.
func FuzzCheckJSON(f *testing.F) {
	for _, s := range []string{`{}`, `{"a":[1,2,{"b":"\""}]}`, `"\\"`, `[[[[`, `{"a":"]"}`, "\xff", `{"a":"\u0000"}`, `{"a":"\\u0000"}`, `{"a":"\\\u0000"}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		err := checkJSON([]byte(s))
		if !json.Valid([]byte(s)) {
			return
		}
		deep, nul := depth(s)
		switch allowed := deep <= MaxDepth && !nul && strings.ToValidUTF8(s, "") == s; {
		case allowed && err != nil:
			t.Fatalf("refused: %q", s)
		case !allowed && err == nil:
			t.Fatalf("passes, with depth %d: %q", deep, s)
		}
	})
}

// depth counts by decoding, another way than the one under test, and tells
// whether a text holds the NUL character.
func depth(s string) (most int, nul bool) {
	dec := json.NewDecoder(strings.NewReader(s))
	now := 0
	for {
		tok, err := dec.Token()
		if err != nil {
			return most, nul
		}
		if text, ok := tok.(string); ok && strings.ContainsRune(text, 0) {
			nul = true
		}
		switch tok {
		case json.Delim('{'), json.Delim('['):
			now++
			most = max(most, now)
		case json.Delim('}'), json.Delim(']'):
			now--
		}
	}
}
