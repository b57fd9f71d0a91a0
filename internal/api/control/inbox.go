package control

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/go-chi/chi/v5"

	"usher/internal/notify"
)

// Messages is what the server would tell people, by organisation: the default
// one when org is empty. Lists begin with the newest.
type Messages interface {
	List(ctx context.Context, org string, q notify.Query) ([]notify.Message, error)
	Get(ctx context.Context, org, id string) (notify.Message, error)
	Delete(ctx context.Context, org string, q notify.Query) (int, error)
	Remove(ctx context.Context, org, id string) error
}

func (h *handler) routeInbox(r chi.Router) {
	r.Get("/outbox", h.listMessages) // the older name of the list
	r.Get("/inbox", h.inboxPage)
	r.Get("/inbox/inbox.css", asset("text/css; charset=utf-8", inboxStyle))
	r.Get("/inbox/inbox.js", asset("text/javascript; charset=utf-8", inboxScript))
	r.Post("/inbox/clear", h.clearInbox)
	r.Get("/inbox/messages", h.listMessages)
	r.Delete("/inbox/messages", h.deleteMessages)
	r.Get("/inbox/messages/{id}", h.getMessage)
	r.Get("/inbox/messages/{id}/html", h.messageHTML)
	r.Delete("/inbox/messages/{id}", h.deleteMessage)
}

// message is a message as it is shown.
type message struct {
	ID       string            `json:"id"`
	Kind     notify.Kind       `json:"kind"`
	To       string            `json:"to"`
	Template string            `json:"template"`
	Subject  string            `json:"subject"`
	Text     string            `json:"text"`
	HTML     string            `json:"html,omitempty"`
	Data     map[string]string `json:"data"` // link, token, code, challenge ...
	Status   notify.Status     `json:"status"`
	Attempts int               `json:"attempts"`
	Problem  string            `json:"problem,omitempty"` // why the last attempt failed
	Created  time.Time         `json:"created"`
	Expires  time.Time         `json:"expires,omitzero"`
}

func viewMessage(m notify.Message) message {
	if m.Data == nil {
		m.Data = map[string]string{}
	}
	return message{
		ID: m.ID, Kind: m.Kind, To: m.To, Template: m.Template, Subject: m.Subject, Text: m.Text, HTML: m.HTML, Data: m.Data,
		Status: m.Status, Attempts: m.Attempts, Problem: m.Problem, Created: m.Created, Expires: m.Expires,
	}
}

// The kinds and states that a query may name.
func kinds() []notify.Kind {
	return []notify.Kind{notify.Email, notify.SMS, notify.Call, notify.Push, notify.Logout}
}

func states() []notify.Status { return []notify.Status{notify.Queued, notify.Sent, notify.Dead} }

// queryOf reads which messages are asked for, and answers 400 when it cannot.
func queryOf(w http.ResponseWriter, r *http.Request) (notify.Query, bool) {
	v := r.URL.Query()
	q := notify.Query{
		To: v.Get("to"), After: v.Get("after"), Kind: notify.Kind(v.Get("kind")), Status: notify.Status(v.Get("status")), Limit: notify.MaxList,
	}
	if q.Kind != "" && !slices.Contains(kinds(), q.Kind) {
		fail(w, http.StatusBadRequest, "kind is one of %v", kinds())
		return q, false
	}
	if q.Status != "" && !slices.Contains(states(), q.Status) {
		fail(w, http.StatusBadRequest, "status is one of %v", states())
		return q, false
	}
	if text := v.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > notify.MaxList {
			fail(w, http.StatusBadRequest, "limit is a number from 1 to %d", notify.MaxList)
			return q, false
		}
		q.Limit = n
	}
	return q, true
}

// Bounds of waiting for a message.
const (
	maxWait = 30 * time.Second
	look    = 40 * time.Millisecond // between two looks
)

// waitOf reads how long to wait for a message: "5s", or a number of seconds.
func waitOf(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	if n, failed := strconv.Atoi(text); failed == nil && n <= int(maxWait/time.Second) {
		d, err = time.Duration(n)*time.Second, nil
	}
	if err != nil || d < 0 || d > maxWait {
		return 0, fmt.Errorf("wait is a time up to %s, such as 5s", maxWait)
	}
	return d, nil
}

// listMessages lists messages. With wait it answers when there is one, or when
// the time is over.
func (h *handler) listMessages(w http.ResponseWriter, r *http.Request) {
	q, ok := queryOf(w, r)
	if !ok {
		return
	}
	wait, err := waitOf(r.URL.Query().Get("wait"))
	if err != nil {
		fail(w, http.StatusBadRequest, "%v", err)
		return
	}
	list, err := h.await(w, r, q, wait)
	if err != nil {
		h.broken(w, "reading the messages", err)
		return
	}
	out := make([]message, 0, len(list))
	for _, m := range list {
		out = append(out, viewMessage(m))
	}
	answer(w, http.StatusOK, struct {
		Messages []message `json:"messages"`
	}{out})
}

// await lists messages, and looks again until there are some, the wait is over,
// or the caller has gone. Time passes by the machine's clock here: who waits
// does not see that the server's stands still.
func (h *handler) await(w http.ResponseWriter, r *http.Request, q notify.Query, wait time.Duration) ([]notify.Message, error) {
	org := r.URL.Query().Get("org")
	list, err := h.cfg.Messages.List(r.Context(), org, q)
	if err != nil || len(list) > 0 || wait == 0 {
		return list, err
	}
	// The time for reading a request must not cut the wait short. Where there is
	// no such time, as in a test without a connection, there is none to lift.
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
	over := time.NewTimer(wait)
	defer over.Stop()
	tick := time.NewTicker(look)
	defer tick.Stop()
	for {
		select {
		case <-r.Context().Done():
			return nil, nil
		case <-h.cfg.Stop:
			return nil, nil
		case <-over.C:
			return nil, nil
		case <-tick.C:
		}
		if list, err = h.cfg.Messages.List(r.Context(), org, q); err != nil || len(list) > 0 {
			return list, err
		}
	}
}

func (h *handler) getMessage(w http.ResponseWriter, r *http.Request) {
	m, err := h.cfg.Messages.Get(r.Context(), r.URL.Query().Get("org"), chi.URLParam(r, "id"))
	if err != nil {
		h.broken(w, "reading the message", err)
		return
	}
	answer(w, http.StatusOK, viewMessage(m))
}

func (h *handler) deleteMessages(w http.ResponseWriter, r *http.Request) {
	q, ok := queryOf(w, r)
	if !ok {
		return
	}
	n, err := h.clear(r.Context(), r.URL.Query().Get("org"), q)
	if err != nil {
		h.broken(w, "deleting messages", err)
		return
	}
	answer(w, http.StatusOK, struct {
		Deleted int `json:"deleted"`
	}{n})
}

// clear deletes what a query finds, or all of it when it sets no limit of its
// own.
func (h *handler) clear(ctx context.Context, org string, q notify.Query) (int, error) {
	total := 0
	for {
		n, err := h.cfg.Messages.Delete(ctx, org, q)
		total += n
		if err != nil || n < notify.MaxList {
			return total, err
		}
	}
}

func (h *handler) deleteMessage(w http.ResponseWriter, r *http.Request) {
	if err := h.cfg.Messages.Remove(r.Context(), r.URL.Query().Get("org"), chi.URLParam(r, "id")); err != nil {
		h.broken(w, "deleting the message", err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
