package httpkit

import (
	"encoding/json"
	"strings"
	"testing"
)

// FuzzCheckJSON holds that what passes is safe to decode, and that nothing the
// decoder reads is refused without a reason.
func FuzzCheckJSON(f *testing.F) {
	for _, s := range []string{`{}`, `{"a":[1,2,{"b":"\""}]}`, `"\\"`, `[[[[`, `{"a":"]"}`, "\xff", `{"a":"\u0000"}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		err := checkJSON([]byte(s))
		if !json.Valid([]byte(s)) {
			return
		}
		if deep := depth(s); (deep > MaxDepth) && err == nil {
			t.Fatalf("depth %d passes", deep)
		} else if deep <= MaxDepth && err != nil && !strings.Contains(s, `\u0000`) && strings.ToValidUTF8(s, "") == s {
			t.Fatalf("refused: %q", s)
		}
	})
}

// depth counts by decoding, another way than the one under test.
func depth(s string) int {
	dec := json.NewDecoder(strings.NewReader(s))
	now, most := 0, 0
	for {
		tok, err := dec.Token()
		if err != nil {
			return most
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
