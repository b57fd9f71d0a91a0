// Package tokens owns what bearers present to the interfaces: today the API
// tokens of administrators; the tokens of OAuth clients belong here as well.
//
// It does not decide what a bearer may do: it tells whose token it is and which
// roles that user holds. Secrets are shown once; the store keeps SHA-256.
//
// Verified API tokens are cached for one second at most (package fresh). On the node that
// revokes a token the revocation holds at once; other nodes may accept the
// token, or an earlier set of roles, until their second is over.
package tokens
