package management

import (
	"encoding/json"
	"fmt"
	"net/netip"

	"usher/internal/api/httpkit"
	"usher/internal/eventlog"
	"usher/internal/idp"
)

// logSize is about how many bytes an event takes.
const logSize = 2000

// logEvent is a line of the system log. (spec: management LogEvent)
type logEvent struct {
	Actor        logParty       `json:"actor"`
	Client       logClient      `json:"client"`
	Device       *struct{}      `json:"device"`
	AuthContext  logAuthContext `json:"authenticationContext"`
	Message      string         `json:"displayMessage"`
	Type         idp.EventType  `json:"eventType"`
	Outcome      logOutcome     `json:"outcome"`
	Published    *string        `json:"published"`
	Security     logSecurity    `json:"securityContext"`
	Severity     string         `json:"severity"`
	DebugContext logDebug       `json:"debugContext"`
	Legacy       *string        `json:"legacyEventType"`
	Transaction  logTransaction `json:"transaction"`
	UUID         string         `json:"uuid"`
	Version      string         `json:"version"`
	Request      logRequest     `json:"request"`
	Target       []logParty     `json:"target"`
}

type logParty struct {
	ID          string    `json:"id"`
	Type        string    `json:"type"`
	AlternateID string    `json:"alternateId"`
	DisplayName string    `json:"displayName"`
	Detail      *struct{} `json:"detailEntry"`
}

type logClient struct {
	UserAgent *logAgent `json:"userAgent"`
	Zone      string    `json:"zone"`
	Device    *string   `json:"device"`
	ID        *string   `json:"id"`
	IP        *string   `json:"ipAddress"`
	Geo       *struct{} `json:"geographicalContext"`
}

type logAgent struct {
	Raw     string `json:"rawUserAgent"`
	OS      string `json:"os"`
	Browser string `json:"browser"`
}

type logAuthContext struct {
	AuthenticationProvider *string   `json:"authenticationProvider"`
	CredentialProvider     *string   `json:"credentialProvider"`
	CredentialType         *string   `json:"credentialType"`
	Issuer                 *struct{} `json:"issuer"`
	Interface              *string   `json:"interface"`
	Step                   int       `json:"authenticationStep"`
	RootSession            string    `json:"rootSessionId"`
	Session                string    `json:"externalSessionId"`
}

type logOutcome struct {
	Result idp.Result `json:"result"`
	Reason *string    `json:"reason"`
}

type logSecurity struct {
	ASNumber *int    `json:"asNumber"`
	ASOrg    *string `json:"asOrg"`
	ISP      *string `json:"isp"`
	Domain   *string `json:"domain"`
	IsProxy  *bool   `json:"isProxy"`
}

type logDebug struct {
	Data map[string]string `json:"debugData"`
}

type logTransaction struct {
	Type   string            `json:"type"`
	ID     string            `json:"id"`
	Detail map[string]string `json:"detail"`
}

type logRequest struct {
	Chain []logAddress `json:"ipChain"`
}

type logAddress struct {
	IP      string    `json:"ip"`
	Geo     *struct{} `json:"geographicalContext"`
	Version string    `json:"version"`
	Source  *string   `json:"source"`
}

// Words of the log that stand for something that is not known.
const (
	unknownText = "unknown"
	noZone      = "null"
)

// appendEvent renders an event.
func appendEvent(b []byte, e *idp.Event) ([]byte, error) {
	kind := eventlog.Describe(e.Type)
	v := logEvent{
		Actor:  logParty{ID: e.Actor.ID, Type: e.Actor.Type, AlternateID: e.Actor.AlternateID, DisplayName: e.Actor.DisplayName},
		Client: clientOf(e), AuthContext: authContextOf(e), Message: kind.Message, Type: e.Type,
		Outcome: logOutcome{Result: e.Result, Reason: optional(e.Reason)}, Published: httpkit.Time(e.Published),
		Severity: severity(e), DebugContext: logDebug{Data: debugOf(e)}, Legacy: legacy(kind, e.Result),
		Transaction: transactionOf(e), UUID: e.UUID, Version: "0", Request: logRequest{Chain: chainOf(e)},
	}
	for _, t := range e.Targets {
		v.Target = append(v.Target, logParty{ID: t.ID, Type: t.Type, AlternateID: t.AlternateID, DisplayName: t.DisplayName})
	}
	text, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("event %s: %w", e.UUID, err)
	}
	return append(b, text...), nil
}

// optional is a text, or null for none.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func clientOf(e *idp.Event) logClient {
	c := logClient{Zone: noZone}
	if e.Client.UserAgent != "" {
		a := parseAgent(e.Client.UserAgent)
		c.UserAgent = &logAgent{Raw: e.Client.UserAgent, OS: a.os, Browser: a.browser}
		c.Device = &a.device
	}
	if e.Client.IP.IsValid() {
		c.IP = optional(e.Client.IP.String())
	}
	return c
}

func authContextOf(e *idp.Event) logAuthContext {
	session := e.SessionID
	if session == "" {
		session = unknownText
	}
	return logAuthContext{
		AuthenticationProvider: optional(e.AuthenticationProvider), CredentialProvider: optional(e.CredentialProvider),
		CredentialType: optional(e.CredentialType), RootSession: session, Session: session,
	}
}

// severity tells how much an event should worry its reader.
func severity(e *idp.Event) string {
	if e.Type == eventlog.RateLimitViolation {
		return "WARN"
	}
	return "INFO"
}

func legacy(k eventlog.Kind, r idp.Result) *string {
	if r == idp.ResultFailure && k.LegacyFailure != "" {
		return &k.LegacyFailure
	}
	return optional(k.Legacy)
}

func debugOf(e *idp.Event) map[string]string {
	out := map[string]string{}
	if e.Client.RequestID != "" {
		out["requestId"] = e.Client.RequestID
	}
	if e.Client.Path != "" {
		out["requestUri"], out["url"] = e.Client.Path, e.Client.Path
	}
	for k, v := range e.Debug {
		out[k] = v
	}
	return out
}

func transactionOf(e *idp.Event) logTransaction {
	t := logTransaction{Type: "WEB", ID: e.TransactionID, Detail: map[string]string{}}
	if e.TransactionID == "" {
		t.Type, t.ID = "JOB", unknownText
	}
	if e.TokenID != "" {
		t.Detail["requestApiTokenId"] = e.TokenID
	}
	return t
}

func chainOf(e *idp.Event) []logAddress {
	out := []logAddress{}
	for _, ip := range e.Client.Chain {
		if ip.IsValid() {
			out = append(out, logAddress{IP: ip.String(), Version: ipVersion(ip)})
		}
	}
	return out
}

func ipVersion(ip netip.Addr) string {
	if ip.Unmap().Is4() {
		return "V4"
	}
	return "V6"
}
