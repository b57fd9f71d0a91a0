// Package device is the protocol that phones speak to answer questions of the
// push factor (docs/device-protocol.md). It translates between JSON over HTTP
// and factor.Devices, which decides everything.
package device
