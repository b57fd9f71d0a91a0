package oauth

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestPayloadIsWhatJSONSays compares what is written by hand with what
// encoding/json makes of the same.
func TestPayloadIsWhatJSONSays(t *testing.T) {
	p, want := newPayload(), map[string]any{}
	for i, s := range []string{"", "plain", `a"b`, `a\b`, "a\nb", "\x00", "\x7f", "ä", "\u2028", "\xff", "</script>", "a&b", "日本"} {
		name := s + "-" + string(rune('a'+i))
		p.text(name, s)
		want[name] = s
	}
	p.number("least", math.MinInt64)
	p.number("zero", 0)
	p.texts("list", []string{"a", `"`, "ü"})
	p.texts("empty", []string{})
	p.texts("none", nil)
	p.value("deep", map[string]any{"a": []any{1, nil, true}})
	p.value("untyped list", []string{"x"})
	p.value("untyped none", []string(nil))
	p.value("untyped text", "y")
	p.rest(map[string]any{"zero": "not again", "list": 5, "more": 1.5, "many": []any{"a", "b"}})
	for name, v := range map[string]any{
		"least": int64(math.MinInt64), "zero": 0, "list": []string{"a", `"`, "ü"}, "empty": []string{}, "none": nil,
		"deep": map[string]any{"a": []any{1, nil, true}}, "untyped list": []string{"x"}, "untyped none": nil, "untyped text": "y",
		"more": 1.5, "many": []any{"a", "b"},
	} {
		want[name] = v
	}
	text, err := p.end()
	if err != nil {
		t.Fatal(err)
	}
	said, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var a, b map[string]any
	if err := json.Unmarshal(text, &a); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	if err := json.Unmarshal(said, &b); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(b, a); diff != "" {
		t.Error(diff)
	}
	if len(p.names) != len(want) {
		t.Errorf("%d claims are written, %d wanted: %v", len(p.names), len(want), p.names)
	}
}

func TestPayloadTellsOfAFailure(t *testing.T) {
	p := newPayload()
	p.value("n", math.NaN())
	p.text("a", "b")
	if text, err := p.end(); err == nil {
		t.Errorf("%s", text)
	}
}
