package keys

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/internal/env"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func signing(t *testing.T, url string, clock env.Clock) *Signing {
	t.Helper()
	return &Signing{Store: storetest.Open(t, url, clock), Clock: clock, Rand: env.SystemRand{}, Keeper: keeper(t, keyA)}
}

func sign(t *testing.T, s *Signing, o Owner, alg Alg, payload string) (token string, key *SigningKey) {
	t.Helper()
	key, err := s.Active(t.Context(), o, alg)
	if err != nil {
		t.Fatal(err)
	}
	if token, err = key.Sign("at+jwt", []byte(payload)); err != nil {
		t.Fatal(err)
	}
	return token, key
}

func TestSignAndVerify(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		clock := env.NewFixed(noon)
		s := signing(t, url, clock)
		for _, alg := range []Alg{RS256, ES256} {
			o := Owner{"00o1", "aus" + string(alg)}
			token, key := sign(t, s, o, alg, `{"a":1}`)
			signed, err := s.Verify(t.Context(), o, token)
			if err != nil || string(signed.Payload) != `{"a":1}` || signed.Type != "at+jwt" || key.Alg != alg {
				t.Fatalf("%s: %+v %v", alg, signed, err)
			}
			reads := 0
			read := func(t *Signed) any { reads++; return string(t.Payload) }
			for range 2 {
				again, err := s.Verify(t.Context(), o, token)
				if err != nil || again.Said(read) != any(`{"a":1}`) || again.Type != "at+jwt" || reads != 1 {
					t.Errorf("%s: once more: %+v %v, read %d times", alg, again, err, reads)
				}
			}
			other := signing(t, url, clock) // another node
			if _, err := other.Verify(t.Context(), o, token); err != nil {
				t.Errorf("%s: another node: %v", alg, err)
			}
			parts := strings.Split(token, ".")
			for name, bad := range map[string]string{
				"another payload": parts[0] + ".eyJhIjoyfQ." + parts[2], "no signature": parts[0] + "." + parts[1] + ".",
				"no algorithm": "eyJhbGciOiJub25lIn0." + parts[1] + ".", "no token": "x", "too long": strings.Repeat("a", maxToken+1), "nothing": "",
			} {
				if _, err := s.Verify(t.Context(), o, bad); !errors.Is(err, ErrSignature) {
					t.Errorf("%s: %s: %v", alg, name, err)
				}
			}
			for name, owner := range map[string]Owner{"another server": {"00o1", ""}, "another organisation": {"00o2", o.ServerID}} {
				if _, err := s.Verify(t.Context(), owner, token); !errors.Is(err, ErrSignature) {
					t.Errorf("%s: %s: %v", alg, name, err)
				}
			}
		}
	})
}

func TestPrivateKeysAreSealed(t *testing.T) {
	s := signing(t, storetest.SQLite(t), env.NewFixed(noon))
	o := Owner{"00o1", "aus1"}
	_, key := sign(t, s, o, ES256, "{}")
	rows, err := s.Store.Read(t.Context()).SigningKeys(o.OrgID, o.ServerID)
	if err != nil || len(rows) != 1 || strings.Contains(rows[0].Private, "BEGIN") {
		t.Fatalf("%v, %v", rows, err)
	}
	if _, err := s.Keeper.Open(o.place(key.ID), rows[0].Private); err != nil {
		t.Errorf("at its place: %v", err)
	}
	if _, err := s.Keeper.Open(Owner{"00o1", "aus2"}.place(key.ID), rows[0].Private); !errors.Is(err, ErrSealed) {
		t.Errorf("at another server: %v", err)
	}
}

func TestRotation(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		clock := env.NewFixed(noon)
		s, o := signing(t, url, clock), Owner{"00o1", "aus1"}
		old, first := sign(t, s, o, ES256, "{}")
		all, err := s.Keys(t.Context(), o, ES256)
		if err != nil || len(all) != 2 || all[1].Status != KeyNext {
			t.Fatalf("%v, %v", all, err)
		}
		told := ""
		after, err := s.Rotate(t.Context(), o, ES256, func(_ *store.Tx, kid string) error { told = kid; return nil })
		if err != nil || len(after) != 3 || after[0].ID != all[1].ID || told != after[0].ID || after[1].Status != KeyNext || after[2].ID != first.ID {
			t.Fatalf("%v, %v", after, err)
		}
		if _, err := s.Verify(t.Context(), o, old); err != nil {
			t.Errorf("a token of the old key: %v", err)
		}
		clock.Advance(afterlife)
		if _, err := s.Verify(t.Context(), o, old); !errors.Is(err, ErrSignature) {
			t.Errorf("a token of a key that is published no more: %v", err)
		}
		if again, err := s.Rotate(t.Context(), o, ES256, func(*store.Tx, string) error { return nil }); err != nil || len(again) != 3 {
			t.Errorf("the oldest key is kept: %v, %v", again, err)
		}
		changed, err := s.Rotate(t.Context(), o, RS256, func(*store.Tx, string) error { return nil })
		if err != nil || changed[0].Alg != RS256 || changed[1].Alg != RS256 {
			t.Fatalf("another algorithm: %v, %v", changed, err)
		}
		failed := errors.New("no")
		if _, err := s.Rotate(t.Context(), o, RS256, func(*store.Tx, string) error { return failed }); !errors.Is(err, failed) {
			t.Errorf("%v", err)
		}
		if now, err := s.Active(t.Context(), o, RS256); err != nil || now.ID != changed[0].ID {
			t.Errorf("a rotation that fails changes the key: %v, %v", now, err)
		}
	})
}

// TestNodesAgreeOnTheFirstKey lets several nodes make the first key at once.
func TestNodesAgreeOnTheFirstKey(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		clock, o := env.NewFixed(noon), Owner{"00o1", ""}
		const nodes = 6
		kids := make([]string, nodes)
		var wg sync.WaitGroup
		for i := range nodes {
			s := signing(t, url, clock)
			wg.Go(func() {
				k, err := s.Active(t.Context(), o, ES256)
				if err != nil {
					t.Error(err)
					return
				}
				kids[i] = k.ID
			})
		}
		wg.Wait()
		slices.Sort(kids)
		if got := slices.Compact(kids); len(got) != 1 {
			t.Errorf("the keys are %v", got)
		}
	})
}

// TestRotationsAtOnce rotates on several nodes at once: one active key is left.
func TestRotationsAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		clock, o := env.NewFixed(noon), Owner{"00o1", "aus1"}
		var wg sync.WaitGroup
		for range 4 {
			s := signing(t, url, clock)
			if _, err := s.Keys(t.Context(), o, ES256); err != nil {
				t.Fatal(err)
			}
			wg.Go(func() {
				if _, err := s.Rotate(t.Context(), o, ES256, func(*store.Tx, string) error { return nil }); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		rows, err := signing(t, url, clock).Store.Read(t.Context()).SigningKeys(o.OrgID, o.ServerID)
		count := map[string]int{}
		for _, k := range rows {
			count[k.Status]++
		}
		if err != nil || count["ACTIVE"] != 1 || count["NEXT"] != 1 {
			t.Errorf("%v, %v", count, err)
		}
	})
}
