package httpkit

import (
	"bytes"
	"encoding/json"
)

// Text is a text of a body, such as a code or an answer, that some clients write
// as a number: it is the number as it is written. Null is the empty text, all
// else is malformed.
type Text string

// UnmarshalJSON implements json.Unmarshaler.
func (t *Text) UnmarshalJSON(b []byte) error {
	b = bytes.TrimSpace(b)
	if len(b) > 0 && (b[0] == '-' || b[0] >= '0' && b[0] <= '9') {
		*t = Text(b)
		return nil
	}
	return json.Unmarshal(b, (*string)(t))
}
