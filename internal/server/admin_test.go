package server_test

import (
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"usher/internal/apptest"
	"usher/internal/env"
	"usher/internal/server"
	"usher/internal/store/storetest"
)

// newServer starts one for commands, without a listener.
func newServer(t *testing.T, url string, ids env.IDs) *server.Server {
	t.Helper()
	s, err := server.New(t.Context(), server.Config{
		Database: url, BaseURL: "https://id.example.com", MasterKey: []byte("a master key for tests, of 32 bytes or more"), Hashing: apptest.CheapHashes(), IDs: ids,
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// failing fails once when the next identifier of a kind is made.
type failing struct {
	env.IDs
	prefix string
}

func (f *failing) New(prefix string) string {
	if prefix == f.prefix {
		f.prefix = ""
		panic("no identifier")
	}
	return f.IDs.New(prefix)
}

// TestOrganisationsAreMadeWhole: what fails at the last moment, at the token of
// the administrator, leaves nothing that would be in the way of another attempt.
func TestOrganisationsAreMadeWhole(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		s := newServer(t, url, &failing{IDs: env.TimeIDs{Clock: env.System{}, Rand: env.SystemRand{}}, prefix: "00T"})
		spec := server.OrgSpec{Name: "Example", AdminLogin: "ann@example.com"}
		if out, err := s.CreateOrg(t.Context(), spec); err == nil || out.APIToken != "" || out.Admin.Password != "" {
			t.Fatalf("%v %v", out, err)
		}
		out, err := s.CreateOrg(t.Context(), spec)
		if err != nil || out.APIToken == "" {
			t.Fatalf("%v %v", out, err)
		}
		if _, _, err := s.CreateToken(t.Context(), "", spec.AdminLogin, "second"); err != nil {
			t.Error(err)
		}
		if _, err := s.CreateOrg(t.Context(), server.OrgSpec{Name: "Other", AdminLogin: "ann", Host: "other.example.com", BaseURL: "https://other.example.com"}); err == nil || !strings.Contains(err.Error(), "administrator ann") {
			t.Error(err)
		}
	})
}

// TestOneDefaultOrganisation makes several at once: one answers the hosts that
// choose none.
func TestOneDefaultOrganisation(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		s := newServer(t, url, nil)
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
