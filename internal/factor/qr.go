package factor

import (
	"context"
	"errors"
	"fmt"

	"usher/internal/idp"
	"usher/internal/keys"
	"usher/internal/store"
)

func ticketPlace(orgID, userID, factorID string) keys.Place {
	return keys.Place{Table: "factors", Column: "picture", Row: orgID + "/" + userID + "/" + factorID}
}

// Ticket is the secret in the address of the picture that s.Factor, whose
// enrolment is under way, shows to be scanned. It is good as long as the
// enrolment, and what is pending of it, waits.
func (c *Ceremonies) Ticket(s Subject) string {
	pending := ""
	if s.Challenge != nil {
		pending = s.Challenge.ID
	}
	return c.Vault.Keeper.Seal(ticketPlace(s.Factor.OrgID, s.Factor.UserID, s.Factor.ID), []byte(pending))
}

// Picture returns the text of the picture that a ticket stands for, else
// KindNotFound. Who presents the ticket needs no other proof: a browser fetches
// the picture without any. (spec: management#getFactorQrCode)
func (s *Enrolments) Picture(ctx context.Context, org *idp.Org, userID, factorID, ticket string) (string, error) {
	gone := idp.NotFound(TypeFactor, factorID)
	pending, err := s.Ceremonies.Vault.Keeper.Open(ticketPlace(org.ID, userID, factorID), ticket)
	if err != nil {
		return "", gone
	}
	read := s.Store.Read(ctx)
	sub := Subject{Org: org}
	sub.Factor, err = read.Factor(org.ID, userID, factorID)
	if errors.Is(err, store.ErrNotFound) || (err == nil && !sub.Activating()) {
		return "", gone
	}
	if err != nil {
		return "", fmt.Errorf("read factor: %w", err)
	}
	if len(pending) > 0 {
		sub.Challenge, err = read.Challenge(org.ID, string(pending))
		if errors.Is(err, store.ErrNotFound) || (err == nil && ResultOf(sub.Challenge, read.Now()) != Waiting) {
			return "", gone
		}
		if err != nil {
			return "", fmt.Errorf("read challenge: %w", err)
		}
	}
	if sub.User, err = read.User(org.ID, userID); err != nil {
		return "", fmt.Errorf("read user: %w", err)
	}
	view, err := s.Ceremonies.View(read, sub)
	if err == nil && view.QR == "" {
		err = gone
	}
	return view.QR, err
}

// View tells what the one who enrols or proves s.Factor needs to see; nothing
// for a method that shows nothing.
func (c *Ceremonies) View(tx *store.Tx, s Subject) (View, error) {
	m, _, err := c.methodOf(s.Factor)
	if err != nil {
		return View{}, err
	}
	v, ok := m.(Viewer)
	if !ok {
		return View{}, nil
	}
	return v.View(tx, s)
}
