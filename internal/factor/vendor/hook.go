package vendor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"usher/internal/egress"
	"usher/internal/env"
	"usher/internal/factor"
	"usher/internal/idp"
	"usher/internal/notify/webhook"
	"usher/internal/store"
)

// patience is how long one question about an enrolment keeps others about it
// waiting: longer than it can take.
const patience = egress.Timeout + 5*time.Second

// Hook asks the adapter. All members are required.
type Hook struct {
	Poster *webhook.Poster
	IDs    env.IDs
	Store  *store.Store
	Log    *slog.Logger
}

// The actions of questions.
const (
	actionEnroll = "enroll"
	actionVerify = "verify"
)

// question is the body of a request. (docs/factor-webhook.md)
type question struct {
	ID         string    `json:"id"`
	OrgID      string    `json:"orgId"`
	Vendor     string    `json:"vendor"`
	Action     string    `json:"action"`
	User       who       `json:"user"`
	Credential string    `json:"credentialId,omitempty"`
	PassCode   string    `json:"passCode,omitempty"`
	Next       string    `json:"nextPassCode,omitempty"`
	Challenge  string    `json:"challenge,omitempty"`
	Response   string    `json:"response,omitempty"`
	Asked      time.Time `json:"asked"`
}

type who struct {
	ID    string `json:"id"`
	Login string `json:"login"`
}

// reply is the body of an answer.
type reply struct {
	ID     string `json:"id"` // of the question
	Result string `json:"result"`
}

// about begins a question.
func about(s factor.Subject, vendor, action string) question {
	return question{OrgID: s.Org.ID, Vendor: vendor, Action: action, User: who{s.User.ID, s.User.Login}}
}

// ask puts a question and returns what the answer comes to: why is zero where the
// adapter accepts. An adapter that does not answer, or answers something else than
// this question, is KindFactorService: it never passes for a yes.
func (h *Hook) ask(ctx context.Context, q question) (why idp.Kind, err error) {
	q.ID, q.Asked = h.IDs.New("fwh"), h.Poster.Clock.Now().UTC().Truncate(time.Second)
	text, err := json.Marshal(q)
	if err != nil {
		return 0, fmt.Errorf("ask an adapter: %w", err)
	}
	a, err := h.Poster.Post(ctx, q.ID, text)
	if err != nil {
		return 0, h.silent(ctx, q, err)
	}
	var r reply
	if a.Status != http.StatusOK || json.Unmarshal(a.Body, &r) != nil || r.ID != q.ID {
		return 0, h.silent(ctx, q, fmt.Errorf("it answers %d, and not this question", a.Status))
	}
	switch r.Result {
	case "accepted":
		return 0, nil
	case "refused":
		return idp.KindWrongPasscode, nil
	case "replayed":
		return idp.KindPasscodeReplayed, nil
	case "expired":
		return idp.KindPasscodeWindow, nil
	}
	return 0, h.silent(ctx, q, errors.New("its result is unknown"))
}

func (h *Hook) silent(ctx context.Context, q question, err error) error {
	h.Log.WarnContext(ctx, "the factor webhook does not answer", "vendor", q.Vendor, "action", q.Action, "question", q.ID, "problem", err)
	return idp.Fail(idp.KindFactorService)
}

// verdict is an attempt that the adapter has judged.
type verdict struct{ why idp.Kind }

// judge asks about an enrolment. Of several questions about one enrolment, one is
// put at a time (KindTooManyRequests), so that guesses that come at once are
// counted before the next is judged; settle or a failure lets the next one in.
func (h *Hook) judge(ctx context.Context, s factor.Subject, q question) (factor.Attempt, error) {
	var free, locked bool
	err := h.Store.Tx(ctx, func(tx *store.Tx) error {
		n, err := tx.FactorFailures(s.Factor.OrgID, s.Factor.UserID, s.Factor.ID)
		if locked = n >= factor.MaxFailures; err != nil || locked {
			return err
		}
		free, err = tx.SendForFactor(s.Factor.OrgID, s.Factor.UserID, s.Factor.ID, patience)
		return err
	})
	switch {
	case err != nil:
		return factor.Attempt{}, fmt.Errorf("queue for an adapter: %w", err)
	case locked:
		return factor.Attempt{State: verdict{idp.KindWrongPasscode}}, nil
	case !free:
		return factor.Attempt{}, idp.Fail(idp.KindTooManyRequests)
	}
	why, err := h.ask(ctx, q)
	if err != nil {
		if failed := h.Store.Tx(ctx, func(tx *store.Tx) error { return release(tx, s) }); failed != nil {
			return factor.Attempt{}, failed
		}
		return factor.Attempt{}, err
	}
	return factor.Attempt{OK: why == 0, State: verdict{why}}, nil
}

// settle makes a judgement count.
func settle(tx *store.Tx, s factor.Subject, a factor.Attempt) (factor.Outcome, error) {
	v, ok := a.State.(verdict)
	if !ok || s.Factor == nil {
		return factor.Outcome{}, factor.ErrChanged
	}
	if err := release(tx, s); err != nil {
		return factor.Outcome{}, err
	}
	out := factor.Outcome{Proved: a.OK && v.why == 0}
	if v.why != idp.KindWrongPasscode { // which is what no reason means
		out.Why = v.why
	}
	return out, nil
}

func release(tx *store.Tx, s factor.Subject) error {
	if err := tx.FreeFactor(s.Factor.OrgID, s.Factor.UserID, s.Factor.ID); err != nil {
		return fmt.Errorf("let the next question in: %w", err)
	}
	return nil
}
