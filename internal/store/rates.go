package store

import "time"

// RateCount is how often something was asked for in a window of time.
type RateCount struct {
	OrgID, Name string
	Start       time.Time
	Requests    int
}

// ShareCount counts one request in the window of this length that begins at
// start, exactly, whatever node counts, and returns how many there are. A node
// whose clock is behind counts in the window that has begun already; a row
// farther ahead than a window was made by a clock that has been moved back.
func (tx *Tx) ShareCount(orgID, name string, start time.Time, window time.Duration) (requests int, err error) {
	err = tx.first(func(s scan) error { return s(&requests) },
		`INSERT INTO rate_counts (org_id, name, node, start, requests) VALUES ($1, $2, '', $3, 1)
 ON CONFLICT (org_id, name, node) DO UPDATE SET
 requests = CASE WHEN rate_counts.start >= $4 AND rate_counts.start <= $5 THEN rate_counts.requests + 1 ELSE 1 END,
 start = CASE WHEN rate_counts.start >= $6 AND rate_counts.start <= $7 THEN rate_counts.start ELSE excluded.start END
 RETURNING requests`,
		orgID, name, ms(start), ms(start), ms(start.Add(window)), ms(start), ms(start.Add(window)))
	return requests, err
}

// Pause notes that something is done now, exactly, whatever node does it, and
// tells whether that is allowed: the last time must be at least every ago. A time
// farther ahead than that was noted by a clock that has been moved back.
func (tx *Tx) Pause(orgID, name string, every time.Duration) (bool, error) {
	n, err := tx.exec(`INSERT INTO rate_counts (org_id, name, node, start, requests) VALUES ($1, $2, '', $3, 1)
 ON CONFLICT (org_id, name, node) DO UPDATE SET start = excluded.start WHERE rate_counts.start <= $4 OR rate_counts.start > $5`,
		orgID, name, ms(tx.now), ms(tx.now.Add(-every)), ms(tx.now.Add(every)))
	return n > 0, err
}

// EndPause forgets when something was done last.
func (tx *Tx) EndPause(orgID, name string) error {
	return tx.later("DELETE FROM rate_counts WHERE org_id = $1 AND name = $2 AND node = ''", orgID, name)
}

// PutRateCounts writes what a node has counted.
func (tx *Tx) PutRateCounts(node string, counts []RateCount) error {
	for _, c := range counts {
		_, err := tx.exec(`INSERT INTO rate_counts (org_id, name, node, start, requests) VALUES ($1, $2, $3, $4, $5)
 ON CONFLICT (org_id, name, node) DO UPDATE SET start = excluded.start, requests = excluded.requests`,
			c.OrgID, c.Name, node, ms(c.Start), c.Requests)
		if err != nil {
			return err
		}
	}
	return nil
}

// OtherRateCounts sums up what the other nodes have counted in the windows that
// begin at start, of all organisations.
func (tx *Tx) OtherRateCounts(node string, start time.Time) ([]RateCount, error) {
	var out []RateCount
	err := tx.each(func(s scan) error {
		c := RateCount{Start: start}
		if err := s(&c.OrgID, &c.Name, &c.Requests); err != nil {
			return err
		}
		out = append(out, c)
		return nil
	}, `SELECT org_id, name, CAST(SUM(requests) AS BIGINT) FROM rate_counts WHERE start = $1 AND node <> $2 AND node <> '' GROUP BY org_id, name`, ms(start), node)
	return out, err
}
