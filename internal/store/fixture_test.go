package store_test

import (
	"errors"
	"testing"
	"time"

	"usher/internal/idp"
	"usher/internal/store"
)

// hash returns 32 bytes that stand for the SHA-256 of a secret.
func hash(secret string) []byte {
	b := make([]byte, 32)
	copy(b, secret)
	return b
}

func (w *world) addGroup(t *testing.T, name string) *idp.Group {
	t.Helper()
	g := &idp.Group{
		OrgID: w.org.ID, ID: w.ids.New("00g"), Type: idp.GroupOkta, ObjectClass: "okta:user_group", Name: name,
		Profile: []byte(`{"name":"` + name + `"}`), Created: noon, LastUpdated: noon, LastMembershipUpdated: noon,
	}
	w.tx(t, func(tx *store.Tx) error { return tx.InsertGroup(g, name) })
	return g
}

// fails runs fn in a transaction that must end with want.
func (w *world) fails(t *testing.T, want error, fn func(*store.Tx) error) {
	t.Helper()
	if err := w.Tx(t.Context(), fn); !errors.Is(err, want) {
		t.Errorf("got %v, want %v", err, want)
	}
}

// taken runs fn in a transaction that must break the unique constraint.
func (w *world) taken(t *testing.T, on string, fn func(*store.Tx) error) {
	t.Helper()
	if err := w.Tx(t.Context(), fn); !store.Exists(err, on) {
		t.Errorf("got %v, want a clash on %s", err, on)
	}
}

