// Package twilio hands text messages and calls to a gateway that speaks
// Twilio's REST interface (version 2010-04-01): Twilio itself, or one of those
// that copy it. It owns the two requests and what the gateway's error codes
// mean for a message. It does not own what messages say.
package twilio
