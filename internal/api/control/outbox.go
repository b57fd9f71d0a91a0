package control

import (
	"net/http"
	"strconv"
	"time"

	"usher/internal/notify"
)

// message is a message of the outbox as it is shown.
type message struct {
	ID       string            `json:"id"`
	Kind     notify.Kind       `json:"kind"`
	To       string            `json:"to"`
	Template string            `json:"template"`
	Subject  string            `json:"subject"`
	Text     string            `json:"text"`
	HTML     string            `json:"html,omitempty"`
	Data     map[string]string `json:"data"` // link, token, code
	Status   notify.Status     `json:"status"`
	Attempts int               `json:"attempts"`
	Created  time.Time         `json:"created"`
}

func (h *handler) outbox(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	q := notify.Query{To: query.Get("to"), After: query.Get("after"), Limit: notify.MaxList}
	if text := query.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > notify.MaxList {
			fail(w, http.StatusBadRequest, "limit is a number from 1 to %d", notify.MaxList)
			return
		}
		q.Limit = n
	}
	list, err := h.cfg.Outbox(r.Context(), query.Get("org"), q)
	if err != nil {
		h.broken(w, "reading the outbox", err)
		return
	}
	out := make([]message, 0, len(list))
	for _, m := range list {
		data := m.Data
		if data == nil {
			data = map[string]string{}
		}
		out = append(out, message{
			ID: m.ID, Kind: m.Kind, To: m.To, Template: m.Template, Subject: m.Subject, Text: m.Text, HTML: m.HTML,
			Data: data, Status: m.Status, Attempts: m.Attempts, Created: m.Created,
		})
	}
	answer(w, http.StatusOK, struct {
		Messages []message `json:"messages"`
	}{out})
}
