package store_test

import (
	"slices"
	"testing"

	"usher/internal/idp"
	"usher/internal/store"
)

// app returns an application that is not stored yet.
func (w *world) app(name string) *idp.App {
	return &idp.App{
		OrgID: w.org.ID, ID: w.ids.New("0oa"), Name: name, Label: name, Status: idp.AppActive, SignOnMode: idp.SignOnBookmark,
		Settings: []byte(`{}`), Created: noon, LastUpdated: noon,
	}
}

func (w *world) addApp(t *testing.T, name string) *idp.App {
	t.Helper()
	a := w.app(name)
	w.tx(t, func(tx *store.Tx) error { return tx.InsertApp(a, name) })
	return a
}

// populateApp puts a row into every table of applications.
func (w *world) populateApp(tx *store.Tx, userID, groupID string) error {
	a := w.app("bookmark")
	steps := []func() error{
		func() error { return tx.InsertApp(a, "bookmark") },
		func() error {
			return tx.InsertAppUser(&idp.AppUser{OrgID: w.org.ID, AppID: a.ID, UserID: userID, Scope: idp.AppScopeUser, Profile: []byte(`{}`), Created: noon}, "")
		},
		func() error {
			return tx.InsertAppGroup(&idp.AppGroup{OrgID: w.org.ID, AppID: a.ID, GroupID: groupID, Profile: []byte(`{}`), Created: noon})
		},
		func() error {
			return tx.InsertAppKey(&store.AppKey{OrgID: w.org.ID, ID: "kid", Purpose: "app", Private: "sealed", Certificate: []byte{0, 255}, Created: noon})
		},
		func() error { return tx.LinkAppKey(w.org.ID, a.ID, "kid") },
		func() error {
			return tx.InsertAppCSR(&store.AppCSR{OrgID: w.org.ID, AppID: a.ID, ID: "csr", Private: "sealed", Request: []byte{0, 255}, Created: noon})
		},
		func() error {
			return tx.InsertAppSecret(&store.AppSecret{OrgID: w.org.ID, AppID: a.ID, ID: "ocs1", Kind: "client", Status: "ACTIVE", Sealed: "sealed", Created: noon})
		},
		func() error {
			return tx.PutAppLogo(&store.AppLogo{OrgID: w.org.ID, AppID: a.ID, ID: "gfs1", Type: "image/png", Image: []byte{0, 255}, Created: noon})
		},
		func() error { _, err := tx.NextAppNumber(w.org.ID); return err },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func TestAppRoundTrip(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.app("one")
		a.ClientID, a.ExternalKey, a.KeyID = "client", "exk1", "kid"
		w.tx(t, func(tx *store.Tx) error { return tx.InsertApp(a, "one") })
		for name, read := range map[string]func(*store.Tx) (*idp.App, error){
			"id":           func(tx *store.Tx) (*idp.App, error) { return tx.App(w.org.ID, a.ID) },
			"client id":    func(tx *store.Tx) (*idp.App, error) { return tx.AppByClientID(w.org.ID, "client") },
			"external key": func(tx *store.Tx) (*idp.App, error) { return tx.AppByExternalKey(w.org.ID, "exk1") },
		} {
			got, err := read(w.Read(t.Context()))
			if err != nil || got.ID != a.ID || got.Label != "one" || got.SignOnMode != idp.SignOnBookmark || !got.Created.Equal(noon) || got.Version != 1 {
				t.Errorf("by %s: %+v, %v", name, got, err)
			}
		}
		b := w.app("two")
		b.ClientID = "client"
		w.taken(t, "apps.client_id", func(tx *store.Tx) error { return tx.InsertApp(b, "two") })
		w.addApp(t, "two") // without a client id, as many as one likes
		w.addApp(t, "three")
		w.fails(t, store.ErrNotFound, func(tx *store.Tx) error { _, err := tx.AppByClientID(w.org.ID, ""); return err })
		stale := *a
		stale.Version = 9
		w.fails(t, store.ErrStale, func(tx *store.Tx) error { return tx.UpdateApp(&stale, "one") })
		a.Label, a.Status = "uno", idp.AppInactive
		w.tx(t, func(tx *store.Tx) error { return tx.UpdateApp(a, "uno") })
		if got, err := w.Read(t.Context()).App(w.org.ID, a.ID); err != nil || got.Label != "uno" || got.Status != idp.AppInactive || got.Version != 2 {
			t.Fatalf("%+v, %v", got, err)
		}
		w.fails(t, store.ErrNotFound, func(tx *store.Tx) error { _, err := tx.App("00oother", a.ID); return err })
	})
}

