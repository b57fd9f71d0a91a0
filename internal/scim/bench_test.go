package scim_test

import (
	"testing"

	"usher/internal/scim"
)

const benchText = `profile.department eq "Engineering" and (created lt "2014-01-01T00:00:00.000Z" or status eq "ACTIVE")`

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := scim.Parse(benchText, scim.Limits{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMatch(b *testing.B) {
	e, err := scim.Parse(`eventType eq "user.session.start" and target.id eq "0oa3" and published gt "2024-05-01T00:00:00Z"`, scim.Limits{})
	if err != nil {
		b.Fatal(err)
	}
	get := scim.Document(event(b))
	opts := scim.Options{Fold: scim.FoldAllBut("eventType")}
	b.ReportAllocs()
	for b.Loop() {
		if !scim.Match(e, get, opts) {
			b.Fatal("no match")
		}
	}
}

func BenchmarkFold(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		scim.Fold("Isaac.Brock@example.com")
	}
}
