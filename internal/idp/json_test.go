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

func TestAppendObject(t *testing.T) {
	var none map[string]any
	members := map[string]any{
		"z": "é\"", "a": true, "n": 7, "big": int64(1) << 60, "half": 0.5, "list": []string{"a", "b"}, "nil": nil, "none": none, "raw": json.RawMessage(`{"x":[1]}`),
		"in": map[string]any{"b": 1, "a": map[string]any{}}, `na"me`: "v",
	}
	got, err := AppendObject([]byte("x"), members)
	want, _ := json.Marshal(members)
	if err != nil || string(got) != "x"+string(want) {
		t.Errorf("%v\n%s\n%s", err, got, want)
	}
	if got, err := AppendObject(nil, map[string]any{"f": func() {}}); err == nil {
		t.Errorf("a function became %s", got)
	}
}
