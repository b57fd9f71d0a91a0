// Package credential owns what a user proves knowledge of: the hashing of
// passwords and recovery answers, imported hashes, the rules that a new
// password has to meet, the history, and the exact count of wrong guesses with
// the lock that follows.
//
// It does not own a user's state: who locks a user out, unlocks it or records
// a changed password in the system log is the caller (package directory or
// signin), told by what the methods here return. Which rules apply to whom is
// the business of package policy.
//
// Hashing takes tens of milliseconds and so never happens inside a store
// transaction: a hash is prepared first and written afterwards, and a guess is
// verified first and settled (Failed, Succeeded) afterwards.
package credential
