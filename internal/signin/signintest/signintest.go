// Package signintest puts the services of a sign-in together on an empty
// database, for the tests of the engine and of the protocols that speak for it.
// It owns no test of its own and is imported by tests alone.
package signintest

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"usher/internal/credential"
	"usher/internal/decision"
	"usher/internal/directory"
	"usher/internal/env"
	"usher/internal/eventlog"
	"usher/internal/factor"
	"usher/internal/factor/password"
	"usher/internal/idp"
	"usher/internal/keys"
	"usher/internal/notify"
	"usher/internal/policy"
	"usher/internal/session"
	"usher/internal/signin"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

// Start is where the clock of a world stands at first.
func Start() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

// Password is the password of every user that a world makes.
const Password = "Correct-horse-7"

// World is one organisation with all that a sign-in needs. Time stands still
// and identifiers count.
type World struct {
	T         testing.TB
	Clock     *env.Movable
	Rand      env.Rand
	Store     *store.Store
	Org       *idp.Org
	Log       *eventlog.Log
	Directory *directory.Service
	Policies  *policy.Service
	Sessions  *session.Service
	Hasher    *credential.Hasher
	Engine    *signin.Engine
	Vault     factor.Vault
}

// New returns a world on the database at databaseURL, in which the password is
// the only method.
func New(t testing.TB, databaseURL string) *World {
	t.Helper()
	clock, rand, ids := env.NewFixed(Start()), env.NewSeeded(1), &env.Counting{}
	db := storetest.Open(t, databaseURL, clock)
	keeper, err := keys.NewKeeper(rand, []byte("a master key of a test, 32 bytes"))
	must(t, err)
	log := &eventlog.Log{IDs: ids}
	cheap := credential.Params{Memory: 64, Time: 1, Threads: 1}
	creds := &credential.Service{Store: db, Hasher: credential.NewHasher(rand, cheap, 0)}
	policies := &policy.Service{Store: db, IDs: ids}
	sessions := &session.Service{Store: db, Log: log, IDs: ids, Rand: rand}
	users := &directory.Service{
		Store: db, Log: log, IDs: ids, Clock: clock, Rand: rand, Credentials: creds,
		PasswordPolicy: func(tx *store.Tx, orgID, userID string, groupIDs []string) (credential.Policy, error) {
			return policies.PasswordRulesFor(tx, orgID, policy.Subject{UserID: userID, GroupIDs: groupIDs, Provider: idp.ProviderOkta})
		},
		Outbox: &notify.Outbox{Store: db, IDs: ids, Seal: keeper.Column(notify.SealedTable, notify.SealedColumn)},
	}
	vault := factor.Vault{Keeper: keeper}
	methods := factor.NewService(&password.Method{Credentials: creds})
	w := &World{
		T: t, Vault: vault, Clock: clock, Rand: rand, Store: db, Log: log, Directory: users, Policies: policies, Sessions: sessions, Hasher: creds.Hasher,
		Engine: &signin.Engine{
			Store: db, Log: log, Clock: clock, Rand: rand, Keeper: keeper, Credentials: creds, Directory: users,
			Factors: methods, Ceremonies: &factor.Ceremonies{
				Store: db, Log: log, IDs: ids, Vault: vault, Methods: methods, Directory: users, Credentials: creds,
			}, Policies: policies, Sessions: sessions,
			Decisions: &decision.Log{Store: db, IDs: ids},
		},
	}
	w.Org = &idp.Org{
		ID: ids.New("00o"), Name: "Example", Subdomain: "example", BaseURL: "https://id.example.com", Created: clock.Now(),
		Settings: idp.OrgSettings{
			Pipeline: idp.PipelineIdX, UserTypeID: ids.New("oty"), UserSchemaID: ids.New("osc"), EveryoneID: ids.New("00g"),
			ActivationLife: idp.DefaultActivationLife, TransactionLife: idp.DefaultTransactionLife,
		},
	}
	must(t, db.Tx(t.Context(), func(tx *store.Tx) error {
		if err := tx.InsertOrg(w.Org); err != nil {
			return err
		}
		if err := users.Seed(tx, w.Org); err != nil {
			return err
		}
		return policies.Seed(tx, w.Org, w.Org.Settings.EveryoneID)
	}))
	return w
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Anonymous is somebody who has proved nothing.
func (w *World) Anonymous() idp.Actor { return idp.Actor{Org: w.Org, Kind: idp.ActorAnonymous} }

// User makes an active user with Password. The login is an address.
func (w *World) User(login string) *idp.User {
	w.T.Helper()
	secret := Password
	u, err := w.Directory.CreateUser(context.Background(), idp.SystemActor(w.Org), directory.NewUser{
		Profile:  idp.Attributes{"login": login, "email": login, "firstName": "Isaac", "lastName": "Brock"},
		Activate: true, Credentials: directory.Credentials{Password: &secret},
	})
	must(w.T, err)
	w.Tick()
	return u
}

// Ask gives a user a recovery question, whose answer is Answer.
func (w *World) Ask(u *idp.User) {
	w.T.Helper()
	_, err := w.Directory.UpdateUser(context.Background(), idp.SystemActor(w.Org), u.ID, directory.UserChange{
		Credentials: directory.Credentials{Question: &directory.Question{Question: "Who was first?", Answer: Answer}},
	})
	must(w.T, err)
	w.Tick()
}

// Answer is the answer to the recovery question of a user.
const Answer = "Annie Oakley"

// Invited makes a user without a password and returns the activation token.
func (w *World) Invited(login string) (*idp.User, string) {
	w.T.Helper()
	u, err := w.Directory.CreateUser(context.Background(), idp.SystemActor(w.Org), directory.NewUser{
		Profile: idp.Attributes{"login": login, "email": login, "firstName": "Isaac", "lastName": "Brock"}, Activate: true,
	})
	must(w.T, err)
	w.Tick()
	return u, w.Mail(login).Data[notify.DataToken]
}

// Ready makes a user with Password and returns an activation token beside it.
func (w *World) Ready(login string) string {
	w.T.Helper()
	secret := Password
	u, err := w.Directory.CreateUser(context.Background(), idp.SystemActor(w.Org), directory.NewUser{
		Profile:     idp.Attributes{"login": login, "email": login, "firstName": "Isaac", "lastName": "Brock"},
		Credentials: directory.Credentials{Password: &secret},
	})
	must(w.T, err)
	i, err := w.Directory.Activate(context.Background(), idp.SystemActor(w.Org), u.ID, false)
	must(w.T, err)
	w.Tick()
	return i.Token
}

// Mail is the newest message to an address; its ID is empty when there is none.
func (w *World) Mail(to string) notify.Message {
	w.T.Helper()
	list, err := w.Directory.Outbox.List(context.Background(), w.Org.ID, notify.Query{To: to, Limit: 1})
	must(w.T, err)
	if len(list) == 0 {
		return notify.Message{}
	}
	return list[0]
}

// SetPasswordActions changes what the default rule of the password policy lets
// users do alone.
func (w *World) SetPasswordActions(change func(*policy.Actions)) {
	w.T.Helper()
	w.edit(policy.TypePassword, func(p *store.Policy) error {
		r := &p.Rules[0]
		var doc struct {
			Conditions json.RawMessage `json:"conditions"`
			Actions    policy.Actions  `json:"actions"`
		}
		if err := json.Unmarshal(r.Document, &doc); err != nil {
			return err
		}
		change(&doc.Actions)
		var err error
		r.Document, err = json.Marshal(doc)
		return err
	})
}

// Tick moves the clock by the least that it tells, so that events of different
// requests have different times.
func (w *World) Tick() { w.Clock.Advance(time.Millisecond) }

// UserIn makes a user with Password and puts it into a state, whatever the
// life cycle says.
func (w *World) UserIn(login string, s idp.UserStatus) *idp.User {
	w.T.Helper()
	u := w.User(login)
	w.Put(u, s)
	return u
}

// Put moves a user to a state, whatever the life cycle says.
func (w *World) Put(u *idp.User, s idp.UserStatus) {
	w.T.Helper()
	must(w.T, w.Store.Tx(context.Background(), func(tx *store.Tx) error {
		now, err := tx.User(w.Org.ID, u.ID)
		if err != nil {
			return err
		}
		now.Status = s
		*u = *now
		return w.Directory.Save(tx, u)
	}))
}

// Reload reads a user anew.
func (w *World) Reload(u *idp.User) *idp.User {
	w.T.Helper()
	out, err := w.Store.Read(context.Background()).User(w.Org.ID, u.ID)
	must(w.T, err)
	return out
}

// SetPasswordPolicy changes the settings of the default password policy.
func (w *World) SetPasswordPolicy(change func(*policy.PasswordSettings)) {
	w.T.Helper()
	w.edit(policy.TypePassword, func(p *store.Policy) error {
		var doc map[string]json.RawMessage
		if err := json.Unmarshal(p.Document, &doc); err != nil {
			return err
		}
		s, err := policy.ParsePasswordSettings(doc["settings"])
		if err != nil {
			return err
		}
		change(s)
		if doc["settings"], err = json.Marshal(s); err != nil {
			return err
		}
		p.Document, err = json.Marshal(doc)
		return err
	})
}

// SetSignOn changes what the default rule of the sign-on policy decides.
func (w *World) SetSignOn(change func(*policy.SignOnAction)) {
	w.T.Helper()
	w.edit(policy.TypeSignOn, func(p *store.Policy) error {
		r := &p.Rules[0]
		var doc struct {
			Conditions json.RawMessage `json:"conditions"`
			Actions    policy.Actions  `json:"actions"`
		}
		if err := json.Unmarshal(r.Document, &doc); err != nil {
			return err
		}
		change(doc.Actions.SignOn)
		var err error
		r.Document, err = json.Marshal(doc)
		return err
	})
}

// SetEnroll changes when the default enrolment policy asks for factors, and which
// it lets users enrol; the others stay as they are.
func (w *World) SetEnroll(when policy.EnrollWhen, factors map[string]policy.SelfEnroll) {
	w.T.Helper()
	w.edit(policy.TypeEnroll, func(p *store.Policy) error {
		var doc map[string]json.RawMessage
		if err := json.Unmarshal(p.Document, &doc); err != nil {
			return err
		}
		s, err := policy.ParseEnrollSettings(doc["settings"])
		if err != nil {
			return err
		}
		for key, self := range factors {
			f := s.Factors[key]
			f.Enroll.Self = self
			s.Factors[key] = f
		}
		if doc["settings"], err = json.Marshal(s); err != nil {
			return err
		}
		if p.Document, err = json.Marshal(doc); err != nil {
			return err
		}
		r := &p.Rules[0]
		var rule struct {
			Conditions json.RawMessage `json:"conditions"`
			Actions    policy.Actions  `json:"actions"`
		}
		if err := json.Unmarshal(r.Document, &rule); err != nil {
			return err
		}
		rule.Actions.Enroll = &policy.EnrollAction{Self: when}
		r.Document, err = json.Marshal(rule)
		return err
	})
}

func (w *World) edit(t policy.Type, change func(*store.Policy) error) {
	w.T.Helper()
	must(w.T, w.Store.Tx(context.Background(), func(tx *store.Tx) error {
		list, err := tx.Policies(w.Org.ID, string(t))
		if err != nil {
			return err
		}
		p := list[len(list)-1] // the default policy is the last
		if err := change(p); err != nil {
			return err
		}
		for i := range p.Rules {
			if err := tx.UpdatePolicyRule(w.Org.ID, &p.Rules[i]); err != nil {
				return err
			}
		}
		return tx.UpdatePolicy(p)
	}))
	w.Engine.Policies.Forget()
}

// Events lists what the system log holds about sign-ins, oldest first: type,
// result and, where there is one, reason.
func (w *World) Events() []string {
	w.T.Helper()
	var out []string
	for _, e := range w.AllEvents() {
		switch e.Type {
		case eventlog.SessionStart, eventlog.EvaluateSignOn, eventlog.AccountLock, eventlog.AccountUnlock, eventlog.PasswordUpdate, eventlog.PasswordExpire, eventlog.SessionClear,
			eventlog.AuthViaMFA, eventlog.FactorActivate:
			text := string(e.Type) + " " + string(e.Result)
			if e.Reason != "" {
				text += " " + e.Reason
			}
			out = append(out, text)
		}
	}
	return out
}

// AllEvents lists the system log, oldest first.
func (w *World) AllEvents() []idp.Event {
	w.T.Helper()
	events, err := w.Log.Read(context.Background(), w.Store, w.Org, eventlog.Query{Since: Start().Add(-time.Hour), Until: w.Clock.Now().Add(time.Hour), Limit: 1000})
	must(w.T, err)
	return events
}

// HasSession tells whether the secret presents a session.
func (w *World) HasSession(secret string) bool {
	w.T.Helper()
	_, err := w.Sessions.Lookup(context.Background(), w.Org.ID, secret)
	if err != nil && idp.KindOf(err) != idp.KindNotFound {
		w.T.Fatal(err)
	}
	return err == nil
}
