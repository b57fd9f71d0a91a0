package oauth

import (
	"time"

	"usher/internal/keys"
	"usher/internal/store"
)

// tally counts something that is allowed a few times. It ends some time after
// the first.
type tally struct {
	Count int `json:"count"`

	orgID, key, userID string
	life               time.Duration
	ticket             *store.OAuthTicket
}

// readTally reads the count under a key; userID is the user whom it is about,
// empty for nobody.
func readTally(tx *store.Tx, orgID, key, userID string, life time.Duration) (*tally, error) {
	g := &tally{orgID: orgID, key: key, userID: userID, life: life}
	t, err := readTicket(tx, orgID, ticketGuess, key, g)
	g.ticket = t
	return g, err
}

// up counts one more.
func (g *tally) up(tx *store.Tx) error {
	g.Count++
	if g.ticket == nil {
		if err := tx.ClearOAuthTicket(g.orgID, keys.Hash(g.key)); err != nil {
			return err
		}
		return putTicket(tx, g.orgID, ticketGuess, g.key, "", g.userID, g.life, g)
	}
	return rewriteTicket(tx, g.ticket, g)
}
