package store_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"usher/internal/store"
)

func TestCredential(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		u := w.addUser(t, "ann")
		c := &store.Credential{OrgID: w.org.ID, UserID: u.ID, Password: "$a$", Answer: "$b$", History: []string{"$c$", "$d$"}, Failures: 2, LastFailure: noon, LockedAt: noon.Add(time.Second)}
		w.tx(t, func(tx *store.Tx) error { return tx.SaveCredential(c) })
		got, err := w.Read(t.Context()).Credential(w.org.ID, u.ID)
		if err != nil || fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", c) {
			t.Fatalf("got %+v, want %+v, %v", got, c, err)
		}
		stale := *got
		got.LockedAt, got.Failures = time.Time{}, 0
		w.tx(t, func(tx *store.Tx) error { return tx.SaveCredential(got) })
		w.fails(t, store.ErrStale, func(tx *store.Tx) error { return tx.SaveCredential(&stale) })
		if again, err := w.Read(t.Context()).Credential(w.org.ID, u.ID); err != nil || !again.LockedAt.IsZero() || again.Version != 2 {
			t.Fatalf("%+v, %v", again, err)
		}
		w.taken(t, "credentials.user_id", func(tx *store.Tx) error {
			return tx.SaveCredential(&store.Credential{OrgID: w.org.ID, UserID: u.ID})
		})
		w.fails(t, store.ErrNotFound, func(tx *store.Tx) error {
			return tx.SaveCredential(&store.Credential{OrgID: w.org.ID, UserID: "00unobody"})
		})
	})
}

func TestUserTokens(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		u := w.addUser(t, "ann")
		put := func(secret string) {
			w.tx(t, func(tx *store.Tx) error {
				return tx.PutUserToken(store.UserToken{OrgID: w.org.ID, UserID: u.ID, Hash: hash(secret), Kind: "activation", Expires: w.clock.Now().Add(time.Hour)})
			})
		}
		take := func(orgID, kind, secret string) error {
			return w.Tx(t.Context(), func(tx *store.Tx) error {
				id, err := tx.TakeUserToken(orgID, kind, hash(secret))
				if err == nil && id != u.ID {
					t.Errorf("token of %q", id)
				}
				return err
			})
		}
		put("first")
		put("second") // voids the first
		for _, c := range []struct {
			name, org, kind, secret string
			want                    error
		}{
			{"an older one", w.org.ID, "activation", "first", store.ErrNotFound},
			{"another kind", w.org.ID, "recovery", "second", store.ErrNotFound},
			{"another organisation", "00oother", "activation", "second", store.ErrNotFound},
			{"the one", w.org.ID, "activation", "second", nil},
			{"the one again", w.org.ID, "activation", "second", store.ErrNotFound},
		} {
			if err := take(c.org, c.kind, c.secret); !errors.Is(err, c.want) {
				t.Errorf("%s: %v", c.name, err)
			}
		}
		put("third")
		w.clock.Advance(time.Hour)
		if err := take(w.org.ID, "activation", "third"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("expired: %v", err)
		}
		put("fourth")
		w.tx(t, func(tx *store.Tx) error { return tx.DeleteUserTokens(w.org.ID, u.ID) })
		if err := take(w.org.ID, "activation", "fourth"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("voided: %v", err)
		}
	})
}
