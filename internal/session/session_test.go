package session

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"usher/internal/env"
	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/policy"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// world is a session service over a store with one user.
type world struct {
	*Service
	clock *env.Movable
	org   *idp.Org
	user  *idp.User
	actor idp.Actor
}

func each(t *testing.T, fn func(t *testing.T, w *world)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, url string) {
		ids := &env.Counting{}
		w := &world{clock: env.NewFixed(noon)}
		w.Service = &Service{Store: storetest.Open(t, url, w.clock), Log: &eventlog.Log{IDs: ids}, IDs: ids, Rand: env.NewSeeded(1)}
		w.org = &idp.Org{ID: ids.New("00o"), Name: "main", Subdomain: "main", Created: noon}
		row := &store.UserRow{
			User: idp.User{OrgID: w.org.ID, ID: ids.New("00u"), Status: idp.UserActive, Login: "ann", Profile: []byte(`{"login":"ann"}`)},
			Keys: store.UserKeys{Login: "ann"},
		}
		w.user = &row.User
		w.actor = idp.Actor{Org: w.org, Kind: idp.ActorUser, UserID: w.user.ID, Login: "ann"}
		w.tx(t, func(tx *store.Tx) error {
			if err := tx.InsertOrg(w.org); err != nil {
				return err
			}
			return tx.InsertUser(row)
		})
		fn(t, w)
	})
}

