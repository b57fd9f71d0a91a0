// Package factor owns what all ways of proving who one is have in common: the
// Method interface, the catalogue of the methods that this server has, and the
// stable identifiers by which they are offered. Each method lives in a folder
// of its own below and is registered by package server, never by itself.
//
// A proof is made in two parts. Check does the slow work (hashes, signatures)
// outside any transaction; Settle makes its outcome count inside the caller's
// transaction: counters, used codes, fresh hashes. What the proof then allows
// is decided by package signin.
package factor
