// Package oktasuite runs okta-sdk-golang's own integration tests, as its
// authors wrote them, against the built binary.
//
// It owns which of them are left out (leftout.txt) and the check that this
// list is true both ways. It owns no test of the interface: the tests are the
// SDK's.
package oktasuite
