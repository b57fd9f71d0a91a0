// Package management speaks the management interface (/api/v1): one file per
// tag translates requests to calls of the services and renders their answers.
//
// It decides no rule and holds no state. Profiles are sent as they are stored:
// views append bytes around them and never decode them. What a parameter asks
// for and is not there yet is answered with a gap, never left out silently.
package management
