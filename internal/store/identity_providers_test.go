package store_test

import (
	"errors"
	"testing"

	"usher/internal/store"
)

// TestIdentityProviders: names are unique in an organisation, changes need the
// version that was read, and issuers find those who name themselves so.
func TestIdentityProviders(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := &store.IdentityProvider{OrgID: w.org.ID, ID: "0oa1", Name: "one", Type: "SAML2", Status: "ACTIVE", Issuer: "urn:one", Document: []byte(`{}`), Created: noon, LastUpdated: noon}
		w.tx(t, func(tx *store.Tx) error { return tx.InsertIdentityProvider(p) })
		w.taken(t, "identity_providers.name", func(tx *store.Tx) error {
			other := *p
			other.ID = "0oa2"
			return tx.InsertIdentityProvider(&other)
		})
		stale := *p
		p.Status, p.Issuer = "INACTIVE", "urn:two"
		w.tx(t, func(tx *store.Tx) error { return tx.UpdateIdentityProvider(p) })
		err := w.Tx(t.Context(), func(tx *store.Tx) error { return tx.UpdateIdentityProvider(&stale) })
		if !errors.Is(err, store.ErrStale) {
			t.Errorf("%v", err)
		}
		for issuer, want := range map[string]int{"": 1, "urn:one": 0, "urn:two": 1} {
			list, err := w.Read(t.Context()).IdentityProviders(w.org.ID, issuer)
			if err != nil || len(list) != want {
				t.Errorf("%q: %v %v", issuer, list, err)
			}
		}
		if list, err := w.Read(t.Context()).IdentityProviders("another", ""); err != nil || len(list) != 0 {
			t.Errorf("another organisation sees %v %v", list, err)
		}
		w.tx(t, func(tx *store.Tx) error { return tx.DeleteIdentityProvider(w.org.ID, p.ID) })
		if _, err := w.Read(t.Context()).IdentityProvider(w.org.ID, p.ID); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%v", err)
		}
	})
}
