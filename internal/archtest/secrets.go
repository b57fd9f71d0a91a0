package archtest

import (
	"go/ast"
	"go/token"
	"regexp"
)

// secretName finds names of what a bearer presents, or of what it is compared
// with.
var secretName = regexp.MustCompile(`(?i)(secret|password|passphrase|passcode|otp|hmac|signature|verifier|credential|challengecode|codehash|tokenhash)s?$`)

// bearerName finds names that mean a secret where proofs are judged, and may
// mean anything elsewhere.
var bearerName = regexp.MustCompile(`^([Tt]oken|[Hh]andle|code|answer|[Gg]uess|[Hh]ash|[Dd]igest|mac|sum|presented|given)$`)

// judges are the folders where proofs are judged.
var judges = []string{
	"internal/keys", "internal/credential", "internal/factor", "internal/session", "internal/tokens", "internal/signin", "internal/oauth",
}

// ConstantTime checks that nothing that stands for a secret is compared by a
// means that stops at the first difference: == and !=, bytes.Equal,
// strings.EqualFold and the like. Looking up by a hash, or
// crypto/subtle.ConstantTimeCompare, does not. To ask whether there is any is
// fine, and so are constants and states that happen to have such a name.
func ConstantTime(m *Module) []Finding {
	var out []Finding
	for _, f := range m.Files {
		if f.Test || f.Generated || testSupport(f.Dir) || within(f.Dir, "internal/bench") {
			continue
		}
		strict := false
		for _, dir := range judges {
			strict = strict || within(f.Dir, dir)
		}
		ast.Inspect(f.AST, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.BinaryExpr:
				if (n.Op == token.EQL || n.Op == token.NEQ) && secretPair(n.X, n.Y, strict) {
					out = append(out, f.at(n, "compares a secret with %s: use crypto/subtle, or look it up by its hash", n.Op))
				}
			case *ast.CallExpr:
				if name, ok := earlyStop(n); ok && len(n.Args) == 2 && secretPair(n.Args[0], n.Args[1], strict) {
					out = append(out, f.at(n, "compares a secret with %s: use crypto/subtle, or look it up by its hash", name))
				}
			}
			return true
		})
	}
	return sorted(out)
}

// earlyStop tells whether a call compares and stops at the first difference.
func earlyStop(c *ast.CallExpr) (string, bool) {
	sel, ok := c.Fun.(*ast.SelectorExpr)
	if !ok {
		return "", false
	}
	pkg, ok := sel.X.(*ast.Ident)
	if !ok {
		return "", false
	}
	name := pkg.Name + "." + sel.Sel.Name
	switch name {
	case "bytes.Equal", "bytes.Compare", "strings.EqualFold", "strings.Compare", "slices.Equal", "reflect.DeepEqual":
		return name, true
	}
	return "", false
}

// secretPair tells whether one of two operands names a secret and the other may
// hold one.
func secretPair(x, y ast.Expr, strict bool) bool {
	if fixed(x) || fixed(y) {
		return false
	}
	return namesSecret(x, strict) || namesSecret(y, strict)
}

// fixed tells whether an operand is a literal, nil, a length or a constant: of
// the file, or, since no package has exported variables, any exported name.
func fixed(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.BasicLit:
		return true
	case *ast.Ident:
		return ast.IsExported(e.Name) || e.Name == "nil" || e.Name == "true" || e.Name == "false" || (e.Obj != nil && e.Obj.Kind == ast.Con)
	case *ast.SelectorExpr:
		pkg, ok := e.X.(*ast.Ident)
		return ok && pkg.Obj == nil && ast.IsExported(e.Sel.Name)
	case *ast.CallExpr:
		fn, ok := e.Fun.(*ast.Ident)
		return ok && fn.Name == "len"
	}
	return false
}

// namesSecret tells whether an operand is called like a secret.
func namesSecret(e ast.Expr, strict bool) bool {
	name := ""
	switch e := e.(type) {
	case *ast.Ident:
		name = e.Name
	case *ast.SelectorExpr:
		name = e.Sel.Name
	case *ast.IndexExpr:
		return namesSecret(e.X, strict)
	case *ast.SliceExpr:
		return namesSecret(e.X, strict)
	case *ast.ParenExpr:
		return namesSecret(e.X, strict)
	case *ast.CallExpr:
		// A conversion, e.g. string(password), is what it converts.
		if fn, ok := e.Fun.(*ast.Ident); ok && len(e.Args) == 1 && (fn.Name == "string" || fn.Name == "lower") {
			return namesSecret(e.Args[0], strict)
		}
		return false
	}
	return secretName.MatchString(name) || (strict && bearerName.MatchString(name))
}
