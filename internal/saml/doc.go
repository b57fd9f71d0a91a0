// Package saml reads what outsiders say in SAML 2.0: it checks signatures by keys
// that its caller trusts, and gives back only what was signed. It is the one place
// where XML that comes from outside is believed. Who is trusted, and what follows
// from an assertion, is for others.
package saml
