package oauth2_test

import (
	"testing"
	"time"

	"usher/internal/api/httpkit"
	"usher/internal/apptest"
	"usher/internal/server"
)

// TestPasswordGrantIsThrottled: a login bears as many guesses a second here as
// everywhere, whether it is somebody's or nobody's.
func TestPasswordGrantIsThrottled(t *testing.T) {
	app := apptest.New(t, apptest.Configure(func(c *server.Config) { c.RateLimits = httpkit.AbuseLimits() }))
	c := web(t, app, map[string]any{"grant_types": []string{"authorization_code", "password"}})
	for _, login := range []string{isaac, "nobody@example.com"} {
		guess := func() int {
			return by(t, app, c, ownToken, "grant_type", "password", "scope", "openid", "username", login, "password", "wrong").Status
		}
		for i := range 6 {
			want := 400
			if i >= 4 {
				want = 429
			}
			if got := guess(); got != want {
				t.Errorf("%s, guess %d: %d, want %d", login, i+1, got, want)
			}
		}
		app.Clock.Advance(time.Second)
		if got := guess(); got != 400 {
			t.Errorf("%s, a second later: %d", login, got)
		}
	}
}
