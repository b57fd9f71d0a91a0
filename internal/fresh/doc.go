// Package fresh owns the one way in which a node remembers what it has read: a
// bounded cache whose answers are at most a second old (ADR 0005, ADR 0007).
//
// It does not know what is remembered. Whoever writes what a cache tells of
// calls Forget when the write has committed: on that node the write is seen at
// once, on the others within Life.
package fresh
