// Package totp is the factor method of one-time passwords that an app makes from
// a shared secret and the time (RFC 6238): OKTA and GOOGLE are two names for it.
// It owns the secret's form, the window of time and that no code is taken twice;
// what wrong codes lead to belongs to package factor.
package totp
