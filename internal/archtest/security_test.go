package archtest

import (
	"go/ast"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"
)

// TestSecurityTestsExist: each line of docs/security-tests.md names its tests,
// and each of them exists.
func TestSecurityTestsExist(t *testing.T) {
	m, err := Load(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	have := map[string]bool{}
	for _, f := range m.Files {
		if !f.Test {
			continue
		}
		for _, d := range f.AST.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && strings.HasPrefix(fn.Name.Name, "Test") {
				have[path.Clean(f.Dir)+"."+fn.Name.Name] = true
			}
		}
	}
	text, err := os.ReadFile("../../docs/security-tests.md")
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile("`([a-z0-9/]+\\.Test[A-Za-z0-9]+)`")
	rows := 0
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| line |") {
			continue
		}
		rows++
		tests := named.FindAllStringSubmatch(line, -1)
		if len(tests) == 0 {
			t.Errorf("names no test: %s", line)
		}
		for _, name := range tests {
			if !have[name[1]] {
				t.Errorf("there is no test %s", name[1])
			}
		}
	}
	const least = 20
	if rows < least {
		t.Errorf("only %d lines", rows)
	}
}
