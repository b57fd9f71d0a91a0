package apps_test

import (
	"bytes"
	"compress/gzip"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"

	"usher/internal/apps"
	"usher/internal/idp"
	"usher/internal/store"
)

// TestPrioritiesUnderConcurrency inserts at the top from many sides at once:
// every group keeps a place of its own.
func TestPrioritiesUnderConcurrency(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.add(t, bookmark)
		groups := make([]*idp.Group, 12)
		for i := range groups {
			groups[i] = w.addGroup(t, fmt.Sprintf("g%02d", i))
		}
		var wg sync.WaitGroup
		for i, g := range groups {
			wg.Go(func() {
				in := &apps.GroupInput{}
				if i%2 == 0 {
					in.Priority = ptr(0)
				}
				if _, err := w.AssignGroup(t.Context(), w.actor, a.ID, g.ID, in); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		list, _, _, err := w.Groups(t.Context(), w.actor, a.ID, "", idp.Page{Limit: 100})
		if err != nil || len(list) != len(groups) {
			t.Fatalf("%d groups, %v", len(list), err)
		}
		for i, g := range list {
			if g.Priority != i {
				t.Errorf("place %d has priority %d", i, g.Priority)
			}
		}
		for i, g := range groups {
			wg.Go(func() {
				if i%3 == 0 {
					if err := w.UnassignGroup(t.Context(), w.actor, a.ID, g.ID); err != nil {
						t.Error(err)
					}
				} else if _, err := w.AssignGroup(t.Context(), w.actor, a.ID, g.ID, &apps.GroupInput{Priority: ptr(i % 4)}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		list, _, _, err = w.Groups(t.Context(), w.actor, a.ID, "", idp.Page{Limit: 100})
		if err != nil || len(list) != 8 {
			t.Fatalf("%d groups, %v", len(list), err)
		}
		seen := map[int]bool{}
		for _, g := range list {
			if seen[g.Priority] || g.Priority < 0 {
				t.Errorf("priority %d twice or below zero", g.Priority)
			}
			seen[g.Priority] = true
		}
	})
}

// TestClientsMadeAtOnceShareOneKey has no key to begin with.
func TestClientsMadeAtOnceShareOneKey(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var wg sync.WaitGroup
		var mu sync.Mutex
		kids := map[string]bool{}
		for range 4 {
			wg.Go(func() {
				a, err := w.Create(t.Context(), w.actor, input(t, client), true)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				defer mu.Unlock()
				kids[a.KeyID] = true
			})
		}
		wg.Wait()
		if len(kids) != 1 || kids[""] {
			t.Errorf("%v", kids)
		}
	})
}

func TestCustomNamesAreNumbered(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		auto := `{"label":"Ein Büro 7!","signOnMode":"AUTO_LOGIN","settings":{"signOn":{"loginUrl":"https://a.example.com"}}}`
		var names []string
		for range 2 {
			names = append(names, w.add(t, auto).Name)
		}
		if strings.Join(names, " ") != "main_einbro7_1 main_einbro7_2" {
			t.Errorf("%v", names)
		}
	})
}

func TestUserNames(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		u := w.addUser(t, "isaac.brock@example.com", map[string]any{"firstName": "Isaac", "email": "ib@example.com"})
		w.addGroup(t, "West", u)
		for template, want := range map[string]string{
			`{"type":"BUILT_IN"}`:                                                                                "isaac.brock@example.com",
			`{"type":"BUILT_IN","template":"${source.email}"}`:                                                   "ib@example.com",
			`{"type":"BUILT_IN","template":"${fn:substringBefore(source.login, \"@\")}"}`:                        "isaac.brock",
			`{"type":"BUILT_IN","template":"${fn:substringBefore(source.login, \"@\")}","suffix":"@corp"}`:       "isaac.brock@corp",
			`{"type":"CUSTOM","template":"user.firstName"}`:                                                      "Isaac",
			`{"type":"CUSTOM","template":"isMemberOfGroupName(\"West\") ? \"w\" + user.firstName : user.login"}`: "wIsaac",
			`{"type":"CUSTOM","template":"user.department"}`:                                                     "",
			`{"type":"CUSTOM","template":"org.subDomain + \"/\" + user.userName"}`:                               "main/isaac.brock@example.com",
			`{"type":"NONE"}`: "",
		} {
			a := w.add(t, strings.Replace(swa, `"settings"`, `"credentials":{"userNameTemplate":`+template+`},"settings"`, 1))
			v, err := w.AssignUser(t.Context(), w.actor, a.ID, &apps.UserInput{ID: u.ID})
			if err != nil || v.UserName != want {
				t.Errorf("%s: %q, want %q, %v", template, v.UserName, want, err)
			}
		}
		shared := w.add(t, strings.Replace(swa, `"settings"`, `"credentials":{"scheme":"SHARED_USERNAME_AND_PASSWORD","userName":"all"},"settings"`, 1))
		if v, err := w.AssignUser(t.Context(), w.actor, shared.ID, &apps.UserInput{ID: u.ID}); err != nil || v.UserName != "all" {
			t.Errorf("%+v, %v", v, err)
		}
	})
}

