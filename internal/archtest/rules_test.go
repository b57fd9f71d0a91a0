package archtest

import (
	"strings"
	"testing"
	"testing/fstest"
)

// made parses a made-up module: path to source.
func made(t *testing.T, files map[string]string) *Module {
	t.Helper()
	root := fstest.MapFS{}
	for p, src := range files {
		root[p] = &fstest.MapFile{Data: []byte(src)}
	}
	m, err := Load(root)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// ruleCase is one made-up module and what one rule should say of it: each
// finding holds the text of want at its place, and "" means no finding at all.
type ruleCase struct {
	name  string
	rule  func(*Module) []Finding
	files map[string]string
	want  []string
}

func runCases(t *testing.T, cases []ruleCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := c.rule(made(t, c.files))
			if len(got) != len(c.want) {
				t.Fatalf("got %d findings %v, want %d", len(got), got, len(c.want))
			}
			for i, f := range got {
				if !strings.Contains(f.String(), c.want[i]) {
					t.Errorf("finding %d is %q, want it to hold %q", i, f, c.want[i])
				}
			}
		})
	}
}

func file(path, src string) map[string]string { return map[string]string{path: src} }

func TestImportRules(t *testing.T) {
	runCases(t, []ruleCase{
		{"down is fine", Heights, file("internal/session/a.go", `package session; import "usher/internal/store"`), nil},
		{"up is not", Heights, file("internal/store/a.go", "package store\nimport \"usher/internal/session\""), []string{"a.go:2: imports internal/session (height 6)"}},
		{"sideways is not", Heights, file("internal/session/a.go", `package session; import "usher/internal/tokens"`), []string{"height 6"}},
		{"a test may look up", Heights, file("internal/store/a_test.go", `package store; import "usher/internal/apptest"`), nil},
		{"a child sees its parent", Heights, file("internal/factor/totp/a.go", `package totp; import "usher/internal/factor"`), nil},
		{"a parent sees its child", Heights, file("internal/store/a.go", `package store; import "usher/internal/store/sub"`), nil},
		{"a child sees nothing else at its height", Heights, file("internal/factor/totp/a.go", `package totp; import "usher/internal/policy"`), []string{"imports internal/policy"}},
		{"an unknown folder", Heights, file("internal/misc/a.go", `package misc`), []string{"no height"}},
		{"an unknown target", Heights, file("cmd/usher/a.go", `package main; import "usher/internal/misc"`), []string{"imports internal/misc"}},
		{"another module", Heights, file("internal/idp/a.go", `package idp; import "example.com/usher/internal/server"`), nil},

		{"registry knows plug-ins", Plugins, file("internal/server/registry.go", `package server; import "usher/internal/factor/totp"`), nil},
		{"server otherwise does not", Plugins, file("internal/server/server.go", `package server; import "usher/internal/factor/totp"`), []string{"plug-in internal/factor/totp"}},
		{"the engine does not", Plugins, file("internal/signin/a.go", `package signin; import "usher/internal/signon/saml2"`), []string{"plug-in internal/signon/saml2"}},
		{"a sibling does not", Plugins, file("internal/factor/sms/a.go", `package sms; import "usher/internal/factor/totp"`), []string{"plug-in internal/factor/totp"}},
		{"its own folder does", Plugins, file("internal/signon/saml2/a.go", `package saml2; import "usher/internal/signon/saml2/xml"`), nil},

		{"test support does", Plugins, file("internal/signin/signintest/a.go", `package signintest; import "usher/internal/factor/password"`), nil},

		{"a test uses test support", TestSupport, file("internal/jobs/a_test.go", `package jobs; import "usher/internal/store/storetest"`), nil},
		{"test support uses test support", TestSupport, file("internal/apptest/a.go", `package apptest; import "usher/internal/store/storetest"`), nil},
		{"the product does not", TestSupport, file("internal/jobs/a.go", `package jobs; import "usher/internal/store/storetest"`), []string{"for tests alone"}},

		{"protocol and kit", Protocols, file("internal/api/authn/a.go", `package authn; import "usher/internal/api/httpkit"`), nil},
		{"protocol and protocol", Protocols, file("internal/api/authn/a.go", `package authn; import "usher/internal/api/idx"`), []string{"authn imports protocol idx"}},
		{"protocol and itself", Protocols, file("internal/api/idx/a/a.go", `package a; import "usher/internal/api/idx"`), nil},
		{"protocol and store", Protocols, file("internal/api/authn/a.go", `package authn; import "usher/internal/store"`), []string{"imports the store"}},
		{"kit and store", Protocols, file("internal/api/httpkit/a.go", `package httpkit; import "usher/internal/store"`), []string{"imports the store"}},
		{"protocol's test and a database to test on", Protocols, file("internal/api/authn/a_test.go", `package authn; import "usher/internal/store/storetest"`), nil},
		{"protocol's test and store", Protocols, file("internal/api/authn/a_test.go", `package authn; import "usher/internal/store"`), []string{"imports the store"}},

		{"store has the driver", Databases, file("internal/store/a.go", `package store; import ("database/sql"; _ "modernc.org/sqlite")`), nil},
		{"others have not", Databases, file("internal/jobs/a.go", "package jobs\nimport (\n\"database/sql\"\n_ \"github.com/jackc/pgx/v5/stdlib\")"), []string{"imports database/sql", "imports github.com/jackc/pgx"}},
		{"nor have tests", Databases, file("internal/jobs/a_test.go", `package jobs; import "database/sql"`), []string{"imports database/sql"}},
		{"a name that only begins alike", Databases, file("internal/jobs/a.go", `package jobs; import "modernc.org/sqlitex"`), nil},
	})
}

