// Package egress makes the HTTP requests that leave the process: to webhooks,
// to gateways of texts and calls, to the push services. It owns which addresses
// may be reached and the bounds of an exchange: time, size, no redirects, no
// proxy from the environment.
//
// Addresses come from operators and administrators, so that a request could be
// aimed at what only this machine can reach. The address is therefore judged
// when the connection is made, after names have been resolved: a name that
// changes its mind between a check and its use changes nothing. What is said,
// and what an answer means, is the business of the packages above.
package egress
