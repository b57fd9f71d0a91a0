// Package jobs runs what nobody waits for: recurring jobs, each on one node at
// a time under a lease in the store, and tasks, pieces of work written in the
// transaction that gives rise to them and done once, later, by whichever node
// claims them. It owns the runner, the leases' use and the task queue.
//
// What a job does belongs to the service that offers it; package server makes
// the list. Leases end by the injected clock, wake-ups come from real timers.
package jobs
