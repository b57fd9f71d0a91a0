// Package directory keeps users, groups and who belongs to which: the life
// cycle of a user, the profile and its rules, the folded keys by which people
// are found, the invitation of a new user, the groups and the built-in one that
// holds everybody.
//
// It does not own how a password is hashed or judged (package credential), which
// rules apply to whom (package policy, told by Service.PasswordPolicy), sessions
// or tokens. What has to follow from a change further up, such as ending the
// sessions of a user who is deactivated, hangs on hooks that server appends.
//
// Every change writes its events in the same transaction. Hashing happens
// before the transaction begins.
package directory
