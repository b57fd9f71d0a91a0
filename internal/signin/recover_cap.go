package signin

import (
	"encoding/base64"
	"fmt"
	"time"

	"usher/internal/credential"
	"usher/internal/idp"
	"usher/internal/keys"
	"usher/internal/store"
)

// Whoever knows a login can have messages of recoveries sent to its user: at
// most maxRecoveries within recoveriesWindow. All strangers share that number;
// who has signed in from where the request comes from has one of their own, so
// that strangers cannot use it up.
const (
	maxRecoveries    = 10
	recoveriesWindow = time.Hour
)

// spare counts a message of a recovery, which goes to the user if refusal is nil.
// The result is refusal, or KindTooManyRequests where enough has gone out
// already. For every login, whosever it is, the same is read and written. It is
// exact over all nodes.
func (e *Engine) spare(tx *store.Tx, a idp.Actor, u *idp.User, login string, refusal error) (error, error) {
	source := credential.Source(a.Client)
	known, err := e.Credentials.Known(tx, a.OrgID(), id(u), source)
	if err != nil {
		return nil, err
	}
	if !known {
		source = ""
	}
	// What is not sent takes nothing away from what may be.
	to := "nobody " + login
	if refusal == nil {
		to = "user " + u.ID
	}
	name := "recovery " + base64.RawURLEncoding.EncodeToString(keys.Hash(to+"\n"+source))
	n, err := tx.ShareCount(a.OrgID(), name, tx.Now().Truncate(recoveriesWindow), recoveriesWindow)
	if err != nil {
		return nil, fmt.Errorf("count messages of recoveries: %w", err)
	}
	if refusal == nil && n > maxRecoveries {
		refusal = idp.Fail(idp.KindTooManyRequests)
	}
	return refusal, nil
}