func TestProfilesAreMerged(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		u := w.addUser(t, "rae@example.com", map[string]any{"firstName": "Rae", "middleName": "Mae", "lastName": "Cloud", "timezone": "Europe/Bern"})
		first, second := w.addGroup(t, "first", u), w.addGroup(t, "second", u)
		a := w.add(t, client)
		for g, profile := range map[*idp.Group]string{first: `{"locale":"de_CH","floor":1}`, second: `{"locale":"fr_CH","floor":2,"desk":["a"]}`} {
			priority := 0
			if g == second {
				priority = 1
			}
			if _, err := w.AssignGroup(t.Context(), w.actor, a.ID, g.ID, &apps.GroupInput{Priority: &priority, Profile: json.RawMessage(profile)}); err != nil {
				t.Fatal(err)
			}
		}
		v, err := w.Assignment(t.Context(), w.actor, a.ID, u.ID)
		if err != nil || v.Scope != idp.AppScopeGroup || v.GroupID != first.ID || v.GroupName != "first" {
			t.Fatalf("%+v, %v", v, err)
		}
		want := `{"street_address":null,"country":null,"website":null,"zoneinfo":"Europe/Bern","birthdate":null,"gender":null,"formatted":null,"profile":null,` +
			`"locality":null,"given_name":"Rae","middle_name":"Mae","locale":"de_CH","picture":null,"name":"Rae Mae Cloud","nickname":null,"phone_number":null,` +
			`"region":null,"postal_code":null,"family_name":"Cloud","email":null,"desk":["a"],"floor":1}`
		if string(v.Profile) != want {
			t.Errorf("%s\nwant %s", v.Profile, want)
		}
		if v, err = w.UpdateUser(t.Context(), w.actor, a.ID, u.ID, &apps.UserInput{Profile: json.RawMessage(`{"floor":9}`)}); err != nil || v.Scope != idp.AppScopeGroup || !strings.Contains(string(v.Profile), `"floor":9`) {
			t.Errorf("%+v, %v", v, err)
		}
		// What was set goes when the user comes by no group any more.
		w.tx(t, func(tx *store.Tx) error {
			for _, g := range []*idp.Group{first, second} {
				if _, err := tx.RemoveMember(w.org.ID, g.ID, u.ID); err != nil {
					return err
				}
				if err := w.OnMembership(tx, w.actor, g.ID, u.ID, false); err != nil {
					return err
				}
			}
			_, err := tx.AddMember(w.org.ID, second.ID, u.ID, "")
			return err
		})
		if v, err = w.Assignment(t.Context(), w.actor, a.ID, u.ID); err != nil || !strings.Contains(string(v.Profile), `"floor":2`) {
			t.Errorf("%+v, %v", v, err)
		}
	})
}

// TestSecretsAreSealed looks for secrets in a copy of all data.
func TestSecretsAreSealed(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.add(t, client)
		saml := w.add(t, own)
		form := w.add(t, strings.Replace(swa, `"settings"`, `"credentials":{"scheme":"EDIT_USERNAME_AND_PASSWORD"},"settings"`, 1))
		w.add(t, strings.Replace(swa, `"settings"`, `"credentials":{"scheme":"SHARED_USERNAME_AND_PASSWORD","userName":"all","password":{"value":"open sesame"}},"settings"`, 1))
		u := w.addUser(t, "ann@example.com", nil)
		var in apps.UserInput
		if err := json.Unmarshal([]byte(`{"id":"`+u.ID+`","credentials":{"password":{"value":"hunter22"}}}`), &in); err != nil {
			t.Fatal(err)
		}
		if _, err := w.AssignUser(t.Context(), w.actor, form.ID, &in); err != nil {
			t.Fatal(err)
		}
		copied, err := w.Store.Snapshot(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		zip, err := gzip.NewReader(bytes.NewReader(copied))
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(zip)
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{a.ClientSecret, "open sesame", "hunter22"} {
			if secret == "" || bytes.Contains(text, []byte(secret)) {
				t.Errorf("%q is in the database", secret)
			}
		}
		for value, want := range map[string]bool{a.ClientSecret: true, "": false, a.ClientSecret + "x": false} {
			if ok, err := w.VerifySecret(t.Context(), a, value); err != nil || ok != want {
				t.Errorf("%q: %v, %v", value, ok, err)
			}
		}
		for _, app := range []*apps.App{a, saml} {
			signer, key, err := w.Signer(t.Context(), w.org.ID, app)
			if err != nil {
				t.Fatal(err)
			}
			sum := sha256.Sum256([]byte("x"))
			signature, err := signer.Sign(nil, sum[:], crypto.SHA256)
			if err != nil || rsa.VerifyPKCS1v15(key.Public, crypto.SHA256, sum[:], signature) != nil {
				t.Errorf("%s: %v", app.Name, err)
			}
		}
	})
}