func TestForbiddenUses(t *testing.T) {
	runCases(t, []ruleCase{
		{"clock in env", Ambient, file("internal/env/a.go", `package env; import ("time"; "crypto/rand"); var _ = rand.Read; func f() { time.Now() }`), nil},
		{"clock elsewhere", Ambient, file("internal/keys/a.go", `package keys; import "time"; func f() { time.Now() }`), []string{"time.Now"}},
		{"clock taken as a value", Ambient, file("internal/keys/a.go", `package keys; import "time"; type s struct{}; func f() any { return time.Now }`), []string{"time.Now"}},
		{"clock under another name", Ambient, file("internal/keys/a.go", `package keys; import t "time"; func f() { t.Since(t.Time{}) }`), []string{"time.Since"}},
		{"a variable called time", Ambient, file("internal/keys/a.go", `package keys; import "time"; type c interface{ Now() }; func f(time c) { time.Now() }; var _ time.Time`), nil},
		{"a duration is fine", Ambient, file("internal/keys/a.go", `package keys; import "time"; const d = time.Second`), nil},
		{"randomness", Ambient, file("internal/keys/a.go", "package keys\nimport (\n\"crypto/rand\"\nmr \"math/rand/v2\")"), []string{"crypto/rand", "math/rand/v2"}},
		{"a test may have it", Ambient, file("internal/keys/a_test.go", `package keys; import "crypto/rand"`), nil},
		{"measuring may have it", Ambient, file("internal/bench/a.go", `package main; import "time"; func f() { time.Now() }`), nil},

		{"a sleep in a test", Sleeps, file("internal/keys/a_test.go", `package keys; import "time"; func f() { time.Sleep(1) }`), []string{"time.Sleep"}},
		{"a sleep elsewhere", Sleeps, file("internal/keys/a.go", `package keys; import "time"; func f() { time.Sleep(1) }`), nil},

		{"a service answers", Services, file("internal/session/a.go", `package session; import "net/http"; func f(w http.ResponseWriter) {}`), []string{"http.ResponseWriter"}},
		{"a service asks", Services, file("internal/notify/a.go", `package notify; import "net/http"; func f(c *http.Client, r *http.Request) {}`), nil},
		{"a service routes", Services, file("internal/oauth/a.go", `package oauth; import "github.com/go-chi/chi/v5"`), []string{"routing belongs"}},
		{"a protocol answers", Services, file("internal/api/idx/a.go", `package idx; import "net/http"; func f(w http.ResponseWriter) {}`), nil},

		{"an error code", WireWords, file("internal/tokens/a.go", `package tokens; const c = "E0000011"`), []string{"E0000011"}},
		{"a table of the database", WireWords, file("internal/store/a.go", `package store; const c = "app_key_links"`), nil},
		{"a tag", WireWords, file("internal/idp/a.go", "package idp; type u struct { L int `json:\"_links\"` }"), []string{"_links"}},
		{"a state", WireWords, file("internal/signin/a.go", `package signin; const c = "MFA_REQUIRED"`), []string{"MFA_REQUIRED"}},
		{"a longer word", WireWords, file("internal/signin/a.go", `package signin; const c = "MFA_REQUIRED_BY_RULE"`), nil},
		{"a user's state", WireWords, file("internal/idp/a.go", `package idp; const c = "LOCKED_OUT"`), nil},
		{"a noun's state", WireWords, file("internal/idp/a.go", `package idp; const c = "MFA_REQUIRED"`), nil},
		{"a comment", WireWords, file("internal/idp/a.go", "package idp // E0000011\n"), nil},
		{"a protocol", WireWords, file("internal/api/authn/a.go", `package authn; const c = "stateToken"`), nil},
		{"a service's test", WireWords, file("internal/signin/a_test.go", `package signin; const c = "stateToken"`), nil},
	})
}

