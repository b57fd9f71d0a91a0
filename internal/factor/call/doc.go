// Package call is the factor method of codes that a voice tells over the phone.
// It owns which phone is called; the codes themselves belong to package factor,
// the calls' way out to package notify.
package call
