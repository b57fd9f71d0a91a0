package store_test

import (
	"bytes"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"usher/internal/store"
)

// TestTicketIsTakenOnce: of fifty who present a ticket at once, one gets it.
func TestTicketIsTakenOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.tx(t, func(tx *store.Tx) error { return w.populateGrants(tx, "00u1") })
		var got atomic.Int32
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				err := w.Write(t.Context(), func(tx *store.Tx) error {
					_, err := tx.TakeOAuthTicket(w.org.ID, "code", hash("code"))
					return err
				})
				if err == nil {
					got.Add(1)
				} else if !errors.Is(err, store.ErrNotFound) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if got.Load() != 1 {
			t.Errorf("%d took it", got.Load())
		}
		w.tx(t, func(tx *store.Tx) error {
			v, err := tx.OAuthTicket(w.org.ID, "code", hash("code"))
			if err != nil || v.Used.IsZero() || v.ClientID != "client" {
				t.Errorf("%+v, %v", v, err)
			}
			if _, err := tx.OAuthTicket(w.org.ID, "par", hash("code")); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("another kind: %v", err)
			}
			if _, err := tx.OAuthTicket("00oother", "code", hash("code")); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("another organisation: %v", err)
			}
			return nil
		})
	})
}

// TestSpendOnce: of fifty who spend the same, one is told that it is new.
func TestSpendOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var fresh atomic.Int32
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				err := w.Write(t.Context(), func(tx *store.Tx) error {
					ok, err := tx.Spend(w.org.ID, hash("jti"), noon.Add(time.Hour))
					if ok {
						fresh.Add(1)
					}
					return err
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if fresh.Load() != 1 {
			t.Errorf("new to %d", fresh.Load())
		}
		read := w.Read(t.Context())
		if ok, err := read.Spent(w.org.ID, hash("jti")); !ok || err != nil {
			t.Errorf("%v, %v", ok, err)
		}
		if ok, err := read.Spent(w.org.ID, hash("other")); ok || err != nil {
			t.Errorf("another: %v, %v", ok, err)
		}
	})
}

func TestRefreshRow(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.tx(t, func(tx *store.Tx) error { return w.populateGrants(tx, "00u1") })
		w.tx(t, func(tx *store.Tx) error {
			r, err := tx.OAuthRefreshByHash(w.org.ID, hash("family"))
			if err != nil {
				return err
			}
			stale := *r
			r.Previous, r.Current, r.Rotated = r.Current, hash("next"), tx.Now()
			if err := tx.UpdateOAuthRefresh(r); err != nil {
				return err
			}
			if err := tx.UpdateOAuthRefresh(&stale); !errors.Is(err, store.ErrStale) {
				t.Errorf("a write of an older version: %v", err)
			}
			again, err := tx.OAuthRefresh(w.org.ID, "oar1")
			if err != nil || !bytes.Equal(again.Previous, hash("now")) || again.Version != 2 || !bytes.Equal(again.Salt, []byte{0, 255}) {
				t.Errorf("%+v, %v", again, err)
			}
			return nil
		})
		w.tx(t, func(tx *store.Tx) error {
			for _, f := range []store.OAuthRefreshFilter{{UserID: "00u1"}, {ClientID: "client"}, {UserID: "00u1", ClientID: "client", ServerID: "aus1", ID: "oar1"}} {
				list, err := tx.OAuthRefreshAfter(w.org.ID, f, "", 10)
				if err != nil || len(list) != 1 {
					t.Errorf("%+v: %d, %v", f, len(list), err)
				}
			}
			if gone, err := tx.DeleteOAuthRefresh(w.org.ID, store.OAuthRefreshFilter{UserID: "00uother"}); err != nil || len(gone) != 0 {
				t.Errorf("%d, %v", len(gone), err)
			}
			gone, err := tx.DeleteOAuthRefresh(w.org.ID, store.OAuthRefreshFilter{UserID: "00u1"})
			if err != nil || len(gone) != 1 || gone[0].ID != "oar1" {
				t.Errorf("%v, %v", gone, err)
			}
			return nil
		})
	})
}

// TestTokenStanding: one statement tells of the user of a token, whether it was
// revoked, and whether the refresh token with which it came is still there.
func TestTokenStanding(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		u := w.addUser(t, "ann")
		token := hash("token")
		r := &store.OAuthRefresh{
			OrgID: w.org.ID, ID: "oar1", Hash: hash("family"), ClientID: "0oa1", UserID: u.ID, Current: hash("now"), Expires: noon.Add(time.Hour), Document: []byte(`{}`),
		}
		w.tx(t, func(tx *store.Tx) error { return tx.InsertOAuthRefresh(r) })
		var all time.Time // until when all tokens of the user are noted
		standing := func(family string, revoked, there bool) {
			t.Helper()
			s, err := w.Read(t.Context()).TokenStanding(w.org.ID, u.ID, store.TokenHashes{Own: token, All: hash("all")}, family)
			if err != nil || s.User.ID != u.ID || s.User.Login != u.Login || s.Revoked != revoked || s.Family != there || !s.All.Equal(all) {
				t.Errorf("%+v, %v", s, err)
			}
		}
		standing("oar1", false, true)
		standing("oar2", false, false)
		row, owner, err := w.Read(t.Context()).OAuthRefreshHolder(w.org.ID, hash("family"))
		if err != nil || row.ID != "oar1" || row.ClientID != "0oa1" || owner.ID != u.ID || owner.Login != u.Login || owner.Status != u.Status {
			t.Errorf("%+v, %+v, %v", row, owner, err)
		}
		for org, h := range map[string][]byte{w.org.ID: hash("another"), "another": hash("family")} {
			if _, _, err := w.Read(t.Context()).OAuthRefreshHolder(org, h); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("a token that is not there: %v", err)
			}
		}
		w.tx(t, func(tx *store.Tx) error {
			_, err := tx.Spend(w.org.ID, token, noon.Add(time.Hour))
			return err
		})
		standing("oar1", true, true)
		for _, until := range []time.Duration{2 * time.Hour, 3 * time.Hour, time.Hour} { // the latest holds
			w.tx(t, func(tx *store.Tx) error { return tx.SpendUntil(w.org.ID, hash("all"), noon.Add(until)) })
			if at := noon.Add(until); at.After(all) {
				all = at
			}
			standing("oar1", true, true)
		}
		w.clock.Advance(time.Hour)
		standing("oar1", true, false)
		if _, err := w.Read(t.Context()).TokenStanding(w.org.ID, "00u-nobody", store.TokenHashes{Own: token}, "oar1"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a user who is not there: %v", err)
		}
		if _, _, err := w.Read(t.Context()).OAuthRefreshHolder(w.org.ID, hash("family")); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a token that has expired: %v", err)
		}
	})
}
