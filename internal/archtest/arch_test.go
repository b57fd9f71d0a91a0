package archtest

import (
	"os"
	"testing"
)

// rules is every rule under the name its findings are reported by.
var rules = map[string]func(*Module) []Finding{
	"heights":         Heights,
	"plugins":         Plugins,
	"testsupport":     TestSupport,
	"protocols":       Protocols,
	"databases":       Databases,
	"ambient":         Ambient,
	"sleeps":          Sleeps,
	"services":        Services,
	"wirewords":       WireWords,
	"inits":           Inits,
	"globals":         Globals,
	"sizes":           Sizes,
	"packagecomments": PackageComments,
	"names":           Names,
	"stubs":           Stubs,
	"constanttime":    ConstantTime,
}

// TestModule holds the product to its house rules.
func TestModule(t *testing.T) {
	m, err := Load(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Files) < 5 {
		t.Fatalf("found only %d Go files: is this the module's root?", len(m.Files))
	}
	for name, rule := range rules {
		t.Run(name, func(t *testing.T) {
			for _, f := range rule(m) {
				t.Error(f)
			}
		})
	}
}
