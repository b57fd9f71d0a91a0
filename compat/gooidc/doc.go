// Package gooidc holds tests that drive the built binary with the OpenID Connect
// and OAuth libraries that Go programs use, coreos/go-oidc and x/oauth2: the
// library finds the endpoints, makes the requests and judges the tokens.
package gooidc
