package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"usher/internal/egress"
	"usher/internal/env"
	"usher/internal/notify"
)

// The headers of a request. (Standard Webhooks, "Webhook metadata")
const (
	HeaderID        = "webhook-id"
	HeaderTimestamp = "webhook-timestamp"
	HeaderSignature = "webhook-signature"
)

// Window is how old a request may be for a receiver to believe it: who keeps
// the identifiers of that long needs to refuse repetitions no longer.
const Window = 5 * time.Minute

// Bounds of a secret in bytes. (Standard Webhooks, "Symmetric signatures")
const (
	minSecret = 24
	maxSecret = 64
)

// Secret signs requests.
type Secret []byte

// ParseSecret reads the usual form of a secret, "whsec_" and base64.
func ParseSecret(text string) (Secret, error) {
	raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(strings.TrimSpace(text), "whsec_"))
	if err != nil {
		return nil, errors.New("a webhook secret is whsec_ and base64")
	}
	if len(raw) < minSecret || len(raw) > maxSecret {
		return nil, fmt.Errorf("a webhook secret has %d to %d bytes: make one with `echo whsec_$(openssl rand -base64 32)`", minSecret, maxSecret)
	}
	return raw, nil
}

// sign is one signature of a request.
func (s Secret) sign(id, timestamp string, body []byte) string {
	mac := hmac.New(sha256.New, s)
	mac.Write([]byte(id + "." + timestamp + "."))
	mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// Poster posts signed requests to one address.
type Poster struct {
	Client *egress.Client
	Clock  env.Clock
	URL    string // checked by egress.Config.Target
	// Secrets sign each request, all of them, so that a receiver can change
	// from one to the next.
	Secrets []Secret
}

// Post sends JSON under an identifier and returns what came back.
func (p *Poster) Post(ctx context.Context, id string, text []byte) (egress.Answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.URL, bytes.NewReader(text))
	if err != nil {
		return egress.Answer{}, fmt.Errorf("webhook request: %w", err)
	}
	timestamp := strconv.FormatInt(p.Clock.Now().Unix(), 10)
	signatures := make([]string, 0, len(p.Secrets))
	for _, secret := range p.Secrets {
		signatures = append(signatures, secret.sign(id, timestamp, text))
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "usher")
	req.Header.Set(HeaderID, id)
	req.Header.Set(HeaderTimestamp, timestamp)
	req.Header.Set(HeaderSignature, strings.Join(signatures, " "))
	a, err := p.Client.Do(req)
	if err != nil {
		return egress.Answer{}, fmt.Errorf("webhook: %w", err)
	}
	return a, nil
}

// Sender posts messages to one address. It implements notify.Sender.
type Sender struct {
	Client  *egress.Client
	Clock   env.Clock
	URL     string   // as of Poster
	Secrets []Secret // as of Poster
}

// message is the body of a request.
type message struct {
	ID       string            `json:"id"`
	OrgID    string            `json:"orgId"`
	Kind     notify.Kind       `json:"kind"`
	To       string            `json:"to"`
	Template string            `json:"template"`
	Subject  string            `json:"subject,omitempty"`
	Text     string            `json:"text"`
	Data     map[string]string `json:"data"`
	Created  time.Time         `json:"created"`
	Expires  *time.Time        `json:"expires"` // null for never
}

// Send implements notify.Sender. An answer of 2xx takes the message; 400, 413
// and 422 refuse it for good, and so does 410, which for a push tells that the
// device is gone. Everything else is tried again.
func (s *Sender) Send(ctx context.Context, m notify.Message) error {
	body := message{m.ID, m.OrgID, m.Kind, m.To, m.Template, m.Subject, m.Text, m.Data, m.Created, nil}
	if body.Data == nil {
		body.Data = map[string]string{}
	}
	if !m.Expires.IsZero() {
		body.Expires = &m.Expires
	}
	text, err := json.Marshal(body)
	if err != nil {
		return notify.Refused(fmt.Errorf("webhook message: %w", err))
	}
	a, err := (&Poster{s.Client, s.Clock, s.URL, s.Secrets}).Post(ctx, m.ID, text)
	if err != nil {
		return err
	}
	return judge(m.Kind, a, s.Clock.Now())
}

// judge tells what an answer means.
func judge(k notify.Kind, a egress.Answer, now time.Time) error {
	if a.Status/100 == 2 {
		return nil
	}
	err := fmt.Errorf("webhook: the receiver answers %d", a.Status)
	switch a.Status {
	case http.StatusGone:
		if k == notify.Push {
			return notify.Gone(err)
		}
		return notify.Refused(err)
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		return notify.Refused(err)
	}
	return notify.Later(err, a.RetryAfter(now))
}
