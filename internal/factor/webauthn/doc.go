// Package webauthn is the factor method of security keys and of what phones and
// computers have built in (WebAuthn Level 2). It owns the options that a browser
// is given, what of a credential is kept, and how its signatures are judged: the
// page, the host, the signer, the counter, the user's presence. Challenges and
// what wrong answers lead to belong to package factor.
package webauthn
