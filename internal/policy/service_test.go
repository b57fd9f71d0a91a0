package policy

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"usher/internal/credential"
	"usher/internal/env"
	"usher/internal/idp"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// world is an organisation with its default policies, one group and one user.
type world struct {
	*Service
	store *store.Store
	org   *idp.Org
	staff *idp.Group
	user  *idp.User
}

func each(t *testing.T, fn func(t *testing.T, w *world)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, url string) {
		ids := &env.Counting{}
		w := &world{Service: &Service{IDs: ids}, store: storetest.Open(t, url, env.NewFixed(noon))}
		w.org = &idp.Org{ID: ids.New("00o"), Name: "main", Subdomain: "main", Created: noon, Settings: idp.OrgSettings{EveryoneID: ids.New("00g")}}
		w.staff = &idp.Group{OrgID: w.org.ID, ID: ids.New("00g"), Type: idp.GroupOkta, Name: "staff", Profile: []byte(`{"name":"staff"}`)}
		row := &store.UserRow{
			User: idp.User{
				OrgID: w.org.ID, ID: ids.New("00u"), Status: idp.UserActive, Login: "ann", Profile: []byte(`{"login":"ann"}`),
				Provider: idp.Provider{Type: idp.ProviderOkta, Name: "OKTA"},
			},
			Keys: store.UserKeys{Login: "ann"},
		}
		w.user = &row.User
		w.tx(t, func(tx *store.Tx) error {
			if err := tx.InsertOrg(w.org); err != nil {
				return err
			}
			if err := tx.InsertGroup(w.staff, "staff"); err != nil {
				return err
			}
			if err := tx.InsertUser(row); err != nil {
				return err
			}
			return w.Seed(tx, w.org, w.org.Settings.EveryoneID)
		})
		fn(t, w)
	})
}

func (w *world) tx(t *testing.T, fn func(*store.Tx) error) {
	t.Helper()
	if err := w.store.Tx(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

// add stores a policy for the staff, tried before the default one, with a rule.
func (w *world) add(t *testing.T, p *Policy, a Actions) {
	t.Helper()
	p.OrgID, p.ID, p.Status, p.Created, p.LastUpdated = w.org.ID, w.IDs.New("00p"), Active, noon, noon
	p.Conditions = &Conditions{People: &People{Groups: &Selection{Include: []string{w.staff.ID}}}}
	r := &Rule{PolicyID: p.ID, ID: w.IDs.New("0pr"), Name: "Staff rule", Status: Active, Priority: 1, Actions: a, Created: noon, LastUpdated: noon}
	w.tx(t, func(tx *store.Tx) error {
		row, err := p.toStore()
		if err != nil {
			return err
		}
		rule, err := r.toStore()
		if err != nil {
			return err
		}
		if err := tx.InsertPolicy(row); err != nil {
			return err
		}
		return tx.InsertPolicyRule(w.org.ID, rule)
	})
}

func (w *world) join(t *testing.T) {
	t.Helper()
	w.tx(t, func(tx *store.Tx) error {
		_, err := tx.AddMember(w.org.ID, w.staff.ID, w.user.ID, "")
		return err
	})
}

func TestSeed(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		tx := w.store.Read(t.Context())
		everyone := `"people":{"groups":{"include":["` + w.org.Settings.EveryoneID + `"]}}`
		for _, c := range []struct {
			kind                            Type
			name, conditions, rule, actions string
		}{
			{
				TypeSignOn, "Default Policy", `{` + everyone + `}`, `{"network":{"connection":"ANYWHERE"},"authContext":{"authType":"ANY"}}`,
				`{"signon":{"access":"ALLOW","requireFactor":false,"rememberDeviceByDefault":false,` +
					`"session":{"usePersistentCookie":false,"maxSessionIdleMinutes":120,"maxSessionLifetimeMinutes":0}}}`,
			},
			{
				TypePassword, "Default Policy", `{` + everyone + `,"authProvider":{"provider":"OKTA"}}`, `{"network":{"connection":"ANYWHERE"}}`,
				`{"passwordChange":{"access":"ALLOW"},"selfServicePasswordReset":{"access":"ALLOW"},"selfServiceUnlock":{"access":"DENY"}}`,
			},
			{TypeEnroll, "Default Policy", `{` + everyone + `}`, `{"network":{"connection":"ANYWHERE"}}`, `{"enroll":{"self":"CHALLENGE"}}`},
			{TypeIDPDiscovery, "Idp Discovery Policy", `null`, `{"network":{"connection":"ANYWHERE"}}`, `{"idp":{"providers":[{"type":"OKTA"}]}}`},
		} {
			policies, err := w.Load(tx, w.org.ID, c.kind)
			if err != nil || len(policies) != 1 || len(policies[0].Rules) != 1 {
				t.Fatalf("%s: %v, %v", c.kind, policies, err)
			}
			p, r := policies[0], policies[0].Rules[0]
			if p.Name != c.name || !p.System || p.Status != Active || p.Priority != 1 || !r.System || r.Name != "Default Rule" {
				t.Errorf("%s: %+v, %+v", c.kind, p, r)
			}
			for want, have := range map[string]any{c.conditions: p.Conditions, c.rule: r.Conditions, c.actions: r.Actions} {
				if got, err := json.Marshal(have); err != nil || string(got) != want {
					t.Errorf("%s: got %s, %v, want %s", c.kind, got, err, want)
				}
			}
			if m, trace := Evaluate(policies, Subject{UserID: "x", GroupIDs: []string{w.org.Settings.EveryoneID}}); m == nil {
				t.Errorf("%s decides for nobody: %s", c.kind, trace)
			}
		}
		err := w.store.Tx(t.Context(), func(tx *store.Tx) error { return w.Seed(tx, w.org, "x") })
		if idp.KindOf(err) != idp.KindAlreadyExists {
			t.Errorf("a second time: %v", err)
		}
	})
}

