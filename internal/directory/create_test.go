package directory_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/internal/credential"
	"usher/internal/directory"
	"usher/internal/idp"
	"usher/internal/store"
)

func TestCreateVariants(t *testing.T) {
	password := goodPassword
	digest := &credential.HashSpec{Algorithm: "SHA-256", Value: "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="}
	question := &directory.Question{Question: " Who? ", Answer: "Annie"}
	federated := &idp.Provider{Type: idp.ProviderFederation, Name: "FEDERATION"}
	const created, activated = "user.lifecycle.create", "user.lifecycle.create user.lifecycle.activate"
	variants := []struct {
		name     string
		c        directory.Credentials
		activate bool
		expire   bool
		status   idp.UserStatus
		events   string
		mails    int
		provider idp.ProviderType
	}{
		{"profile alone", directory.Credentials{}, true, false, idp.UserProvisioned, activated, 1, idp.ProviderOkta},
		{"profile alone, staged", directory.Credentials{}, false, false, idp.UserStaged, created, 0, idp.ProviderOkta},
		{"question", directory.Credentials{Question: question}, true, false, idp.UserProvisioned, activated, 1, idp.ProviderOkta},
		{"password", directory.Credentials{Password: &password}, true, false, idp.UserActive, activated, 0, idp.ProviderOkta},
		{"password, staged", directory.Credentials{Password: &password}, false, false, idp.UserStaged, created, 0, idp.ProviderOkta},
		{"password and question", directory.Credentials{Password: &password, Question: question}, true, false, idp.UserActive, activated, 0, idp.ProviderOkta},
		{"password to change", directory.Credentials{Password: &password}, true, true, idp.UserPasswordExpired, activated, 0, idp.ProviderOkta},
		{"hash", directory.Credentials{Hash: digest}, true, false, idp.UserActive, activated, 0, idp.ProviderImport},
		{"hash, staged", directory.Credentials{Hash: digest}, false, false, idp.UserStaged, created, 0, idp.ProviderImport},
		{"foreign", directory.Credentials{Provider: federated}, true, false, idp.UserActive, activated, 0, idp.ProviderFederation},
		{"foreign, staged", directory.Credentials{Provider: federated}, false, false, idp.UserStaged, created, 0, idp.ProviderFederation},
	}
	each(t, func(t *testing.T, w *world) {
		for i, c := range variants {
			t.Run(c.name, func(t *testing.T) {
				var u *idp.User
				mails := len(w.mails(t))
				events := w.causes(t, func() {
					u = w.add(t, directory.NewUser{
						Profile: person(fmt.Sprintf("i%d@example.com", i)), Credentials: c.c, Activate: c.activate, ExpirePassword: c.expire,
					})
				})
				if got := w.get(t, u.ID); fmt.Sprint(*got) != fmt.Sprint(*u) {
					t.Errorf("stored\n%+v\nreturned\n%+v", *got, *u)
				}
				if u.Status != c.status || u.Provider.Type != c.provider || events != c.events || len(w.mails(t))-mails != c.mails {
					t.Errorf("%s, provider %s, events %s, %d mails", u.Status, u.Provider.Type, events, len(w.mails(t))-mails)
				}
				if u.Activated.IsZero() == c.activate || u.HasPassword != (c.c.Password != nil || c.c.Hash != nil) || u.HasPassword == u.PasswordChanged.IsZero() {
					t.Errorf("activated %v, password %v changed %v", u.Activated, u.HasPassword, u.PasswordChanged)
				}
				if c.c.Question != nil && u.RecoveryQuestion != "Who?" {
					t.Errorf("question %q", u.RecoveryQuestion)
				}
				w.verify(t, u.ID, "hello", c.c.Hash != nil)
				w.verify(t, u.ID, goodPassword, c.c.Password != nil)
			})
		}
	})
}

func (w *world) verify(t *testing.T, userID, password string, want bool) {
	t.Helper()
	p, err := w.Credentials.Verify(t.Context(), credential.Guess{Org: w.org, UserID: userID, Password: password})
	if err != nil || p.OK != want {
		t.Errorf("password %q: %v, %v", password, p.OK, err)
	}
}

