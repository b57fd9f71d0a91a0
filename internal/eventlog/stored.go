package eventlog

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"slices"

	"usher/internal/env"
	"usher/internal/idp"
	"usher/internal/store"
)

// stored is the JSON text of an event in the database.
type stored struct {
	Result     idp.Result        `json:"result"`
	Reason     string            `json:"reason,omitempty"`
	Actor      idp.EventActor    `json:"actor"`
	IP         string            `json:"ip,omitempty"`
	Chain      []string          `json:"chain,omitempty"`
	UserAgent  string            `json:"userAgent,omitempty"`
	Method     string            `json:"method,omitempty"`
	Path       string            `json:"path,omitempty"`
	Targets    []idp.Target      `json:"targets,omitempty"`
	Request    string            `json:"request,omitempty"`
	Token      string            `json:"token,omitempty"`
	Session    string            `json:"session,omitempty"`
	Credential string            `json:"credential,omitempty"`
	Judge      string            `json:"judge,omitempty"`
	Issuer     string            `json:"issuer,omitempty"`
	Debug      map[string]string `json:"debug,omitempty"`
}

func toStored(e idp.Event) stored {
	s := stored{
		Result: e.Result, Reason: e.Reason, Actor: e.Actor, UserAgent: e.Client.UserAgent, Method: e.Client.Method,
		Path: e.Client.Path, Targets: e.Targets, Request: e.TransactionID, Token: e.TokenID, Session: e.SessionID,
		Credential: e.CredentialType, Judge: e.AuthenticationProvider, Issuer: e.CredentialProvider, Debug: e.Debug,
	}
	if e.Client.IP.IsValid() {
		s.IP = e.Client.IP.String()
	}
	for _, ip := range e.Client.Chain {
		s.Chain = append(s.Chain, ip.String())
	}
	return s
}

// json is the text, as encoding/json has it but for what need not be escaped. It
// is written without reflection: hardly anything happens that is not logged.
func (s stored) json() []byte {
	b := idp.AppendJSON(append(make([]byte, 0, 512), `{"result":`...), string(s.Result))
	text := func(name, v string) {
		if v != "" {
			b = idp.AppendJSON(appendName(b, name), v)
		}
	}
	text("reason", s.Reason)
	b = appendParty(appendName(b, "actor"), idp.Target(s.Actor))
	text("ip", s.IP)
	if len(s.Chain) > 0 {
		b = appendList(appendName(b, "chain"), s.Chain, idp.AppendJSON)
	}
	text("userAgent", s.UserAgent)
	text("method", s.Method)
	text("path", s.Path)
	if len(s.Targets) > 0 {
		b = appendList(appendName(b, "targets"), s.Targets, appendParty)
	}
	text("request", s.Request)
	text("token", s.Token)
	text("session", s.Session)
	text("credential", s.Credential)
	text("judge", s.Judge)
	text("issuer", s.Issuer)
	if len(s.Debug) > 0 {
		b = append(appendName(b, "debug"), '{')
		for i, name := range slices.Sorted(maps.Keys(s.Debug)) {
			if i > 0 {
				b = append(b, ',')
			}
			b = idp.AppendJSON(append(idp.AppendJSON(b, name), ':'), s.Debug[name])
		}
		b = append(b, '}')
	}
	return append(b, '}')
}

// appendName begins a member that is not the first; the name needs no escape.
func appendName(b []byte, name string) []byte {
	return append(append(append(b, `,"`...), name...), `":`...)
}

// appendParty writes who did something or to what it was done.
func appendParty(b []byte, t idp.Target) []byte {
	b = idp.AppendJSON(append(b, `{"ID":`...), t.ID)
	b = idp.AppendJSON(appendName(b, "Type"), t.Type)
	b = idp.AppendJSON(appendName(b, "AlternateID"), t.AlternateID)
	b = idp.AppendJSON(appendName(b, "DisplayName"), t.DisplayName)
	return append(b, '}')
}

func appendList[T any](b []byte, list []T, one func([]byte, T) []byte) []byte {
	b = append(b, '[')
	for i, v := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = one(b, v)
	}
	return append(b, ']')
}

func fromStored(row store.EventRow) (idp.Event, error) {
	var s stored
	if err := json.Unmarshal(row.Document, &s); err != nil {
		return idp.Event{}, fmt.Errorf("event %s: %w", row.UUID, err)
	}
	published, err := env.UUIDTime(row.UUID)
	if err != nil {
		return idp.Event{}, err
	}
	e := idp.Event{
		UUID: row.UUID, Published: published, Type: idp.EventType(row.Type), Result: s.Result, Reason: s.Reason, Actor: s.Actor,
		Client:  idp.Client{UserAgent: s.UserAgent, RequestID: s.Request, Method: s.Method, Path: s.Path},
		Targets: s.Targets, TransactionID: s.Request, TokenID: s.Token, SessionID: s.Session,
		CredentialType: s.Credential, AuthenticationProvider: s.Judge, CredentialProvider: s.Issuer, Debug: s.Debug,
		Position: row.Position,
	}
	e.Client.IP, _ = netip.ParseAddr(s.IP)
	for _, text := range s.Chain {
		if ip, err := netip.ParseAddr(text); err == nil {
			e.Client.Chain = append(e.Client.Chain, ip)
		}
	}
	return e, nil
}
