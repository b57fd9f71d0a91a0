package idp

import (
	"encoding/json"
	"reflect"
	"testing"
)

const plainProfile = `{"firstName":"Isaac","lastName":"Brock","mobilePhone":null,"secondEmail":null,"login":"isaac@example.com","email":"isaac@example.com","city":"Oslo"}`

// FuzzAttributes: a profile decodes as encoding/json decodes it, or not at all.
func FuzzAttributes(f *testing.F) {
	for _, text := range []string{
		plainProfile, `{}`, `{"a":true,"b":false}`, `{"a":"é\u00e9"}`, `{"a":1}`, `{"a":["x"],"b":{"c":1}}`, `{"a":"x","a":"y"}`, ` {"a":"x"}`, `{"a":"x"} `, `{"a":"x"}}`, `{"a":"x",}`,
		`{"a"}`, `{"a":}`, `{"a":nullx}`, `{"a":"x"`, `{"a":"`, "{\"a\":\"\x01\"}", "{\"a\":\"\xff\"}", `null`, `[]`, `{"a":"x","b":"y"`, `{,}`, `{"":""}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var want Attributes
		err := json.Unmarshal(text, &want)
		if got, ok := flat(text); ok && (err != nil || !reflect.DeepEqual(got, want)) {
			t.Fatalf("%q: %#v, want %#v, %v", text, got, want, err)
		}
		got, failed := (&User{Profile: text}).Attributes()
		if (failed == nil) != (err == nil) || err == nil && !reflect.DeepEqual(got, want) {
			t.Fatalf("%q: %#v, %v, want %#v, %v", text, got, failed, want, err)
		}
	})
}

func TestPlainProfilesAreFlat(t *testing.T) {
	if a, ok := flat([]byte(plainProfile)); !ok || a.Text("city") != "Oslo" || len(a) != 7 {
		t.Errorf("%v %v", a, ok)
	}
}

func BenchmarkAttributes(b *testing.B) {
	u := &User{Profile: []byte(plainProfile)}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := u.Attributes(); err != nil {
			b.Fatal(err)
		}
	}
}
