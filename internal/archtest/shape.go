package archtest

import (
	"go/ast"
	"path"
	"regexp"
	"strings"
)

// Limits on what a reader has to hold at once. Generated files have none, and a
// test may be a long table.
const (
	maxFileLines = 600
	maxFuncLines = 90
)

// Sizes checks the length of files and of functions that are not tests.
func Sizes(m *Module) []Finding {
	var out []Finding
	for _, f := range m.Files {
		if f.Generated {
			continue
		}
		if f.Lines > maxFileLines {
			out = append(out, f.at(f.AST, "%d lines, at most %d: one noun a file", f.Lines, maxFileLines))
		}
		if f.Test {
			continue
		}
		for _, d := range f.AST.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			lines := f.fset.Position(fn.End()).Line - f.fset.Position(fn.Pos()).Line + 1
			if lines > maxFuncLines {
				out = append(out, f.at(fn, "%s has %d lines, at most %d", fn.Name.Name, lines, maxFuncLines))
			}
		}
	}
	return sorted(out)
}

// PackageComments checks that each package says what it owns.
func PackageComments(m *Module) []Finding {
	var out []Finding
	for dir, files := range m.packages() {
		if !anyComment(files) {
			out = append(out, Finding{dir, "no package comment: say in doc.go what it owns and what it does not"})
		}
	}
	return sorted(out)
}

func anyComment(files []*File) bool {
	for _, f := range files {
		if f.AST.Doc == nil {
			continue
		}
		text := f.AST.Doc.Text()
		if strings.HasPrefix(text, "Package "+f.AST.Name.Name) || strings.HasPrefix(text, "Command ") {
			return true
		}
	}
	return false
}

// vagueNames are the names of packages that say nothing of what is in them.
var vagueNames = map[string]bool{
	"util": true, "utils": true, "common": true, "helper": true, "helpers": true, "misc": true, "shared": true,
}

// Names checks that no package is named after nothing.
func Names(m *Module) []Finding {
	var out []Finding
	for dir, files := range m.packages() {
		if vagueNames[path.Base(dir)] || vagueNames[files[0].AST.Name.Name] {
			out = append(out, Finding{dir, "the name says nothing of what is in the package"})
		}
	}
	return sorted(out)
}

// stub finds the marks of work left undone.
var stub = regexp.MustCompile(`\b(TODO|FIXME|XXX|HACK)\b`)

// Stubs checks that no comment promises work for later.
func Stubs(m *Module) []Finding {
	var out []Finding
	for _, f := range m.Files {
		for _, group := range f.AST.Comments {
			for _, c := range group.List {
				if word := stub.FindString(c.Text); word != "" {
					out = append(out, f.at(c, "%s in a comment: do it, or answer with a gap", word))
				}
			}
		}
	}
	return sorted(out)
}
