package jobs_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"usher/internal/env"
	"usher/internal/jobs"
)

// pace runs a shared job for an hour of a bubble's time and returns when it ran.
func pace(t *testing.T, every time.Duration, outcome error) []time.Duration {
	t.Helper()
	var at []time.Duration
	synctest.Test(t, func(t *testing.T) {
		since := env.Elapsed()
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		r, err := jobs.New(jobs.Config{
			Clock: env.System{}, Rand: env.NewSeeded(1), IDs: &env.Counting{}, Log: slog.New(slog.DiscardHandler),
			Jobs: []jobs.Job{{Name: "job", Every: every, Shared: true, Run: func(context.Context) error {
				at = append(at, since())
				return outcome
			}}},
		})
		if err != nil {
			t.Fatal(err)
		}
		r.Run(ctx)
	})
	return at
}

func TestJobsRunAtTheirPaceWithJitter(t *testing.T) {
	at := pace(t, time.Minute, nil)
	if len(at) < 55 || len(at) > 66 || at[0] > 2*time.Second {
		t.Fatalf("%d runs in an hour, the first after %s", len(at), at[0])
	}
	different := map[time.Duration]bool{}
	for i := 1; i < len(at); i++ {
		pause := at[i] - at[i-1]
		if pause < 54*time.Second || pause > 66*time.Second {
			t.Errorf("a pause of %s", pause)
		}
		different[pause] = true
	}
	if len(different) < len(at)/2 {
		t.Errorf("only %d different pauses", len(different))
	}
}

func TestFailingJobsSlowDown(t *testing.T) {
	at := pace(t, time.Second, errors.New("away"))
	if len(at) < 55 || len(at) > 75 {
		t.Fatalf("%d runs in an hour", len(at))
	}
	if last := at[len(at)-1] - at[len(at)-2]; last < 54*time.Second || last > 66*time.Second {
		t.Errorf("the last pause is %s", last)
	}
}
