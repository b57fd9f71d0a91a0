package scim_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"usher/internal/scim"
)

func event(t testing.TB) map[string]any {
	const text = `{
		"eventType": "user.session.start", "severity": "INFO", "version": "0",
		"published": "2024-05-01T10:00:00.123Z",
		"actor": {"id": "00u1", "displayName": "Isaac Brock", "detail": null},
		"outcome": {"result": "SUCCESS", "reason": ""},
		"count": 9007199254740993, "ratio": 0.5, "flag": false, "zero": 0,
		"target": [{"id": "00u2", "type": "User", "n": 1}, {"id": "0oa3", "type": "AppInstance", "n": 7}],
		"none": [], "nothing": {}, "hollow": {"a": {"b": null}},
		"matrix": [[1, 2], [3]]
	}`
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	var doc map[string]any
	if err := dec.Decode(&doc); err != nil {
		t.Fatal(err)
	}
	doc["when"] = time.Date(2024, 5, 1, 10, 0, 0, 0, time.UTC)
	doc["tags"] = []string{"red", "Blue"}
	doc["parts"] = []map[string]any{{"k": 5}, {"k": int64(6)}, {"k": 7.5}}
	return doc
}

func TestMatch(t *testing.T) {
	get := scim.Document(event(t))
	fold := scim.Options{Fold: scim.FoldAllBut("eventType")}
	tests := []struct {
		text string
		opts scim.Options
		want bool
	}{
		{`severity eq "INFO"`, scim.Options{}, true},
		{`severity eq "info"`, scim.Options{}, false},
		{`severity eq "info"`, fold, true},
		{`eventType eq "User.Session.Start"`, fold, false},
		{`eventType eq "user.session.start"`, fold, true},
		{`actor.displayName co "AAC br"`, fold, true},
		{`actor.displayName co "AAC br"`, scim.Options{}, false},
		{`actor.displayName sw "isaac"`, fold, true},
		{`actor.displayName ew "BROCK"`, fold, true},
		{`actor.displayName eq "isáàc bröck"`, fold, false},
		{`severity gt "ERROR"`, scim.Options{}, true},
		{`severity lt "ERROR"`, scim.Options{}, false},
		{`severity ge "INFO" and severity le "INFO"`, scim.Options{}, true},
		{`target.id eq "0oa3"`, scim.Options{}, true},
		{`target.id eq "0oa4"`, scim.Options{}, false},
		{`target.id ne "0oa3"`, scim.Options{}, false},
		{`target.id ne "0oa4"`, scim.Options{}, true},
		{`target.type eq "User" and target.id eq "0oa3"`, scim.Options{}, true}, // any element each
		{`target.n gt 6`, scim.Options{}, true},
		{`target.n gt 7`, scim.Options{}, false},
		{`tags eq "Blue"`, scim.Options{}, true},
		{`tags eq "blue"`, fold, true},
		{`parts.k eq 5`, scim.Options{}, true},
		{`parts.k eq 6`, scim.Options{}, true},
		{`parts.k eq 7.5`, scim.Options{}, true},
		{`matrix eq 3`, scim.Options{}, true},
		{`count eq 9007199254740993`, scim.Options{}, true},
		{`count eq 9007199254740992`, scim.Options{}, false}, // equal as floats
		{`count gt 9007199254740992.0`, scim.Options{}, true},
		{`ratio eq 0.5`, scim.Options{}, true},
		{`ratio gt 0 and ratio lt 1`, scim.Options{}, true},
		{`ratio lt -1`, scim.Options{}, false},
		{`ratio lt 1e300 and ratio gt -1e300`, scim.Options{}, true},
		{`count lt 1e300 and count gt -1e300`, scim.Options{}, true},
		{`flag eq false`, scim.Options{}, true},
		{`flag eq true`, scim.Options{}, false},
		{`flag ge false`, scim.Options{}, false},
		{`flag eq "false"`, scim.Options{}, false},
		{`ratio eq "0.5"`, scim.Options{}, false},
		{`ratio ne "0.5"`, scim.Options{}, true},
		{`severity eq 5`, scim.Options{}, false},
		{`severity sw "IN" and not (severity sw "in")`, scim.Options{}, true},
		{`published eq "2024-05-01T12:00:00.123+02:00"`, scim.Options{}, true},
		{`published gt "2024-05-01T12:00:00+02:00"`, scim.Options{}, true},
		{`published lt "2024-05-01T11:00:00+00:00"`, scim.Options{}, true},
		{`published le "2024-05-01T10:30:00+02:00"`, scim.Options{}, false}, // the bytes say otherwise
		{`published lt "2024-05-01T10:30:00+02:00"`, scim.Options{}, false},
		{`zero eq ""`, scim.Options{}, false},
		{`zero eq false`, scim.Options{}, false},
		{`zero eq 0 and zero pr`, scim.Options{}, true},
		{`published lt "x"`, scim.Options{}, true}, // not a time: bytes
		{`published sw "2024-05-01T10:00:00"`, scim.Options{}, true},
		{`when eq "2024-05-01T10:00:00.000Z"`, scim.Options{}, true},
		{`when gt "2024-05-01T10:00:00.001Z"`, scim.Options{}, false},
		{`when eq "today"`, scim.Options{}, false},
		{`when sw "2024-05-01T10:00:00Z"`, scim.Options{}, false},
		{`actor pr`, scim.Options{}, true},
		{`actor eq "00u1"`, scim.Options{}, false},
		{`actor.detail pr`, scim.Options{}, false},
		{`actor.missing pr`, scim.Options{}, false},
		{`severity.deeper pr`, scim.Options{}, false},
		{`outcome.reason pr`, scim.Options{}, false},
		{`flag pr`, scim.Options{}, true},
		{`target pr`, scim.Options{}, true},
		{`tags pr`, scim.Options{}, true},
		{`none pr`, scim.Options{}, false},
		{`nothing pr`, scim.Options{}, false},
		{`hollow pr`, scim.Options{}, false},
		{`parts pr`, scim.Options{}, true},
		{`actor.detail eq null`, scim.Options{}, true},
		{`actor.missing eq null`, scim.Options{}, true},
		{`actor.id eq null`, scim.Options{}, false},
		{`actor.id ne null`, scim.Options{}, true},
		{`actor.missing ne null`, scim.Options{}, false},
		{`actor.missing ne "x"`, scim.Options{}, true},
		{`actor.missing gt null`, scim.Options{}, false},
		{`severity eq "X" or flag eq false and ratio eq 1`, scim.Options{}, false},
		{`(severity eq "INFO" or flag eq true) and not (ratio eq 1)`, scim.Options{}, true},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			e, err := scim.Parse(tt.text, scim.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if got := scim.Match(e, get, tt.opts); got != tt.want {
				t.Errorf("Match = %v, want %v", got, tt.want)
			}
		})
	}
}

