package signin_test

import (
	"slices"
	"testing"

	"usher/internal/signin"
)

// TestLevels walks what the methods of a session reach.
func TestLevels(t *testing.T) {
	const two, maybe, resistant, hardware = signin.LevelTwo, signin.LevelTwoIfPossible, signin.LevelResistant, signin.LevelHardware
	for _, c := range []struct {
		amr  []string
		want []signin.Level
	}{
		{nil, nil},
		{[]string{"pwd"}, nil},
		{[]string{"pwd", "sms"}, nil}, // of one factor: nothing says that both count
		{[]string{"pwd", "otp", "mfa"}, []signin.Level{two, maybe}},
		{[]string{"pwd", "swk", "mfa"}, []signin.Level{two, maybe}},        // a push can be asked for by another page
		{[]string{"pwd", "otp", "hwk", "mfa"}, []signin.Level{two, maybe}}, // and so can the password of a key
		{[]string{"pwd", "pop", "mfa"}, []signin.Level{two, maybe, resistant}},
		{[]string{"pop", "hwk"}, []signin.Level{resistant, hardware}},
	} {
		for _, l := range signin.Levels() {
			if got := l.Reached(c.amr); got != slices.Contains(c.want, l) {
				t.Errorf("%v reaches %s: %v", c.amr, l, got)
			}
		}
	}
	if signin.Level("").Reached([]string{"pwd", "pop", "hwk", "mfa"}) || signin.Level("other").Reached([]string{"mfa"}) {
		t.Error("what is no level is reached")
	}
}
