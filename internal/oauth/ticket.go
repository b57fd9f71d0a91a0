package oauth

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"usher/internal/env"
	"usher/internal/keys"
	"usher/internal/store"
)

// Kinds of tickets: what is handed out once and taken back once.
const (
	ticketCode    = "code"    // an authorization code
	ticketPushed  = "pushed"  // a pushed authorization request
	ticketRequest = "request" // an authorization request that waits for a sign-in or a consent
	ticketDevice  = "device"  // a device code
	ticketUser    = "user"    // a user code, which leads to a device code
	// The request of an interaction, and the code at its end.
	ticketInteraction  = "interaction"
	ticketInteracted   = "interacted"
	ticketGuess        = "guess"         // a count of wrong user codes, or of questions; it is never taken
	ticketPrimary      = "primary"       // a direct sign-in by the answer of a device alone
	ticketMFA          = "mfa"           // a direct sign-in that waits for its further factor
	ticketOOB          = "oob"           // what was sent or asked for it over another channel
	ticketDeviceSecret = "device secret" // goes with a sign-in on a device; it is used often
	ticketBackchannel  = "backchannel"   // a request whose user is asked on a device of theirs
)

const ticketBytes = 32

// putTicket stores a document under the hash of a secret.
func putTicket(tx *store.Tx, orgID, kind, secret, clientID, userID string, life time.Duration, doc any) error {
	text, err := json.Marshal(doc)
	if err != nil {
		return fmt.Errorf("write %s: %w", kind, err)
	}
	return tx.InsertOAuthTicket(&store.OAuthTicket{
		OrgID: orgID, Hash: keys.Hash(secret), Kind: kind, ClientID: clientID, UserID: userID, Expires: tx.Now().Add(life), Document: text,
	})
}

// newTicket stores a document under a new secret, which it returns.
func (p *Provider) newTicket(tx *store.Tx, orgID, kind, prefix, clientID, userID string, life time.Duration, doc any) (string, error) {
	secret := env.Secret(p.Rand, prefix, ticketBytes)
	return secret, putTicket(tx, orgID, kind, secret, clientID, userID, life, doc)
}

// readTicket reads the ticket of a secret into doc. It is nil for one that is
// unknown or has expired.
func readTicket(tx *store.Tx, orgID, kind, secret string, doc any) (*store.OAuthTicket, error) {
	return openTicket(secret, doc, func() (*store.OAuthTicket, error) { return tx.OAuthTicket(orgID, kind, keys.Hash(secret)) })
}

// takeTicket is readTicket for the one who may have it: of many takers one gets
// it, the others get nil.
func takeTicket(tx *store.Tx, orgID, kind, secret string, doc any) (*store.OAuthTicket, error) {
	return openTicket(secret, doc, func() (*store.OAuthTicket, error) { return tx.TakeOAuthTicket(orgID, kind, keys.Hash(secret)) })
}

func openTicket(secret string, doc any, get func() (*store.OAuthTicket, error)) (*store.OAuthTicket, error) {
	if secret == "" || len(secret) > maxParam {
		return nil, nil
	}
	t, err := get()
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read ticket: %w", err)
	}
	if err := json.Unmarshal(t.Document, doc); err != nil {
		return nil, fmt.Errorf("read %s: %w", t.Kind, err)
	}
	return t, nil
}

// rewriteTicket stores another document with a ticket.
func rewriteTicket(tx *store.Tx, t *store.OAuthTicket, doc any) error {
	text, err := json.Marshal(doc)
	if err != nil {
		return fmt.Errorf("write %s: %w", t.Kind, err)
	}
	t.Document = text
	return tx.UpdateOAuthTicket(t)
}
