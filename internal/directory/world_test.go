package directory_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"usher/internal/credential"
	"usher/internal/directory"
	"usher/internal/env"
	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/keys"
	"usher/internal/notify"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// world is a directory with one organisation on a database of its own.
type world struct {
	*directory.Service
	clock  *env.Movable
	outbox *notify.Outbox
	org    *idp.Org
	admin  idp.Actor
	policy credential.Policy
}

// each runs fn on both databases.
func each(t *testing.T, fn func(t *testing.T, w *world)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, url string) { fn(t, newWorld(t, url)) })
}

func newWorld(t testing.TB, url string) *world {
	t.Helper()
	w := &world{clock: env.NewFixed(noon)}
	db := storetest.Open(t, url, w.clock)
	keeper, err := keys.NewKeeper(env.SystemRand{}, []byte("a master key for tests, of 32 bytes or more"))
	if err != nil {
		t.Fatal(err)
	}
	ids := &env.Counting{}
	w.outbox = &notify.Outbox{Store: db, IDs: ids, Seal: keeper.Column(notify.SealedTable, notify.SealedColumn)}
	w.policy = credential.Policy{Rules: credential.Rules{MinLength: 8, MinNumber: 1, ExcludeUsername: true}}
	w.policy.Recovery.AnswerLength = 4
	w.Service = &directory.Service{
		Store: db, Log: &eventlog.Log{IDs: ids}, IDs: ids, Clock: w.clock, Rand: env.SystemRand{}, Outbox: w.outbox,
		Credentials: &credential.Service{Store: db, Hasher: credential.NewHasher(env.SystemRand{}, credential.Params{Memory: 8, Time: 1, Threads: 1}, 2)},
		PasswordPolicy: func(_ *store.Tx, orgID, _ string, groups []string) (credential.Policy, error) {
			if orgID != w.org.ID || !slices.Contains(groups, w.org.Settings.EveryoneID) {
				t.Errorf("policy asked for org %q, groups %q", orgID, groups)
			}
			return w.policy, nil
		},
	}
	w.org = w.addOrg(t, "main", "")
	w.admin = idp.SystemActor(w.org)
	return w
}

func (w *world) addOrg(t testing.TB, name, host string) *idp.Org {
	t.Helper()
	o := &idp.Org{
		ID: w.IDs.New("00o"), Name: name, Subdomain: name, Host: host, Created: noon, BaseURL: "https://" + name + ".example.com",
		Settings: idp.OrgSettings{UserTypeID: w.IDs.New("oty"), UserSchemaID: w.IDs.New("osc"), EveryoneID: w.IDs.New("00g"), ActivationLife: time.Hour},
	}
	w.tx(t, func(tx *store.Tx) error {
		if err := tx.InsertOrg(o); err != nil {
			return err
		}
		return w.Seed(tx, o)
	})
	return o
}

func (w *world) tx(t testing.TB, fn func(*store.Tx) error) {
	t.Helper()
	if err := w.Store.Tx(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

// person is a profile with everything that is required.
func person(login string, more ...string) idp.Attributes {
	a := idp.Attributes{"login": login, "email": login, "firstName": "Isaac", "lastName": "Brock"}
	for i := 0; i+1 < len(more); i += 2 {
		a[more[i]] = more[i+1]
	}
	return a
}

const goodPassword = "tlpWENT2m"

func withPassword() directory.Credentials {
	p := goodPassword
	return directory.Credentials{Password: &p}
}

func (w *world) add(t testing.TB, n directory.NewUser) *idp.User {
	t.Helper()
	u, err := w.CreateUser(t.Context(), w.admin, n)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// active adds an active user with the password.
func (w *world) active(t testing.TB, login string) *idp.User {
	t.Helper()
	return w.add(t, directory.NewUser{Profile: person(login), Activate: true, Credentials: withPassword()})
}

// inState adds a user and puts it into a state by hand.
func (w *world) inState(t testing.TB, login string, status idp.UserStatus) *idp.User {
	t.Helper()
	n := directory.NewUser{Profile: person(login), Activate: status != idp.UserStaged}
	switch status {
	case idp.UserStaged, idp.UserProvisioned:
	default:
		n.Credentials = withPassword()
	}
	u := w.add(t, n)
	if status == idp.UserDeprovisioned {
		if err := w.Deactivate(t.Context(), w.admin, u.ID, false); err != nil {
			t.Fatal(err)
		}
	} else if u.Status != status {
		u.Status = status
		w.tx(t, func(tx *store.Tx) error { return w.Save(tx, u) })
	}
	return w.get(t, u.ID)
}

func (w *world) get(t testing.TB, ref string) *idp.User {
	t.Helper()
	u, err := w.User(t.Context(), w.admin, ref)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// events returns the types of all events in the order of persistence.
func (w *world) events(t testing.TB) []string {
	t.Helper()
	all, err := w.Log.Read(context.WithoutCancel(t.Context()), w.Store, w.org, eventlog.Query{Polling: true, Limit: 10_000})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range all {
		out = append(out, string(e.Type))
	}
	return out
}

// causes returns the events that fn causes.
func (w *world) causes(t testing.TB, fn func()) string {
	t.Helper()
	before := len(w.events(t))
	fn()
	return strings.Join(w.events(t)[before:], " ")
}

func (w *world) mails(t testing.TB) []notify.Message {
	t.Helper()
	list, err := w.outbox.List(t.Context(), w.org.ID, notify.Query{})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// snapshot is what a rejected call must leave as it was: users, groups, events
// and messages.
func (w *world) snapshot(t testing.TB) string {
	t.Helper()
	users, _, err := w.Members(t.Context(), w.admin, w.org.Settings.EveryoneID, idp.Page{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	groups, _, err := w.Groups(t.Context(), w.admin, idp.Page{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal([]any{users, groups, w.events(t), w.mails(t)})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// wantKind fails the test unless err is of the kind, about the object, with
// these causes ("field: text").
func wantKind(t testing.TB, err error, kind idp.Kind, object string, causes ...string) {
	t.Helper()
	e, ok := err.(*idp.Error) //nolint:errorlint // services return it bare
	if !ok || e.Kind != kind || (object != "" && e.Object != object) {
		t.Fatalf("error %v, want kind %v about %q", err, kind, object)
	}
	var got []string
	for _, c := range e.Causes {
		text := c.Text
		if c.Field != "" {
			text = c.Field + ": " + c.Text
		}
		got = append(got, text)
	}
	if len(causes) > 0 && !slices.Equal(got, causes) {
		t.Fatalf("causes\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(causes, "\n  "))
	}
}
