// Package decision owns the record of why a request was answered as it was:
// which rules were tried, which condition of each failed first, what the guards
// of a sign-in said. Whoever decides notes it here; the request's row is written
// with what was decided, in the same transaction, and administrators read it.
// It decides nothing by itself, and it keeps no secret: nothing that was typed
// but logins, which the system log holds as well.
package decision
