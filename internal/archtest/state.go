package archtest

import (
	"go/ast"
	"go/token"
	"strings"
)

// Inits checks that no package does anything by being imported.
func Inits(m *Module) []Finding {
	var out []Finding
	for _, f := range m.Files {
		for _, d := range f.AST.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
				out = append(out, f.at(fn, "init function: do it in a constructor, or in the registry"))
			}
		}
	}
	return sorted(out)
}

// pureCalls are the constructors whose result never changes and costs little
// enough to make at start-up, or is made on first use.
var pureCalls = map[string]bool{
	"errors.New": true, "errors.Join": true, "fmt.Errorf": true,
	"regexp.MustCompile": true, "template.Must": true, "strings.NewReplacer": true,
	"sync.OnceValue": true, "sync.OnceValues": true,
	"netip.MustParsePrefix": true, "netip.MustParseAddr": true, "netip.AddrFrom4": true,
	"base64.NewEncoding": true, "base32.NewEncoding": true, "big.NewInt": true,
	"time.Date": true, "time.UnixMilli": true, "language.MustParse": true,
}

// Globals checks that a package keeps no state: a package-level variable is an
// error, an interface check, an embedded file or a table that nothing writes.
// A string in a command may be a variable, since the linker sets it.
func Globals(m *Module) []Finding {
	var out []Finding
	for _, files := range m.packages() {
		tables := map[string]bool{}
		for _, f := range files {
			for _, spec := range packageVars(f) {
				out = append(out, judgeVar(f, spec.decl, spec.value, tables)...)
			}
		}
		for _, f := range files {
			out = append(out, writes(f, tables)...)
		}
	}
	return sorted(out)
}

type packageVar struct {
	decl  *ast.GenDecl
	value *ast.ValueSpec
}

func packageVars(f *File) []packageVar {
	var out []packageVar
	for _, d := range f.AST.Decls {
		gen, ok := d.(*ast.GenDecl)
		if !ok || gen.Tok != token.VAR {
			continue
		}
		for _, s := range gen.Specs {
			if v, ok := s.(*ast.ValueSpec); ok {
				out = append(out, packageVar{gen, v})
			}
		}
	}
	return out
}

// judgeVar complains of a variable that is not of an allowed form, and notes
// the names of the allowed ones, whose writes are looked for afterwards.
func judgeVar(f *File, decl *ast.GenDecl, spec *ast.ValueSpec, tables map[string]bool) []Finding {
	var out []Finding
	for i, name := range spec.Names {
		if name.Name == "_" {
			continue
		}
		tables[name.Name] = true
		if embedded(decl, spec) {
			continue
		}
		var value ast.Expr
		if i < len(spec.Values) {
			value = spec.Values[i]
		}
		if linkerString(f, spec, value) || pure(value) || testFlag(f, value) {
			continue
		}
		out = append(out, f.at(name, "package variable %s: a package keeps no state; make it a constant, a table or a field", name.Name))
	}
	return out
}

func embedded(decl *ast.GenDecl, spec *ast.ValueSpec) bool {
	for _, group := range []*ast.CommentGroup{decl.Doc, spec.Doc} {
		if group == nil {
			continue
		}
		for _, c := range group.List {
			if strings.HasPrefix(c.Text, "//go:embed ") {
				return true
			}
		}
	}
	return false
}

func linkerString(f *File, spec *ast.ValueSpec, value ast.Expr) bool {
	if f.AST.Name.Name != "main" {
		return false
	}
	if lit, ok := value.(*ast.BasicLit); ok {
		return lit.Kind == token.STRING
	}
	id, ok := spec.Type.(*ast.Ident)
	return ok && value == nil && id.Name == "string"
}

// testFlag says whether a value is a flag of test binaries, declared by code
// for tests: the testing package parses it and nobody else writes it.
func testFlag(f *File, value ast.Expr) bool {
	call, ok := value.(*ast.CallExpr)
	if !ok || !testSupport(f.Dir) {
		return false
	}
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	id, ok := sel.X.(*ast.Ident)
	return ok && id.Name == "flag"
}