func (w *world) tx(t *testing.T, fn func(*store.Tx) error) {
	t.Helper()
	if err := w.Store.Tx(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

func limits(idle, lifetime time.Duration) Proofs {
	return Proofs{LastPassword: noon, AMR: []string{"pwd"}, Limits: policy.SessionLimits{Idle: idle, Lifetime: lifetime}}
}

func (w *world) begin(t *testing.T, p Proofs) (secret string, v *idp.Session) {
	t.Helper()
	w.tx(t, func(tx *store.Tx) (err error) {
		secret, v, err = w.Create(tx, w.user, p)
		return err
	})
	return secret, v
}

func (w *world) token(t *testing.T, p Proofs) (token string) {
	t.Helper()
	w.tx(t, func(tx *store.Tx) (err error) {
		token, _, err = w.IssueToken(tx, w.user, p)
		return err
	})
	return token
}

func (w *world) refresh(t *testing.T, secret string) (v *idp.Session, err error) {
	t.Helper()
	err = w.Store.Write(t.Context(), func(tx *store.Tx) error {
		v, err = w.Refresh(tx, w.org.ID, secret)
		return err
	})
	return v, err
}

func (w *world) lives(t *testing.T, secret string) bool {
	t.Helper()
	_, err := w.Lookup(t.Context(), w.org.ID, secret)
	if err != nil && idp.KindOf(err) != idp.KindNotFound {
		t.Fatal(err)
	}
	return err == nil
}

func (w *world) events(t *testing.T, kind idp.EventType) []idp.Event {
	t.Helper()
	all, err := w.Log.Read(t.Context(), w.Store, w.org, eventlog.Query{Until: noon.Add(time.Hour), Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	var out []idp.Event
	for _, e := range all {
		if e.Type == kind {
			out = append(out, e)
		}
	}
	return out
}

func TestSessionLife(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		secret, v := w.begin(t, limits(30*time.Minute, time.Hour))
		if len(secret) != 46 || secret[:3] != "102" || v.ID[:3] != "102" || v.ID == secret {
			t.Errorf("secret %q, name %q", secret, v.ID)
		}
		got, err := w.Lookup(t.Context(), w.org.ID, secret)
		if err != nil || got.UserID != w.user.ID || got.Login != "ann" || got.Status != idp.SessionActive ||
			!got.Expires.Equal(noon.Add(30*time.Minute)) || !got.EndsBy.Equal(noon.Add(time.Hour)) || !got.LastPassword.Equal(noon) || !got.LastFactor.IsZero() {
			t.Fatalf("%+v, %v", got, err)
		}
		if _, err := w.Lookup(t.Context(), "00oother", secret); idp.KindOf(err) != idp.KindNotFound {
			t.Errorf("another organisation: %v", err)
		}
		for _, bad := range []string{"", "102", v.ID, secret + "x", "103" + secret[3:], secret[:45] + "!"} {
			if _, err := w.Lookup(t.Context(), w.org.ID, bad); idp.KindOf(err) != idp.KindNotFound {
				t.Errorf("%q: %v", bad, err)
			}
		}
		w.clock.Advance(20 * time.Minute)
		if v, err := w.refresh(t, secret); err != nil || !v.Expires.Equal(noon.Add(50*time.Minute)) {
			t.Errorf("refreshed: %+v, %v", v, err)
		}
		w.clock.Advance(29 * time.Minute)
		if v, err := w.refresh(t, secret); err != nil || !v.Expires.Equal(noon.Add(time.Hour)) {
			t.Errorf("refreshed beyond the lifetime: %+v, %v", v, err)
		}
		if !w.lives(t, secret) {
			t.Error("ended early")
		}
		w.clock.Advance(11 * time.Minute)
		if w.lives(t, secret) {
			t.Error("outlived its lifetime")
		}
		if _, err := w.refresh(t, secret); idp.KindOf(err) != idp.KindNotFound {
			t.Errorf("an expired session was refreshed: %v", err)
		}
		err = w.Store.Write(t.Context(), func(tx *store.Tx) error {
			n, err := tx.Purge(10)
			if err == nil && n != 1 {
				t.Errorf("%d were purged", n)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
}

func TestWithoutLimits(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		idle, _ := w.begin(t, limits(0, time.Hour))
		life, _ := w.begin(t, limits(time.Hour, 0))
		none, _ := w.begin(t, limits(0, 0))
		w.clock.Advance(59 * time.Minute)
		if _, err := w.refresh(t, life); err != nil {
			t.Error(err)
		}
		if !w.lives(t, idle) {
			t.Error("ended early")
		}
		w.clock.Advance(59 * time.Minute)
		if w.lives(t, idle) || !w.lives(t, life) || !w.lives(t, none) {
			t.Error("a limit that was given does not hold, or one that was not does")
		}
		w.clock.Advance(365 * 24 * time.Hour)
		if w.lives(t, life) || !w.lives(t, none) {
			t.Error("after a year")
		}
	})
}

func TestEnd(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		secret, v := w.begin(t, limits(time.Hour, 0))
		end := func() error {
			return w.Store.Tx(t.Context(), func(tx *store.Tx) error { return w.End(tx, w.actor, secret) })
		}
		if err := end(); err != nil {
			t.Fatal(err)
		}
		if w.lives(t, secret) || idp.KindOf(end()) != idp.KindNotFound {
			t.Error("ended, and lives")
		}
		events := w.events(t, eventlog.SessionEnd)
		if len(events) != 1 || events[0].SessionID != v.ID || events[0].Targets[0].AlternateID != "ann" {
			t.Errorf("%+v", events)
		}
	})
}

func TestEndAll(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		first, kept := w.begin(t, limits(time.Hour, 0))
		second, _ := w.begin(t, limits(time.Hour, 0))
		token := w.token(t, limits(time.Hour, 0))
		endAll := func(keep string) (n int) {
			w.tx(t, func(tx *store.Tx) (err error) {
				n, err = w.EndAll(tx, w.actor, w.user.ID, keep)
				return err
			})
			return n
		}
		if n := endAll(kept.ID); n != 1 || !w.lives(t, first) || w.lives(t, second) {
			t.Errorf("%d ended but the first", n)
		}
		err := w.Store.Tx(t.Context(), func(tx *store.Tx) error { _, err := w.TakeSessionToken(tx, w.org.ID, token); return err })
		if idp.KindOf(err) != idp.KindUnauthenticated {
			t.Errorf("a token outlived its sessions: %v", err)
		}
		if n := endAll(""); n != 1 || w.lives(t, first) {
			t.Errorf("%d ended", n)
		}
		if n := endAll(""); n != 0 || len(w.events(t, eventlog.SessionClear)) != 2 {
			t.Errorf("%d ended, %d events", n, len(w.events(t, eventlog.SessionClear)))
		}
	})
}

func TestSessionToken(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := limits(30*time.Minute, time.Hour)
		p.Limits.Persistent, p.LastFactor, p.AMR = true, noon, []string{"pwd", "mfa"}
		token := w.token(t, p)
		if len(token) != 48 || token[:5] != "20111" {
			t.Errorf("token %q", token)
		}
		w.clock.Advance(4 * time.Minute)
		var secret string
		w.tx(t, func(tx *store.Tx) error {
			draft, err := w.TakeSessionToken(tx, w.org.ID, token)
			if err != nil {
				return err
			}
			secret, _, err = w.Start(tx, draft)
			return err
		})
		v, err := w.Lookup(t.Context(), w.org.ID, secret)
		if err != nil || !v.Persistent || !v.LastFactor.Equal(noon) || len(v.AMR) != 2 ||
			!v.Created.Equal(noon.Add(4*time.Minute)) || !v.Expires.Equal(noon.Add(34*time.Minute)) || !v.EndsBy.Equal(noon.Add(time.Hour)) {
			t.Errorf("%+v, %v", v, err)
		}
		late := w.token(t, p)
		w.clock.Advance(5 * time.Minute)
		for _, bad := range []string{token, late, "", "20111", secret, late + "x"} {
			err := w.Store.Tx(t.Context(), func(tx *store.Tx) error { _, err := w.TakeSessionToken(tx, w.org.ID, bad); return err })
			if idp.KindOf(err) != idp.KindUnauthenticated {
				t.Errorf("%q: %v", bad, err)
			}
		}
	})
}

