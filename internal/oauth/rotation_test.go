package oauth

import (
	"context"
	"testing"
	"time"

	"usher/internal/env"
	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/keys"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

func TestKeysRotateByThemselves(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		clock, ids := env.NewFixed(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)), &env.Counting{}
		keeper, err := keys.NewKeeper(env.SystemRand{}, []byte("a master key for tests, of 32 bytes or more"))
		if err != nil {
			t.Fatal(err)
		}
		db := storetest.Open(t, url, clock)
		s := &Service{
			Store: db, Log: &eventlog.Log{IDs: ids}, IDs: ids, Clock: clock,
			Signing: &keys.Signing{Store: db, Clock: clock, Rand: env.SystemRand{}, Keeper: keeper},
		}
		org := &idp.Org{ID: ids.New("00o"), Name: "main", Subdomain: "main", BaseURL: "https://id.example.com", Created: clock.Now()}
		if err := db.Tx(t.Context(), func(tx *store.Tx) error { return tx.InsertOrg(org) }); err != nil {
			t.Fatal(err)
		}
		a := idp.SystemActor(org)
		make := func(name, rotation string) *Server {
			v, err := s.CreateServer(t.Context(), a, ServerInput{Name: name, Audiences: []string{"x"}, Rotation: rotation, Alg: keys.ES256})
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
		auto, manual, own := make("auto", RotationAuto), make("manual", RotationManual), ownServer(org)
		active := func(v *Server) string {
			t.Helper()
			k, err := s.Signing.Active(t.Context(), v.Owner(), v.Alg)
			if err != nil {
				t.Fatal(err)
			}
			return k.ID
		}
		run := func() {
			t.Helper()
			if err := s.RotateDue(t.Context(), func(context.Context, string) (*idp.Org, error) { return org, nil }); err != nil {
				t.Fatal(err)
			}
		}
		before := map[*Server]string{auto: active(auto), manual: active(manual), own: active(own)}
		clock.Advance(keys.RotateAfter - time.Hour)
		run()
		for v, kid := range before {
			if active(v) != kid {
				t.Errorf("%q: too early", v.Name)
			}
		}
		next, err := s.Signing.Keys(t.Context(), auto.Owner(), auto.Alg)
		if err != nil || next[1].Status != keys.KeyNext {
			t.Fatalf("%v, %v", next, err)
		}
		clock.Advance(time.Hour)
		run()
		if got := active(auto); got != next[1].ID {
			t.Errorf("the key that signs is not the one that was announced: %s", got)
		}
		if active(manual) != before[manual] {
			t.Error("keys change that are to change by hand alone")
		}
		if active(own) == before[own] {
			t.Error("the key of the organisation's own server stays")
		}
	})
}
