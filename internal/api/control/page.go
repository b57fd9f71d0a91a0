package control

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"

	"usher/internal/notify"
)

//go:embed page.html
var pageText string

//go:embed style.css
var styleText []byte

// shownMessages is how many messages of the outbox the page shows.
const shownMessages = 10

// page tells a person what there is.
func (h *handler) page(w http.ResponseWriter, r *http.Request) {
	t, err := template.New("page").Parse(pageText)
	if err != nil {
		h.broken(w, "the page", err)
		return
	}
	list, err := h.cfg.Messages.List(r.Context(), "", notify.Query{Limit: shownMessages})
	if err != nil {
		h.broken(w, "reading the messages", err)
		return
	}
	var out bytes.Buffer
	if err := t.Execute(&out, struct {
		Host      string
		Clock     clockState
		Messages  []notify.Message
		Snapshots []snapshot
		Sample    bool
	}{r.Host, h.clock(), list, h.shelf.all(), h.cfg.Sample.ClientID != ""}); err != nil {
		h.broken(w, "the page", err)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(out.Bytes()) // a caller who is gone cannot be told so
}
