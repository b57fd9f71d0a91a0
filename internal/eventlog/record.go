package eventlog

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"

	"usher/internal/env"
	"usher/internal/idp"
	"usher/internal/store"
)

// Log records and reads the system log.
type Log struct {
	IDs env.IDs
}

// Entry is what a service says about an event; the rest (who, from where,
// when) comes from the actor and the transaction.
type Entry struct {
	Type    idp.EventType
	Result  idp.Result // ResultSuccess when empty
	Reason  string
	Targets []idp.Target
	// Subject, if set, is named as the actor instead of the acting party: at a
	// sign-in, the user who signs in.
	Subject *idp.EventActor
	// SessionID is the public identifier of the session concerned; the acting
	// party's own when empty.
	SessionID      string
	CredentialType string // how the user proved who they are, e.g. PASSWORD
	// AuthenticationProvider and CredentialProvider are as in idp.Event.
	AuthenticationProvider, CredentialProvider string
	Debug                                      map[string]string
}

// Record writes an event in the transaction that makes it true.
func (l *Log) Record(tx *store.Tx, a idp.Actor, e Entry) error {
	row, err := l.row(tx, a, e)
	if err != nil {
		return err
	}
	return tx.InsertEvent(row)
}

// RecordAll is Record for many events of one actor.
func (l *Log) RecordAll(tx *store.Tx, a idp.Actor, entries []Entry) error {
	rows, err := l.rows(tx, a, entries)
	if err != nil {
		return err
	}
	return tx.InsertEvents(a.OrgID(), rows)
}

// Tell writes events that tell of nothing else that is written, such as a token
// that has no row, and returns when they are committed. Those of several callers
// may share a transaction. (ADR 0015)
func (l *Log) Tell(ctx context.Context, s *store.Store, a idp.Actor, entries ...Entry) error {
	rows, err := l.rows(s.Read(ctx), a, entries)
	if err != nil {
		return err
	}
	return s.Record(ctx, rows)
}

// rows are events as they are stored, at the instant of tx.
func (l *Log) rows(tx *store.Tx, a idp.Actor, entries []Entry) ([]store.EventRow, error) {
	rows := make([]store.EventRow, 0, len(entries))
	for _, e := range entries {
		row, err := l.row(tx, a, e)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// row is an event as it is stored.
func (l *Log) row(tx *store.Tx, a idp.Actor, e Entry) (store.EventRow, error) {
	ev := idp.Event{
		UUID: l.IDs.UUID(tx.Now(), tx.Seq()), Published: tx.Now(), Type: e.Type, Result: e.Result, Reason: e.Reason,
		Actor: actorOf(a), Client: a.Client, Targets: e.Targets, TransactionID: a.Client.RequestID,
		TokenID: a.TokenID, SessionID: e.SessionID, CredentialType: e.CredentialType, Debug: e.Debug,
		AuthenticationProvider: e.AuthenticationProvider, CredentialProvider: e.CredentialProvider,
	}
	if ev.Result == "" {
		ev.Result = idp.ResultSuccess
	}
	if e.Subject != nil {
		ev.Actor = *e.Subject
	}
	if ev.SessionID == "" {
		ev.SessionID = a.SessionID
	}
	doc, err := json.Marshal(toStored(ev))
	if err != nil {
		return store.EventRow{}, fmt.Errorf("event %s: %w", e.Type, err)
	}
	return store.EventRow{OrgID: a.OrgID(), UUID: ev.UUID, Type: string(ev.Type), Document: doc}, nil
}

func actorOf(a idp.Actor) idp.EventActor {
	switch a.Kind {
	case idp.ActorUser:
		return idp.EventActor{ID: a.UserID, Type: "User", AlternateID: a.Login, DisplayName: a.Name}
	case idp.ActorClient:
		return idp.EventActor{ID: a.UserID, Type: "PublicClientApp", AlternateID: a.Login, DisplayName: a.Name}
	case idp.ActorSystem:
		return idp.EventActor{ID: "system", Type: "SystemPrincipal", AlternateID: "system@usher", DisplayName: "Usher"}
	case idp.ActorAnonymous:
	}
	return idp.EventActor{ID: "unknown", Type: "User", AlternateID: "unknown", DisplayName: "unknown"}
}

// UserSubject names a user as the one who acts.
func UserSubject(u *idp.User) *idp.EventActor {
	t := idp.UserTarget(u)
	return &idp.EventActor{ID: t.ID, Type: t.Type, AlternateID: t.AlternateID, DisplayName: t.DisplayName}
}

// UnknownSubject names somebody who gave a login that is nobody's.
func UnknownSubject(login string) *idp.EventActor {
	return &idp.EventActor{ID: "unknown", Type: "User", AlternateID: login, DisplayName: "unknown"}
}

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
