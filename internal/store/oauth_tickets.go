package store

import "time"

// OAuthTicket is what an authorization server hands out once and takes back
// once. Its document belongs to package oauth.
type OAuthTicket struct {
	OrgID    string
	Hash     []byte // SHA-256 of what the bearer presents
	Kind     string
	ClientID string
	UserID   string // "" while no user is known
	Created  time.Time
	Expires  time.Time
	Used     time.Time // zero before
	Document []byte    // JSON
	Version  int64
}

const ticketColumns = "kind, client_id, user_id, created, expires, used, document, version"

func scanTicket(t *OAuthTicket) func(scan) error {
	return func(s scan) error {
		var created, expires, used int64
		err := s(&t.Kind, &t.ClientID, &t.UserID, &created, &expires, &used, &t.Document, &t.Version)
		t.Created, t.Expires, t.Used = at(created), at(expires), at(used)
		return err
	}
}

// InsertOAuthTicket adds a ticket at version 1. When there is one under this hash,
// it, the next statement or the commit fails with ExistsError on "oauth_tickets.hash".
func (tx *Tx) InsertOAuthTicket(t *OAuthTicket) error {
	t.Created, t.Version = tx.now, 1
	return tx.later("INSERT INTO oauth_tickets (org_id, hash, "+ticketColumns+") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
		t.OrgID, t.Hash, t.Kind, t.ClientID, t.UserID, ms(t.Created), ms(t.Expires), ms(t.Used), string(t.Document), t.Version)
}

// OAuthTicket returns the ticket of a kind under this hash that has not
// expired, used or not.
func (tx *Tx) OAuthTicket(orgID, kind string, hash []byte) (*OAuthTicket, error) {
	t := OAuthTicket{OrgID: orgID, Hash: hash}
	err := tx.first(scanTicket(&t), "SELECT "+ticketColumns+" FROM oauth_tickets WHERE org_id = $1 AND hash = $2 AND kind = $3 AND expires > $4",
		orgID, hash, kind, ms(tx.now))
	if err == nil {
		tx.seen.keepTicket(&t)
	}
	return &t, err
}

// TakeOAuthTicket marks a ticket as used and returns it. Of many takers one
// gets it; the others, and who comes too late, get ErrNotFound.
func (tx *Tx) TakeOAuthTicket(orgID, kind string, hash []byte) (*OAuthTicket, error) {
	if t, ok := tx.seen.ticketOf(orgID, kind, hash); ok {
		if !t.Used.IsZero() {
			return nil, ErrNotFound
		}
		t.Used = at(ms(tx.now))
		return t, tx.knownTicket(t, "UPDATE oauth_tickets SET used = $1, version = version + 1 WHERE org_id = $2 AND hash = $3", ms(tx.now), orgID, hash)
	}
	t := OAuthTicket{OrgID: orgID, Hash: hash}
	return &t, tx.first(scanTicket(&t), "UPDATE oauth_tickets SET used = $1, version = version + 1"+
		" WHERE org_id = $2 AND hash = $3 AND kind = $4 AND expires > $1 AND used = 0 RETURNING "+ticketColumns,
		ms(tx.now), orgID, hash, kind)
}

// UpdateOAuthTicket writes user, expiry and document of a ticket that was read
// at t.Version, else ErrStale.
func (tx *Tx) UpdateOAuthTicket(t *OAuthTicket) error {
	if known, ok := tx.seen.ticketOf(t.OrgID, t.Kind, t.Hash); ok && known.Version == t.Version {
		return tx.knownTicket(t, "UPDATE oauth_tickets SET user_id = $1, expires = $2, document = $3, version = version + 1 WHERE org_id = $4 AND hash = $5",
			t.UserID, ms(t.Expires), string(t.Document), t.OrgID, t.Hash)
	}
	err := tx.versioned("UPDATE oauth_tickets SET user_id = $1, expires = $2, document = $3, version = version + 1 WHERE org_id = $4 AND hash = $5 AND version = $6",
		t.UserID, ms(t.Expires), string(t.Document), t.OrgID, t.Hash, t.Version)
	if err == nil {
		t.Version++
	}
	return err
}

// knownTicket changes a ticket that was read in this one state of the data: whoever
// has written it since then makes the transaction fail and run again.
func (tx *Tx) knownTicket(t *OAuthTicket, query string, args ...any) error {
	err := tx.later(query, args...)
	if err == nil {
		t.Version++
		tx.seen.keepTicket(t)
	}
	return err
}

// ClearOAuthTicket removes what is left under a hash of a ticket that has
// expired, so that another can take its place before the rows are cleared away.
func (tx *Tx) ClearOAuthTicket(orgID string, hash []byte) error {
	_, err := tx.exec("DELETE FROM oauth_tickets WHERE org_id = $1 AND hash = $2 AND expires <= $3", orgID, hash, ms(tx.now))
	return err
}

// DeleteOAuthTicketsOf removes all tickets of a user.
func (tx *Tx) DeleteOAuthTicketsOf(orgID, userID string) error {
	_, err := tx.exec("DELETE FROM oauth_tickets WHERE org_id = $1 AND user_id = $2", orgID, userID)
	return err
}

// Spend notes that something may not be presented again until it expires, and
// tells whether that is new. Of many who come at once one is told so.
func (tx *Tx) Spend(orgID string, hash []byte, expires time.Time) (bool, error) {
	n, err := tx.exec("INSERT INTO oauth_spent (org_id, hash, expires) VALUES ($1, $2, $3) ON CONFLICT (org_id, hash) DO NOTHING",
		orgID, hash, ms(expires))
	return n > 0, err
}

// Spent tells whether something was noted by Spend.
func (tx *Tx) Spent(orgID string, hash []byte) (bool, error) {
	found := false
	err := tx.each(func(s scan) error {
		var one int64
		found = true
		return s(&one)
	}, "SELECT 1 FROM oauth_spent WHERE org_id = $1 AND hash = $2", orgID, hash)
	return found, err
}

// SpendUntil is Spend for what may be noted again: the later time holds.
func (tx *Tx) SpendUntil(orgID string, hash []byte, expires time.Time) error {
	_, err := tx.exec("INSERT INTO oauth_spent (org_id, hash, expires) VALUES ($1, $2, $3) ON CONFLICT (org_id, hash)"+
		" DO UPDATE SET expires = excluded.expires WHERE oauth_spent.expires < excluded.expires", orgID, hash, ms(expires))
	return err
}
