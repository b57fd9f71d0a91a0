package el_test

import (
	"testing"

	"usher/internal/el"
)

const benchRule = `String.startsWith(user.firstName, "Is") AND (user.city == "San Francisco" OR isMemberOfAnyGroup("00g8", "00g9"))`

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := el.Parse(benchRule, el.GroupRules()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRule(b *testing.B) {
	p, err := el.Parse(benchRule, el.GroupRules())
	if err != nil {
		b.Fatal(err)
	}
	env := isaac()
	b.ReportAllocs()
	for b.Loop() {
		if ok, err := p.Bool(env); err != nil || !ok {
			b.Fatal(ok, err)
		}
	}
}

func BenchmarkUsername(b *testing.B) {
	p, err := el.Parse(`${fn:substringBefore(source.login,"@")}`, el.Usernames())
	if err != nil {
		b.Fatal(err)
	}
	env := isaac()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.String(env); err != nil {
			b.Fatal(err)
		}
	}
}
