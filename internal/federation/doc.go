// Package federation owns the identity providers that an organisation trusts and
// the certificates by which they sign, and finds whom an assertion of theirs is
// about. What follows from that, a token, is for others; how signatures are
// checked is package saml's.
package federation