// populate puts at least one row into every table that a snapshot holds.
func (w *world) populate(t *testing.T) {
	t.Helper()
	u, g := w.addUser(t, "zoë"), w.addGroup(t, "people")
	w.addOrg(t, "second", "second.example.com")
	policy := &store.Policy{OrgID: w.org.ID, ID: w.ids.New("00p"), Type: "PASSWORD", Name: "p", Status: "ACTIVE", Document: []byte(`{"a":1}`), Created: noon}
	rule := &store.PolicyRule{PolicyID: policy.ID, ID: w.ids.New("0pr"), Name: "r", Status: "ACTIVE", Document: []byte(`{}`), Created: noon}
	session := &idp.Session{OrgID: w.org.ID, ID: "102x", UserID: u.ID, Login: u.Login, Status: idp.SessionActive, Created: noon, Expires: noon.Add(time.Hour), AMR: []string{"pwd"}}
	later := noon.Add(time.Hour)
	for _, fn := range []func(*store.Tx) error{
		func(tx *store.Tx) error { return tx.SetFact("fact", "line\nand \"quote\" <&> \u2028") },
		func(tx *store.Tx) error {
			return tx.SaveCredential(&store.Credential{OrgID: w.org.ID, UserID: u.ID, Password: "$x$", History: []string{"$y$"}})
		},
		func(tx *store.Tx) error {
			return tx.PutUserToken(store.UserToken{OrgID: w.org.ID, UserID: u.ID, Hash: hash("token"), Kind: "activation", Expires: later})
		},
		func(tx *store.Tx) error { return tx.TrustSource(w.org.ID, u.ID, "source", noon, later, 1) },
		func(tx *store.Tx) error { return tx.InsertDecision(w.org.ID, "request", "d1", []byte(`{}`), later) },
		func(tx *store.Tx) error { _, err := tx.AddMember(w.org.ID, g.ID, u.ID, ""); return err },
		func(tx *store.Tx) error {
			return tx.InsertRole(store.Role{OrgID: w.org.ID, PrincipalID: u.ID, ID: "ra1", Type: idp.RoleSuperAdmin, Created: noon, LastUpdated: noon})
		},
		func(tx *store.Tx) error {
			return tx.InsertAPIToken(store.APIToken{OrgID: w.org.ID, ID: "00T1", UserID: u.ID, Name: "t", Created: noon, LastUsed: noon}, []byte{0, 1, 2, 255})
		},
		func(tx *store.Tx) error { return tx.InsertSession(session, hash("session")) },
		func(tx *store.Tx) error {
			return tx.JoinSession(w.org.ID, store.SessionClient{SessionID: session.ID, UserID: session.UserID, ClientID: "0oaclient", ServerID: "aus1"})
		},
		func(tx *store.Tx) error { return tx.PutSessionToken(session, hash("session token"), later) },
		func(tx *store.Tx) error {
			return tx.SaveTransaction(&store.Transaction{OrgID: w.org.ID, Hash: hash("handle"), Expires: later, Document: []byte(`{"step":1}`)})
		},
		func(tx *store.Tx) error { return tx.InsertPolicy(policy) },
		func(tx *store.Tx) error { return tx.InsertPolicyRule(w.org.ID, rule) },
		func(tx *store.Tx) error {
			return tx.InsertOrigin(store.TrustedOrigin{OrgID: w.org.ID, ID: "tos1", Name: "o", Origin: "https://a.example", CORS: true, Active: true, Created: noon, LastUpdated: noon})
		},
		func(tx *store.Tx) error {
			return tx.SetOriginDetails(&store.TrustedOrigin{OrgID: w.org.ID, ID: "tos1", CreatedBy: u.ID, UpdatedBy: u.ID, Frame: true, FrameApps: []string{"OKTA_ENDUSER"}})
		},
		func(tx *store.Tx) error {
			return tx.InsertZone(&store.Zone{OrgID: w.org.ID, ID: "nzo1", Type: "IP", Name: "z", Status: "ACTIVE", Usage: "POLICY", Document: []byte(`{}`), Created: noon, LastUpdated: noon})
		},
		func(tx *store.Tx) error {
			return tx.SetAuthenticator(w.org.ID, store.AuthenticatorState{Kind: "totp", Status: "INACTIVE", LastUpdated: noon})
		},
		func(tx *store.Tx) error { return tx.InsertEvent(w.event(tx)) },
		func(tx *store.Tx) error { _, err := tx.StampEvents(w.org.ID, 10); return err },
		func(tx *store.Tx) error { return tx.InsertEvent(w.event(tx)) }, // one without a position
		func(tx *store.Tx) error { return tx.InsertOutbox(w.message("a@example.com")) },
		func(tx *store.Tx) error {
			m := w.message("b@example.com")
			m.Attempts, m.Problem = 1, "away"
			if err := tx.InsertOutbox(m); err != nil {
				return err
			}
			return tx.SettleOutbox(m, "queued", later)
		},
		func(tx *store.Tx) error {
			return tx.InsertSMSTemplate(&store.SMSTemplate{OrgID: w.org.ID, ID: "cst1", Name: "n", Type: "SMS_VERIFY_CODE", Template: "${code}", Created: noon, LastUpdated: noon})
		},
		func(tx *store.Tx) error {
			return tx.InsertLinkedObject(&store.LinkedObject{OrgID: w.org.ID, Primary: "boss", Associated: "report", Document: []byte(`{}`), Created: noon})
		},
		func(tx *store.Tx) error { return tx.LinkUsers(w.org.ID, "boss", u.ID, u.ID) },
		func(tx *store.Tx) error {
			return tx.InsertInlineHook(&store.InlineHook{OrgID: w.org.ID, ID: "cal1", Name: "n", Type: "t", Active: true, Document: []byte(`{}`), Sealed: "x", Created: noon, LastUpdated: noon})
		},
		func(tx *store.Tx) error {
			return tx.InsertYubiKey(&store.YubiKey{OrgID: w.org.ID, ID: "ykk1", PublicID: "cccccccccccc", Serial: "1", Sealed: "x", Created: noon, LastUpdated: noon})
		},
		func(tx *store.Tx) error {
			return tx.InsertHOTPProfile(&store.HOTPProfile{OrgID: w.org.ID, ID: "fpr1", Name: "n", Default: true, Settings: []byte(`{}`), Created: noon, LastUpdated: noon})
		},
		func(tx *store.Tx) error {
			return tx.InsertIdentityProvider(&store.IdentityProvider{OrgID: w.org.ID, ID: "0oa1", Name: "n", Type: "SAML2", Status: "ACTIVE", Issuer: "i", Document: []byte(`{}`), Created: noon, LastUpdated: noon})
		},
		func(tx *store.Tx) error {
			return tx.InsertIdentityProviderKey(&store.IdentityProviderKey{OrgID: w.org.ID, ID: "k", Certificate: []byte{1}, Created: noon, LastUpdated: noon, Expires: noon})
		},
		func(tx *store.Tx) error {
			return tx.InsertJob(store.JobRow{OrgID: w.org.ID, ID: "job1", Kind: "k", Document: []byte(`{}`), Created: noon, Due: noon})
		},
		func(tx *store.Tx) error { return w.populateApp(tx, u.ID, g.ID) },
		w.populateOAuth,
		func(tx *store.Tx) error { return w.populateManagement(tx, u.ID, g.ID) },
		func(tx *store.Tx) error { return w.populateRule(tx, u.ID, g.ID) },
		func(tx *store.Tx) error { return w.populateSearch(tx, u.ID) },
		func(tx *store.Tx) error { return w.populateGrants(tx, u.ID) },
	} {
		w.tx(t, fn)
	}
}

func (w *world) event(tx *store.Tx) store.EventRow {
	return store.EventRow{OrgID: w.org.ID, UUID: w.ids.UUID(tx.Now(), tx.Seq()), Type: "user.lifecycle.create", Document: []byte(`{"result":"SUCCESS"}`)}
}

func (w *world) message(to string) store.OutboxRow {
	return store.OutboxRow{OrgID: w.org.ID, ID: w.ids.New("msg"), Kind: "email", Recipient: to, Sealed: "sealed", Status: "queued", Created: noon, Due: noon}
}

// populateGrants puts a row into the tables of what authorization servers hand out.
func (w *world) populateGrants(tx *store.Tx, userID string) error {
	later := noon.Add(time.Hour)
	err := tx.InsertOAuthTicket(&store.OAuthTicket{OrgID: w.org.ID, Hash: hash("code"), Kind: "code", ClientID: "client", UserID: userID, Expires: later, Document: []byte(`{}`)})
	if err != nil {
		return err
	}
	if _, err := tx.Spend(w.org.ID, hash("jti"), later); err != nil {
		return err
	}
	return tx.InsertOAuthRefresh(&store.OAuthRefresh{
		OrgID: w.org.ID, ID: "oar1", Hash: hash("family"), ServerID: "aus1", ClientID: "client", UserID: userID,
		Current: hash("now"), Salt: []byte{0, 255}, Expires: later, Document: []byte(`{}`),
	})
}
