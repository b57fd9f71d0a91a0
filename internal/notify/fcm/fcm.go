package fcm

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"usher/internal/egress"
	"usher/internal/env"
	"usher/internal/notify"
)

// DefaultURL is the service's address.
const DefaultURL = "https://fcm.googleapis.com"

// overQuota is the least pause after the service has said that it is too much.
const overQuota = time.Minute

// Sender hands pushes to the service. It implements notify.Sender.
type Sender struct {
	Client  *egress.Client
	Clock   env.Clock
	URL     string // DefaultURL when empty
	Account Account

	mu    sync.Mutex
	token string
	ends  time.Time
}

// Check tells what is wrong with the settings, before the first push does.
func (s *Sender) Check() error {
	if s.Account.Key == nil {
		return errors.New("FCM needs the key file of a service account")
	}
	_, err := s.assertion(s.Clock.Now())
	return err
}

// envelope is the body of a request.
type envelope struct {
	Message struct {
		Token        string            `json:"token"`
		Notification map[string]string `json:"notification"`
		Data         map[string]string `json:"data"`
		Android      struct {
			Priority string `json:"priority"`
			TTL      string `json:"ttl,omitempty"`
			Collapse string `json:"collapse_key,omitempty"`
		} `json:"android"`
	} `json:"message"`
}

// Send implements notify.Sender.
func (s *Sender) Send(ctx context.Context, m notify.Message) error {
	device := m.Data[notify.DataPushToken]
	if device == "" {
		return notify.Refused(errors.New("FCM: the device has no token of this service"))
	}
	var e envelope
	e.Message.Token = device
	e.Message.Notification = map[string]string{"title": m.Subject, "body": m.Text}
	e.Message.Data = map[string]string{"org": m.OrgID, "device": m.Data[notify.DataDevice], "challenge": m.Data[notify.DataChallenge]}
	e.Message.Android.Priority, e.Message.Android.Collapse = "HIGH", m.Data[notify.DataChallenge]
	if !m.Expires.IsZero() {
		e.Message.Android.TTL = strconv.FormatInt(max(int64(m.Expires.Sub(s.Clock.Now()).Seconds()), 0), 10) + "s"
	}
	body, err := json.Marshal(e)
	if err != nil {
		return notify.Refused(fmt.Errorf("FCM message: %w", err))
	}
	token, err := s.access(ctx, "")
	if err != nil {
		return fmt.Errorf("FCM: %w", err)
	}
	a, err := s.post(ctx, token, body)
	if err == nil && a.Status == http.StatusUnauthorized && fault(a) != "THIRD_PARTY_AUTH_ERROR" {
		if token, err = s.access(ctx, token); err == nil {
			a, err = s.post(ctx, token, body)
		}
	}
	if err != nil {
		return fmt.Errorf("FCM: %w", err)
	}
	return judge(a, s.Clock.Now())
}

func (s *Sender) post(ctx context.Context, token string, body []byte) (egress.Answer, error) {
	base := s.URL
	if base == "" {
		base = DefaultURL
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimRight(base, "/")+"/v1/projects/"+s.Account.Project+"/messages:send", bytes.NewReader(body))
	if err != nil {
		return egress.Answer{}, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json")
	return s.Client.Do(req)
}

// fault is the word by which the service says what is wrong: its own when it
// gives one, else the general status.
func fault(a egress.Answer) string {
	var body struct {
		Error struct {
			Status  string `json:"status"`
			Details []struct {
				Code string `json:"errorCode"`
			} `json:"details"`
		} `json:"error"`
	}
	// An answer without an error object is judged by its status alone.
	_ = json.Unmarshal(a.Body, &body)
	out := body.Error.Status
	for _, d := range body.Error.Details {
		if d.Code != "" {
			out = d.Code
		}
	}
	if len(out) > 60 {
		return ""
	}
	return out
}

// judge tells what an answer means.
func judge(a egress.Answer, now time.Time) error {
	if a.Status == http.StatusOK {
		return nil
	}
	why := fault(a)
	err := fmt.Errorf("FCM: it answers %d %s", a.Status, why)
	switch why {
	case "UNREGISTERED":
		return notify.Gone(err)
	case "INVALID_ARGUMENT", "SENDER_ID_MISMATCH":
		return notify.Refused(err)
	case "QUOTA_EXCEEDED", "RESOURCE_EXHAUSTED":
		return notify.Later(err, max(a.RetryAfter(now), overQuota))
	}
	return notify.Later(err, a.RetryAfter(now))
}
