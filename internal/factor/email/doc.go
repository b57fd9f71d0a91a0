// Package email is the factor method of codes that come by mail, to the user's
// primary or secondary address. The codes themselves belong to package factor,
// the mails' way out to package notify.
package email
