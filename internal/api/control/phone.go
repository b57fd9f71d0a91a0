package control

import (
	"errors"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"

	"usher/internal/phone"
)

// mountPhone registers the virtual phone (docs/device-protocol.md).
func (h *handler) mountPhone(r chi.Router) {
	r.Get("/phone", h.showPhone)
	r.Delete("/phone", h.clearPhone)
	r.Post("/phone/scan", h.scan)
	r.Post("/phone/approve", func(w http.ResponseWriter, r *http.Request) { h.decide(w, r, true) })
	r.Post("/phone/deny", func(w http.ResponseWriter, r *http.Request) { h.decide(w, r, false) })
	r.Get("/phone/code", h.code)
}

// phoneState is what the phone holds, without its keys.
type phoneState struct {
	Devices  []phoneDevice   `json:"devices"`
	Accounts []phoneAccount  `json:"accounts"`
	Requests []phone.Request `json:"requests"`
}

type phoneDevice struct {
	ID    string `json:"id"`
	Login string `json:"login"`
	Org   string `json:"org"`
}

type phoneAccount struct {
	Login  string `json:"login"`
	Issuer string `json:"issuer"`
}

// showPhone tells what the phone holds and what waits for its answer. Looking is
// what a real app does as well: from then on a sign-in shows its number.
func (h *handler) showPhone(w http.ResponseWriter, r *http.Request) {
	requests, err := h.cfg.Phone.Requests(r.Context())
	if err != nil {
		h.dropped(w, err)
		return
	}
	out := phoneState{Devices: []phoneDevice{}, Accounts: []phoneAccount{}, Requests: requests}
	if requests == nil {
		out.Requests = []phone.Request{}
	}
	m := h.cfg.Phone.Memory()
	for _, d := range m.Devices {
		out.Devices = append(out.Devices, phoneDevice{d.ID, d.Login, d.Org})
	}
	for _, a := range m.Accounts {
		out.Accounts = append(out.Accounts, phoneAccount{a.Login, a.Issuer})
	}
	answer(w, http.StatusOK, out)
}

// clearPhone takes the phone back from everything it was enrolled for.
func (h *handler) clearPhone(w http.ResponseWriter, r *http.Request) {
	if err := h.cfg.Phone.Remove(r.Context(), r.URL.Query().Get("login")); err != nil {
		h.dropped(w, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// scan shows the phone a picture: its text, its address, or a link.
func (h *handler) scan(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Text string `json:"text"`
	}
	if !read(w, r, &in) {
		return
	}
	login, err := h.cfg.Phone.Scan(r.Context(), in.Text)
	if err != nil {
		h.dropped(w, err)
		return
	}
	answer(w, http.StatusOK, map[string]string{"login": login})
}

// decide answers a request.
func (h *handler) decide(w http.ResponseWriter, r *http.Request, approve bool) {
	var in struct {
		Request string `json:"request"`
		Number  *int   `json:"number"`
	}
	if !read(w, r, &in) {
		return
	}
	req, err := h.cfg.Phone.Answer(r.Context(), in.Request, approve, in.Number)
	if err != nil {
		h.dropped(w, err)
		return
	}
	answer(w, http.StatusOK, req)
}

// code makes a one-time password by the clock that tests move.
func (h *handler) code(w http.ResponseWriter, r *http.Request) {
	code, err := h.cfg.Phone.Code(r.URL.Query().Get("login"))
	if err != nil {
		h.dropped(w, err)
		return
	}
	answer(w, http.StatusOK, struct {
		Code string    `json:"code"`
		Now  time.Time `json:"now"`
	}{code, h.cfg.Clock.Now()})
}

// dropped answers for what the phone could not do.
func (h *handler) dropped(w http.ResponseWriter, err error) {
	var refused *phone.Refused
	switch {
	case errors.Is(err, phone.ErrNone):
		fail(w, http.StatusNotFound, "the phone has nothing for this: GET /phone tells what it holds")
	case errors.As(err, &refused):
		fail(w, http.StatusConflict, "%v", err)
	default:
		fail(w, http.StatusBadRequest, "%v", err)
	}
}
