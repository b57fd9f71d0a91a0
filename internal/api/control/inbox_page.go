package control

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"usher/internal/notify"
)

//go:embed inbox.html
var inboxText string

//go:embed inbox.css
var inboxStyle []byte

//go:embed inbox.js
var inboxScript []byte

// inboxPolicy lets the page run its own script, ask for news, show a mail in a
// frame and send its own forms.
const inboxPolicy = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; frame-src 'self'; " +
	"base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// mailPolicy is that of a mail: it may style itself and nothing else, and its
// links open elsewhere.
const mailPolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; " +
	"frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"

// shownInInbox is how many messages the page lists.
const shownInInbox = 100

// inboxView is what the page is made from.
type inboxView struct {
	Clock    clockState
	Host     string
	Org      string
	To       string
	Kind     notify.Kind
	Kinds    []kindTab
	List     []listed
	Selected *shown
	Plain    bool   // the mail's text is shown rather than its HTML
	Newest   string // identifier of the newest message, filtered or not
}

type kindTab struct {
	Name    string
	Link    string
	Current bool
}

// listed is a line of the list.
type listed struct {
	notify.Message
	Link    string
	When    string
	Summary string
	Current bool
}

// shown is the message that is shown whole.
type shown struct {
	notify.Message
	When    string
	Parts   []part // of the text
	Code    string
	Link    string
	Numbers []string
	HTMLAt  string // where the mail's HTML is; empty for none
	RichAt  string // this page with the HTML
	PlainAt string // this page with the text
	JSONAt  string
}

// part is a stretch of a text; a code stands out.
type part struct {
	Text string
	Code bool
}

func (h *handler) inboxPage(w http.ResponseWriter, r *http.Request) {
	q, ok := queryOf(w, r)
	if !ok {
		return
	}
	v := r.URL.Query()
	q.Limit = shownInInbox
	list, err := h.cfg.Messages.List(r.Context(), v.Get("org"), q)
	if err != nil {
		h.broken(w, "reading the messages", err)
		return
	}
	view := h.inboxView(r, q, list)
	newest, err := h.cfg.Messages.List(r.Context(), v.Get("org"), notify.Query{Limit: 1})
	if err != nil {
		h.broken(w, "reading the messages", err)
		return
	}
	if len(newest) > 0 {
		view.Newest = newest[0].ID
	}
	t, err := template.New("inbox").Parse(inboxText)
	if err != nil {
		h.broken(w, "the page", err)
		return
	}
	var out bytes.Buffer
	if err := t.Execute(&out, view); err != nil {
		h.broken(w, "the page", err)
		return
	}
	w.Header().Set("Content-Security-Policy", inboxPolicy)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(out.Bytes()) // a caller who is gone cannot be told so
}

func (h *handler) inboxView(r *http.Request, q notify.Query, list []notify.Message) *inboxView {
	v := r.URL.Query()
	now := h.cfg.Clock.Now()
	out := &inboxView{Clock: h.clock(), Host: r.Host, Org: v.Get("org"), To: q.To, Kind: q.Kind, Plain: v.Get("view") == "plain"}
	link := func(change ...string) string {
		u := url.Values{}
		for _, name := range []string{"org", "to", "kind"} {
			if v.Get(name) != "" {
				u.Set(name, v.Get(name))
			}
		}
		for i := 0; i+1 < len(change); i += 2 {
			u.Set(change[i], change[i+1])
			if change[i+1] == "" {
				u.Del(change[i])
			}
		}
		if len(u) == 0 {
			return "/inbox"
		}
		return "/inbox?" + u.Encode()
	}
	for _, k := range append([]notify.Kind{""}, kinds()...) {
		out.Kinds = append(out.Kinds, kindTab{nameOf(k), link("kind", string(k)), k == q.Kind})
	}
	current := v.Get("id")
	if current == "" && len(list) > 0 {
		current = list[0].ID
	}
	for _, m := range list {
		line := listed{Message: m, Link: link("id", m.ID), When: when(m.Created, now), Summary: m.Subject, Current: m.ID == current}
		if m.Kind != notify.Email || line.Summary == "" {
			line.Summary = m.Text
		}
		out.List = append(out.List, line)
		if !line.Current {
			continue
		}
		self := "/inbox/messages/" + url.PathEscape(m.ID)
		if out.Org != "" {
			self += "?org=" + url.QueryEscape(out.Org)
		}
		out.Selected = &shown{
			Message: m, When: when(m.Created, now), Parts: parts(m), Code: m.Data[notify.DataCode], Link: m.Data[notify.DataLink], JSONAt: self,
			RichAt: link("id", m.ID), PlainAt: link("id", m.ID, "view", "plain"),
		}
		if n := m.Data[notify.DataNumbers]; n != "" {
			out.Selected.Numbers = strings.Split(n, ",")
		}
		if m.HTML != "" {
			out.Selected.HTMLAt = strings.Replace(self, url.PathEscape(m.ID), url.PathEscape(m.ID)+"/html", 1)
		}
	}
	return out
}

// nameOf is what people call a kind of messages.
func nameOf(k notify.Kind) string {
	switch k {
	case notify.Email:
		return "Mails"
	case notify.SMS:
		return "Texts"
	case notify.Call:
		return "Calls"
	case notify.Push:
		return "Pushes"
	case notify.Logout:
		return "Logouts"
	}
	return "All"
}

// when writes a time as short as it can be understood at now.
func when(t, now time.Time) string {
	t, now = t.UTC(), now.UTC()
	if t.Year() == now.Year() && t.YearDay() == now.YearDay() {
		return t.Format("15:04:05")
	}
	return t.Format("2 Jan 2006, 15:04")
}

// parts cuts a text around its code.
func parts(m notify.Message) []part {
	code := m.Data[notify.DataCode]
	if code == "" {
		return []part{{Text: m.Text}}
	}
	var out []part
	rest := m.Text
	for {
		before, after, found := strings.Cut(rest, code)
		if before != "" {
			out = append(out, part{Text: before})
		}
		if !found {
			return out
		}
		out = append(out, part{Text: code, Code: true})
		rest = after
	}
}

// messageHTML answers a mail's HTML for the frame. Nothing that it holds can run,
// and its links open in pages of their own.
func (h *handler) messageHTML(w http.ResponseWriter, r *http.Request) {
	m, err := h.cfg.Messages.Get(r.Context(), r.URL.Query().Get("org"), chi.URLParam(r, "id"))
	if err != nil {
		h.broken(w, "reading the message", err)
		return
	}
	if m.HTML == "" {
		fail(w, http.StatusNotFound, "the message %s has no HTML", m.ID)
		return
	}
	w.Header().Set("Content-Security-Policy", mailPolicy)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	text := strings.Replace(m.HTML, "<head>", `<head><base target="_blank">`, 1)
	_, _ = w.Write([]byte(text)) // a caller who is gone cannot be told so
}

// clearInbox is the page's button.
func (h *handler) clearInbox(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		fail(w, http.StatusBadRequest, "the form cannot be read")
		return
	}
	r.URL.RawQuery = r.PostForm.Encode()
	q, ok := queryOf(w, r)
	if !ok {
		return
	}
	if _, err := h.clear(r.Context(), r.PostForm.Get("org"), q); err != nil {
		h.broken(w, "deleting messages", err)
		return
	}
	to := "/inbox"
	if org := r.PostForm.Get("org"); org != "" {
		to += "?org=" + url.QueryEscape(org)
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

func asset(kind string, content []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		_, _ = w.Write(content) // a caller who is gone cannot be told so
	}
}
