// Package keys keeps secrets: what a bearer presents is hashed, what must be
// read back is encrypted under the master key, bound to the place where it is
// stored. It owns the format of sealed values and the check that a database
// belongs to the master key; it does not store anything by itself.
package keys
