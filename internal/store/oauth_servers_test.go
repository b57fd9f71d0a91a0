package store_test

import (
	"errors"
	"testing"
	"time"

	"usher/internal/store"
)

func (w *world) oauthServer(name string) *store.OAuthServer {
	return &store.OAuthServer{
		OrgID: w.org.ID, ID: w.ids.New("aus"), Name: name, NameKey: name, Status: "ACTIVE", Document: []byte(`{}`), Created: noon, LastUpdated: noon,
	}
}

func (w *world) oauthPart(serverID, kind, name string) *store.OAuthPart {
	return &store.OAuthPart{
		OrgID: w.org.ID, ServerID: serverID, Kind: kind, ID: w.ids.New("scp"), Name: name, NameKey: name, Status: "ACTIVE", Priority: 1,
		Document: []byte(`{}`), Created: noon, LastUpdated: noon,
	}
}

func (w *world) grant(clientID, userID, scope string) *store.OAuthGrant {
	return &store.OAuthGrant{
		OrgID: w.org.ID, ID: w.ids.New("oag"), ClientID: clientID, UserID: userID, Scope: scope, Source: "ADMIN", CreatedBy: "00u1", Created: noon, LastUpdated: noon,
	}
}

// populateOAuth puts a row into every table of authorization servers.
func (w *world) populateOAuth(tx *store.Tx) error {
	v := w.oauthServer("default")
	v.Standard = true
	if err := tx.InsertOAuthServer(v); err != nil {
		return err
	}
	if err := tx.InsertOAuthPart(w.oauthPart(v.ID, "scope", "openid")); err != nil {
		return err
	}
	if err := tx.InsertSigningKey(&store.SigningKey{OrgID: w.org.ID, ServerID: v.ID, ID: "kid", Alg: "RS256", Status: "ACTIVE", Private: "sealed", Created: noon, Activated: noon}); err != nil {
		return err
	}
	return tx.InsertOAuthGrant(w.grant("client", "", "okta.users.read"))
}

func TestOAuthServers(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a, b := w.oauthServer("a"), w.oauthServer("b")
		b.Standard = true
		w.tx(t, func(tx *store.Tx) error { return errors.Join(tx.InsertOAuthServer(a), tx.InsertOAuthServer(b)) })
		w.taken(t, "oauth_servers.name_key", func(tx *store.Tx) error { return tx.InsertOAuthServer(w.oauthServer("a")) })
		a.Name, a.NameKey, a.Status = "c", "c", "INACTIVE"
		stale := *a
		w.tx(t, func(tx *store.Tx) error { return tx.UpdateOAuthServer(a) })
		w.fails(t, store.ErrStale, func(tx *store.Tx) error { return tx.UpdateOAuthServer(&stale) })
		r := w.Read(t.Context())
		if got, err := r.OAuthServer(w.org.ID, a.ID); err != nil || got.Name != "c" || got.Status != "INACTIVE" || got.Version != 2 || !got.Created.Equal(noon) {
			t.Fatalf("%+v, %v", got, err)
		}
		if got, err := r.StandardOAuthServer(w.org.ID); err != nil || got.ID != b.ID {
			t.Fatalf("standard: %+v, %v", got, err)
		}
		if list, err := r.OAuthServers(w.org.ID); err != nil || len(list) != 2 || list[0].ID != a.ID {
			t.Fatalf("%v, %v", list, err)
		}
		if _, err := r.OAuthServer("00oother", a.ID); !errors.Is(err, store.ErrNotFound) {
			t.Fatalf("another organisation: %v", err)
		}
		w.tx(t, func(tx *store.Tx) error { return tx.InsertOAuthPart(w.oauthPart(a.ID, "scope", "x")) })
		w.tx(t, func(tx *store.Tx) error { return tx.DeleteOAuthServer(w.org.ID, a.ID) })
		w.fails(t, store.ErrNotFound, func(tx *store.Tx) error { return tx.DeleteOAuthServer(w.org.ID, a.ID) })
		if parts, err := r.OAuthParts(w.org.ID, a.ID); err != nil || len(parts) != 0 {
			t.Fatalf("parts outlive their server: %v, %v", parts, err)
		}
	})
}