func TestDocumentDepth(t *testing.T) {
	var deep any = "x"
	for range 200 {
		deep = []any{deep}
	}
	doc := map[string]any{"a": deep}
	if got := scim.Document(doc)("a"); len(got) != 0 {
		t.Errorf("200 arrays deep: %v, want nothing", got)
	}
	if scim.Match(has("a"), func(scim.Path) []any { return []any{deep} }, scim.Options{}) {
		t.Error("200 arrays deep is present")
	}
}

func TestFold(t *testing.T) {
	for in, want := range map[string]string{
		"plain": "plain", "MiXed": "mixed", "ÉCOLE": "école", "K": "k", "ſ": "s", "Σς": "σσ", "İ": "İ", "straße": "straße", "Ⅷ": "ⅷ",
	} {
		if got := scim.Fold(in); got != want {
			t.Errorf("Fold(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestFoldAgreesWithEqualFold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.String().Draw(t, "a")
		b := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{a, strings.ToUpper(a), strings.ToLower(a), strings.ToTitle(a)})).Draw(t, "b")
		if got, want := scim.Fold(a) == scim.Fold(b), strings.EqualFold(a, b); got != want {
			t.Fatalf("folds equal: %v, EqualFold: %v", got, want)
		}
		if f := scim.Fold(a); scim.Fold(f) != f {
			t.Fatalf("Fold is not idempotent on %q", a)
		}
	})
}
