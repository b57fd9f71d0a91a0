package email

import "testing"

func TestMask(t *testing.T) {
	m := &Method{}
	for in, want := range map[string]string{
		`{"email":"dade.murphy@example.com"}`: `{"email":"d...y@example.com"}`,
		`{"email":"a@example.com"}`:           `{"email":"a...a@example.com"}`,
		`{"email":"\"x@y\"z@example.com"}`:    `{"email":"\"...z@example.com"}`,
		`{"email":"öde@example.com"}`:         `{"email":"ö...e@example.com"}`,
		`{"email":"@example.com"}`:            `{"email":""}`,
		`{"email":"nobody"}`:                  `{"email":""}`,
		`{}`:                                  `{"email":""}`, `nothing`: `{}`,
	} {
		if got := string(m.Mask([]byte(in))); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}
