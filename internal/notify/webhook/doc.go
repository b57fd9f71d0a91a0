// Package webhook hands messages to a program of the operator's by a signed
// POST. It owns the form of the request and of its signature, which is that of
// Standard Webhooks (https://www.standardwebhooks.com, specification v1), so
// that receivers have a library for it in most languages. It does not own what
// messages say.
package webhook
