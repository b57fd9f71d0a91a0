package store_test

import (
	"testing"

	"usher/internal/store"
)

func TestPoliciesComeByPriorityWithTheirRules(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		add := func(id, kind string, priority int) *store.Policy {
			p := &store.Policy{OrgID: w.org.ID, ID: id, Type: kind, Name: id, Status: "ACTIVE", Priority: priority, Document: []byte(`{"p":true}`), Created: noon, LastUpdated: noon}
			w.tx(t, func(tx *store.Tx) error { return tx.InsertPolicy(p) })
			return p
		}
		rule := func(policyID, id string, priority int) *store.PolicyRule {
			r := &store.PolicyRule{PolicyID: policyID, ID: id, Name: id, Status: "ACTIVE", Priority: priority, System: true, Document: []byte(`{"r":true}`), Created: noon, LastUpdated: noon}
			w.tx(t, func(tx *store.Tx) error { return tx.InsertPolicyRule(w.org.ID, r) })
			return r
		}
		second, first := add("00p1", "PASSWORD", 2), add("00p2", "PASSWORD", 1)
		add("00p3", "OKTA_SIGN_ON", 1)
		late, early := rule(second.ID, "0pr1", 9), rule(second.ID, "0pr2", 1)
		list, err := w.Read(t.Context()).Policies(w.org.ID, "PASSWORD")
		if err != nil || len(list) != 2 || list[0].ID != first.ID || list[1].ID != second.ID {
			t.Fatalf("%v, %v", list, err)
		}
		rules := list[1].Rules
		if len(list[0].Rules) != 0 || len(rules) != 2 || rules[0].ID != early.ID || rules[1].ID != late.ID || !rules[0].System || string(rules[0].Document) != `{"r":true}` {
			t.Fatalf("rules: %+v", rules)
		}
		w.taken(t, "policies.name", func(tx *store.Tx) error {
			return tx.InsertPolicy(&store.Policy{OrgID: w.org.ID, ID: "00p9", Type: "PASSWORD", Name: "00p1", Document: []byte(`{}`)})
		})
		w.taken(t, "policy_rules.name", func(tx *store.Tx) error {
			return tx.InsertPolicyRule(w.org.ID, &store.PolicyRule{PolicyID: second.ID, ID: "0pr9", Name: "0pr1", Document: []byte(`{}`)})
		})
		w.fails(t, store.ErrNotFound, func(tx *store.Tx) error {
			return tx.InsertPolicyRule(w.org.ID, &store.PolicyRule{PolicyID: "00pnone", ID: "0pr9", Name: "x", Document: []byte(`{}`)})
		})
		stale := *second
		second.Name = "renamed"
		w.tx(t, func(tx *store.Tx) error { return tx.UpdatePolicy(second) })
		w.fails(t, store.ErrStale, func(tx *store.Tx) error { return tx.UpdatePolicy(&stale) })
		staleRule := *late
		late.Status = "INACTIVE"
		w.tx(t, func(tx *store.Tx) error { return tx.UpdatePolicyRule(w.org.ID, late) })
		w.fails(t, store.ErrStale, func(tx *store.Tx) error { return tx.UpdatePolicyRule(w.org.ID, &staleRule) })
		list, err = w.Read(t.Context()).Policies(w.org.ID, "PASSWORD")
		if err != nil || list[1].Name != "renamed" || list[1].Rules[1].Status != "INACTIVE" {
			t.Fatalf("after the updates: %+v, %v", list, err)
		}
	})
}
