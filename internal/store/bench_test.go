package store_test

import (
	"strconv"
	"sync/atomic"
	"testing"

	"usher/internal/env"
	"usher/internal/idp"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

// benchUsers is how many users the benchmarks read among: enough for an index
// of three levels, few enough to be made in a second.
const benchUsers = 20_000

// benchEach runs fn once per database on a store that waits for the disk.
func benchEach(b *testing.B, users int, fn func(b *testing.B, w *world, ids []string)) {
	for name, open := range map[string]func(testing.TB) string{"sqlite": storetest.SQLite, "postgres": storetest.Postgres} {
		b.Run(name, func(b *testing.B) {
			w := &world{clock: env.NewFixed(noon), ids: &env.Counting{}}
			s, err := store.Open(b.Context(), open(b), store.Options{Clock: w.clock, Durable: true})
			if err != nil {
				b.Fatal(err)
			}
			defer func() {
				if err := s.Close(); err != nil {
					b.Error(err)
				}
			}()
			if err := s.Migrate(b.Context(), nil); err != nil {
				b.Fatal(err)
			}
			w.Store = s
			w.org = &idp.Org{ID: w.ids.New("00o"), Name: "main", Subdomain: "main", Created: noon}
			if err := s.Tx(b.Context(), func(tx *store.Tx) error { return tx.InsertOrg(w.org) }); err != nil {
				b.Fatal(err)
			}
			ids := w.addUsers(b, users)
			b.ResetTimer()
			fn(b, w, ids)
			b.StopTimer()
		})
	}
}

// addUsers adds n users and returns their identifiers.
func (w *world) addUsers(b *testing.B, n int) []string {
	b.Helper()
	ids := make([]string, 0, n)
	for len(ids) < n {
		err := w.Tx(b.Context(), func(tx *store.Tx) error {
			for range min(1000, n-len(ids)) {
				u := w.benchUser(len(ids))
				ids = append(ids, u.ID)
				if err := tx.InsertUser(u); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	return ids
}

// benchUser has a profile of the usual size.
func (w *world) benchUser(n int) *store.UserRow {
	login := "user" + strconv.Itoa(n) + "@example.com"
	u := w.row(login)
	u.Profile = []byte(`{"firstName":"Given` + strconv.Itoa(n) + `","lastName":"Family","email":"` + login + `","login":"` + login +
		`","mobilePhone":"+1-555-415-1337","department":"Engineering","city":"San Francisco"}`)
	return u
}

func BenchmarkReadUser(b *testing.B) {
	benchEach(b, benchUsers, func(b *testing.B, w *world, ids []string) {
		var n atomic.Int64
		b.ReportAllocs()
		b.SetParallelism(16)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				id := ids[int(n.Add(7919))%len(ids)]
				if u, err := w.Read(b.Context()).User(w.org.ID, id); err != nil || u.ID != id {
					b.Error(u, err)
					return
				}
			}
		})
	})
}

func BenchmarkListUsers(b *testing.B) {
	benchEach(b, benchUsers, func(b *testing.B, w *world, ids []string) {
		b.ReportAllocs()
		for i := range b.N {
			list, err := w.Read(b.Context()).UsersAfter(w.org.ID, ids[i*7919%(len(ids)-200)], 200)
			if err != nil || len(list) != 200 {
				b.Fatal(len(list), err)
			}
		}
		b.ReportMetric(float64(200*b.N)/b.Elapsed().Seconds(), "users/s")
	})
}

// BenchmarkInsertUser is what creating a user writes: its row and two lines of
// the system log.
func BenchmarkInsertUser(b *testing.B) {
	benchEach(b, benchUsers, func(b *testing.B, w *world, ids []string) {
		var n atomic.Int64
		n.Store(int64(len(ids)))
		document := []byte(`{"result":"SUCCESS","actor":{"id":"00u1","type":"User","alternateId":"admin@example.com","displayName":"Ann Admin"},"ip":"127.0.0.1"}`)
		gen := env.TimeIDs{Clock: env.System{}, Rand: env.SystemRand{}}
		b.ReportAllocs()
		b.SetParallelism(16)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				u := w.benchUser(int(n.Add(1)))
				u.ID = gen.New("00u")
				err := w.Write(b.Context(), func(tx *store.Tx) error {
					for seq := range 2 {
						e := store.EventRow{OrgID: w.org.ID, UUID: gen.UUID(gen.Clock.Now(), seq), Type: "user.lifecycle.create", Document: document}
						if err := tx.InsertEvent(e); err != nil {
							return err
						}
					}
					return tx.InsertUser(u)
				})
				if err != nil {
					b.Error(err)
					return
				}
			}
		})
	})
}
