package hook

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"usher/internal/eventlog"
	"usher/internal/idp"
)

// Timeout bounds a request to a hook where a Service names no other bound. (Okta
// developer guide "Inline hooks", section "Timeout behavior")
const Timeout = 3 * time.Second

// Reply is what a hook answers. (spec: management, responses of inline hooks)
type Reply struct {
	Commands []Command `json:"commands"`
	Error    *struct {
		Summary string `json:"errorSummary"`
	} `json:"error,omitempty"`
	Debug json.RawMessage `json:"debugContext,omitempty"`
}

// Command is something that a hook wants done.
type Command struct {
	Type  string          `json:"type"`
	Value json.RawMessage `json:"value"`
}

// errRefused tells that a hook has answered with an error of its own.
var errRefused = errors.New("it answers with an error")

// Execute asks an active hook with a body that somebody gives, to see what it
// answers. KindInvalid for one that is not active or does not answer.
// (spec: management#executeInlineHook)
func (s *Service) Execute(ctx context.Context, a idp.Actor, id string, body json.RawMessage) (*Reply, error) {
	h, err := find(s.Store.Read(ctx), a.OrgID(), id)
	if err != nil {
		return nil, err
	}
	if !h.Active {
		return nil, idp.Invalid("inlineHook", idp.Cause{Text: "The inline hook is not active."})
	}
	reply, failed := s.ask(ctx, h, body)
	if err := s.executed(ctx, a, h, failed); err != nil {
		return nil, err
	}
	if failed != nil && !errors.Is(failed, errRefused) {
		return nil, idp.Invalid("inlineHook", idp.Cause{Text: "The inline hook does not answer: " + failed.Error()})
	}
	return &reply, nil
}

// ask makes one request. An answer without contents has no commands.
func (s *Service) ask(ctx context.Context, h *Hook, body []byte) (Reply, error) {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(s.Timeout, Timeout))
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.Channel.URI, bytes.NewReader(body))
	if err != nil {
		return Reply{}, errors.New("its address cannot be asked")
	}
	for _, x := range h.Channel.Headers {
		req.Header.Set(x.Key, x.Value)
	}
	if h.Channel.AuthKey != "" {
		secret, err := s.Seal.Open(h.row(), h.Sealed)
		if err != nil {
			return Reply{}, fmt.Errorf("its secret: %w", err)
		}
		req.Header.Set(h.Channel.AuthKey, string(secret))
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "usher")
	answer, err := s.Client.Do(req)
	if err != nil {
		return Reply{}, fmt.Errorf("ask: %w", err)
	}
	var r Reply
	switch {
	case answer.Status == http.StatusNoContent:
		return r, nil
	case answer.Status != http.StatusOK:
		return r, fmt.Errorf("it answers %d", answer.Status)
	case json.Unmarshal(answer.Body, &r) != nil:
		return Reply{}, errors.New("its answer is no JSON of the form that is asked for")
	case r.Error != nil:
		return r, errRefused
	}
	return r, nil
}

// executed records that a hook was asked.
func (s *Service) executed(ctx context.Context, a idp.Actor, h *Hook, failed error, about ...idp.Target) error {
	e := eventlog.Entry{Type: eventlog.InlineHookExecuted, Targets: append([]idp.Target{h.target()}, about...)}
	if failed != nil {
		e.Result, e.Reason = idp.ResultFailure, failed.Error()
	}
	if err := s.Log.Tell(ctx, s.Store, a, e); err != nil {
		return fmt.Errorf("record inline hook: %w", err)
	}
	return nil
}
