package apps_test

import (
	"encoding/json"
	"testing"
	"time"

	"usher/internal/apps"
	"usher/internal/env"
	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/keys"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// world is a store with one organisation and the service of its applications.
type world struct {
	*apps.Service
	clock *env.Movable
	org   *idp.Org
	actor idp.Actor
}

func each(t *testing.T, fn func(t *testing.T, w *world)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, url string) { fn(t, newWorld(t, url)) })
}

func newWorld(t testing.TB, url string) *world {
	t.Helper()
	clock := env.NewFixed(noon)
	keeper, err := keys.NewKeeper(env.NewSeeded(1), []byte("a master key for tests, of 32 bytes or more"))
	if err != nil {
		t.Fatal(err)
	}
	ids := &env.Counting{}
	w := &world{clock: clock, Service: &apps.Service{
		Store: storetest.Open(t, url, clock), Log: &eventlog.Log{IDs: ids}, IDs: ids, Clock: clock, Rand: env.NewSeeded(2), Keeper: keeper,
	}}
	w.org = w.addOrg(t, "main")
	w.actor = idp.SystemActor(w.org)
	return w
}

func (w *world) addOrg(t testing.TB, name string) *idp.Org {
	t.Helper()
	org := &idp.Org{ID: w.IDs.New("00o"), Name: name, Subdomain: name, Created: noon, BaseURL: "https://" + name + ".example.com"}
	org.Settings.EveryoneID = w.IDs.New("00g")
	w.tx(t, func(tx *store.Tx) error {
		if err := tx.InsertOrg(org); err != nil {
			return err
		}
		return tx.InsertGroup(&idp.Group{
			OrgID: org.ID, ID: org.Settings.EveryoneID, Type: idp.GroupBuiltIn, Name: idp.Everyone, Profile: []byte(`{}`), Created: noon,
		}, "everyone")
	})
	return org
}

func (w *world) tx(t testing.TB, fn func(*store.Tx) error) {
	t.Helper()
	if err := w.Store.Tx(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

func (w *world) addUser(t testing.TB, login string, attributes map[string]any) *idp.User {
	t.Helper()
	if attributes == nil {
		attributes = map[string]any{}
	}
	attributes["login"] = login
	profile, err := json.Marshal(attributes)
	if err != nil {
		t.Fatal(err)
	}
	u := &store.UserRow{
		User: idp.User{OrgID: w.org.ID, ID: w.IDs.New("00u"), Status: idp.UserActive, Login: login, Profile: profile, Created: noon, Activated: noon},
		Keys: store.UserKeys{Login: login},
	}
	w.tx(t, func(tx *store.Tx) error { return tx.InsertUser(u) })
	return &u.User
}

func (w *world) addGroup(t testing.TB, name string, members ...*idp.User) *idp.Group {
	t.Helper()
	g := &idp.Group{OrgID: w.org.ID, ID: w.IDs.New("00g"), Type: idp.GroupOkta, Name: name, Profile: []byte(`{}`), Created: noon}
	w.tx(t, func(tx *store.Tx) error {
		if err := tx.InsertGroup(g, name); err != nil {
			return err
		}
		for _, u := range members {
			if _, err := tx.AddMember(w.org.ID, g.ID, u.ID, ""); err != nil {
				return err
			}
		}
		return nil
	})
	return g
}

func input(t testing.TB, text string) *apps.Input {
	t.Helper()
	var in apps.Input
	if err := json.Unmarshal([]byte(text), &in); err != nil {
		t.Fatal(err)
	}
	return &in
}

func (w *world) add(t testing.TB, text string) *apps.App {
	t.Helper()
	a, err := w.Create(t.Context(), w.actor, input(t, text), true)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

const (
	bookmark = `{"name":"bookmark","signOnMode":"BOOKMARK","settings":{"app":{"url":"https://docs.example.com"}}}`
	client   = `{"name":"oidc_client","signOnMode":"OPENID_CONNECT","settings":{"oauthClient":{"redirect_uris":["https://web.example.com/cb"]}}}`
	swa      = `{"name":"template_swa","signOnMode":"BROWSER_PLUGIN","settings":{"app":{"buttonField":"b","passwordField":"p","usernameField":"u","url":"https://form.example.com/login"}}}`
	own      = `{"label":"Own","signOnMode":"SAML_2_0","settings":{"signOn":{"ssoAcsUrl":"https://sp.example.com/acs","audience":"sp","recipient":"https://sp.example.com/acs","destination":"https://sp.example.com/acs"}}}`
)

func ptr[T any](v T) *T { return &v }