// pure says whether an expression gives a value that is the same in every run.
func pure(e ast.Expr) bool {
	switch v := e.(type) {
	case *ast.CompositeLit:
		return !syncType(v.Type)
	case *ast.UnaryExpr:
		return v.Op == token.AND && pure(v.X)
	case *ast.CallExpr:
		return pureCall(v)
	case *ast.SelectorExpr, *ast.Ident:
		return true // another package's name for the same thing
	}
	return false
}

func pureCall(call *ast.CallExpr) bool {
	switch fn := call.Fun.(type) {
	case *ast.SelectorExpr:
		if id, ok := fn.X.(*ast.Ident); ok {
			return pureCalls[id.Name+"."+fn.Sel.Name]
		}
		// base64.NewEncoding(...).WithPadding(...)
		if inner, ok := fn.X.(*ast.CallExpr); ok {
			return pureCall(inner)
		}
	case *ast.ArrayType:
		return true // []byte("...")
	}
	return false
}

// syncType says whether a literal is of a type made to be written by many.
func syncType(t ast.Expr) bool {
	sel, ok := t.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	id, ok := sel.X.(*ast.Ident)
	return ok && (id.Name == "sync" || id.Name == "atomic")
}

// writes finds assignments to package variables of the file's package. A
// function that declares a name of its own like a table's is taken to mean that.
func writes(f *File, tables map[string]bool) []Finding {
	var out []Finding
	for _, d := range f.AST.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok {
			continue
		}
		own := declares(fn)
		complain := func(n ast.Node, target ast.Expr) {
			if name := root(target); tables[name] && !own[name] {
				out = append(out, f.at(n, "writes the package variable %s: a package keeps no state", name))
			}
		}
		ast.Inspect(fn, func(n ast.Node) bool {
			switch s := n.(type) {
			case *ast.AssignStmt:
				for _, left := range s.Lhs {
					complain(s, left)
				}
			case *ast.IncDecStmt:
				complain(s, s.X)
			case *ast.CallExpr:
				id, ok := s.Fun.(*ast.Ident)
				if ok && (id.Name == "delete" || id.Name == "clear") && len(s.Args) > 0 {
					complain(s, s.Args[0])
				}
			}
			return true
		})
	}
	return out
}

// root follows x[i].y back to the name x, "" where there is none.
func root(e ast.Expr) string {
	for {
		switch v := e.(type) {
		case *ast.IndexExpr:
			e = v.X
		case *ast.SelectorExpr:
			e = v.X
		case *ast.StarExpr:
			e = v.X
		case *ast.ParenExpr:
			e = v.X
		case *ast.Ident:
			return v.Name
		default:
			return ""
		}
	}
}

// declares gives the names that a declaration makes inside itself: parameters,
// results, variables. A file's own top-level variables are not among them.
func declares(d ast.Decl) map[string]bool {
	own := map[string]bool{}
	if _, ok := d.(*ast.FuncDecl); !ok {
		return own
	}
	ast.Inspect(d, func(n ast.Node) bool {
		switch v := n.(type) {
		case *ast.FuncDecl:
			addFields(own, v.Recv)
		case *ast.FuncType:
			addFields(own, v.Params)
			addFields(own, v.Results)
		case *ast.ValueSpec:
			for _, id := range v.Names {
				own[id.Name] = true
			}
		case *ast.AssignStmt:
			if v.Tok == token.DEFINE {
				addExprs(own, v.Lhs...)
			}
		case *ast.RangeStmt:
			if v.Tok == token.DEFINE {
				addExprs(own, v.Key, v.Value)
			}
		}
		return true
	})
	return own
}

func addFields(names map[string]bool, list *ast.FieldList) {
	if list == nil {
		return
	}
	for _, field := range list.List {
		for _, id := range field.Names {
			names[id.Name] = true
		}
	}
}

func addExprs(names map[string]bool, exprs ...ast.Expr) {
	for _, e := range exprs {
		if id, ok := e.(*ast.Ident); ok {
			names[id.Name] = true
		}
	}
}
