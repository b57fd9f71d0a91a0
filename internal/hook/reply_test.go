package hook

import (
	"encoding/json"
	"strings"
	"testing"
)

// FuzzReply: whatever another system answers, it is a yes only where every
// command says so in the words of the interface.
func FuzzReply(f *testing.F) {
	for _, text := range []string{
		`{"commands":[{"type":"com.okta.action.update","value":{"credential":"VERIFIED"}}]}`,
		`{"commands":[{"type":"com.okta.action.update","value":{"credential":"UNVERIFIED"}}]}`,
		`{"commands":[{"type":"com.okta.action.update","value":null}]}`, `{"commands":null}`, `{"commands":{}}`, `[]`, ``, `{"error":{"errorSummary":"x"}}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var r Reply
		if json.Unmarshal(text, &r) != nil || r.refuses() != nil {
			return
		}
		for _, c := range r.Commands {
			if c.Type != commandUpdate || !strings.Contains(string(c.Value), `ERIFIED`) && !strings.Contains(string(c.Value), `\u`) {
				t.Fatalf("%s", text)
			}
		}
		if len(r.Commands) == 0 {
			t.Fatalf("%s", text)
		}
	})
}

func TestHeaders(t *testing.T) {
	for name, want := range map[string]bool{
		"Authorization": true, "X-Any_Key.1": true, "x-team": true,
		"": false, "X Team": false, "X:Y": false, "X\r\nY": false, "Host": false, "host": false, "content-length": false, "Transfer-Encoding": false,
		"Connection": false, "Ünicode": false, strings.Repeat("x", maxHeader+1): false,
	} {
		if headerName(name) != want {
			t.Errorf("%q: %v", name, !want)
		}
	}
	for value, want := range map[string]bool{
		"secret": true, "with space": true, "": false, "a\nb": false, "a\x00": false, "ü": false, strings.Repeat("x", maxValue+1): false,
	} {
		if headerValue(value) != want {
			t.Errorf("%q: %v", value, !want)
		}
	}
}

func TestSameHost(t *testing.T) {
	for pair, want := range map[[2]string]bool{
		{"https://a.example/x", "https://a.example/y?z=1"}:  true,
		{"https://a.example/x", "https://b.example/x"}:      false,
		{"https://a.example/x", "https://a.example:444/x"}:  false,
		{"https://a.example/x", "http://a.example/x"}:       false,
		{"https://a.example/x", "https://a.example.evil/x"}: false,
	} {
		if sameHost(pair[0], pair[1]) != want {
			t.Errorf("%v: %v", pair, !want)
		}
	}
}
