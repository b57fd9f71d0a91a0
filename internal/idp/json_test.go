package idp

import (
	"encoding/json"
	"strings"
	"testing"
)

func FuzzAppendJSON(f *testing.F) {
	for _, s := range []string{"", "a", `"\`, "a\x00\x1f\n\r\t", "é\u2028\u2029", "\xff\xfe", "<script>&", "日本"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := AppendJSON([]byte("x"), s)
		var back string
		if err := json.Unmarshal(got[1:], &back); err != nil {
			t.Fatalf("%q: %s: %v", s, got, err)
		}
		if want := strings.ToValidUTF8(s, "\uFFFD"); back != want && back != eachInvalid(s) {
			t.Fatalf("%q became %q", s, back)
		}
	})
}

// eachInvalid replaces every invalid byte by itself; strings.ToValidUTF8
// replaces a run of them at once.
func eachInvalid(s string) string { return string([]rune(s)) }
