// Package signon makes what applications need to sign users on: for now the
// metadata by which a SAML service provider gets to know this side. Each
// sign-on mode has a folder of its own below that launches applications.
//
// It does not own the applications and their settings (package apps), nor the
// decision whether a user may sign on (package signin).
package signon
