package store_test

import (
	"testing"

	"usher/internal/store"
)

func TestZones(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		z := &store.Zone{
			OrgID: w.org.ID, ID: "nzo1", Type: "IP", Name: "office", Status: "ACTIVE", Usage: "POLICY", System: true,
			Document: []byte(`{"gateways":null}`), Created: noon, LastUpdated: noon,
		}
		w.tx(t, func(tx *store.Tx) error { return tx.InsertZone(z) })
		w.taken(t, "network_zones.name", func(tx *store.Tx) error {
			return tx.InsertZone(&store.Zone{OrgID: w.org.ID, ID: "nzo2", Name: "office", Document: []byte(`{}`)})
		})
		stale := *z
		z.Status, z.Usage = "INACTIVE", "BLOCKLIST"
		w.tx(t, func(tx *store.Tx) error { return tx.UpdateZone(z) })
		w.fails(t, store.ErrStale, func(tx *store.Tx) error { return tx.UpdateZone(&stale) })
		got, err := w.Read(t.Context()).Zones(w.org.ID)
		if err != nil || len(got) != 1 || got[0].Status != "INACTIVE" || got[0].Usage != "BLOCKLIST" || !got[0].System || string(got[0].Document) != `{"gateways":null}` {
			t.Fatalf("%+v, %v", got, err)
		}
		w.fails(t, store.ErrNotFound, func(tx *store.Tx) error { _, err := tx.Zone("00oother", z.ID); return err })
		w.tx(t, func(tx *store.Tx) error { return tx.DeleteZone(w.org.ID, z.ID) })
		w.fails(t, store.ErrNotFound, func(tx *store.Tx) error { return tx.DeleteZone(w.org.ID, z.ID) })
	})
}

func TestOriginsHaveAuthors(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := store.TrustedOrigin{OrgID: w.org.ID, ID: "tos1", Name: "app", Origin: "https://app.example", CORS: true, Active: true, Created: noon, LastUpdated: noon}
		w.tx(t, func(tx *store.Tx) error { return tx.InsertOrigin(o) })
		got, err := w.Read(t.Context()).Origin(w.org.ID, o.ID)
		if err != nil || got.CreatedBy != "" {
			t.Fatalf("without authors: %+v, %v", got, err)
		}
		got.CreatedBy, got.UpdatedBy, got.Redirect = "00u1", "00u2", true
		stale := *got
		w.tx(t, func(tx *store.Tx) error {
			if err := tx.SetOriginDetails(got); err != nil {
				return err
			}
			return tx.UpdateOrigin(got)
		})
		w.fails(t, store.ErrStale, func(tx *store.Tx) error { return tx.UpdateOrigin(&stale) })
		list, err := w.Read(t.Context()).Origins(w.org.ID)
		if err != nil || len(list) != 1 || list[0].CreatedBy != "00u1" || list[0].UpdatedBy != "00u2" || !list[0].Redirect {
			t.Fatalf("%+v, %v", list, err)
		}
		w.tx(t, func(tx *store.Tx) error { return tx.DeleteOrigin(w.org.ID, o.ID) })
		w.fails(t, store.ErrNotFound, func(tx *store.Tx) error { _, err := tx.Origin(w.org.ID, o.ID); return err })
	})
}

func TestAuthenticatorStates(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, status := range []string{"INACTIVE", "ACTIVE", "INACTIVE"} {
			w.tx(t, func(tx *store.Tx) error {
				return tx.SetAuthenticator(w.org.ID, store.AuthenticatorState{Kind: "totp", Status: status, LastUpdated: noon})
			})
		}
		got, err := w.Read(t.Context()).AuthenticatorStates(w.org.ID)
		if err != nil || len(got) != 1 || got[0] != (store.AuthenticatorState{Kind: "totp", Status: "INACTIVE", LastUpdated: noon}) {
			t.Fatalf("%+v, %v", got, err)
		}
	})
}

func TestPoliciesMoveAndGo(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := &store.Policy{OrgID: w.org.ID, ID: "00p1", Type: "PASSWORD", Name: "p", Status: "ACTIVE", Priority: 1, Document: []byte(`{}`), Created: noon, LastUpdated: noon}
		system := &store.PolicyRule{PolicyID: p.ID, ID: "0pr1", Name: "default", Status: "ACTIVE", Priority: 1, System: true, Document: []byte(`{}`), Created: noon, LastUpdated: noon}
		own := &store.PolicyRule{PolicyID: p.ID, ID: "0pr2", Name: "own", Status: "ACTIVE", Priority: 5, Document: []byte(`{}`), Created: noon, LastUpdated: noon}
		w.tx(t, func(tx *store.Tx) error {
			if err := tx.InsertPolicy(p); err != nil {
				return err
			}
			if err := tx.InsertPolicyRule(w.org.ID, system); err != nil {
				return err
			}
			return tx.InsertPolicyRule(w.org.ID, own)
		})
		w.tx(t, func(tx *store.Tx) error {
			if err := tx.MovePolicy(w.org.ID, p.ID, 3); err != nil {
				return err
			}
			return tx.MovePolicyRule(w.org.ID, p.ID, own.ID, 4)
		})
		got, err := w.Read(t.Context()).Policy(w.org.ID, p.ID)
		if err != nil || got.Priority != 3 || got.Version != 2 || len(got.Rules) != 2 || got.Rules[0].ID != own.ID || got.Rules[0].Priority != 4 || !got.Rules[1].System {
			t.Fatalf("%+v, %v", got, err)
		}
		w.tx(t, func(tx *store.Tx) error { return tx.DeletePolicyRule(w.org.ID, p.ID, own.ID) })
		w.fails(t, store.ErrNotFound, func(tx *store.Tx) error { return tx.MovePolicyRule(w.org.ID, p.ID, own.ID, 1) })
		w.tx(t, func(tx *store.Tx) error { return tx.DeletePolicy(w.org.ID, p.ID) })
		w.fails(t, store.ErrNotFound, func(tx *store.Tx) error { _, err := tx.Policy(w.org.ID, p.ID); return err })
	})
}
