package apps_test

import (
	"testing"
	"time"

	"usher/internal/apps"
	"usher/internal/fresh"
	"usher/internal/idp"
	"usher/internal/store/storetest"
)

// TestClientsAreAtMostASecondOld: a change of a client or of its secrets holds
// at once on the node that makes it, and within a second on another.
func TestClientsAreAtMostASecondOld(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	a := w.add(t, `{"name":"oidc_client","label":"A","signOnMode":"OPENID_CONNECT","credentials":{"oauthClient":{"token_endpoint_auth_method":"client_secret_basic"}},
 "settings":{"oauthClient":{"application_type":"service","grant_types":["client_credentials"],"response_types":["token"]}}}`)
	var age time.Duration
	other := &apps.Service{Store: w.Store, Log: w.Log, IDs: w.IDs, Clock: w.clock, Rand: w.Rand, Keeper: w.Keeper}
	other.SetAge(func() time.Duration { return age })
	check := func(name string, s *apps.Service, status idp.AppStatus, secret string, holds bool) {
		t.Helper()
		served, err := s.Served(t.Context(), w.org.ID, a.ClientID)
		if err != nil || served.Status != status {
			t.Errorf("%s: %v, %v", name, served, err)
			return
		}
		if ok, err := s.VerifySecret(t.Context(), served, secret); err != nil || ok != holds {
			t.Errorf("%s: the secret holds: %v, %v", name, ok, err)
		}
	}
	check("here", w.Service, idp.AppActive, a.ClientSecret, true)
	check("elsewhere", other, idp.AppActive, a.ClientSecret, true)
	added, err := w.AddSecret(t.Context(), w.actor, a.ID, "", true)
	if err != nil {
		t.Fatal(err)
	}
	check("here, another secret", w.Service, idp.AppActive, added.Value, true)
	check("elsewhere, another secret, at once", other, idp.AppActive, added.Value, false)
	if err := w.Deactivate(t.Context(), w.actor, a.ID); err != nil {
		t.Fatal(err)
	}
	check("here, switched off", w.Service, idp.AppInactive, added.Value, true)
	age = fresh.Life - 1
	check("elsewhere, within the second", other, idp.AppActive, added.Value, false)
	age = fresh.Life
	check("elsewhere, after the second", other, idp.AppInactive, added.Value, true)
	if _, err := w.Served(t.Context(), w.org.ID, "another"); idp.KindOf(err) != idp.KindNotFound {
		t.Errorf("a client that is not there: %v", err)
	}
}
