// Package scim reads the filter and search language of the management API: the text of the query parameters
// `filter` and `search` becomes a typed tree.
//
// It owns the grammar (Parse), the canonical text of a tree (Expr.String), the check of a tree against the
// attributes and operators that one resource allows (Check), and an evaluator for values in memory (Match).
//
// It does not own the translation to SQL, the tables of what each resource allows, or the error codes a caller
// answers with: those who translate walk the tree with Walk and take apart the *SyntaxError and *CheckError.
//
// The language is the filter grammar of SCIM (RFC 7644 section 3.4.2.2) without value filters in brackets and
// without URN prefixes, since the management API has neither:
//
//	expr  = and *( "or" and )
//	and   = unit *( "and" unit )
//	unit  = "not" "(" expr ")" / "(" expr ")" / path "pr" / path op literal
//	op    = "eq" / "ne" / "gt" / "ge" / "lt" / "le" / "sw" / "ew" / "co"
//
// Attribute names are case-sensitive; operators and the words and, or, not are not. Literals are those of JSON.
package scim
