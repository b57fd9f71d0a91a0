// Package keytest is a security key in software, with real keys and signatures,
// for tests: it answers what a page asks of WebAuthn and of U2F, and can be told
// to answer wrongly.
package keytest