func TestOrganisationsAreApart(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a, u, g := w.add(t, client), w.addUser(t, "ann@example.com", nil), w.addGroup(t, "people")
		other := idp.SystemActor(w.addOrg(t, "other"))
		for name, err := range map[string]error{
			"get":    second(w.Get(t.Context(), other, a.ID)),
			"put":    second(w.Replace(t.Context(), other, a.ID, input(t, client))),
			"delete": w.Delete(t.Context(), other, a.ID),
			"off":    w.Deactivate(t.Context(), other, a.ID),
			"user":   second(w.AssignUser(t.Context(), other, a.ID, &apps.UserInput{ID: u.ID})),
			"group":  second(w.AssignGroup(t.Context(), other, a.ID, g.ID, &apps.GroupInput{})),
			"key":    second(w.Key(t.Context(), other, a.ID, a.KeyID)),
			"secret": second(w.Secrets(t.Context(), other, a.ID)),
			"client": second(w.ByClientID(t.Context(), other.OrgID(), a.ClientID)),
		} {
			if idp.KindOf(err) != idp.KindNotFound {
				t.Errorf("%s: %v", name, err)
			}
		}
		// The same client id is free in the other organisation, which has a key of its own.
		b, err := w.Create(t.Context(), other, input(t, strings.Replace(client, `"settings"`, `"credentials":{"oauthClient":{"client_id":"`+a.ClientID+`"}},"settings"`, 1)), true)
		if err != nil || b.KeyID == a.KeyID {
			t.Errorf("%+v, %v", b, err)
		}
	})
}

func second[T any](_ T, err error) error { return err }

func TestAssigned(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		u := w.addUser(t, "ann@example.com", nil)
		plain, implicit := w.add(t, client), w.add(t, strings.Replace(client, `"settings":{`, `"settings":{"implicitAssignment":true,`, 1))
		off, err := w.Create(t.Context(), w.actor, input(t, strings.Replace(client, `"settings":{`, `"settings":{"implicitAssignment":true,`, 1)), false)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			app  *apps.App
			want bool
		}{{plain, false}, {implicit, true}, {off, false}} {
			v, ok, err := w.Service.Assigned(w.Store.Read(t.Context()), w.org, c.app, u)
			if err != nil || ok != c.want || (ok && v.UserName != "ann@example.com") {
				t.Errorf("%v, %v", ok, err)
			}
		}
		gone := *u
		gone.Status = idp.UserDeprovisioned
		if _, ok, err := w.Service.Assigned(w.Store.Read(t.Context()), w.org, implicit, &gone); ok || err != nil {
			t.Errorf("%v, %v", ok, err)
		}
	})
}

// TestWalkVisitsEachOnce pages through users who come by several ways.
func TestWalkVisitsEachOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.add(t, bookmark)
		var all []string
		groups := [][]*idp.User{nil, nil}
		for i := range 23 {
			u := w.addUser(t, fmt.Sprintf("u%02d@example.com", i), nil)
			all = append(all, u.ID)
			if i%2 == 0 {
				groups[0] = append(groups[0], u)
			}
			if i%3 == 0 {
				groups[1] = append(groups[1], u)
			}
			if i%2 == 1 {
				if _, err := w.AssignUser(t.Context(), w.actor, a.ID, &apps.UserInput{ID: u.ID}); err != nil {
					t.Fatal(err)
				}
			}
		}
		for i, members := range groups {
			g := w.addGroup(t, fmt.Sprint("g", i), members...)
			if _, err := w.AssignGroup(t.Context(), w.actor, a.ID, g.ID, &apps.GroupInput{}); err != nil {
				t.Fatal(err)
			}
		}
		var seen []string
		for after := ""; ; {
			list, next, err := w.Assignments(t.Context(), w.actor, a.ID, "", idp.Page{After: after, Limit: 4})
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range list {
				seen = append(seen, v.User.ID)
			}
			if next == "" {
				break
			}
			after = next
		}
		if !slices.Equal(seen, all) {
			t.Errorf("%v\nwant %v", seen, all)
		}
	})
}
