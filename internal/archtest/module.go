package archtest

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"sort"
	"strings"
)

// modulePath is the import path prefix of the product's own packages.
const modulePath = "usher"

// Module is the parsed source of the product, without nested modules.
type Module struct {
	Files []*File
}

// File is one parsed Go file.
type File struct {
	Path      string // slash separated, relative to the module's root
	Dir       string // the folder of Path; "." is written ""
	Test      bool   // the name ends in _test.go
	Generated bool   // carries the standard "Code generated" line
	Lines     int
	AST       *ast.File
	fset      *token.FileSet
}

// Finding is one broken rule at one place.
type Finding struct {
	Pos  string // path or path:line
	Text string
}

// String gives the finding as compilers write theirs.
func (f Finding) String() string { return f.Pos + ": " + f.Text }

// Load parses every Go file below root. Folders that are modules of their own,
// testdata, node_modules and hidden folders are left out. A file that does not
// parse is an error, not a finding.
func Load(root fs.FS) (*Module, error) {
	m := &Module{}
	fset := token.NewFileSet()
	err := fs.WalkDir(root, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if p != "." && skipDir(root, p) {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(p, ".go") {
			return nil
		}
		f, err := parseFile(root, fset, p)
		if err != nil {
			return err
		}
		m.Files = append(m.Files, f)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("load module: %w", err)
	}
	return m, nil
}

func skipDir(root fs.FS, p string) bool {
	base := path.Base(p)
	if strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") || base == "testdata" || base == "node_modules" {
		return true
	}
	_, err := fs.Stat(root, path.Join(p, "go.mod"))
	return err == nil
}

func parseFile(root fs.FS, fset *token.FileSet, p string) (*File, error) {
	src, err := fs.ReadFile(root, p)
	if err != nil {
		return nil, err
	}
	tree, err := parser.ParseFile(fset, p, src, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	dir := path.Dir(p)
	if dir == "." {
		dir = ""
	}
	return &File{
		Path:      p,
		Dir:       dir,
		Test:      strings.HasSuffix(p, "_test.go"),
		Generated: ast.IsGenerated(tree),
		Lines:     bytes.Count(src, []byte("\n")),
		AST:       tree,
		fset:      fset,
	}, nil
}

// at makes a finding at a node of the file.
func (f *File) at(n ast.Node, format string, args ...any) Finding {
	return Finding{
		Pos:  fmt.Sprintf("%s:%d", f.Path, f.fset.Position(n.Pos()).Line),
		Text: fmt.Sprintf(format, args...),
	}
}

// imports gives each import with its path unquoted.
func (f *File) imports() map[*ast.ImportSpec]string {
	out := make(map[*ast.ImportSpec]string, len(f.AST.Imports))
	for _, spec := range f.AST.Imports {
		out[spec] = strings.Trim(spec.Path.Value, "`\"")
	}
	return out
}

// localName gives the identifier under which the file knows an import path,
// or "" when the file does not import it.
func (f *File) localName(importPath string) string {
	for spec, p := range f.imports() {
		if p != importPath {
			continue
		}
		if spec.Name != nil {
			return spec.Name.Name
		}
		return path.Base(p)
	}
	return ""
}

// ownDir gives the folder of one of the product's own packages, false for others.
func ownDir(importPath string) (string, bool) {
	return strings.CutPrefix(importPath, modulePath+"/")
}

// packages groups the files that are not tests by folder.
func (m *Module) packages() map[string][]*File {
	out := map[string][]*File{}
	for _, f := range m.Files {
		if !f.Test {
			out[f.Dir] = append(out[f.Dir], f)
		}
	}
	return out
}

// within says whether dir is parent or lies below it.
func within(dir, parent string) bool {
	return dir == parent || strings.HasPrefix(dir, parent+"/")
}

func sorted(findings []Finding) []Finding {
	sort.Slice(findings, func(i, j int) bool { return findings[i].String() < findings[j].String() })
	return findings
}
