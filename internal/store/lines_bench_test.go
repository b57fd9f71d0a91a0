package store_test

import (
	"context"
	"sync/atomic"
	"syscall"
	"testing"

	"usher/internal/store"
)

// BenchmarkLine compares a line of the log that is a transaction with one that
// shares it, from 16 goroutines, its place included. cpu-us/op is of this process
// alone.
func BenchmarkLine(b *testing.B) {
	document := []byte(`{"result":"SUCCESS","actor":{"id":"0oa1","type":"PublicClientApp","alternateId":"0oa1","displayName":"Service"},"ip":"127.0.0.1",` +
		`"method":"POST","path":"/oauth2/default/v1/token","targets":[{"id":"0oa1","type":"PublicClientApp","alternateId":"0oa1","displayName":"Service"}]}`)
	write := func(ctx context.Context, w *world, e store.EventRow) error {
		return w.Write(ctx, func(tx *store.Tx) error { return tx.InsertEvent(e) })
	}
	record := func(ctx context.Context, w *world, e store.EventRow) error {
		return w.Record(ctx, []store.EventRow{e})
	}
	for _, way := range []struct {
		name string
		run  func(context.Context, *world, store.EventRow) error
	}{{"apart", write}, {"together", record}} {
		b.Run(way.name, func(b *testing.B) {
			benchEach(b, 10, func(b *testing.B, w *world, _ []string) {
				var count atomic.Int64
				before := processTime(b)
				b.SetParallelism(16)
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						e := store.EventRow{OrgID: w.org.ID, UUID: w.ids.UUID(w.clock.Now(), int(count.Add(1))), Type: "app.oauth2.as.token.grant.access_token", Document: document}
						if err := way.run(b.Context(), w, e); err != nil {
							b.Error(err)
						}
					}
				})
				for n := 500; n == 500; {
					w.write(b, func(tx *store.Tx) (err error) { n, err = tx.StampEvents(w.org.ID, 500); return err })
				}
				b.ReportMetric(float64(processTime(b)-before)/float64(b.N), "cpu-us/op")
			})
		})
	}
}

func (w *world) write(b *testing.B, fn func(*store.Tx) error) {
	b.Helper()
	if err := w.Tx(b.Context(), fn); err != nil {
		b.Fatal(err)
	}
}

// processTime is the CPU time of this process in microseconds.
func processTime(b *testing.B) int64 {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return (u.Utime.Nano() + u.Stime.Nano()) / 1000
}
