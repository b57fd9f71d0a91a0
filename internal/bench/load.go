package main

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// operation does one thing over a connection. n counts the operations of all
// workers, so that each can be made different.
type operation func(c *client, worker int, n int64) error

// fleet is the connections of a closed loop: each sends its next request when
// it has the answer to the last one.
type fleet struct {
	address string
	size    int
	clients []*client
	count   *atomic.Int64
}

// newFleet opens the connections. The fleets of one target share its count.
func newFleet(address string, size int, count *atomic.Int64) (*fleet, error) {
	f := &fleet{address: address, size: size, count: count}
	return f, f.dial()
}

// dial opens the connections anew: servers end those that are idle for long, as
// they are between samples.
func (f *fleet) dial() error {
	f.close()
	for range f.size {
		c, err := dialClient(f.address)
		if err != nil {
			f.close()
			return err
		}
		f.clients = append(f.clients, c)
	}
	return nil
}

func (f *fleet) close() {
	for _, c := range f.clients {
		_ = c.conn.Close()
	}
	f.clients = nil
}

// run loads for about d and returns the operations per second. An operation
// that was begun is finished and counted, in the time that it took.
func (f *fleet) run(d time.Duration, op operation) (perSecond float64, done int, err error) {
	if err := f.dial(); err != nil {
		return 0, 0, err
	}
	var wg sync.WaitGroup
	counts, failures := make([]int, len(f.clients)), make([]error, len(f.clients))
	start := time.Now()
	for i, c := range f.clients {
		wg.Go(func() {
			for failures[i] == nil && time.Since(start) < d {
				failures[i] = op(c, i, f.count.Add(1))
				counts[i]++
			}
		})
	}
	wg.Wait()
	elapsed := time.Since(start)
	for _, n := range counts {
		done += n
	}
	return float64(done) / elapsed.Seconds(), done, firstOf(failures)
}

// firstOf returns the first error there is: those of the other workers say the same.
func firstOf(failures []error) error {
	for _, err := range failures {
		if err != nil {
			return err
		}
	}
	return nil
}

// want sends a request and insists on its status.
func want(c *client, status int, request []byte) ([]byte, error) {
	got, body, err := c.do(request)
	if err != nil {
		return nil, err
	}
	if got != status {
		line, _, _ := strings.Cut(string(request), "\r")
		return nil, fmt.Errorf("%s: answered %d, not %d: %.300s", line, got, status, body)
	}
	return body, nil
}

// median of the values; 0 of none.
func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	mid := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[mid]
	}
	return (sorted[mid-1] + sorted[mid]) / 2
}
