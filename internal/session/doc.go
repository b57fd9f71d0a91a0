// Package session owns signed-in browsers: sessions under their secret, the
// one-time tokens that stand for a session to be, and their ends.
//
// It does not decide who may have one: package signin's gate does, before it
// calls Start. Cookies belong to the protocols. Secrets are known to their
// bearer alone; the store keeps SHA-256, and no error or event carries one.
package session