func TestAppsAreFiltered(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		u, g := w.addUser(t, "ann"), w.addGroup(t, "people")
		byHand, byGroup, byAll, none := w.addApp(t, "alpha"), w.addApp(t, "beta"), w.addApp(t, "alpine"), w.addApp(t, "gamma")
		everyone := w.addGroup(t, "everyone")
		w.tx(t, func(tx *store.Tx) error {
			for _, x := range []struct {
				app   *idp.App
				group *idp.Group
			}{{byGroup, g}, {byAll, everyone}} {
				if err := tx.InsertAppGroup(&idp.AppGroup{OrgID: w.org.ID, AppID: x.app.ID, GroupID: x.group.ID, Profile: []byte(`{}`)}); err != nil {
					return err
				}
			}
			if _, err := tx.AddMember(w.org.ID, g.ID, u.ID, ""); err != nil {
				return err
			}
			none.Status = idp.AppInactive
			if err := tx.UpdateApp(none, "gamma"); err != nil {
				return err
			}
			return tx.InsertAppUser(&idp.AppUser{OrgID: w.org.ID, AppID: byHand.ID, UserID: u.ID, Scope: idp.AppScopeUser, Profile: []byte(`{}`)}, "")
		})
		for name, c := range map[string]struct {
			f     store.AppFilter
			after string
			limit int
			want  []*idp.App
		}{
			"all":         {store.AppFilter{}, "", 9, []*idp.App{byHand, byGroup, byAll, none}},
			"two":         {store.AppFilter{}, "", 2, []*idp.App{byHand, byGroup}},
			"the rest":    {store.AppFilter{}, byGroup.ID, 9, []*idp.App{byAll, none}},
			"prefix":      {store.AppFilter{Prefix: "al"}, "", 9, []*idp.App{byHand, byAll}},
			"status":      {store.AppFilter{Status: idp.AppInactive}, "", 9, []*idp.App{none}},
			"name":        {store.AppFilter{Name: "beta"}, "", 9, []*idp.App{byGroup}},
			"user":        {store.AppFilter{UserID: u.ID, EveryoneID: everyone.ID}, "", 9, []*idp.App{byHand, byGroup, byAll}},
			"group":       {store.AppFilter{GroupID: g.ID}, "", 9, []*idp.App{byGroup}},
			"user prefix": {store.AppFilter{UserID: u.ID, EveryoneID: everyone.ID, Prefix: "alp", Status: idp.AppActive}, byHand.ID, 9, []*idp.App{byAll}},
		} {
			got, err := w.Read(t.Context()).AppsAfter(w.org.ID, c.f, c.after, c.limit)
			if err != nil || !slices.EqualFunc(got, c.want, func(a, b *idp.App) bool { return a.ID == b.ID }) {
				t.Errorf("%s: %d of %d, %v", name, len(got), len(c.want), err)
			}
		}
	})
}

func TestKeysGoWithTheirLastApp(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a, b := w.addApp(t, "a"), w.addApp(t, "b")
		w.tx(t, func(tx *store.Tx) error {
			for _, k := range []store.AppKey{{ID: "shared", Purpose: store.LooseKeyPurpose}, {ID: "org", Purpose: "oidc"}, {ID: "own", Purpose: store.LooseKeyPurpose}} {
				k.OrgID, k.Certificate = w.org.ID, []byte{1}
				if err := tx.InsertAppKey(&k); err != nil {
					return err
				}
				if err := tx.LinkAppKey(w.org.ID, a.ID, k.ID); err != nil {
					return err
				}
			}
			return tx.LinkAppKey(w.org.ID, b.ID, "shared")
		})
		w.taken(t, "app_key_links.kid", func(tx *store.Tx) error { return tx.LinkAppKey(w.org.ID, a.ID, "own") })
		w.taken(t, "app_keys.kid", func(tx *store.Tx) error {
			return tx.InsertAppKey(&store.AppKey{OrgID: w.org.ID, ID: "own", Certificate: []byte{1}})
		})
		w.tx(t, func(tx *store.Tx) error { return tx.DeleteApp(w.org.ID, a.ID) })
		if keys, err := w.Read(t.Context()).AppKeys(w.org.ID, b.ID); err != nil || len(keys) != 1 || keys[0].ID != "shared" {
			t.Fatalf("%d keys, %v", len(keys), err)
		}
		if k, err := w.Read(t.Context()).NewestAppKey(w.org.ID, "oidc"); err != nil || k.ID != "org" {
			t.Fatalf("%+v, %v", k, err)
		}
		w.tx(t, func(tx *store.Tx) error {
			// The key is gone, so its name is free again.
			return tx.InsertAppKey(&store.AppKey{OrgID: w.org.ID, ID: "own", Purpose: store.LooseKeyPurpose, Certificate: []byte{1}})
		})
	})
}

func TestLooseAppUsersGo(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a, g := w.addApp(t, "a"), w.addGroup(t, "people")
		stays, leaves, direct := w.addUser(t, "stays"), w.addUser(t, "leaves"), w.addUser(t, "direct")
		w.tx(t, func(tx *store.Tx) error {
			for u, scope := range map[string]idp.AppScope{stays.ID: idp.AppScopeGroup, leaves.ID: idp.AppScopeGroup, direct.ID: idp.AppScopeUser} {
				if err := tx.InsertAppUser(&idp.AppUser{OrgID: w.org.ID, AppID: a.ID, UserID: u, Scope: scope, Profile: []byte(`{}`)}, ""); err != nil {
					return err
				}
			}
			if _, err := tx.AddMember(w.org.ID, g.ID, stays.ID, ""); err != nil {
				return err
			}
			if err := tx.InsertAppGroup(&idp.AppGroup{OrgID: w.org.ID, AppID: a.ID, GroupID: g.ID, Profile: []byte(`{}`)}); err != nil {
				return err
			}
			return tx.DeleteLooseAppUsers(w.org.ID, a.ID, "", "00gnone")
		})
		rows, err := w.Read(t.Context()).AppUsers(w.org.ID, a.ID, []string{stays.ID, leaves.ID, direct.ID})
		if err != nil || len(rows) != 2 || rows[leaves.ID] != nil {
			t.Fatalf("%v, %v", rows, err)
		}
	})
}
