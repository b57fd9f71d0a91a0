package factor_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"usher/internal/env"
	"usher/internal/eventlog"
	"usher/internal/factor"
	"usher/internal/fresh"
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

// TestAuthenticatorsAreSwitchedOff: what the organisation has switched off is
// offered to nobody until it is on again, a method that several authenticators
// have only with the last of them; the password stays on.
func TestAuthenticatorsAreSwitchedOff(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
		clock := env.NewFixed(noon)
		db := storetest.Open(t, url, clock)
		org := &idp.Org{ID: "00o1", Name: "main", Subdomain: "main", Created: noon.Add(-time.Hour)}
		if err := db.Tx(t.Context(), func(tx *store.Tx) error { return tx.InsertOrg(org) }); err != nil {
			t.Fatal(err)
		}
		methods := factor.NewService(badge(factor.Password), badge("push"), badge("totp"))
		s := &factor.Authenticators{Store: db, Log: &eventlog.Log{IDs: &env.Counting{}}, Methods: methods}
		actor := idp.SystemActor(org)
		offeredBy := func(methods *factor.Service) string {
			t.Helper()
			if err := methods.Warm(t.Context(), db, org); err != nil {
				t.Fatal(err)
			}
			list, err := methods.Enrolled(db.Read(t.Context()), factor.Subject{Org: org})
			if err != nil {
				t.Fatal(err)
			}
			var kinds []string
			for _, d := range list {
				kinds = append(kinds, d.Kind)
			}
			return strings.Join(kinds, " ")
		}
		offered := func() string { return offeredBy(methods) }
		list, err := s.List(t.Context(), actor)
		if err != nil || len(list) != 3 || list[0].Key != factor.KeyPassword || list[1].Key != "okta_verify" || list[2].Key != "google_otp" {
			t.Fatalf("%+v, %v", list, err)
		}
		verify, google := list[1].ID, list[2].ID
		if verify != factor.AuthenticatorID(org.ID, "push") || google != factor.AuthenticatorID(org.ID, "totp") {
			t.Errorf("%+v", list)
		}
		for _, c := range []struct {
			id      string
			on      bool
			offered string
			factors string // that are on
		}{
			{verify, false, "password totp", "google_otp"},
			{verify, false, "password totp", "google_otp"},
			{google, false, "password", ""},
			{google, true, "password totp", "google_otp"},
			{google, false, "password", ""},
			{verify, true, "password push totp", "okta_otp okta_push"},
		} {
			v, err := s.Set(t.Context(), actor, c.id, c.on)
			if err != nil || v.Active != c.on || !v.LastUpdated.Equal(noon) || !v.Created.Equal(org.Created) || offered() != c.offered {
				t.Errorf("%+v: %+v, %v, offered %s", c, v, err, offered())
			}
			all, err := s.Factors(t.Context(), actor)
			var on []string
			for _, f := range all {
				if f.Status == factor.AuthenticatorActive {
					on = append(on, f.Key)
				}
			}
			if err != nil || strings.Join(on, " ") != c.factors {
				t.Errorf("%+v: the factors %s are on, %v", c, on, err)
			}
		}
		// One of two that is off does not hide the other, and both go on together.
		if _, err := s.SetFactor(t.Context(), actor, "okta_push", false); err != nil {
			t.Fatal(err)
		}
		if v, err := s.Get(t.Context(), actor, verify); err != nil || !v.Active {
			t.Errorf("%+v, %v", v, err)
		}
		if _, err := s.Set(t.Context(), actor, verify, true); err != nil || offered() != "password push totp" {
			t.Errorf("%v, offered %s", err, offered())
		}
		if _, err := s.Set(t.Context(), actor, factor.AuthenticatorID(org.ID, factor.Password), false); idp.KindOf(err) != idp.KindForbidden {
			t.Errorf("the password: %v", err)
		}
		// Another node may go by what was so a second ago.
		other, age := factor.NewService(badge(factor.Password), badge("push"), badge("totp")), time.Duration(0)
		factor.SetAge(other, func() time.Duration { return age })
		offeredBy(other)
		if _, err := s.Set(t.Context(), actor, verify, false); err != nil || offered() != "password" {
			t.Errorf("%v, offered %s", err, offered())
		}
		age = fresh.Life - 1
		if got := offeredBy(other); got != "password push totp" {
			t.Errorf("elsewhere, within the second: %s", got)
		}
		age = fresh.Life
		if got := offeredBy(other); got != "password" {
			t.Errorf("elsewhere, after the second: %s", got)
		}
		if _, err := s.Get(t.Context(), actor, "aut1"); idp.KindOf(err) != idp.KindNotFound {
			t.Errorf("an unknown one: %v", err)
		}
	})
}
