package server_test

import (
	"testing"
	"time"

	"usher/internal/apptest"
)

// TestLimitsAreTold: a limit of which more than 60 % are used up, and one that is
// passed, are in the log once a window each.
func TestLimitsAreTold(t *testing.T) {
	app := apptest.New(t, limited(map[string]int{"groups": 5}))
	ask := func(want int) { app.Get("/api/v1/groups").Want(want) }
	const warning, violation = "system.org.rate_limit.warning SUCCESS", "system.org.rate_limit.violation DENY Too Many Requests"
	for range 2 {
		app.WantEvents(t, nil, func() { ask(200); ask(200); ask(200) })
		app.WantEvents(t, []string{warning}, func() { ask(200); ask(200) })
		app.WantEvents(t, []string{violation}, func() { ask(429); ask(429); ask(429) })
		app.Clock.Advance(time.Minute)
	}
}
