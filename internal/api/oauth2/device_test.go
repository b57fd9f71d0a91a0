package oauth2_test

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"usher/internal/api/httpkit"
	"usher/internal/apptest"
)

// TestParallelUserCodesCountExactly: of two hundred wrong user codes that come
// at once, asked about or answered at once, five are looked at; then the right
// one is not either.
func TestParallelUserCodesCountExactly(t *testing.T) {
	const guesses, most = 200, 5
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		c := spa(t, app, map[string]any{"grant_types": []string{"authorization_code", deviceGrant}})
		d := app.Anonymous().Post("/oauth2/v1/device/authorize", form("client_id", c.id, "scope", "openid")).Want(200)
		b := signedIn(t, app, isaac)
		var looked, refused atomic.Int32
		var wg sync.WaitGroup
		for n := range guesses {
			f := form("user_code", "BBBBBBBB")
			if n%2 == 0 {
				f.Set("answer", "allow")
			}
			mine := app.Browser()
			mine.SetCookie(httpkit.CookieSession, b.Cookie(httpkit.CookieSession))
			wg.Go(func() {
				switch page := string(mine.Post("/oauth2/v1/device/activate", f).Body); {
				case strings.Contains(page, "That code is not known"):
					looked.Add(1)
				case strings.Contains(page, "Too many wrong codes"):
					refused.Add(1)
				default:
					t.Errorf("%s", page)
				}
			})
		}
		wg.Wait()
		if looked.Load() != most || refused.Load() != guesses-most {
			t.Errorf("%d looked at, %d refused", looked.Load(), refused.Load())
		}
		for _, answer := range []string{"", "allow"} {
			f := form("user_code", d.Text("user_code"))
			if answer != "" {
				f.Set("answer", answer)
			}
			if page := string(b.Post("/oauth2/v1/device/activate", f).Want(400).Body); !strings.Contains(page, "Too many wrong codes") {
				t.Errorf("the right code behind the bound: %s", page)
			}
		}
	})
}
