// Package push is the factor method of a question on the user's phone: the
// server asks, the app on the phone answers with a signature. It owns what the
// phone is asked and how long; what phones say to the server belongs to
// factor.Devices, the messages' way out to package notify.
package push
