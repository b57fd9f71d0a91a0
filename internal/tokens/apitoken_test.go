package tokens

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"usher/internal/env"
	"usher/internal/eventlog"
	"usher/internal/fresh"
	"usher/internal/idp"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// world is a token service over a store with one administrator.
type world struct {
	*Service
	clock *env.Movable
	age   *atomic.Int64 // of the cache, in nanoseconds
	org   *idp.Org
	row   *store.UserRow
	actor idp.Actor
}

func each(t *testing.T, fn func(t *testing.T, w *world)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, url string) { fn(t, newWorld(t, url)) })
}

func newWorld(t testing.TB, url string) *world {
	t.Helper()
	ids := &env.Counting{}
	w := &world{clock: env.NewFixed(noon), age: &atomic.Int64{}}
	w.Service = w.node(storetest.Open(t, url, w.clock), ids)
	w.org = &idp.Org{ID: ids.New("00o"), Name: "main", Subdomain: "main", Created: noon}
	w.actor = idp.SystemActor(w.org)
	w.row = &store.UserRow{
		User: idp.User{
			OrgID: w.org.ID, ID: ids.New("00u"), Status: idp.UserActive, Login: "ann",
			Profile: []byte(`{"login":"ann","firstName":"Ann","lastName":"Lee"}`),
		},
		Keys: store.UserKeys{Login: "ann"},
	}
	w.tx(t, func(tx *store.Tx) error {
		if err := tx.InsertOrg(w.org); err != nil {
			return err
		}
		if err := tx.InsertUser(w.row); err != nil {
			return err
		}
		return tx.InsertRole(store.Role{OrgID: w.org.ID, PrincipalID: w.row.ID, ID: "ra1", Type: idp.RoleSuperAdmin})
	})
	return w
}

// node is a service of its own cache, as another process would have.
func (w *world) node(s *store.Store, ids env.IDs) *Service {
	n := &Service{Store: s, Log: &eventlog.Log{IDs: ids}, IDs: ids, Rand: env.NewSeeded(1), Clock: w.clock}
	n.cache.Age = func() time.Duration { return time.Duration(w.age.Load()) }
	return n
}

func (w *world) tx(t testing.TB, fn func(*store.Tx) error) {
	t.Helper()
	if err := w.Store.Tx(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

func (w *world) create(t testing.TB) (string, *store.APIToken) {
	t.Helper()
	secret, token, err := w.Create(t.Context(), w.actor, w.row.ID, "for tests")
	if err != nil {
		t.Fatal(err)
	}
	return secret, token
}

func (w *world) holds(t *testing.T, n *Service, secret string) bool {
	t.Helper()
	_, err := n.Verify(t.Context(), w.org, secret)
	if err != nil && idp.KindOf(err) != idp.KindBadToken {
		t.Fatal(err)
	}
	return err == nil
}

func TestCreateAndVerify(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		secret, token := w.create(t)
		if len(secret) != 42 || secret[:2] != "00" || token.ID[:3] != "00T" {
			t.Errorf("%q, %+v", secret, token)
		}
		for range 2 { // read, and from the cache
			v, err := w.Verify(t.Context(), w.org, secret)
			if err != nil || v.Token.ID != token.ID || v.User.Login != "ann" || !slices.Equal(v.Roles, []idp.RoleType{idp.RoleSuperAdmin}) {
				t.Fatalf("%+v, %v", v, err)
			}
			a := v.Actor(w.org, idp.Client{RequestID: "r1"})
			if !a.Is(w.row.ID) || a.Name != "Ann Lee" || a.TokenID != token.ID || !a.Has(idp.RoleSuperAdmin) || a.Client.RequestID != "r1" {
				t.Errorf("%+v", a)
			}
		}
		for _, bad := range []string{"", "00", secret[:41], secret + "x", "01" + secret[2:], secret[:41] + "!", strings.Repeat("0", 1<<20)} {
			if w.holds(t, w.Service, bad) {
				t.Errorf("%.50q is accepted", bad)
			}
		}
		if _, err := w.Verify(t.Context(), &idp.Org{ID: "00oother"}, secret); idp.KindOf(err) != idp.KindBadToken {
			t.Errorf("another organisation: %v", err)
		}
		list, err := w.List(t.Context(), w.org.ID, w.row.ID)
		if err != nil || len(list) != 1 || list[0].Name != "for tests" {
			t.Errorf("%+v, %v", list, err)
		}
		events, err := w.Log.Read(t.Context(), w.Store, w.org, eventlog.Query{Until: noon.Add(time.Hour), Limit: 10})
		if err != nil || len(events) != 1 || events[0].Type != eventlog.APITokenCreate || strings.Contains(fmt.Sprintf("%+v", events), secret) {
			t.Errorf("%+v, %v", events, err)
		}
	})
}