func TestStateRules(t *testing.T) {
	runCases(t, []ruleCase{
		{"an init", Inits, file("a.go", "package p\nfunc init() {}"), []string{"a.go:2: init function"}},
		{"an init in a test", Inits, file("a_test.go", `package p; func init() {}`), []string{"init function"}},
		{"a method called init", Inits, file("a.go", `package p; type t int; func (t) init() {}`), nil},

		{"an error", Globals, file("a.go", `package p; import "errors"; var ErrX = errors.New("x")`), nil},
		{"an interface check", Globals, file("a.go", `package p; var _ error = (*E)(nil)`), nil},
		{"a table", Globals, file("a.go", `package p; var t = map[string]int{"a": 1}; func f() int { return t["a"] }`), nil},
		{"a pattern", Globals, file("a.go", `package p; import "regexp"; var r = regexp.MustCompile("a")`), nil},
		{"an embedded file", Globals, file("a.go", "package p\nimport _ \"embed\"\n//go:embed x.txt\nvar x string\n"), nil},
		{"an alphabet", Globals, file("a.go", `package p; import "encoding/base32"; var e = base32.NewEncoding("a").WithPadding(base32.NoPadding)`), nil},
		{"a linker's string", Globals, file("cmd/x/a.go", `package main; var version = "dev"; var commit string`), nil},
		{"a test's flag", Globals, file("internal/apptest/x/a.go", `package x; import "flag"; var update = flag.Bool("update", false, "")`), nil},
		{"a product's flag", Globals, file("internal/jobs/a.go", `package jobs; import "flag"; var update = flag.Bool("update", false, "")`), []string{"package variable update"}},
		{"a string elsewhere", Globals, file("a.go", `package p; var s = "x"`), []string{"package variable s"}},
		{"a bare variable", Globals, file("a.go", `package p; var n int`), []string{"package variable n"}},
		{"a call", Globals, file("a.go", `package p; var c = NewCache()`), []string{"package variable c"}},
		{"a function", Globals, file("a.go", `package p; var now = func() int { return 1 }`), []string{"package variable now"}},
		{"a lock", Globals, file("a.go", `package p; import "sync"; var mu = sync.Mutex{}`), []string{"package variable mu"}},
		{"a pointer to a lock", Globals, file("a.go", `package p; import "sync"; var mu = &sync.Mutex{}`), []string{"package variable mu"}},
		{"a made map", Globals, file("a.go", `package p; var m = make(map[string]int)`), []string{"package variable m"}},
		{"a table that is written", Globals, file("a.go", `package p; var t = map[string]int{}; func f() { t["a"] = 1 }`), []string{"writes the package variable t"}},
		{"from another file", Globals, map[string]string{
			"a.go": `package p; var t = map[string]int{}`, "b.go": `package p; func f() { delete(t, "a") }`,
		}, []string{"b.go:1: writes the package variable t"}},
		{"a field of it", Globals, file("a.go", `package p; var t = T{}; func f() { t.n++ }`), []string{"writes the package variable t"}},
		{"a local of the same name", Globals, file("a.go", `package p; var t = T{}; func f() { t := 1; t = 2; _ = t }`), nil},
		{"a parameter of the same name", Globals, file("a.go", `package p; var t = T{}; func f(t map[int]int) { t[1] = 2 }`), nil},
		{"a variable of a function", Globals, file("a.go", `package p; func f() { var n int; n++ }`), nil},
	})
}

