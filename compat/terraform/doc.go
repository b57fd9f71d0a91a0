// Package terraform plays the calls of the Terraform provider for Okta against
// the built binary: create, read back, import, change, destroy.
//
// The provider itself is not to be had as a package, so its sequences of calls
// are written down here, kind by kind, with the bodies that recordings of its
// own tests show. It owns that and a small engine which applies a plan the way
// Terraform does. It owns no expectation about the interface beyond what the
// provider has: each answer must have the status that it counts on, and what
// it reads back must be what the plan says.
package terraform
