// Package apptest is the harness of tests that speak HTTP: a real server on a
// loopback address, with a clock that stands still, counting identifiers and
// cheap password hashes, and a client that checks every answer against the
// interface documents. It mocks nothing of ours. It is for tests alone.
package apptest
