package hook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"usher/internal/credential"
	"usher/internal/idp"
)

// The words of the hook about passwords. (spec: management
// PasswordImportRequest, PasswordImportResponse)
const (
	verified      = "VERIFIED"
	unverified    = "UNVERIFIED"
	commandUpdate = "com.okta.action.update"
)

// question is the body of a request about a password.
type question struct {
	CloudEventVersion string       `json:"cloudEventVersion"`
	ContentType       string       `json:"contentType"`
	EventID           string       `json:"eventId"`
	EventTime         string       `json:"eventTime"`
	EventType         string       `json:"eventType"`
	EventTypeVersion  string       `json:"eventTypeVersion"`
	Source            string       `json:"source"`
	Data              questionData `json:"data"`
}

type questionData struct {
	Context struct {
		Request struct {
			ID        string `json:"id,omitempty"`
			Method    string `json:"method,omitempty"`
			IPAddress string `json:"ipAddress,omitempty"`
			URL       struct {
				Value string `json:"value"`
			} `json:"url"`
		} `json:"request"`
		Credential struct {
			Username string `json:"username"`
			Password string `json:"password"`
		} `json:"credential"`
	} `json:"context"`
	Action credentialAction `json:"action"`
}

type credentialAction struct {
	Credential string `json:"credential"`
}

// VerifyPassword asks the organisation's oldest active hook about passwords
// whether a user's password is right. Without such a hook, and where it does not
// answer, it is not. It is recorded. The error is an internal one.
func (s *Service) VerifyPassword(ctx context.Context, g credential.Guess) (bool, error) {
	read := s.Store.Read(ctx)
	rows, err := read.InlineHooks(g.Org.ID)
	if err != nil {
		return false, fmt.Errorf("read inline hooks: %w", err)
	}
	u, err := read.User(g.Org.ID, g.UserID)
	if err != nil {
		return false, fmt.Errorf("read user: %w", err)
	}
	var h *Hook
	for _, row := range rows {
		if row.Active && row.Type == PasswordImport {
			if h, err = hookOf(row); err != nil {
				return false, err
			}
			break
		}
	}
	if h == nil {
		return false, nil
	}
	body, err := json.Marshal(s.question(h, u, g))
	if err != nil {
		return false, fmt.Errorf("inline hook: %w", err)
	}
	reply, failed := s.ask(ctx, h, body)
	if failed == nil {
		failed = reply.refuses()
	}
	actor := idp.SystemActor(g.Org)
	actor.Client = g.Client
	return failed == nil, s.executed(ctx, actor, h, failed, idp.UserTarget(u))
}

// question asks about a password.
func (s *Service) question(h *Hook, u *idp.User, g credential.Guess) question {
	q := question{
		CloudEventVersion: "0.1", ContentType: "application/json", EventID: s.IDs.New("hkq"), EventTime: s.Clock.Now().UTC().Format("2006-01-02T15:04:05.000Z"),
		EventType: h.Type, EventTypeVersion: "1.0", Source: g.Org.BaseURL + "/api/v1/inlineHooks/" + h.ID,
	}
	c := &q.Data.Context
	c.Request.ID, c.Request.Method, c.Request.URL.Value = g.Client.RequestID, g.Client.Method, g.Client.Path
	if g.Client.IP.IsValid() {
		c.Request.IPAddress = g.Client.IP.String()
	}
	c.Credential.Username, c.Credential.Password = u.Login, g.Password
	q.Data.Action.Credential = unverified
	return q
}

// errUnverified tells that a hook has not called a password right.
var errUnverified = errors.New("it does not verify the password")

// refuses tells why a reply does not call a password right; nil when it does.
// All commands must agree.
func (r Reply) refuses() error {
	if len(r.Commands) == 0 {
		return errUnverified
	}
	for _, c := range r.Commands {
		var v credentialAction
		if c.Type != commandUpdate || json.Unmarshal(c.Value, &v) != nil || v.Credential != verified {
			return errUnverified
		}
	}
	return nil
}
