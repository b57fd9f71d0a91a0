package factor_test

import (
	"context"
	"testing"
	"time"

	"usher/internal/credential"
	"usher/internal/directory"
	"usher/internal/env"
	"usher/internal/eventlog"
	"usher/internal/factor"
	"usher/internal/idp"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// totp is a method that this server might have.
type totp struct{}

func (totp) Describe() factor.Description                     { return factor.Description{Kind: "totp"} }
func (totp) Enrolled(*store.Tx, factor.Subject) (bool, error) { return false, nil }
func (totp) Settle(*store.Tx, factor.Subject, factor.Attempt) (factor.Outcome, error) {
	return factor.Outcome{}, nil
}

func (totp) Check(context.Context, factor.Subject, map[string]string) (factor.Attempt, error) {
	return factor.Attempt{}, nil
}

// office is the administration of factors over a store with one user.
type office struct {
	*factor.Enrolments
	actor idp.Actor
	user  *idp.User
}

func newOffice(t *testing.T, url string) *office {
	t.Helper()
	clock, ids := env.NewFixed(noon), &env.Counting{}
	db := storetest.Open(t, url, clock)
	log := &eventlog.Log{IDs: ids}
	o := &idp.Org{ID: ids.New("00o"), Name: "main", Subdomain: "main", Created: noon, Settings: idp.OrgSettings{EveryoneID: ids.New("00g"), UserTypeID: ids.New("oty")}}
	d := &directory.Service{
		Store: db, Log: log, IDs: ids, Clock: clock, Rand: env.SystemRand{},
		Credentials: &credential.Service{Store: db, Hasher: credential.NewHasher(env.SystemRand{}, credential.Params{Memory: 8, Time: 1, Threads: 1}, 1)},
	}
	out := &office{actor: idp.SystemActor(o), Enrolments: &factor.Enrolments{
		Store: db, Log: log, Directory: d, Methods: factor.NewService(totp{}),
		Allowed: func(*store.Tx, idp.Actor, *idp.User) (map[string]string, error) {
			return map[string]string{"okta_otp": "REQUIRED", "google_otp": "OPTIONAL", "okta_sms": "OPTIONAL"}, nil
		},
	}}
	err := db.Tx(t.Context(), func(tx *store.Tx) error {
		if err := tx.InsertOrg(o); err != nil {
			return err
		}
		return d.Seed(tx, o)
	})
	if err != nil {
		t.Fatal(err)
	}
	out.user, err = d.CreateUser(t.Context(), out.actor, directory.NewUser{
		Profile: idp.Attributes{"login": "a@example.com", "email": "a@example.com", "firstName": "A", "lastName": "B"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// enrol gives the user a factor, as an enrolment would.
func (o *office) enrol(t *testing.T, id, kind, provider, status string) {
	t.Helper()
	_, err := o.Directory.Change(t.Context(), o.actor, "enrol", o.user.ID, func(tx *store.Tx, u *idp.User) error {
		err := tx.InsertFactor(&store.Factor{
			OrgID: u.OrgID, UserID: u.ID, ID: id, Type: kind, Provider: provider, Vendor: provider, Status: status,
			Profile: []byte(`{"credentialId":"a@example.com"}`), Sealed: "secret", Created: tx.Now(), LastUpdated: tx.Now(),
		})
		if err != nil {
			return err
		}
		return factor.Count(tx, u)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (o *office) count(t *testing.T) int {
	t.Helper()
	u, err := o.Directory.User(t.Context(), o.actor, o.user.ID)
	if err != nil {
		t.Fatal(err)
	}
	return u.Factors
}

func TestEnrolments(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		o := newOffice(t, url)
		ctx := t.Context()
		o.enrol(t, "ost1", "token:software:totp", "OKTA", factor.StatusActive)
		o.enrol(t, "sms1", "sms", "OKTA", factor.StatusPending)
		o.enrol(t, "ufs1", factor.TypeQuestion, "OKTA", factor.StatusActive)
		if n := o.count(t); n != 1 {
			t.Errorf("%d factors count", n)
		}
		// This server has no texts, and the policy allows no questions.
		_, list, err := o.List(ctx, o.actor, "a@example.com")
		if err != nil || len(list) != 1 || list[0].ID != "ost1" || string(list[0].Profile) != `{"credentialId":"a@example.com"}` {
			t.Errorf("%+v, %v", list, err)
		}
		if f, err := o.Get(ctx, o.actor, o.user.ID, "sms1"); err != nil || f.Status != factor.StatusPending {
			t.Errorf("%+v, %v", f, err)
		}
		_, offers, err := o.Catalogue(ctx, o.actor, o.user.ID)
		if err != nil || len(offers) != 1 || offers[0].Key != "google_otp" || offers[0].Enrollment != "OPTIONAL" {
			t.Errorf("%+v, %v", offers, err)
		}
		if err := o.Delete(ctx, o.actor, o.user.ID, "ost1"); err != nil || o.count(t) != 0 {
			t.Errorf("%v, %d", err, o.count(t))
		}
		for _, id := range []string{"ost1", "none"} {
			if err := o.Delete(ctx, o.actor, o.user.ID, id); idp.KindOf(err) != idp.KindNotFound {
				t.Errorf("%s: %v", id, err)
			}
		}
		if _, offers, err := o.Catalogue(ctx, o.actor, o.user.ID); err != nil || len(offers) != 2 {
			t.Errorf("%+v, %v", offers, err)
		}
		o.enrol(t, "ost2", "token:software:totp", "OKTA", factor.StatusActive)
		if err := o.Reset(ctx, o.actor, o.user.ID); err != nil || o.count(t) != 0 {
			t.Errorf("%v, %d", err, o.count(t))
		}
		if _, list, err := o.List(ctx, o.actor, o.user.ID); err != nil || len(list) != 0 {
			t.Errorf("%+v, %v", list, err)
		}
		o.enrol(t, "ost3", "token:software:totp", "OKTA", factor.StatusActive)
		if err := o.Directory.Deactivate(ctx, o.actor, o.user.ID, false); err != nil || o.count(t) != 0 {
			t.Errorf("%v, %d", err, o.count(t))
		}
		if _, list, err := o.List(ctx, o.actor, o.user.ID); err != nil || len(list) != 0 {
			t.Errorf("deactivated: %+v, %v", list, err)
		}
		if err := o.Reset(ctx, o.actor, o.user.ID); idp.KindOf(err) != idp.KindUserState {
			t.Error(err)
		}
	})
}
