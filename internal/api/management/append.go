package management

import (
	"time"

	"usher/internal/idp"
)

// appendInstant appends a stored instant, cut to whole seconds as the service
// shows them, or null. (reference: formats)
func appendInstant(b []byte, t time.Time) []byte {
	if t.IsZero() {
		return append(b, "null"...)
	}
	t = t.UTC()
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	b = append(b, '"')
	b = digits(b, year, 4)
	b = digits(append(b, '-'), int(month), 2)
	b = digits(append(b, '-'), day, 2)
	b = digits(append(b, 'T'), hour, 2)
	b = digits(append(b, ':'), minute, 2)
	b = digits(append(b, ':'), second, 2)
	return append(b, `.000Z"`...)
}

func digits(b []byte, v, width int) []byte {
	for div := pow10(width - 1); div > 0; div /= 10 {
		b = append(b, byte('0'+v/div%10))
	}
	return b
}

func pow10(n int) int {
	out := 1
	for range n {
		out *= 10
	}
	return out
}

// appendMember appends a member with a text value to an object.
func appendMember(b []byte, name, value string) []byte {
	b = append(b, '"')
	b = append(b, name...)
	b = append(b, `":`...)
	return idp.AppendJSON(b, value)
}

// appendHref appends the first member of a link, left open for more. An
// address is made of the base URL and identifiers, which need no escaping but
// for the base URL.
func appendHref(b []byte, name, base string, path ...string) []byte {
	b = append(b, '"')
	b = append(b, name...)
	b = append(b, `":{"href":`...)
	b = idp.AppendJSON(b, base)
	b = b[:len(b)-1]
	for _, p := range path {
		b = append(b, p...)
	}
	return append(b, '"')
}
