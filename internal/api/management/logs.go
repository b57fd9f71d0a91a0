package management

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"usher/internal/api/httpkit"
	"usher/internal/env"
	"usher/internal/eventlog"
	"usher/internal/idp"
)

// Bounds of a question to the system log. (spec: management#getLogs)
const (
	logsPage   = 100
	logsMost   = 1000
	logsWindow = 7 * 24 * time.Hour   // what since means when it is absent
	logsOldest = 180 * 24 * time.Hour // how far back since may reach
)

// logsCursor is where the next page begins: behind a position of the order of
// persistence, or behind an event. since goes along, since a request with a
// cursor does not repeat it.
type logsCursor struct {
	position int64
	uuid     string
	since    time.Time
}

// String is the cursor as clients carry it.
func (c logsCursor) String() string {
	since := strconv.FormatInt(c.since.UnixMilli(), 36)
	if c.uuid != "" {
		return "t." + since + "." + c.uuid
	}
	return "p." + since + "." + strconv.FormatInt(c.position, 36)
}

// parseLogsCursor reads what String wrote, else KindBadPaging.
func parseLogsCursor(text string) (logsCursor, error) {
	bad := &idp.Error{Kind: idp.KindBadPaging, Object: "after"}
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return logsCursor{}, bad
	}
	since, err := strconv.ParseInt(parts[1], 36, 64)
	if err != nil {
		return logsCursor{}, bad
	}
	c := logsCursor{since: time.UnixMilli(since).UTC()}
	switch parts[0] {
	case "p":
		c.position, err = strconv.ParseInt(parts[2], 36, 64)
		if c.position < 0 {
			return logsCursor{}, bad
		}
	case "t":
		_, err = env.UUIDTime(parts[2])
		c.uuid = parts[2]
	default:
		return logsCursor{}, bad
	}
	if err != nil {
		return logsCursor{}, bad
	}
	return c, nil
}

// getLogs reads the system log. Ascending without until it is made for polling:
// there is always a next page and nothing that commits late is missed. Otherwise
// the range is bounded and ends. (spec: management#getLogs)
func (a *API) getLogs(r *httpkit.Request) error {
	q, err := a.logsQuery(r)
	if err != nil {
		return err
	}
	choice, err := logsChoiceOf(r)
	if err != nil {
		return err
	}
	if err := a.Directory.PermitAll(r.Context(), r.Actor); err != nil {
		return err
	}
	events, next, err := a.chosenEvents(r, q, choice)
	if err != nil {
		return err
	}
	logsLinks(r, next)
	b := make([]byte, 0, 2+len(events)*logSize)
	b = append(b, '[')
	for i := range events {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = appendEvent(b, &events[i]); err != nil {
			return err
		}
	}
	return r.Bytes(http.StatusOK, jsonType, append(b, ']'))
}

// chosenEvents reads a page and tells where the next one begins.
func (a *API) chosenEvents(r *httpkit.Request, q eventlog.Query, choice *logsChoice) (events []idp.Event, next string, err error) {
	switch {
	case q.Limit == 0 && q.Polling:
		_, next = logsNext(q, nil)
		return nil, next, nil
	case q.Limit == 0:
		return nil, "", nil
	case choice != nil:
		return a.scanEvents(r, q, choice)
	}
	ask := q
	if !q.Polling {
		ask.Limit++ // one more tells whether there is a next page
	}
	if events, err = a.Events(r.Context(), r.Org, ask); err != nil {
		return nil, "", err
	}
	events, next = logsNext(q, events)
	return events, next, nil
}

// logsQuery reads the parameters.
func (a *API) logsQuery(r *httpkit.Request) (eventlog.Query, error) {
	var q eventlog.Query
	var err error
	params := r.Q()
	switch params.Get("sortOrder") {
	case "", "ASCENDING":
	case "DESCENDING":
		q.Descending = true
	default:
		return q, idp.Invalid("sortOrder", idp.Cause{Field: "sortOrder", Text: "must be ASCENDING or DESCENDING."})
	}
	q.Polling = !q.Descending && params.Get("until") == ""
	if q.Limit, err = logsLimit(params.Get("limit")); err != nil {
		return q, err
	}
	now := a.Clock.Now()
	// An event of this very millisecond belongs to the answer.
	if q.Until, err = logsTime("until", params.Get("until"), now.Add(time.Millisecond)); err != nil {
		return q, err
	}
	after, since := params.Get("after"), params.Get("since")
	switch {
	case after != "" && since != "":
		return q, httpkit.Status(http.StatusBadRequest, "E0000063", "Invalid combination of parameters specified.",
			"since and after exclude each other.")
	case after != "":
		c, err := parseLogsCursor(after)
		if err != nil {
			return q, err
		}
		if (c.uuid == "") != q.Polling {
			return q, &idp.Error{Kind: idp.KindBadPaging, Object: "after"}
		}
		q.Since, q.Position, q.Cursor = c.since, c.position, c.uuid
		return q, nil
	}
	if q.Since, err = logsTime("since", since, q.Until.Add(-logsWindow)); err != nil {
		return q, err
	}
	if since != "" && now.Sub(q.Since) > logsOldest {
		return q, httpkit.Status(http.StatusBadRequest, "E0000053", "The since parameter is more than 180 days in the past.")
	}
	return q, nil
}

func logsLimit(text string) (int, error) {
	if text == "" {
		return logsPage, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > logsMost {
		return 0, idp.Invalid("limit", idp.Cause{Field: "limit", Text: "must be between 0 and 1000."})
	}
	return n, nil
}

// logsTime reads an ISO 8601 instant. One without a zone is in UTC.
func logsTime(name, text string, absent time.Time) (time.Time, error) {
	if text == "" {
		return absent, nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05.999999999Z0700", "2006-01-02"} {
		if t, err := time.Parse(layout, text); err == nil && t.Year() >= 1970 {
			return t.UTC(), nil
		}
	}
	return time.Time{}, idp.Invalid(name,
		idp.Cause{Text: "The date format in your query is not recognized. Please enter dates using ISO8601 string format."},
		idp.Cause{Field: name, Text: "must be a valid date-time or empty."})
}

// logsNext cuts what was read one too many and tells where the next page
// begins, "" at the end of a bounded range.
func logsNext(q eventlog.Query, events []idp.Event) ([]idp.Event, string) {
	if q.Polling {
		c := logsCursor{position: q.Position, since: q.Since}
		if n := len(events); n > 0 {
			c.position = events[n-1].Position
		}
		return events, c.String()
	}
	if len(events) <= q.Limit {
		return events, ""
	}
	events = events[:q.Limit]
	return events, logsCursor{uuid: events[len(events)-1].UUID, since: q.Since}.String()
}

// logsLinks sets the links. The next one carries a cursor instead of since,
// which it excludes.
func logsLinks(r *httpkit.Request, next string) {
	r.Links("")
	if next == "" {
		return
	}
	self := r.W.Header()["Link"]
	since := r.Q()["since"]
	r.Q().Del("since")
	r.Links(next)
	if links := r.W.Header()["Link"]; len(links) > 1 {
		r.W.Header()["Link"] = []string{self[0], links[1]}
	}
	if since != nil {
		r.Q()["since"] = since
	}
}
