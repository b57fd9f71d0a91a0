package vendor

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"

	"usher/internal/env"
	"usher/internal/factor"
	"usher/internal/idp"
	"usher/internal/keys"
	"usher/internal/notify/webhook"
	"usher/internal/store"
)

// What a page is given and brings back. (docs/factor-webhook.md)
const (
	asks    = "TX"
	answers = "AUTH"
	returns = "APP"

	pageLife    = 5 * time.Minute
	returnBytes = 32
	maxResponse = 4096
)

// Page proves a user by what happens on a page of the vendor's, which stands in a
// frame of the sign-in.
type Page struct {
	Hook *Hook
	Rand env.Rand
	// Vault keeps what the page has to bring back.
	Vault factor.Vault
	// Host is where the page stands: host, or host and port.
	Host string
	// Secret signs what the page is given, so that nobody else can have users
	// asked.
	Secret webhook.Secret
}

// Describe implements factor.Method.
func (*Page) Describe() factor.Description {
	response := []factor.Field{{Name: factor.FieldResponse, MaxLength: maxResponse}}
	return factor.Description{Kind: "duo", Verify: response, AMR: []string{"mfa"}, Waits: true, Hosted: true}
}

// Enroll implements factor.Enroller: the vendor knows the user by the login.
func (*Page) Enroll(_ context.Context, s factor.Subject, k factor.Kind, _ map[string]string) (factor.Draft, error) {
	return factor.Draft{Kind: k, Profile: profile{s.User.Login}}, nil
}

// Challenge implements factor.Challenger.
func (m *Page) Challenge(_ *store.Tx, _ idp.Actor, s factor.Subject, _ factor.ChallengeOptions) error {
	s.Challenge.Expires = s.Challenge.Created.Add(pageLife)
	m.Vault.SealState(s.Challenge, []byte(env.Secret(m.Rand, "", returnBytes)))
	return nil
}

// View implements factor.Viewer: what the frame is made of. The first half says
// who is asked until when, the second must come back with the answer.
func (m *Page) View(tx *store.Tx, s factor.Subject) (factor.View, error) {
	if !factor.Open(tx, s.Challenge) {
		return factor.View{}, nil
	}
	back, err := m.returned(s.Challenge)
	if err != nil {
		return factor.View{}, err
	}
	until := strconv.FormatInt(s.Challenge.Expires.Unix(), 10)
	asked := part(asks, strings.Join([]string{s.User.Login, s.Challenge.ID, until}, "|"))
	mac := hmac.New(sha256.New, m.Secret)
	mac.Write([]byte(asked))
	signed := asked + "|" + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
	return factor.View{Expires: s.Challenge.Expires, Options: map[string]any{"host": m.Host, "signature": signed + ":" + back}}, nil
}

func part(kind, text string) string {
	return kind + "|" + base64.StdEncoding.EncodeToString([]byte(text))
}

// returned is what has to come back for a challenge.
func (m *Page) returned(c *store.Challenge) (string, error) {
	secret, err := m.Vault.OpenState(c)
	if err != nil {
		return "", fmt.Errorf("challenge %s: %w", c.ID, err)
	}
	return part(returns, c.ID) + "|" + string(secret), nil
}

// Check implements factor.Method: what was given for this challenge must have
// come back, and the vendor's server judges the rest.
func (m *Page) Check(ctx context.Context, s factor.Subject, answer map[string]string) (factor.Attempt, error) {
	if s.Factor == nil || s.Challenge == nil {
		return factor.Attempt{}, nil
	}
	want, err := m.returned(s.Challenge)
	if err != nil {
		return factor.Attempt{}, err
	}
	response, back, _ := strings.Cut(answer[factor.FieldResponse], ":")
	if !strings.HasPrefix(response, answers+"|") || !keys.Equal(back, want) {
		return factor.Attempt{State: verdict{idp.KindWrongPasscode}}, nil
	}
	action := actionVerify
	if s.Activating() {
		action = actionEnroll
	}
	q := about(s, "DUO", action)
	q.Credential, q.Challenge, q.Response = s.User.Login, s.Challenge.ID, response
	return m.Hook.judge(ctx, s, q)
}

// Settle implements factor.Method: an answer counts once, for its own challenge
// and in time.
func (m *Page) Settle(tx *store.Tx, s factor.Subject, a factor.Attempt) (factor.Outcome, error) {
	out, err := settle(tx, s, a)
	if err != nil || !out.Proved {
		return out, err
	}
	if !factor.Open(tx, s.Challenge) {
		return factor.Outcome{Void: true, Why: idp.KindChallengeOver}, nil
	}
	void, err := factor.Use(tx, s.Challenge)
	if void {
		return factor.Outcome{Void: true, Why: idp.KindChallengeOver}, nil
	}
	return out, err
}
