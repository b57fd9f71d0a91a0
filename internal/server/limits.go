package server

import (
	"context"
	"strconv"
	"sync"
	"time"

	"usher/internal/api/httpkit"
	"usher/internal/decision"
	"usher/internal/env"
	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/jobs"
	"usher/internal/store"
)

// sharePause is how often a node tells the others what it has counted: for that
// long, a limit may be passed by what the others let in.
const sharePause = time.Second

// fleet joins the rate limits of nodes that share a database.
type fleet struct {
	store  *store.Store
	limits *httpkit.Limits
	clock  env.Clock
	rand   env.Rand

	mu   sync.Mutex
	node string // drawn when it is needed first
}

// alone tells whether no other node can be on the same database.
func (f *fleet) alone() bool { return f.store.Engine() != "postgres" }

func (f *fleet) name() string {
	const bytes = 9
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.node == "" {
		f.node = env.Secret(f.rand, "", bytes)
	}
	return f.node
}

// share tells the others what this node has counted, and learns what they have.
func (f *fleet) share(ctx context.Context) error {
	return f.limits.Share(ctx, f.clock.Now(), func(ctx context.Context, start time.Time, mine []httpkit.SharedCount) ([]httpkit.SharedCount, error) {
		counts := make([]store.RateCount, 0, len(mine))
		for _, c := range mine {
			counts = append(counts, store.RateCount{OrgID: c.OrgID, Name: c.Name, Start: start, Requests: c.Requests})
		}
		node := f.name()
		err := f.store.Write(ctx, func(tx *store.Tx) error { return tx.PutRateCounts(node, counts) })
		if err != nil {
			return nil, err
		}
		others, err := f.store.Read(ctx).OtherRateCounts(node, start)
		var out []httpkit.SharedCount
		for _, c := range others {
			out = append(out, httpkit.SharedCount{OrgID: c.OrgID, Name: c.Name, Requests: c.Requests})
		}
		return out, err
	})
}

// count counts one request for all nodes.
func (f *fleet) count(ctx context.Context, orgID, name string, start time.Time, window time.Duration) (n int, err error) {
	err = f.store.Write(ctx, func(tx *store.Tx) error {
		n, err = tx.ShareCount(orgID, name, start, window)
		return err
	})
	return n, err
}

// join wires the limits of a router to the other nodes, where there can be any.
func (f *fleet) join(cfg *httpkit.Config) {
	if !f.alone() {
		cfg.Count = f.count
	}
}

// job shares the limits; nil where there is nobody to share with.
func (f *fleet) job() []jobs.Job {
	if f.alone() {
		return nil
	}
	return []jobs.Job{{Name: "share rate limits", Every: sharePause, Shared: true, Run: f.share}}
}

// limitUsed records that a limit is near or was passed.
func (s *services) limitUsed(ctx context.Context, a idp.Actor, bucket string, limit int, use httpkit.LimitUse) error {
	e := eventlog.Entry{
		Type: eventlog.RateLimitWarning, Targets: []idp.Target{{ID: bucket, Type: "Bucket", AlternateID: "unknown", DisplayName: bucket}},
		Debug: map[string]string{"limit": strconv.Itoa(limit)},
	}
	if use == httpkit.LimitNear {
		return s.db.Write(ctx, func(tx *store.Tx) error { return s.log.Record(tx, a, e) })
	}
	e.Type, e.Result, e.Reason = eventlog.RateLimitViolation, idp.ResultDeny, "Too Many Requests"
	notes := new(decision.Notes)
	notes.Add(decision.Decision{Kind: decision.Throttle, Outcome: decision.Deny, Reason: bucket + " allows " + strconv.Itoa(limit)})
	return s.db.Write(ctx, func(tx *store.Tx) error {
		if err := s.decisions.Keep(tx, a, notes); err != nil {
			return err
		}
		return s.log.Record(tx, a, e)
	})
}

// ShareLimits exchanges what the nodes on this database have counted, as the job
// does every second.
func (s *Server) ShareLimits(ctx context.Context) error { return s.fleet.share(ctx) }