func TestOAuthParts(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		v := w.oauthServer("a")
		policy, low, high := w.oauthPart(v.ID, "policy", "p"), w.oauthPart(v.ID, "rule", "low"), w.oauthPart(v.ID, "rule", "high")
		low.ParentID, high.ParentID, low.Priority = policy.ID, policy.ID, 2
		w.tx(t, func(tx *store.Tx) error {
			return errors.Join(tx.InsertOAuthServer(v), tx.InsertOAuthPart(policy), tx.InsertOAuthPart(low), tx.InsertOAuthPart(high))
		})
		w.taken(t, "oauth_parts.name_key", func(tx *store.Tx) error { return tx.InsertOAuthPart(w.oauthPart(v.ID, "policy", "p")) })
		stale := *low
		low.Priority, low.Document = 3, []byte(`{"a":1}`)
		w.tx(t, func(tx *store.Tx) error { return tx.UpdateOAuthPart(low) })
		w.fails(t, store.ErrStale, func(tx *store.Tx) error { return tx.UpdateOAuthPart(&stale) })
		list, err := w.Read(t.Context()).OAuthParts(w.org.ID, v.ID)
		if err != nil || len(list) != 3 || list[1].Name != "high" || list[2].Priority != 3 || string(list[2].Document) != `{"a":1}` || list[2].ParentID != policy.ID {
			t.Fatalf("%+v, %v", list, err)
		}
		w.tx(t, func(tx *store.Tx) error { return tx.DeleteOAuthPart(policy) })
		if list, err = w.Read(t.Context()).OAuthParts(w.org.ID, v.ID); err != nil || len(list) != 0 {
			t.Fatalf("rules outlive their policy: %v, %v", list, err)
		}
		w.fails(t, store.ErrNotFound, func(tx *store.Tx) error { return tx.DeleteOAuthPart(policy) })
	})
}

func TestSigningKeys(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		key := &store.SigningKey{OrgID: w.org.ID, ServerID: "aus1", ID: "k1", Alg: "RS256", Status: "ACTIVE", Private: "sealed", Created: noon, Activated: noon}
		w.tx(t, func(tx *store.Tx) error { return tx.InsertSigningKey(key) })
		w.taken(t, "signing_keys.kid", func(tx *store.Tx) error { return tx.InsertSigningKey(key) })
		if due, err := w.Read(t.Context()).StaleSigningKeys(noon, 10); err != nil || len(due) != 1 || due[0].ServerID != "aus1" {
			t.Fatalf("due: %v, %v", due, err)
		}
		if due, err := w.Read(t.Context()).StaleSigningKeys(noon.Add(-time.Second), 10); err != nil || len(due) != 0 {
			t.Fatalf("not due: %v, %v", due, err)
		}
		key.Status, key.Retired = "EXPIRED", noon.Add(time.Hour)
		w.tx(t, func(tx *store.Tx) error { return tx.UpdateSigningKey(key) })
		list, err := w.Read(t.Context()).SigningKeys(w.org.ID, "aus1")
		if err != nil || len(list) != 1 || *list[0] != *key {
			t.Fatalf("%+v, %v", list, err)
		}
		if own, err := w.Read(t.Context()).SigningKeys(w.org.ID, ""); err != nil || len(own) != 0 {
			t.Fatalf("the keys of another server: %v, %v", own, err)
		}
		w.tx(t, func(tx *store.Tx) error { return tx.DeleteSigningKeys(w.org.ID, "aus1", "") })
		w.fails(t, store.ErrNotFound, func(tx *store.Tx) error { return tx.UpdateSigningKey(key) })
	})
}

func TestOAuthGrants(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		own, users, other := w.grant("one", "", "a"), w.grant("one", "00u1", "a"), w.grant("two", "00u1", "a")
		w.tx(t, func(tx *store.Tx) error {
			return errors.Join(tx.InsertOAuthGrant(own), tx.InsertOAuthGrant(users), tx.InsertOAuthGrant(other))
		})
		w.taken(t, "oauth_grants.scope", func(tx *store.Tx) error { return tx.InsertOAuthGrant(w.grant("one", "", "a")) })
		for name, c := range map[string]struct {
			filter store.GrantFilter
			want   []string
		}{
			"of a client":             {store.GrantFilter{ClientID: "one"}, []string{own.ID, users.ID}},
			"to a client itself":      {store.GrantFilter{ClientID: "one", ForUser: true}, []string{own.ID}},
			"of a user":               {store.GrantFilter{UserID: "00u1", ForUser: true}, []string{users.ID, other.ID}},
			"one":                     {store.GrantFilter{ID: other.ID}, []string{other.ID}},
			"one of another client":   {store.GrantFilter{ID: other.ID, ClientID: "one"}, nil},
			"of a user with a client": {store.GrantFilter{ClientID: "two", UserID: "00u1", ForUser: true}, []string{other.ID}},
		} {
			list, err := w.Read(t.Context()).OAuthGrants(w.org.ID, c.filter, "", 10)
			if err != nil || len(list) != len(c.want) {
				t.Fatalf("%s: %v, %v", name, list, err)
			}
			for i, g := range list {
				if g.ID != c.want[i] {
					t.Errorf("%s: %+v", name, g)
				}
			}
		}
		if list, err := w.Read(t.Context()).OAuthGrants(w.org.ID, store.GrantFilter{}, own.ID, 1); err != nil || len(list) != 1 || *list[0] != *users {
			t.Fatalf("behind the first: %+v, %v", list, err)
		}
		w.tx(t, func(tx *store.Tx) error {
			n, err := tx.DeleteOAuthGrants(w.org.ID, store.GrantFilter{UserID: "00u1", ForUser: true})
			if n != 2 {
				t.Errorf("%d went", n)
			}
			return err
		})
	})
}
