package eventlog

import (
	"context"

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
	return tx.InsertEvent(l.row(tx, a, e))
}

// RecordAll is Record for many events of one actor.
func (l *Log) RecordAll(tx *store.Tx, a idp.Actor, entries []Entry) error {
	return tx.InsertEvents(a.OrgID(), l.rows(tx, a, entries))
}

// Tell writes events that tell of nothing else that is written, such as a token
// that has no row, and returns when they are committed. Those of several callers
// may share a transaction. (ADR 0015)
func (l *Log) Tell(ctx context.Context, s *store.Store, a idp.Actor, entries ...Entry) error {
	return s.Record(ctx, l.rows(s.Read(ctx), a, entries))
}

// rows are events as they are stored, at the instant of tx.
func (l *Log) rows(tx *store.Tx, a idp.Actor, entries []Entry) []store.EventRow {
	rows := make([]store.EventRow, 0, len(entries))
	for _, e := range entries {
		rows = append(rows, l.row(tx, a, e))
	}
	return rows
}

// row is an event as it is stored.
func (l *Log) row(tx *store.Tx, a idp.Actor, e Entry) store.EventRow {
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
	return store.EventRow{OrgID: a.OrgID(), UUID: ev.UUID, Type: string(ev.Type), Document: toStored(ev).json()}
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
