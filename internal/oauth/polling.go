package oauth

import (
	"time"

	"usher/internal/store"
)

// pollInterval is how long a client waits between two questions at first, and by
// how much longer each time that it comes too early. (RFC 8628 section 3.5)
const pollInterval = 5 * time.Second

// polling is when a client has asked for what is not decided yet.
type polling struct {
	Polled   time.Time     `json:"polled,omitzero"`
	Interval time.Duration `json:"interval"`
}

// poll notes that the client has asked, and tells it to wait.
func (d *polling) poll(tx *store.Tx, pending string) error {
	early := !d.Polled.IsZero() && tx.Now().Sub(d.Polled) < d.Interval
	d.Polled = tx.Now()
	if early {
		d.Interval += pollInterval
		return fault(SlowDown, "The client asks too often. Wait longer between two requests.")
	}
	return fault(AuthorizationPending, pending)
}
