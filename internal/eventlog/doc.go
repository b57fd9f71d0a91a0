// Package eventlog is the system log: the catalogue of event types, the
// recording of an event in the transaction that it tells of, and the queries.
// It owns the stored form of an event. How an event looks on the wire is the
// business of api/management.
package eventlog
