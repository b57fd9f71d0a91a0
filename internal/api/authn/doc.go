// Package authn is the classic Authentication API (/api/v1/authn) and the
// addresses at which a browser turns its one-time token into a session. It
// translates requests to actions of the sign-in engine and steps to status
// words, embedded objects and links; it decides nothing.
//
// A transaction is presented by its state token, which begins with "00". It
// knows no other protocol's handles, and none knows its own.
package authn
