package store_test

import (
	"errors"
	"testing"

	"usher/internal/idp"
	"usher/internal/store"
)

func TestOrgs(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		second := w.addOrg(t, "second", "second.example.com")
		r := w.Read(t.Context())
		if o, err := r.OrgByHost("second.example.com"); err != nil || o.ID != second.ID || o.Name != "second" || !o.Created.Equal(noon) {
			t.Fatalf("by host: %+v, %v", o, err)
		}
		if o, err := r.DefaultOrg(); err != nil || o.ID != w.org.ID || o.Host != "" {
			t.Fatalf("default: %+v, %v", o, err)
		}
		if _, err := r.OrgByHost("other.example.com"); !errors.Is(err, store.ErrNotFound) {
			t.Fatalf("unknown host: %v", err)
		}
		if _, err := r.Org("00ounknown"); !errors.Is(err, store.ErrNotFound) {
			t.Fatalf("unknown: %v", err)
		}
		if all, err := r.Orgs(); err != nil || len(all) != 2 || all[0].ID > all[1].ID {
			t.Fatalf("all: %v, %v", all, err)
		}
		w.taken(t, "orgs.host", func(tx *store.Tx) error {
			return tx.InsertOrg(&idp.Org{ID: "00othird", Subdomain: "third", Host: "second.example.com"})
		})
		w.taken(t, "orgs.subdomain", func(tx *store.Tx) error {
			return tx.InsertOrg(&idp.Org{ID: "00othird", Subdomain: "second", Host: "third.example.com"})
		})
		w.tx(t, func(tx *store.Tx) error {
			return tx.UpdateOrgSettings(second.ID, idp.OrgSettings{Pipeline: idp.PipelineIdX})
		})
		if o, err := r.Org(second.ID); err != nil || o.Settings.Pipeline != idp.PipelineIdX {
			t.Fatalf("settings: %+v, %v", o, err)
		}
		w.fails(t, store.ErrNotFound, func(tx *store.Tx) error { return tx.UpdateOrgSettings("00ounknown", idp.OrgSettings{}) })
	})
}

func TestFacts(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		if _, err := w.Read(t.Context()).Fact("x"); !errors.Is(err, store.ErrNotFound) {
			t.Fatalf("not set: %v", err)
		}
		for _, v := range []string{"1", "2"} {
			w.tx(t, func(tx *store.Tx) error { return tx.SetFact("x", v) })
			if got, err := w.Read(t.Context()).Fact("x"); err != nil || got != v {
				t.Fatalf("%q, %v", got, err)
			}
		}
	})
}