func TestCreateRefuses(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, c := range []struct {
			user, name string
			kind       idp.Kind
		}{
			{w.row.ID, " ", idp.KindInvalid},
			{w.row.ID, strings.Repeat("x", 256), idp.KindInvalid},
			{"00unobody", "x", idp.KindNotFound},
		} {
			if _, _, err := w.Create(t.Context(), w.actor, c.user, c.name); idp.KindOf(err) != c.kind {
				t.Errorf("%s, %.20q: %v", c.user, c.name, err)
			}
		}
		w.row.Status = idp.UserSuspended
		w.tx(t, func(tx *store.Tx) error { return tx.UpdateUser(w.row) })
		if _, _, err := w.Create(t.Context(), w.actor, w.row.ID, "x"); idp.KindOf(err) != idp.KindUserState {
			t.Errorf("for a suspended user: %v", err)
		}
	})
}

// TestRevoke: at once on the node that does it, within a second on another.
func TestRevoke(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		secret, token := w.create(t)
		other := w.node(w.Store, w.IDs)
		if !w.holds(t, w.Service, secret) || !w.holds(t, other, secret) {
			t.Fatal("a new token is refused")
		}
		if err := w.Revoke(t.Context(), w.actor, token.ID); err != nil {
			t.Fatal(err)
		}
		if w.holds(t, w.Service, secret) {
			t.Error("accepted after its revocation")
		}
		w.age.Store(int64(time.Second))
		if w.holds(t, other, secret) {
			t.Error("accepted elsewhere a second later")
		}
		if err := w.Revoke(t.Context(), w.actor, token.ID); idp.KindOf(err) != idp.KindNotFound {
			t.Errorf("a second time: %v", err)
		}
	})
}

func TestTokenDiesWithItsUser(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		secret, _ := w.create(t)
		for _, c := range []struct {
			status idp.UserStatus
			holds  bool
		}{
			{idp.UserActive, true},
			{idp.UserSuspended, false},
			{idp.UserActive, true},
			{idp.UserLockedOut, false},
			{idp.UserPasswordExpired, false},
			{idp.UserRecovery, false},
			{idp.UserDeprovisioned, false},
		} {
			w.row.Status = c.status
			w.tx(t, func(tx *store.Tx) error { return tx.UpdateUser(w.row) })
			w.Forget(w.org.ID, w.row.ID)
			if got := w.holds(t, w.Service, secret); got != c.holds {
				t.Errorf("%s: %v", c.status, got)
			}
		}
		w.row.Status = idp.UserActive
		w.tx(t, func(tx *store.Tx) error {
			if err := w.RevokeAll(tx, w.actor, w.row.ID); err != nil {
				return err
			}
			return tx.UpdateUser(w.row)
		})
		w.ForgetAll()
		if w.holds(t, w.Service, secret) {
			t.Error("a revoked token came back with its user")
		}
	})
}

func TestIdleExpiry(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		secret, _ := w.create(t)
		day := 24 * time.Hour
		for range 3 {
			w.clock.Advance(29 * day)
			w.age.Add(int64(time.Second))
			if !w.holds(t, w.Service, secret) {
				t.Fatal("a token that is used now and then expired")
			}
		}
		w.clock.Advance(30*day + time.Millisecond)
		if w.holds(t, w.Service, secret) {
			t.Error("cached, but idle for more than 30 days")
		}
		w.age.Add(int64(time.Second))
		if w.holds(t, w.Service, secret) {
			t.Error("idle for more than 30 days")
		}
	})
}

func TestUseIsNotedOnceAMinute(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		secret, token := w.create(t)
		for _, c := range []struct{ advance, noted time.Duration }{
			{59 * time.Second, 0}, {time.Second, time.Minute}, {59 * time.Second, time.Minute}, {5 * time.Second, 2*time.Minute + 4*time.Second},
		} {
			w.clock.Advance(c.advance)
			var wg sync.WaitGroup
			for range 8 {
				wg.Go(func() {
					if _, err := w.Verify(t.Context(), w.org, secret); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			got, err := w.Store.Read(t.Context()).APIToken(w.org.ID, token.ID)
			if err != nil || !got.LastUsed.Equal(noon.Add(c.noted)) {
				t.Errorf("noted at %v, %v", got.LastUsed.Sub(noon), err)
			}
		}
	})
}

// TestTokenHoldsOnADatabaseThatOnlyReads: to note its use is not what matters.
func TestTokenHoldsOnADatabaseThatOnlyReads(t *testing.T) {
	url := storetest.Postgres(t)
	w := newWorld(t, url)
	secret, _ := w.create(t)
	reading := "?"
	if strings.Contains(url, "?") {
		reading = "&"
	}
	n := w.node(storetest.Open(t, url+reading+"default_transaction_read_only=on", w.clock), &env.Counting{})
	for range 3 {
		w.clock.Advance(2 * time.Minute)
		w.age.Add(int64(fresh.Life))
		if !w.holds(t, n, secret) {
			t.Error("the token is refused")
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	for _, cached := range []bool{true, false} {
		b.Run(fmt.Sprintf("cached=%v", cached), func(b *testing.B) {
			w := newWorld(b, storetest.SQLite(b))
			secret, _ := w.create(b)
			for b.Loop() {
				if !cached {
					w.ForgetAll()
				}
				if _, err := w.Verify(b.Context(), w.org, secret); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
