// Package idx is the Identity Engine pipeline (/idp/idx): answers that carry the
// forms of what may come next. It translates a form to an action of the sign-in
// engine and a step to forms; it decides nothing.
//
// An answer is a function of the stored transaction alone, so that asking again
// shows the same. Each kind of form has a file, remediation_<name>.go, and a
// line in remediations.go. Errors repeat the view of the step, since clients
// replace what they show by any answer they get. A transaction is presented by
// its state handle, which begins with "02.id.".
package idx
