// Package signin is the engine of every sign-in, recovery and enrolment,
// whatever protocol it is spoken in. A Transaction is one stored row; Next
// decides from it and the policies what has to happen, Apply does one thing in
// one store transaction. It owns the issuing gate, MayIssue: no session or
// token comes to be without it.
//
// It knows no wire format: protocols translate their requests to an Action and
// a Step to their answer.
package signin
