package main

import (
	"bytes"
	"context"
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/pquerna/otp/totp"

	"usher/internal/env"
	"usher/internal/factor"
	"usher/internal/idp"
	"usher/internal/keys"
	"usher/internal/phone"
	"usher/internal/store"
)

// mostProving is how many users prove a one-time password: each code is good
// once, so that a user can sign in every 30 seconds only.
const mostProving = 12_000

// proving are the users numbered from first to last-1, with passwords that cost
// nothing to hash and one-time passwords of one secret.
type proving struct {
	first, last int
	ids         []string // from first on
	group       string
	secret      []byte
	keeper      *keys.Keeper
	next        atomic.Int64
}

// spare is how many of them, at the end, have a phone instead.
const spare = 64

func (p *proving) has(n int) bool { return n >= p.first && n < p.last }

// prepareProving makes the group of the users who prove more.
func (d *data) prepareProving(ctx context.Context, db *store.Store, users int) error {
	keeper, err := keys.NewKeeper(env.SystemRand{}, []byte(masterKey))
	if err != nil {
		return err
	}
	first := 2 * signers
	d.proving = &proving{
		first: first, last: min(users, first+mostProving), secret: []byte("a secret of 20 bytes"), keeper: keeper,
		group: env.TimeIDs{Clock: env.System{}, Rand: env.SystemRand{}}.New("00g"),
	}
	d.proving.ids = make([]string, d.proving.last-first)
	return db.Tx(ctx, func(tx *store.Tx) error {
		g := newGroup(d.orgID, d.proving.group, 0, tx.Now())
		g.Name, g.Profile = "Proving", []byte(`{"name":"Proving","description":null}`)
		return tx.InsertGroup(g, strings.ToLower(g.Name))
	})
}

// enrol gives a user who was just added a one-time password and the group.
func (p *proving) enrol(tx *store.Tx, u *idp.User, n int, ids env.IDs) error {
	p.ids[n-p.first] = u.ID
	f := &store.Factor{
		OrgID: u.OrgID, UserID: u.ID, ID: ids.New("ost"), Type: "token:software:totp", Provider: "OKTA", Vendor: "OKTA", Status: factor.StatusActive,
		Profile: fmt.Appendf(nil, `{"credentialId":%q}`, u.Login), Created: tx.Now(), LastUpdated: tx.Now(),
	}
	factor.Vault{Keeper: p.keeper}.Seal(f, p.secret)
	if err := tx.InsertFactor(f); err != nil {
		return err
	}
	return tx.AddMembers(u.OrgID, []store.Membership{{GroupID: p.group, UserID: u.ID}})
}

// code is the one-time password of now.
func (p *proving) code() (string, error) {
	secret := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(p.secret)
	return totp.GenerateCode(secret, env.System{}.Now())
}

// factorData is what the rows about factors need.
type factorData struct {
	states []string // handles of sign-ins that wait for a second factor
	pushes []*pushed
}

// pushed is a factor that a virtual phone answers for.
type pushed struct {
	verify string // path
	phone  *phone.Phone
}

// prepareFactors asks the users of the group for a further factor, begins a
// sign-in for each of n workers and enrols a phone for each.
func (t *target) prepareFactors(ctx context.Context, n int) error {
	c, err := dialClient(t.address)
	if err != nil {
		return err
	}
	defer c.conn.Close()
	const rule = `{"type":"SIGN_ON","name":"always","actions":{"signon":{"access":"ALLOW","requireFactor":true,"factorPromptMode":"ALWAYS","session":{}}}}`
	const enrol = `{"type":"MFA_ENROLL","name":"asked","actions":{"enroll":{"self":"CHALLENGE"}}}`
	people := `"conditions":{"people":{"groups":{"include":["` + t.proving.group + `"]}}}`
	for _, p := range []struct{ policy, rule string }{
		{`{"type":"OKTA_SIGN_ON","name":"Proving",` + people + `}`, rule},
		{`{"type":"MFA_ENROLL","name":"Proving","settings":{"factors":{"okta_otp":{"enroll":{"self":"OPTIONAL"}},"okta_push":{"enroll":{"self":"OPTIONAL"}}}},` + people + `}`, enrol},
	} {
		var made struct {
			ID string `json:"id"`
		}
		if err := t.admin(c, "POST", "/api/v1/policies", p.policy, 200, &made); err != nil {
			return err
		}
		if err := t.admin(c, "POST", "/api/v1/policies/"+made.ID+"/rules", p.rule, 200, nil); err != nil {
			return err
		}
	}
	cheap, err := dialClient(t.cheap)
	if err != nil {
		return err
	}
	defer cheap.conn.Close()
	t.factors = &factorData{}
	// The other server may go by its old policies for a second.
	for deadline := time.Now().Add(5 * time.Second); len(t.factors.states) < n; {
		s, err := t.firstProof(cheap)
		switch {
		case err == nil && s.Status == statusRequired:
			t.factors.states = append(t.factors.states, s.StateToken)
		case err != nil || time.Now().After(deadline):
			return errors.Join(err, fmt.Errorf("the sign-in is at %s", s.Status))
		}
	}
	for worker := range n {
		p, err := t.enrolPhone(ctx, c, t.proving.ids[len(t.proving.ids)-1-worker%spare])
		if err != nil {
			return err
		}
		t.factors.pushes = append(t.factors.pushes, p)
	}
	return nil
}

