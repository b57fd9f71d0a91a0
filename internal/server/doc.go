// Package server puts Usher together: it opens the store, builds the services,
// lists every plug-in (registry.go), registers the protocols and runs the
// listeners and jobs. It owns the configuration and the life of the process's
// parts; it decides nothing about identities.
package server
