package oauth2_test

import (
	"sync"
	"testing"
	"time"

	"usher/internal/apptest"
	"usher/internal/store/storetest"
)

// TestNoTokenOutlivesASuspension: who trades a code or a refresh token in the
// moment of being suspended has nothing that is good again when that ends,
// whichever of the two comes first.
func TestNoTokenOutlivesASuspension(t *testing.T) {
	app := apptest.New(t, apptest.Database(storetest.Postgres(t)), apptest.Random())
	rotating, staying := spa(t, app, nil), web(t, app, nil)
	const rounds = 3
	for range rounds {
		b := signedIn(t, app, isaac)
		scopes := []string{"scope", "openid profile offline_access"}
		codes := []string{code(t, b, "", request(rotating, scopes...)), code(t, b, "", request(staying, scopes...))}
		held := []string{offline(t, app, b, rotating).Text("refresh_token"), offline(t, app, b, staying).Text("refresh_token")}
		app.Clock.Advance(time.Minute)
		tries := []func() *apptest.Answer{
			func() *apptest.Answer { return redeem(app, "", rotating, codes[0]) },
			func() *apptest.Answer { return redeem(app, "", staying, codes[1]) },
			func() *apptest.Answer { return refresh(app, rotating, held[0]) },
			func() *apptest.Answer { return refresh(app, staying, held[1]) },
		}
		got := make([]string, len(tries))
		var wg sync.WaitGroup
		for i, try := range tries {
			wg.Go(func() {
				switch a := try(); a.Status {
				case 200:
					got[i] = a.Text("refresh_token")
				case 400:
				default:
					t.Errorf("%d: %s", a.Status, a.Body)
				}
			})
		}
		wg.Go(func() { app.Post("/api/v1/users/"+isaac+"/lifecycle/suspend", nil).Want(200) })
		wg.Wait()
		app.Post("/api/v1/users/"+isaac+"/lifecycle/unsuspend", nil).Want(200)
		for i, token := range got {
			c := []*client{rotating, staying}[i%2]
			if token == "" {
				continue
			}
			if a := refresh(app, c, token); a.Status != 400 {
				t.Errorf("what was traded as %d has outlived the suspension: %d %s", i, a.Status, a.Body)
			}
		}
	}
}
