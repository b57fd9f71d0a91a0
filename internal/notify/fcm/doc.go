// Package fcm hands pushes to Firebase Cloud Messaging by its HTTP v1
// interface. It owns the access token and its renewal by the service account's
// assertion (RFC 7523), the request and what its answers mean. It does not own
// what pushes say, nor what becomes of a device that is gone.
//
// (Firebase, "REST Resource: projects.messages", "ErrorCode")
package fcm
