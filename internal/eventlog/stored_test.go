package eventlog

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"usher/internal/idp"
)

// TestStoredIsWhatJSONSays compares the text that is written by hand with what
// encoding/json makes of the same, with every member and with none.
func TestStoredIsWhatJSONSays(t *testing.T) {
	full := stored{
		Result: idp.ResultFailure, Reason: "r", Actor: idp.EventActor{ID: "1", Type: "User", AlternateID: "a", DisplayName: "d"}, IP: "192.0.2.1",
		Chain: []string{"192.0.2.2", "192.0.2.3"}, UserAgent: "agent", Method: "POST", Path: "/p",
		Targets: []idp.Target{{ID: "2", Type: "T", AlternateID: "b", DisplayName: "e"}, {ID: "3"}},
		Request: "q", Token: "t", Session: "s", Credential: "PASSWORD", Judge: "j", Issuer: "i", Debug: map[string]string{"b": "2", "a": "1"},
	}
	v := reflect.ValueOf(full)
	for i := range v.NumField() {
		if v.Field(i).IsZero() {
			t.Errorf("%s is empty here", v.Type().Field(i).Name)
		}
	}
	for _, s := range []stored{full, {Result: idp.ResultSuccess}} {
		want, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.json(); string(got) != string(want) {
			t.Errorf("%s, want %s", got, want)
		}
	}
	odd := stored{
		Result: idp.ResultSuccess, Reason: "a\"b\\c\n<&>\u2028ä", UserAgent: "\x00\x7f", Targets: []idp.Target{{DisplayName: "日本 \"x\""}},
		Debug: map[string]string{"k\"": "v\t"},
	}
	var got stored
	if err := json.Unmarshal(odd.json(), &got); err != nil {
		t.Fatalf("%s: %v", odd.json(), err)
	}
	if diff := cmp.Diff(odd, got); diff != "" {
		t.Error(diff)
	}
}
