// Package keys keeps secrets: what a bearer presents is hashed, what must be
// read back is encrypted under the master key, bound to the place where it is
// stored. It owns the format of sealed values, the check that a database belongs
// to the master key, and the key pairs that sign the tokens of authorization
// servers: how they are made, sealed, rotated and published. What stands in a
// token, and when keys are rotated, is not its business.
package keys
