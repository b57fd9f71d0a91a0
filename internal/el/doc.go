// Package el reads and evaluates Okta's expression language: the conditions of group rules, the templates of
// application usernames, the values of claims and attribute statements.
//
// It owns the grammar, the functions, and what an expression may cost: Parse bounds the text and its tree, evaluation
// has a budget of steps and a cap on each text and list it makes. Nothing of the host is reachable: a program sees
// what its Env answers, and the clock if the Env has one. The same Env gives the same result.
//
// It does not own what an attribute or a group is. A caller compares Program.Uses with its schema and its groups,
// keeps programs that it has parsed, and decides what a failed evaluation means (for a group rule: no match).
//
// The language is a subset of SpEL (https://developer.okta.com/docs/reference/okta-expression-language/):
//
//	template = *( text / "${" expr "}" )                  where Features.Template is set and the text has "${"
//	expr     = or [ "?" expr ":" expr / "?:" expr ]
//	or       = and *( ( "||" / "or" ) and )               words in any case
//	and      = rel *( ( "&&" / "and" ) rel )
//	rel      = sum [ ( "==" "!=" "<" "<=" ">" ">=" / eq ne lt le gt ge ) sum ]
//	sum      = unary *( ( "+" / "-" ) unary )
//	unary    = *( "!" / "not" / "-" ) primary
//	primary  = literal / "(" expr ")" / "{" [ expr *( "," expr ) ] "}" / root 1*( "." name ) / function "(" [ args ] ")"
//
// Strings stand in single or double quotes; a doubled quote is one quote, and a backslash is only a backslash.
//
// Null is a value of its own: it equals null and nothing else, the empty string included. Where it is compared by
// order, negated, or decides a condition, the result is null; "and" and "or" give null unless the other side settles
// them; a result of null is no match, and the empty text. Joined to a text by "+" it adds nothing. The vendor's
// documents do not say most of this; the choices never turn a missing attribute into a match by order or by "not".
package el
