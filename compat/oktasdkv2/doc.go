// Package oktasdkv2 holds tests that drive the built binary with the official
// Go SDK, version 2, exactly as its users call it: no request is made by hand
// where the SDK has a call for it.
package oktasdkv2
