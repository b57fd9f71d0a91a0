// Package yubikey is the factor method of the one-time passwords that YubiKeys
// type. It owns how they are read and that none is taken twice; the tokens
// that an administrator has made known are package factor's.
package yubikey
