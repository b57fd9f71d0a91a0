// Package notifytest shows what the worker makes of a sender's answer. It is
// for tests of senders alone.
package notifytest
