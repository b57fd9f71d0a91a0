// Package phone is a phone without a phone: it scans what an enrolment shows,
// holds real keys, answers the questions of the push factor and makes one-time
// passwords. It speaks the device protocol (docs/device-protocol.md) as an app
// would and knows nothing else of the server.
package phone
