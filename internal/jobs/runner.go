package jobs

import (
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"usher/internal/env"
	"usher/internal/store"
)

const (
	// shortestLease is how long a lease lasts at least. Its holder renews it
	// when half is over and gives it back when it stops, so only the death of
	// a node keeps a job waiting for that long.
	shortestLease = 30 * time.Second
	// firstWait bounds the pause before a job's first run.
	firstWait = 2 * time.Second
	// longestRetry bounds the pause of a job that fails, unless its own is
	// longer.
	longestRetry = time.Minute
	// releaseTime is how long stopping may take to give leases back.
	releaseTime = 500 * time.Millisecond
)

// Config is what a Runner needs.
type Config struct {
	Store    *store.Store
	Clock    env.Clock // of the leases
	Rand     env.Rand  // of the jitter
	IDs      env.IDs   // names this node as a holder of leases
	Log      *slog.Logger
	Jobs     []Job
	Handlers map[string]Handler // of tasks, by kind
}

// Runner runs jobs until it is stopped.
type Runner struct {
	cfg    Config
	holder string
	loops  []*loop
}

// loop is one job at work.
type loop struct {
	job   Job
	nudge chan struct{}
	life  time.Duration
	// until is when the lease that is held ends, zero when none is.
	until    time.Time
	failures int
}

// New returns a runner that does not run yet. It refuses jobs that could not.
func New(cfg Config) (*Runner, error) {
	r := &Runner{cfg: cfg, holder: cfg.IDs.New("nod")}
	list := cfg.Jobs
	if len(cfg.Handlers) > 0 {
		list = append(list[:len(list):len(list)], tasks(cfg.Store, cfg.Handlers, cfg.Log))
	}
	names := map[string]bool{}
	for _, j := range list {
		if j.Name == "" || names[j.Name] || j.Every <= 0 || j.Run == nil {
			return nil, fmt.Errorf("jobs: %q needs a name of its own, a pause and a function", j.Name)
		}
		names[j.Name] = true
		r.loops = append(r.loops, &loop{job: j, nudge: make(chan struct{}, 1), life: max(shortestLease, 2*j.Every)})
	}
	return r, nil
}

// Run runs the jobs until ctx ends. Then it ends the contexts of those at work,
// waits for them and gives the leases back. It is called once.
func (r *Runner) Run(ctx context.Context) {
	var wg sync.WaitGroup
	for _, l := range r.loops {
		wg.Go(func() { r.run(ctx, l) })
	}
	wg.Wait()
	r.release(ctx)
}

// Nudge lets a job run now, without waiting for its time. It does not block;
// nudges that come while the job is at work become one more run. On a node that
// does not hold the job's lease it has no effect.
func (r *Runner) Nudge(name string) {
	for _, l := range r.loops {
		if l.job.Name == name {
			select {
			case l.nudge <- struct{}{}:
			default:
			}
		}
	}
}

func (r *Runner) run(ctx context.Context, l *loop) {
	timer := time.NewTimer(r.fraction(min(l.job.Every, firstWait)))
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-l.nudge:
		}
		if ctx.Err() != nil {
			return
		}
		err := r.once(ctx, l)
		if ctx.Err() != nil {
			return
		}
		r.report(l, err)
		timer.Reset(r.pause(l))
	}
}

// once runs the job if this node may.
func (r *Runner) once(ctx context.Context, l *loop) error {
	if !l.job.Shared {
		mine, err := r.hold(ctx, l)
		if err != nil || !mine {
			return err
		}
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, l.life/2)
		defer cancel()
	}
	return protect(func() error { return l.job.Run(ctx) })
}

// hold makes sure that this node holds the job's lease for at least half its
// life. It asks the store only when that is not known already.
func (r *Runner) hold(ctx context.Context, l *loop) (bool, error) {
	now := r.cfg.Clock.Now()
	// A rest that is longer than a life means that the clock was moved back.
	if rest := l.until.Sub(now); rest > l.life/2 && rest <= l.life {
		return true, nil
	}
	mine := false
	err := r.cfg.Store.Write(ctx, func(tx *store.Tx) (err error) {
		mine, err = tx.TakeLease("job "+l.job.Name, r.holder, l.life)
		return err
	})
	if err != nil || !mine {
		l.until = time.Time{}
		return false, err
	}
	l.until = now.Add(l.life)
	return true, nil
}

// report logs a failure; of those in a row the first, second, fourth, eighth
// and so on, so that a database that is away does not fill the log.
func (r *Runner) report(l *loop, err error) {
	if err == nil {
		if l.failures > 0 {
			r.cfg.Log.Info("job works again", "job", l.job.Name, "failures", l.failures)
		}
		l.failures = 0
		return
	}
	l.failures++
	if l.failures&(l.failures-1) == 0 {
		r.cfg.Log.Error("job failed", "job", l.job.Name, "err", err, "failures", l.failures)
	}
}

// pause returns the wait before the next run: longer after failures, and a
// tenth more or less, so that nodes do not march in step.
func (r *Runner) pause(l *loop) time.Duration {
	d := l.job.Every
	if d < longestRetry {
		d = min(d<<min(l.failures, 10), longestRetry)
	}
	return d - d/10 + r.fraction(d/5)
}

// fraction returns a random part of d.
func (r *Runner) fraction(d time.Duration) time.Duration {
	var b [4]byte
	r.cfg.Rand.Read(b[:])
	return time.Duration(float64(d) * float64(binary.BigEndian.Uint32(b[:])) / (1 << 32))
}

// release gives this node's leases back, so that another takes over at once.
func (r *Runner) release(ctx context.Context) {
	held := slices.DeleteFunc(slices.Clone(r.loops), func(l *loop) bool { return l.until.IsZero() })
	if len(held) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTime)
	defer cancel()
	err := r.cfg.Store.Write(ctx, func(tx *store.Tx) error {
		for _, l := range held {
			if err := tx.ReleaseLease("job "+l.job.Name, r.holder); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		r.cfg.Log.Warn("leases not given back", "err", err)
	}
}
