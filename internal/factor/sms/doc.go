// Package sms is the factor method of codes that come as text messages. It owns
// to which phone they go and what they say; the codes themselves belong to
// package factor, the texts' way out to package notify.
package sms