func TestCreateRefusesAndLeavesNothing(t *testing.T) {
	weak, good := "short", goodPassword
	hash := &credential.HashSpec{Algorithm: "MD5", Value: "XUFAKrxLKna5cZ2REBfFkg=="}
	foreign := &idp.Provider{Type: idp.ProviderSocial, Name: "SOCIAL"}
	many := make([]string, 21)
	requirements := "password: Password requirements were not met. Password requirements: at least 8 characters, a number, no parts of your username."
	each(t, func(t *testing.T, w *world) {
		w.active(t, "taken@example.com")
		before := w.snapshot(t)
		for name, c := range map[string]struct {
			n      directory.NewUser
			kind   idp.Kind
			object string
			causes []string
		}{
			"nothing": {directory.NewUser{}, idp.KindInvalid, "login", []string{
				"login: The field cannot be left blank", "firstName: The field cannot be left blank", "lastName: The field cannot be left blank",
				"email: The field cannot be left blank", "login: Username must be in the form of an email address",
			}},
			"taken login": {
				directory.NewUser{Profile: person("TAKEN@example.com")},
				idp.KindInvalid, "login",
				[]string{"login: An object with this field already exists in the current organization"},
			},
			"weak password":      {directory.NewUser{Profile: person("a@example.com"), Credentials: directory.Credentials{Password: &weak}}, idp.KindInvalid, "password", []string{requirements}},
			"password and hash":  {directory.NewUser{Profile: person("a@example.com"), Credentials: directory.Credentials{Password: &good, Hash: hash}}, idp.KindInvalid, "password", nil},
			"foreign password":   {directory.NewUser{Profile: person("a@example.com"), Credentials: directory.Credentials{Password: &good, Provider: foreign}}, idp.KindInvalid, "password", nil},
			"bad hash":           {directory.NewUser{Profile: person("a@example.com"), Credentials: directory.Credentials{Hash: &credential.HashSpec{Algorithm: "X"}}}, idp.KindInvalid, "password", nil},
			"short answer":       {directory.NewUser{Profile: person("a@example.com"), Credentials: directory.Credentials{Question: &directory.Question{Question: "Who?", Answer: "me"}}}, idp.KindInvalid, "recovery_question", nil},
			"unknown group":      {directory.NewUser{Profile: person("a@example.com"), GroupIDs: []string{"00g0000000000000nope"}}, idp.KindNotFound, "UserGroup", nil},
			"built-in group":     {directory.NewUser{Profile: person("a@example.com"), GroupIDs: []string{w.org.Settings.EveryoneID}}, idp.KindUnsupported, "", nil},
			"too many groups":    {directory.NewUser{Profile: person("a@example.com"), GroupIDs: many}, idp.KindInvalid, "groupIds", nil},
			"unknown type":       {directory.NewUser{Profile: person("a@example.com"), TypeID: "oty0000000000000nope"}, idp.KindNotFound, "CVDType", nil},
			"expired, none":      {directory.NewUser{Profile: person("a@example.com"), ExpirePassword: true, Activate: true}, idp.KindPasswordNeeded, "", nil},
			"expired, staged":    {directory.NewUser{Profile: person("a@example.com"), ExpirePassword: true, Credentials: withPassword()}, idp.KindActivationNeeded, "", nil},
			"unknown attribute":  {directory.NewUser{Profile: person("a@example.com", "notValid", "x")}, idp.KindInvalid, "newUser", []string{"Property name 'notValid' is not defined in profile"}},
			"attribute too long": {directory.NewUser{Profile: person("a@example.com", "firstName", strings.Repeat("x", 51))}, idp.KindInvalid, "firstName", nil},
		} {
			_, err := w.CreateUser(t.Context(), w.admin, c.n)
			t.Run(name, func(t *testing.T) { wantKind(t, err, c.kind, c.object, c.causes...) })
		}
		if after := w.snapshot(t); after != before {
			t.Errorf("something was left behind:\n%s\nwas\n%s", after, before)
		}
	})
}

func TestHookTakesCreationBack(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		stop := errors.New("stop")
		before := w.snapshot(t)
		w.OnProfile = append(w.OnProfile, func(*store.Tx, idp.Actor, *idp.User) error { return stop })
		if _, err := w.CreateUser(t.Context(), w.admin, directory.NewUser{Profile: person("a@example.com"), Activate: true}); !errors.Is(err, stop) {
			t.Fatal(err)
		}
		if w.snapshot(t) != before {
			t.Error("something was left behind")
		}
	})
}

func TestOneOfManyGetsTheLogin(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		logins := []string{"jose@example.com", "JOSE@example.com", "José@Example.com", "jose\u0301@EXAMPLE.com", "JOSÉ@example.COM"}
		var wg sync.WaitGroup
		results := make(chan error, 50)
		for i := range 50 {
			wg.Go(func() {
				_, err := w.CreateUser(t.Context(), w.admin, directory.NewUser{Profile: person(logins[i%len(logins)]), Activate: true})
				results <- err
			})
		}
		wg.Wait()
		close(results)
		won := 0
		for err := range results {
			if err == nil {
				won++
				continue
			}
			wantKind(t, err, idp.KindInvalid, "login")
		}
		if won != 1 || len(w.mails(t)) != 1 || len(w.events(t)) != 2 {
			t.Errorf("%d won, %d mails, events %v", won, len(w.mails(t)), w.events(t))
		}
	})
}

func TestInvitation(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		u := w.add(t, directory.NewUser{Profile: person("i@example.com"), Activate: true})
		mail := w.mails(t)[0]
		first := mail.Data["token"]
		if mail.To != "i@example.com" || mail.Data["link"] != "https://main.example.com/welcome/"+first || len(first) != 20 {
			t.Fatalf("%+v", mail)
		}
		again, err := w.Reactivate(t.Context(), w.admin, u.ID, false)
		if err != nil || again.Token == first || len(w.mails(t)) != 1 || again.Expires != noon.Add(time.Hour) {
			t.Fatalf("%+v, %v", again, err)
		}
		redeem := func(token string) (got *idp.User, err error) {
			err = w.Store.Tx(t.Context(), func(tx *store.Tx) error {
				got, err = w.Redeem(tx, w.org.ID, token)
				return err
			})
			return got, err
		}
		_, err = redeem(first)
		wantKind(t, err, idp.KindUnauthenticated, "")
		w.clock.Advance(59 * time.Minute)
		got, err := redeem(again.Token)
		if err != nil || got.ID != u.ID {
			t.Fatalf("%v, %v", got, err)
		}
		_, err = redeem(again.Token)
		wantKind(t, err, idp.KindUnauthenticated, "")
		late, err := w.Reactivate(t.Context(), w.admin, u.ID, true)
		if err != nil || len(w.mails(t)) != 2 {
			t.Fatal(err)
		}
		w.clock.Advance(time.Hour)
		_, err = redeem(late.Token)
		wantKind(t, err, idp.KindUnauthenticated, "")
	})
}
