package management

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"usher/internal/api/httpkit"
	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/scim"
)

// Bounds of a choice of events. (spec: management#getLogs)
const (
	logsKeywords = 10 // of q
	logsKeyword  = 40 // characters of each
	logsBatch    = 500
	// logsScan is how many events one request looks at. What lies beyond is on
	// the next page, so a page can have fewer events than its limit, even none.
	logsScan = 10_000
)

// logsChoice chooses events by the parameters filter and q.
type logsChoice struct {
	expr     scim.Expr // nil: all
	types    []idp.EventType
	keywords [][]string // the pieces of each
}

// logsChoiceOf reads the parameters, nil when there are none.
func logsChoiceOf(r *httpkit.Request) (*logsChoice, error) {
	filter, q := r.Q().Get("filter"), r.Q().Get("q")
	if filter == "" && strings.TrimSpace(q) == "" {
		return nil, nil //nolint:nilnil // nothing is chosen
	}
	c := &logsChoice{}
	if filter != "" {
		e, err := scim.Parse(filter, scim.Limits{})
		if err != nil {
			return nil, badLogsFilter(err)
		}
		if err := scim.Check(e, logsSchema()); err != nil {
			if fault, ok := errors.AsType[*scim.CheckError](err); ok && fault.Fault != scim.UnknownAttribute {
				return nil, idp.Fail(idp.KindBadSearch, "filter: "+fault.Error())
			}
			return nil, badLogsFilter(err)
		}
		c.expr, c.types = e, eventTypes(e)
	}
	words := strings.Fields(q)
	if len(words) > logsKeywords {
		return nil, idp.Invalid("q", idp.Cause{Field: "q", Text: fmt.Sprintf("has more than %d keywords", logsKeywords)})
	}
	for _, w := range words {
		if utf8.RuneCountInString(w) > logsKeyword {
			return nil, idp.Invalid("q", idp.Cause{Field: "q", Text: fmt.Sprintf("has a keyword of more than %d characters", logsKeyword)})
		}
		c.keywords = append(c.keywords, tokens(w))
	}
	return c, nil
}

func badLogsFilter(err error) error {
	return httpkit.Status(http.StatusBadRequest, "E0000053", "Invalid SCIM filter.", "filter: "+err.Error())
}

// logsSchema is what a filter can ask of an event: any member of it but the
// time, which has parameters of its own.
func logsSchema() scim.Schema {
	text := scim.Attribute{
		Ops:   scim.Ops(scim.Eq, scim.Ne, scim.Gt, scim.Ge, scim.Lt, scim.Le, scim.Sw, scim.Ew, scim.Co) | scim.Pr,
		Kinds: scim.Kinds(scim.String, scim.Null),
	}
	number := scim.Attribute{Ops: scim.Ops(scim.Eq, scim.Ne, scim.Gt, scim.Ge, scim.Lt, scim.Le) | scim.Pr, Kinds: scim.Kinds(scim.Number, scim.Null)}
	truth := scim.Attribute{Ops: scim.Ops(scim.Eq, scim.Ne) | scim.Pr, Kinds: scim.Kinds(scim.Bool, scim.Null)}
	out := scim.Schema{Logic: scim.AllowAnd | scim.AllowOr | scim.AllowNot, Attributes: map[scim.Path]scim.Attribute{
		"authenticationContext.authenticationStep": number, "securityContext.asNumber": number, "securityContext.isProxy": truth,
	}}
	for _, p := range []scim.Path{
		"displayMessage", "eventType", "legacyEventType", "severity", "uuid", "version", "outcome.result", "outcome.reason",
		"client.userAgent.rawUserAgent", "client.userAgent.os", "client.userAgent.browser", "client.zone", "client.device", "client.id", "client.ipAddress",
		"authenticationContext.authenticationProvider", "authenticationContext.credentialProvider", "authenticationContext.credentialType",
		"authenticationContext.issuer.id", "authenticationContext.issuer.type", "authenticationContext.interface",
		"authenticationContext.externalSessionId", "authenticationContext.rootSessionId", "securityContext.asOrg", "securityContext.isp",
		"securityContext.domain", "transaction.id", "transaction.type", "request.ipChain.ip", "request.ipChain.version", "request.ipChain.source",
	} {
		out.Attributes[p] = text
	}
	for _, party := range []scim.Path{"actor", "target"} {
		for _, member := range []scim.Path{"id", "type", "alternateId", "displayName"} {
			out.Attributes[party+"."+member] = text
		}
	}
	out.Open = func(p scim.Path) (scim.Attribute, bool) {
		for _, open := range []string{"debugContext.debugData.", "transaction.detail.", "actor.detailEntry.", "target.detailEntry.", "client.geographicalContext.", "request.ipChain.geographicalContext."} {
			if strings.HasPrefix(string(p), open) {
				return text, true
			}
		}
		return scim.Attribute{}, false
	}
	return out
}

