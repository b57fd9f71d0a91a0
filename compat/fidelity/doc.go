// Package fidelity compares the server's answers with recorded answers of the
// service whose protocols it speaks.
//
// It owns the goals, the list of members that may differ (fidelity.allow, one
// folder up) and the check that each line of that list is needed. It owns
// neither the recordings nor the program that replays them: both lie outside
// this repository, and without them its test is skipped.
package fidelity
