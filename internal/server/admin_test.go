package server_test

import (
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"usher/internal/apptest"
	"usher/internal/server"
	"usher/internal/store/storetest"
)

// TestOneDefaultOrganisation makes several at once: one answers the hosts that
// choose none.
func TestOneDefaultOrganisation(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		s, err := server.New(t.Context(), server.Config{
			Database: url, BaseURL: "https://id.example.com", MasterKey: []byte("a master key for tests, of 32 bytes or more"), Hashing: apptest.CheapHashes(),
		}, nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
		var made atomic.Int32
		var wg sync.WaitGroup
		for n := range 4 {
			wg.Go(func() {
				_, err := s.CreateOrg(t.Context(), server.OrgSpec{Name: "Org " + strconv.Itoa(n), AdminLogin: "ann@example.com"})
				switch {
				case err == nil:
					made.Add(1)
				case !strings.Contains(err.Error(), "default organisation already"):
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if made.Load() != 1 {
			t.Errorf("%d default organisations were made", made.Load())
		}
	})
}
