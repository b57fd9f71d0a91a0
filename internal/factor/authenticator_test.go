package factor_test

import (
	"context"
	"testing"
	"time"

	"usher/internal/env"
	"usher/internal/eventlog"
	"usher/internal/factor"
	"usher/internal/idp"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

// badge is a method that every user can prove.
type badge string

func (b badge) Describe() factor.Description { return factor.Description{Kind: string(b)} }

func (badge) Enrolled(*store.Tx, factor.Subject) (bool, error) { return true, nil }

func (badge) Check(context.Context, factor.Subject, map[string]string) (factor.Attempt, error) {
	return factor.Attempt{}, nil
}

func (badge) Settle(*store.Tx, factor.Subject, factor.Attempt) (factor.Outcome, error) {
	return factor.Outcome{}, nil
}

// TestAuthenticatorsAreSwitchedOff: a method that the organisation has switched
// off is offered to nobody until it is on again; the password stays on.
func TestAuthenticatorsAreSwitchedOff(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
		clock := env.NewFixed(noon)
		db := storetest.Open(t, url, clock)
		org := &idp.Org{ID: "00o1", Name: "main", Subdomain: "main", Created: noon.Add(-time.Hour)}
		if err := db.Tx(t.Context(), func(tx *store.Tx) error { return tx.InsertOrg(org) }); err != nil {
			t.Fatal(err)
		}
		methods := factor.NewService(badge(factor.Password), badge("badge"))
		s := &factor.Authenticators{Store: db, Log: &eventlog.Log{IDs: &env.Counting{}}, Methods: methods}
		actor := idp.SystemActor(org)
		offered := func() int {
			t.Helper()
			list, err := methods.Enrolled(db.Read(t.Context()), factor.Subject{Org: org})
			if err != nil {
				t.Fatal(err)
			}
			return len(list)
		}
		id := factor.AuthenticatorID(org.ID, "badge")
		v, err := s.Set(t.Context(), actor, id, false)
		if err != nil || v.Active || !v.LastUpdated.Equal(noon) || !v.Created.Equal(org.Created) || offered() != 1 {
			t.Errorf("off: %+v, %v, %d offered", v, err, offered())
		}
		if _, err := s.Set(t.Context(), actor, id, true); err != nil || offered() != 2 {
			t.Errorf("on: %v, %d offered", err, offered())
		}
		if _, err := s.Set(t.Context(), actor, factor.AuthenticatorID(org.ID, factor.Password), false); idp.KindOf(err) != idp.KindForbidden || offered() != 2 {
			t.Errorf("the password: %v", err)
		}
		if _, err := s.Get(t.Context(), actor, "aut1"); idp.KindOf(err) != idp.KindNotFound {
			t.Errorf("an unknown one: %v", err)
		}
	})
}
