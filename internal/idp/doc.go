// Package idp holds the nouns of an identity provider: organisations, users,
// groups, sessions, actors, events and the kinds of errors, with their
// enumerations and pure methods. It imports the standard library alone and
// knows neither a wire format nor a database.
package idp
