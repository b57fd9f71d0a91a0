// Package password is the factor method of the user's own password. It owns
// how a proof by password is checked and settled; hashes, history and counters
// belong to package credential, expiry and change to package signin.
package password
