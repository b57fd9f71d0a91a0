// Package u2f is the factor method of security keys that speak FIDO U2F, as
// browsers once did. It owns the raw messages of registrations and signatures
// and how they are judged; challenges and what wrong answers lead to belong to
// package factor.
package u2f
