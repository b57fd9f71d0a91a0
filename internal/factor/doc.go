// Package factor owns what all ways of proving who one is have in common: the
// Method interface and its companions, the catalogue of the methods that this
// server has, the enrolments of users, the challenges that wait for an answer,
// the count of wrong answers, and the stable identifiers by which methods are
// offered. Each method lives in a folder of its own below and is registered by
// package server, never by itself.
//
// A proof is made in two parts. Check does the slow work (hashes, signatures)
// outside any transaction; Settle makes its outcome count inside the caller's
// transaction: counters, used codes, fresh hashes. Ceremonies are the steps
// around the two that every caller shares. What a proof then allows is decided
// by package signin.
package factor
