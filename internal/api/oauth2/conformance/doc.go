// Package conformance holds the modules of the OpenID Foundation's certification
// plans as tests of the running server: each by its name there, with what it
// asks of a server. The suite itself needs a network and an image; it is to be
// run where both are at hand. docs/conformance.md lists what came of each.
package conformance