// eventTypes lists the types that an expression lets through, nil for all.
func eventTypes(e scim.Expr) []idp.EventType {
	switch e := e.(type) {
	case scim.Compare:
		if e.Path == "eventType" && e.Op == scim.Eq && e.Value.Kind() == scim.String {
			return []idp.EventType{idp.EventType(e.Value.Str())}
		}
	case scim.And:
		for _, t := range e.Terms {
			if types := eventTypes(t); types != nil {
				return types
			}
		}
	case scim.Or:
		var out []idp.EventType
		for _, t := range e.Terms {
			types := eventTypes(t)
			if types == nil {
				return nil
			}
			out = append(out, types...)
		}
		slices.Sort(out)
		return slices.Compact(out)
	}
	return nil
}

// matches tells whether an event is chosen. Types are compared as they are, all
// other texts without regard to case.
func (c *logsChoice) matches(e *idp.Event) (bool, error) {
	if c.types != nil && !slices.Contains(c.types, e.Type) {
		return false, nil
	}
	if !c.mentions(e) {
		return false, nil
	}
	if c.expr == nil {
		return true, nil
	}
	text, err := appendEvent(nil, e)
	if err != nil {
		return false, err
	}
	var doc map[string]any
	if err := json.Unmarshal(text, &doc); err != nil {
		return false, fmt.Errorf("event %s: %w", e.UUID, err)
	}
	return scim.Match(c.expr, scim.Document(doc), scim.Options{Fold: scim.FoldAllBut("eventType")}), nil
}

// mentions tells whether every keyword is among the words of the event's type,
// actor, client, outcome and targets.
func (c *logsChoice) mentions(e *idp.Event) bool {
	if len(c.keywords) == 0 {
		return true
	}
	fields := []string{
		string(e.Type), eventlog.Describe(e.Type).Message, e.Actor.ID, e.Actor.Type, e.Actor.AlternateID, e.Actor.DisplayName,
		e.Client.UserAgent, string(e.Result), e.Reason,
	}
	if e.Client.IP.IsValid() {
		fields = append(fields, e.Client.IP.String())
	}
	for _, t := range e.Targets {
		fields = append(fields, t.ID, t.Type, t.AlternateID, t.DisplayName)
	}
	known := map[string]bool{}
	for _, f := range fields {
		for _, t := range tokens(f) {
			known[t] = true
		}
	}
	for _, pieces := range c.keywords {
		for _, p := range pieces {
			if !known[p] {
				return false
			}
		}
	}
	return true
}

// tokens splits a text into folded words. Dots and hyphens separate, too.
func tokens(s string) []string {
	return strings.FieldsFunc(scim.Fold(s), func(r rune) bool { return strings.ContainsRune(" \t\n.-,;/()", r) })
}

// scanEvents looks for chosen events and tells where the next page begins.
func (a *API) scanEvents(r *httpkit.Request, q eventlog.Query, c *logsChoice) (events []idp.Event, next string, err error) {
	at := q // where to read on
	at.Types = c.types
	for scanned := 0; ; scanned += logsBatch {
		if scanned >= logsScan {
			return events, cursorOf(at), nil
		}
		at.Limit = logsBatch
		batch, err := a.Events(r.Context(), r.Org, at)
		if err != nil {
			return nil, "", err
		}
		for i := range batch {
			ok, err := c.matches(&batch[i])
			if err != nil {
				return nil, "", err
			}
			if ok && len(events) == q.Limit {
				return events, cursorOf(at), nil
			}
			at.Position, at.Cursor = batch[i].Position, batch[i].UUID
			if ok {
				events = append(events, batch[i])
			}
		}
		switch {
		case len(batch) == logsBatch:
		case q.Polling:
			return events, cursorOf(at), nil
		default:
			return events, "", nil
		}
	}
}

// cursorOf is the place behind the last event that was looked at.
func cursorOf(q eventlog.Query) string {
	if q.Polling {
		return logsCursor{position: q.Position, since: q.Since}.String()
	}
	return logsCursor{uuid: q.Cursor, since: q.Since}.String()
}