// TestFiftyTakers: of fifty who take one token at once, one gets a session.
func TestFiftyTakers(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for name, run := range map[string]func(context.Context, func(*store.Tx) error) error{"tx": w.Store.Tx, "write": w.Store.Write} {
			token := w.token(t, limits(time.Hour, 0))
			var got atomic.Int32
			var wg sync.WaitGroup
			for range 50 {
				wg.Go(func() {
					err := run(t.Context(), func(tx *store.Tx) error {
						draft, err := w.TakeSessionToken(tx, w.org.ID, token)
						if err != nil {
							return err
						}
						_, _, err = w.Start(tx, draft)
						return err
					})
					switch {
					case err == nil:
						got.Add(1)
					case idp.KindOf(err) != idp.KindUnauthenticated:
						t.Error(err)
					}
				})
			}
			wg.Wait()
			if got.Load() != 1 {
				t.Errorf("%s: %d got a session", name, got.Load())
			}
		}
	})
}

// TestRefreshAgainstEnd: a session that was ended stays ended, however many
// refresh it at the same time.
func TestRefreshAgainstEnd(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for range 10 {
			secret, _ := w.begin(t, limits(time.Hour, 0))
			var wg sync.WaitGroup
			for range 10 {
				wg.Go(func() {
					if _, err := w.refresh(t, secret); err != nil && idp.KindOf(err) != idp.KindNotFound {
						t.Error(err)
					}
				})
			}
			wg.Go(func() {
				if err := w.Store.Tx(t.Context(), func(tx *store.Tx) error { return w.End(tx, w.actor, secret) }); err != nil {
					t.Error(err)
				}
				if w.lives(t, secret) {
					t.Error("lives after its end")
				}
			})
			wg.Wait()
			if w.lives(t, secret) {
				t.Fatal("a refresh brought an ended session back")
			}
		}
	})
}

func BenchmarkLookup(b *testing.B) {
	clock := env.NewFixed(noon)
	ids := &env.Counting{}
	s := &Service{Store: storetest.Open(b, storetest.SQLite(b), clock), Log: &eventlog.Log{IDs: ids}, IDs: ids, Rand: env.NewSeeded(1)}
	row := &store.UserRow{User: idp.User{OrgID: "00o", ID: "00u", Status: idp.UserActive, Profile: []byte("{}")}}
	var secret string
	err := s.Store.Tx(b.Context(), func(tx *store.Tx) error {
		if err := tx.InsertOrg(&idp.Org{ID: "00o"}); err != nil {
			return err
		}
		if err := tx.InsertUser(row); err != nil {
			return err
		}
		var err error
		secret, _, err = s.Create(tx, &row.User, limits(time.Hour, 0))
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := s.Lookup(b.Context(), "00o", secret); err != nil {
			b.Fatal(err)
		}
	}
}