func TestPasswordRules(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		rules := func(extra ...string) credential.Policy {
			t.Helper()
			p, err := w.PasswordRules(w.store.Read(t.Context()), w.org, w.user, extra...)
			if err != nil {
				t.Fatal(err)
			}
			return p
		}
		want := credential.Policy{
			ID: rules().ID, Name: "Default Policy",
			Rules: credential.Rules{
				MinLength: 8, MinLower: 1, MinUpper: 1, MinNumber: 1, ExcludeUsername: true, ExcludeAttributes: []string{},
			},
			Age:      credential.Age{History: 5},
			Lockout:  credential.Lockout{MaxAttempts: 10},
			Recovery: credential.Recovery{Question: true, AnswerLength: 4, Email: true, EmailTokenLife: time.Hour},
		}
		if diff := cmp.Diff(want, rules()); diff != "" {
			t.Error(diff)
		}
		strict := DefaultPasswordSettings()
		strict.Password.Complexity.MinLength = 15
		w.add(t, &Policy{Type: TypePassword, Name: "Strict", Password: strict}, Actions{PasswordChange: &AccessAction{Access: Allow}})
		if got := rules(); got.Name != "Default Policy" {
			t.Errorf("who is not of the staff gets %s", got.Name)
		}
		if got := rules(w.staff.ID); got.Name != "Strict" || got.Rules.MinLength != 15 {
			t.Errorf("who is about to join the staff gets %+v", got)
		}
		w.join(t)
		if got := rules(); got.Name != "Strict" {
			t.Errorf("the staff gets %s", got.Name)
		}
		can, err := w.PasswordActions(w.store.Read(t.Context()), w.org, w.user, From{})
		if err != nil || !can.Change || can.Reset || can.Unlock {
			t.Errorf("the staff can %+v, %v", can, err)
		}
		// No condition fits a user of a directory: the default policy is the floor.
		w.user.Provider.Type = idp.ProviderLDAP
		w.tx(t, func(tx *store.Tx) error { _, err := tx.RemoveMember(w.org.ID, w.staff.ID, w.user.ID); return err })
		if got := rules(); got.Name != "Default Policy" {
			t.Errorf("a user of a directory gets %s", got.Name)
		}
	})
}

func TestSignOn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		decide := func() SignOn {
			t.Helper()
			d, err := w.SignOn(w.store.Read(t.Context()), w.org, w.user, From{})
			if err != nil {
				t.Fatal(err)
			}
			return d
		}
		d := decide()
		if !d.Allowed || d.RequireFactor || d.Session != (SessionLimits{Idle: 2 * time.Hour}) || d.PolicyName != "Default Policy" || d.RuleName != "Default Rule" {
			t.Errorf("%+v", d)
		}
		w.add(t, &Policy{Type: TypeSignOn, Name: "Careful"}, Actions{SignOn: &SignOnAction{
			Access: Allow, RequireFactor: true, PromptMode: PromptSession, FactorLifetime: 15, RememberByDefault: true,
			Session: SessionSettings{Persistent: true, MaxIdleMinutes: 30, MaxLifetimeMinutes: 60},
		}})
		w.join(t)
		d = decide()
		want := SignOn{
			Allowed: true, RequireFactor: true, PromptMode: PromptSession, FactorLifetime: 15 * time.Minute, RememberByDefault: true,
			Session:  SessionLimits{Idle: 30 * time.Minute, Lifetime: time.Hour, Persistent: true},
			PolicyID: d.PolicyID, PolicyName: "Careful", RuleID: d.RuleID, RuleName: "Staff rule", Trace: d.Trace,
		}
		if diff := cmp.Diff(want, d); diff != "" || d.PolicyID == "" || d.RuleID == "" {
			t.Error(diff)
		}
	})
}

func TestDenyingRule(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.add(t, &Policy{Type: TypeSignOn, Name: "Closed"}, Actions{SignOn: &SignOnAction{Access: Deny}})
		w.join(t)
		d, err := w.SignOn(w.store.Read(t.Context()), w.org, w.user, From{})
		if err != nil || d.Allowed || d.PolicyName != "Closed" {
			t.Errorf("%+v, %v", d, err)
		}
	})
}

func TestEnrollment(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		e, err := w.Enrollment(w.store.Read(t.Context()), w.org, w.user, From{})
		if err != nil || e.When != EnrollAtChallenge || e.Factors["okta_password"] != EnrollOptional || e.Factors["okta_push"] != EnrollNotAllowed {
			t.Errorf("%+v, %v", e, err)
		}
		s := DefaultEnrollSettings()
		s.Factors["google_otp"] = EnrollFactor{Enroll: EnrollChoice{Self: EnrollRequired}, Consent: EnrollConsent{Type: "NONE"}}
		w.add(t, &Policy{Type: TypeEnroll, Name: "Two factors", Enroll: s}, Actions{Enroll: &EnrollAction{Self: EnrollAtLogin}})
		w.join(t)
		e, err = w.Enrollment(w.store.Read(t.Context()), w.org, w.user, From{})
		if err != nil || e.When != EnrollAtLogin || e.Factors["google_otp"] != EnrollRequired {
			t.Errorf("%+v, %v", e, err)
		}
	})
}
