// Package apns hands pushes to Apple's push service over HTTP/2. It owns the
// provider token and its renewal, the request and what its answers mean. It
// does not own what pushes say, nor what becomes of a device that is gone.
//
// (Apple, "Sending notification requests to APNs", "Establishing a token-based
// connection to APNs", "Handling notification responses from APNs")
package apns
