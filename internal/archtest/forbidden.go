package archtest

import (
	"go/ast"
	"regexp"
	"strings"
)

// sqlImports are the ways to a database. They belong to the store alone.
var sqlImports = []string{
	"database/sql",
	"modernc.org/sqlite",
	"github.com/jackc/pgx",
	"github.com/pressly/goose",
}

// Databases checks that only the store reaches a database, tests included.
func Databases(m *Module) []Finding {
	var out []Finding
	for _, f := range m.Files {
		if within(f.Dir, "internal/store") {
			continue
		}
		for spec, p := range f.imports() {
			for _, banned := range sqlImports {
				if within(p, banned) {
					out = append(out, f.at(spec, "imports %s: only internal/store reaches a database", p))
				}
			}
		}
	}
	return sorted(out)
}

// measures says whether a folder exists to measure real time or holds the real
// clock and the real randomness.
func measures(dir string) bool {
	return within(dir, "internal/env") || within(dir, "internal/bench")
}

// Ambient checks that time and randomness come from env. Test files are left
// to the linter, since a fuzz target or a deadline may need the real ones.
func Ambient(m *Module) []Finding {
	var out []Finding
	for _, f := range m.Files {
		if f.Test || measures(f.Dir) {
			continue
		}
		for spec, p := range f.imports() {
			if p == "crypto/rand" || p == "math/rand" || p == "math/rand/v2" {
				out = append(out, f.at(spec, "imports %s: take an env.Rand", p))
			}
		}
		out = append(out, f.selectors("time", func(name string) string {
			switch name {
			case "Now", "Since", "Until":
				return "time." + name + ": take an env.Clock"
			}
			return ""
		})...)
	}
	return sorted(out)
}

// Sleeps checks that no test waits by sleeping.
func Sleeps(m *Module) []Finding {
	var out []Finding
	for _, f := range m.Files {
		if !f.Test {
			continue
		}
		out = append(out, f.selectors("time", func(name string) string {
			if name == "Sleep" {
				return "time.Sleep in a test: wait for the event, or move the clock"
			}
			return ""
		})...)
	}
	return sorted(out)
}

// serverSide are the names of net/http that answer requests rather than make them.
var serverSide = map[string]bool{
	"Handler": true, "HandlerFunc": true, "ResponseWriter": true, "Server": true, "ServeMux": true,
	"NewServeMux": true, "Handle": true, "HandleFunc": true, "ListenAndServe": true, "ListenAndServeTLS": true,
	"Serve": true, "ServeTLS": true, "SetCookie": true, "Error": true, "Redirect": true, "NotFound": true,
	"NotFoundHandler": true, "RedirectHandler": true, "FileServer": true, "FileServerFS": true, "StripPrefix": true,
	"TimeoutHandler": true, "MaxBytesReader": true, "MaxBytesHandler": true, "CrossOriginProtection": true,
	"Flusher": true, "Hijacker": true, "NewResponseController": true,
}

// Services checks that no service answers HTTP requests. Making them is fine.
func Services(m *Module) []Finding {
	var out []Finding
	for _, f := range m.Files {
		if f.Test || !isService(f.Dir) {
			continue
		}
		for spec, p := range f.imports() {
			if within(p, "github.com/go-chi/chi") || p == "net/http/httputil" {
				out = append(out, f.at(spec, "a service imports %s: routing belongs to internal/api", p))
			}
		}
		out = append(out, f.selectors("net/http", func(name string) string {
			if serverSide[name] {
				return "a service uses http." + name + ": answering requests belongs to internal/api"
			}
			return ""
		})...)
	}
	return sorted(out)
}

// wireText finds text that only a wire protocol knows, anywhere in a string.
var wireText = regexp.MustCompile(`E0000\d{3}|\b_links|\b_embedded|stateToken|stateHandle`)

// wireWords are the whole strings that name a state of a wire protocol. Words
// that also name a user's state or a policy's type are not among them.
var wireWords = map[string]bool{
	"MFA_REQUIRED": true, "MFA_CHALLENGE": true, "MFA_ENROLL_ACTIVATE": true, "PASSWORD_WARN": true,
	"PASSWORD_RESET": true, "RECOVERY_CHALLENGE": true, "UNAUTHENTICATED": true,
}

// WireWords checks that no service holds a word of a wire protocol in a string
// or a struct tag. Comments may name them, and the nouns' own enumerations in
// idp may spell a state as the documents do.
func WireWords(m *Module) []Finding {
	var out []Finding
	for _, f := range m.Files {
		if f.Test || !isService(f.Dir) {
			continue
		}
		ast.Inspect(f.AST, func(n ast.Node) bool {
			lit, ok := n.(*ast.BasicLit)
			if !ok {
				return true
			}
			text := strings.Trim(lit.Value, "`\"")
			if found := wireText.FindString(text); found != "" {
				out = append(out, f.at(lit, "a service knows %q, a word of a wire protocol", found))
			} else if wireWords[text] && f.Dir != "internal/idp" {
				out = append(out, f.at(lit, "a service knows %q, a state of a wire protocol", text))
			}
			return true
		})
	}
	return sorted(out)
}

// isService says whether a folder holds rules rather than a protocol, a
// program or the interface documents.
func isService(dir string) bool {
	_, h, ok := place(dir)
	return ok && h <= heightServices && strings.HasPrefix(dir, "internal/") && dir != "internal/archtest"
}

// selectors finds uses of pkg.Name. judge gives the complaint, "" for none. A
// function that declares a name like the import's is taken to mean its own.
func (f *File) selectors(importPath string, judge func(name string) string) []Finding {
	local := f.localName(importPath)
	if local == "" {
		return nil
	}
	var out []Finding
	for _, d := range f.AST.Decls {
		if declares(d)[local] {
			continue
		}
		ast.Inspect(d, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if id, ok := sel.X.(*ast.Ident); ok && id.Name == local {
				if text := judge(sel.Sel.Name); text != "" {
					out = append(out, f.at(sel, "%s", text))
				}
			}
			return true
		})
	}
	return out
}
