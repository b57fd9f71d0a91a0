// Package hotp is the factor method of tokens that an organisation buys
// elsewhere: their secrets are given to the server, and they make one-time
// passwords of a counter (RFC 4226) or of the time (RFC 6238), as a profile says.
// It owns the window ahead, the way back into step, and that no password is taken
// twice; profiles belong to package factor.
package hotp
