package store_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"usher/internal/env"
	"usher/internal/idp"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// world is a store with one organisation.
type world struct {
	*store.Store
	url   string
	clock *env.Movable
	ids   *env.Counting
	org   *idp.Org
}

func each(t *testing.T, fn func(t *testing.T, w *world)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, url string) { fn(t, newWorld(t, url)) })
}

func newWorld(t *testing.T, url string) *world {
	t.Helper()
	w := &world{url: url, clock: env.NewFixed(noon), ids: &env.Counting{}}
	w.Store = storetest.Open(t, url, w.clock)
	w.org = w.addOrg(t, "main", "")
	return w
}

func (w *world) addOrg(t *testing.T, name, host string) *idp.Org {
	t.Helper()
	o := &idp.Org{ID: w.ids.New("00o"), Name: name, Subdomain: name, Host: host, Created: noon}
	w.tx(t, func(tx *store.Tx) error { return tx.InsertOrg(o) })
	return o
}

func (w *world) tx(t *testing.T, fn func(*store.Tx) error) {
	t.Helper()
	if err := w.Tx(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

func (w *world) row(login string) *store.UserRow {
	return &store.UserRow{
		User: idp.User{
			OrgID: w.org.ID, ID: w.ids.New("00u"), TypeID: "oty", Status: idp.UserActive, Login: login,
			Profile: []byte(`{"login":"` + login + `"}`), Provider: idp.Provider{Type: idp.ProviderOkta, Name: "OKTA"},
			Created: noon, LastUpdated: noon,
		},
		Keys: store.UserKeys{Login: login, Short: login},
	}
}

func (w *world) addUser(t *testing.T, login string) *store.UserRow {
	t.Helper()
	u := w.row(login)
	w.tx(t, func(tx *store.Tx) error { return tx.InsertUser(u) })
	return u
}

func TestMigrateEmpty(t *testing.T) {
	storetest.EachEmpty(t, func(t *testing.T, url string) {
		w := newWorld(t, url)
		told := 0
		if err := w.Migrate(t.Context(), func(string) { told++ }); err != nil || told > 0 {
			t.Errorf("a second migration tells %d things: %v", told, err)
		}
	})
}

func TestMigrateTwice(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		if err := w.Migrate(t.Context(), func(s string) { t.Errorf("nothing to do, but: %s", s) }); err != nil {
			t.Fatal(err)
		}
		if err := w.Ping(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
}

func TestUserRoundTrip(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		u := w.addUser(t, "ann")
		got, err := w.Read(t.Context()).User(w.org.ID, u.ID)
		if err != nil {
			t.Fatal(err)
		}
		if got.Login != "ann" || got.Status != idp.UserActive || !got.Created.Equal(noon) || !got.Activated.IsZero() || got.Version != 1 {
			t.Fatalf("%+v", got)
		}
		err = w.Tx(t.Context(), func(tx *store.Tx) error { return tx.InsertUser(w.row("ann")) })
		if !store.Exists(err, "users.login_key") {
			t.Fatalf("a second ann: %v", err)
		}
		stale := *u
		stale.Version = 7
		if err := w.Tx(t.Context(), func(tx *store.Tx) error { return tx.UpdateUser(&stale) }); !errors.Is(err, store.ErrStale) {
			t.Fatalf("a stale write: %v", err)
		}
		if _, err := w.Read(t.Context()).User("00oother", u.ID); !errors.Is(err, store.ErrNotFound) {
			t.Fatalf("another organisation: %v", err)
		}
	})
}

func TestFailureLeavesOthersOfTheBatchAlone(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		boom := errors.New("boom")
		var wg sync.WaitGroup
		rows := make([]*store.UserRow, 40)
		for i := range rows {
			rows[i] = w.row(fmt.Sprintf("u%02d", i))
			wg.Go(func() {
				err := w.Write(t.Context(), func(tx *store.Tx) error {
					if err := tx.InsertUser(rows[i]); err != nil {
						return err
					}
					if i%4 == 0 {
						return boom
					}
					return nil
				})
				if (i%4 == 0) != errors.Is(err, boom) {
					t.Errorf("write %d: %v", i, err)
				}
			})
		}
		wg.Wait()
		if n, err := w.Read(t.Context()).CountUsers(w.org.ID); err != nil || n != 30 {
			t.Fatalf("%d users, %v", n, err)
		}
	})
}

// TestNoLostUpdates is the reason for serializable transactions: everybody
// reads the counter and writes it back raised by one.
func TestNoLostUpdates(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		u := w.addUser(t, "ann")
		w.tx(t, func(tx *store.Tx) error {
			return tx.SaveCredential(&store.Credential{OrgID: w.org.ID, UserID: u.ID})
		})
		var wg sync.WaitGroup
		for range 200 {
			wg.Go(func() {
				err := w.Tx(t.Context(), func(tx *store.Tx) error {
					c, err := tx.Credential(w.org.ID, u.ID)
					if err != nil {
						return err
					}
					c.Failures++
					return tx.SaveCredential(c)
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		c, err := w.Read(t.Context()).Credential(w.org.ID, u.ID)
		if err != nil || c.Failures != 200 {
			t.Fatalf("%d of 200 counted, %v", c.Failures, err)
		}
	})
}

func TestSessionTokenIsTakenOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		u := w.addUser(t, "ann")
		hash := []byte("0123456789abcdef0123456789abcdef")
		w.tx(t, func(tx *store.Tx) error {
			return tx.PutSessionToken(&idp.Session{OrgID: w.org.ID, UserID: u.ID, AMR: []string{"pwd"}}, hash, noon.Add(time.Minute))
		})
		var wg sync.WaitGroup
		var mu sync.Mutex
		taken := 0
		for range 50 {
			wg.Go(func() {
				err := w.Tx(t.Context(), func(tx *store.Tx) error {
					s, err := tx.TakeSessionToken(w.org.ID, hash)
					if err == nil && s.UserID != u.ID {
						t.Errorf("token of %q", s.UserID)
					}
					return err
				})
				switch {
				case err == nil:
					mu.Lock()
					taken++
					mu.Unlock()
				case !errors.Is(err, store.ErrNotFound):
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if taken != 1 {
			t.Fatalf("taken %d times", taken)
		}
	})
}

// TestFilesAreTheirOwnersAlone looks at the database and the files beside it.
func TestFilesAreTheirOwnersAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new.db")
	s, err := store.Open(t.Context(), "sqlite:"+path, store.Options{Clock: env.NewFixed(noon)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := s.Migrate(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s is open to others: %v", name, info.Mode())
		}
	}
}
