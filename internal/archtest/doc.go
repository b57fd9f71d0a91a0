// Package archtest holds the house rules that a compiler cannot check, as a test.
//
// It owns the table of heights, the list of what a package may never import,
// know or keep, and the limits on the size of a file and a function. It reads
// the module's source with go/parser; it runs nothing and imports nothing of
// the module. Style, unused code and unchecked errors belong to the linter.
//
// A rule is a function from a Module to the findings in it, so that each has a
// table test on small made-up sources that shows it failing.
package archtest
