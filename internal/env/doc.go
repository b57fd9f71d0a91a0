// Package env is where Usher meets the outside: the time, randomness and new
// identifiers. Everything else receives them, so that a test can move the
// clock and repeat a run. It owns no business rule and no persistence.
package env