func (t *target) enrolPhone(ctx context.Context, c *client, userID string) (*pushed, error) {
	var made struct {
		ID       string `json:"id"`
		Embedded struct {
			Activation struct {
				Links struct {
					QR struct {
						Href string `json:"href"`
					} `json:"qrcode"`
				} `json:"_links"`
			} `json:"activation"`
		} `json:"_embedded"`
	}
	at := "/api/v1/users/" + userID + "/factors"
	if err := t.admin(c, "POST", at, `{"factorType":"push","provider":"OKTA"}`, 200, &made); err != nil {
		return nil, err
	}
	p := &phone.Phone{HTTP: &http.Client{Timeout: 30 * time.Second}, Rand: env.SystemRand{}, Clock: env.System{}}
	if _, err := p.Scan(ctx, made.Embedded.Activation.Links.QR.Href); err != nil {
		return nil, fmt.Errorf("scan: %w", err)
	}
	return &pushed{verify: at + "/" + made.ID + "/verify", phone: p}, nil
}

// statusRequired is the state of a sign-in that waits for a further factor.
const statusRequired = "MFA_REQUIRED"

// begun is a sign-in whose password was proved.
type begun struct {
	Status     string `json:"status"`
	StateToken string `json:"stateToken"`
	Embedded   struct {
		Factors []struct {
			ID string `json:"id"`
		} `json:"factors"`
	} `json:"_embedded"`
}

// firstProof gives the password of the next user who proves more.
func (t *target) firstProof(c *client) (begun, error) {
	var out begun
	n := t.proving.first + int(t.proving.next.Add(1))%(len(t.proving.ids)-spare)
	body, err := want(c, 200, call("POST", t.cheap, "/api/v1/authn", `{"username":"`+login(n)+`","password":"`+t.password+`"}`))
	if err == nil {
		err = json.Unmarshal(body, &out)
	}
	return out, err
}

// proveTwice signs in with a password and a one-time password.
func proveTwice(t *target) operation {
	return func(c *client, _ int, _ int64) error {
		s, err := t.firstProof(c)
		if err != nil {
			return err
		}
		if s.Status != statusRequired || len(s.Embedded.Factors) == 0 {
			return fmt.Errorf("no further factor is asked for: %+v", s)
		}
		code, err := t.proving.code()
		if err != nil {
			return err
		}
		body, err := want(c, 200, call("POST", t.cheap, "/api/v1/authn/factors/"+s.Embedded.Factors[0].ID+"/verify", `{"stateToken":"`+s.StateToken+`","passCode":"`+code+`"}`))
		if err == nil && !bytes.Contains(body, []byte(`"SUCCESS"`)) {
			return fmt.Errorf("the sign-in did not succeed: %.300s", body)
		}
		return err
	}
}

// lookUp asks where a sign-in stands.
func lookUp(t *target) operation {
	return func(c *client, worker int, _ int64) error {
		body, err := want(c, 200, call("POST", t.address, "/api/v1/authn", `{"stateToken":"`+t.factors.states[worker%len(t.factors.states)]+`"}`))
		if err == nil && !bytes.Contains(body, []byte(statusRequired)) {
			return fmt.Errorf("the sign-in is elsewhere: %.300s", body)
		}
		return err
	}
}

// push asks a phone, lets it answer, and polls for the outcome.
func push(t *target) operation {
	return func(c *client, worker int, _ int64) error {
		p := t.factors.pushes[worker%len(t.factors.pushes)]
		var asked struct {
			Links struct {
				Poll struct {
					Href string `json:"href"`
				} `json:"poll"`
			} `json:"_links"`
		}
		if err := t.admin(c, "POST", p.verify, "{}", 202, &asked); err != nil {
			return err
		}
		if _, err := p.phone.Answer(context.Background(), "", true, nil); err != nil {
			return fmt.Errorf("answer: %w", err)
		}
		path := strings.TrimPrefix(asked.Links.Poll.Href, "http://"+t.address)
		body, err := want(c, 200, call("GET", t.address, path, "", t.api()))
		if err == nil && !bytes.Contains(body, []byte(`"SUCCESS"`)) {
			return fmt.Errorf("the phone has approved, and the answer is %.300s", body)
		}
		return err
	}
}

// factorRows are the lines of the table about further factors.
func factorRows() []row {
	insert := limit{name: "insert transaction", per: 1, work: "insert"}
	list := []row{
		{key: "mfa", name: "sign-in with TOTP, no hash", ceiling: insert, op: proveTwice, beside: true},
		{key: "state", name: "state of a sign-in", ceiling: limit{name: "bare chi, 1 point read", per: 1, op: bareSession}, op: lookUp},
		{key: "push", name: "push: ask, answer, poll", ceiling: insert, op: push},
	}
	for i := range list {
		list[i].unit, list[i].per, list[i].factors = "/s", 1, true
	}
	return list
}
