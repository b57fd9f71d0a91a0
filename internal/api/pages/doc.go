// Package pages is the protocol for people: the sign-in page, the page of who
// is signed in, signing out, and the pages that tell of errors. They are made
// on the server, need no scripts, and drive the same engine as the wire
// protocols: a form is an Action, a Step is a page.
//
// It owns the templates, the style sheet and the pictures, the headers that
// fence a page in, and the rule where a browser may be sent afterwards. It
// decides nothing about a sign-in. A transaction travels in a hidden field of
// the form and never in a cookie, so that two windows and the back button do
// not disturb each other.
package pages