func TestShapeRules(t *testing.T) {
	long := strings.Repeat("// x\n", maxFileLines)
	body := strings.Repeat("_ = 1\n", maxFuncLines)
	runCases(t, []ruleCase{
		{"a long file", Sizes, file("a.go", "package p\n"+long), []string{"601 lines"}},
		{"a long test file", Sizes, file("a_test.go", "package p\n"+long), []string{"601 lines"}},
		{"a file at the limit", Sizes, file("a.go", "package p\n"+long[5:]), nil},
		{"a long generated file", Sizes, file("a.go", "// Code generated by x. DO NOT EDIT.\n\npackage p\n"+long), nil},
		{"a long function", Sizes, file("a.go", "package p\nfunc f() {\n"+body+"}\n"), []string{"f has 92 lines"}},
		{"a long test", Sizes, file("a_test.go", "package p\nfunc f() {\n"+body+"}\n"), nil},

		{"a package comment", PackageComments, map[string]string{"p/doc.go": "// Package p is.\npackage p", "p/a.go": "package p"}, nil},
		{"a command's comment", PackageComments, file("cmd/x/main.go", "// Command x does.\npackage main"), nil},
		{"none", PackageComments, file("p/a.go", "package p"), []string{"p: no package comment"}},
		{"a loose comment", PackageComments, file("p/a.go", "// Package p is.\n\npackage p"), []string{"no package comment"}},
		{"only in a test", PackageComments, map[string]string{"p/a.go": "package p", "p/a_test.go": "// Package p is.\npackage p"}, []string{"no package comment"}},

		{"a vague folder", Names, file("internal/util/a.go", "package x"), []string{"says nothing"}},
		{"a vague name", Names, file("internal/x/a.go", "package helpers"), []string{"says nothing"}},
		{"a plain name", Names, file("internal/keys/a.go", "package keys"), nil},

		{"a promise", Stubs, file("a.go", "package p\n\n// TO"+"DO: later\nfunc f() {}"), []string{"a.go:3"}},
		{"a word that holds it", Stubs, file("a.go", "package p\n\n// MasTO"+"DON is an animal.\nfunc f() {}"), nil},
	})
}

func TestLoad(t *testing.T) {
	m := made(t, map[string]string{
		"a.go":                "package p",
		"tools/go.mod":        "module x",
		"tools/a.go":          "package x",
		"testdata/a.go":       "package x",
		".hidden/a.go":        "package x",
		"p/node_modules/a.go": "package x",
		"p/README.md":         "text",
	})
	if len(m.Files) != 1 || m.Files[0].Path != "a.go" {
		t.Fatalf("loaded %d files, want a.go alone", len(m.Files))
	}
	if _, err := Load(fstest.MapFS{"a.go": &fstest.MapFile{Data: []byte("pack")}}); err == nil {
		t.Fatal("a file that does not parse was loaded")
	}
}

func TestSecretsAreComparedInConstantTime(t *testing.T) {
	const text = "compares a secret with"
	in := func(dir, body string) map[string]string {
		return file(dir+"/a.go", "package a\nimport (\"bytes\"; \"crypto/subtle\"; \"strings\"; \"usher/internal/idp\")\nconst kind = \"k\"\n"+body)
	}
	runCases(t, []ruleCase{
		{"equal", ConstantTime, in("internal/api/authn", "func f(secret, given string) bool { return secret == given }"), []string{text}},
		{"not equal", ConstantTime, in("internal/api/authn", "func f(c struct{ ClientSecret string }, v string) bool { return v != c.ClientSecret }"), []string{text}},
		{"converted", ConstantTime, in("internal/api/authn", "func f(password []byte, v string) bool { return string(password) == v }"), []string{text}},
		{"bytes", ConstantTime, in("internal/api/authn", "func f(a, signature []byte) bool { return bytes.Equal(a, signature) }"), []string{text + " bytes.Equal"}},
		{"folded", ConstantTime, in("internal/api/authn", "func f(a, passcode string) bool { return strings.EqualFold(a, passcode) }"), []string{text + " strings.EqualFold"}},
		{"a hash where proofs are judged", ConstantTime, in("internal/keys", "func f(hash, v string) bool { return hash == v }"), []string{text}},
		{"a hash elsewhere", ConstantTime, in("internal/api/authn", "func f(hash, v string) bool { return hash == v }"), nil},
		{"a code where proofs are judged", ConstantTime, in("internal/factor/sms", "func f(code, v string) bool { return code != v }"), []string{text}},
		{"whether there is any", ConstantTime, in("internal/keys", "func f(secret string, hash []byte) bool { return secret == \"\" || hash == nil || len(secret) == len(hash) }"), nil},
		{"constants", ConstantTime, in("internal/keys", "func f(password string) bool { return password == kind || password == idp.Password }"), nil},
		{"as it should be", ConstantTime, in("internal/keys", "func f(secret, v []byte) bool { return subtle.ConstantTimeCompare(secret, v) == 1 }"), nil},
		{"a test", ConstantTime, file("internal/keys/a_test.go", "package keys; func f(secret, v string) bool { return secret == v }"), nil},
	})
}
