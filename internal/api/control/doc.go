// Package control is the control listener for tests: it moves the clock, shows
// the inbox, where everything lands that would be sent, with its links and codes, and takes the data back to a known
// state. It owns its own small JSON protocol, which has nothing of Okta's.
//
// Whoever reaches it may do everything, so it proves nobody: the server binds
// it to a loopback address, only when it is asked to, and the handler itself
// answers no request that names another host or comes from a web page of
// another origin.
package control
