package control

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// clockState is the clock as it is shown.
type clockState struct {
	Now    time.Time `json:"now"`
	Offset string    `json:"offset"` // from the machine's clock, e.g. "1h30m0s"
}

// clockChange moves the clock: exactly one member is given.
type clockChange struct {
	Advance string    `json:"advance"` // e.g. "90m", "-10s", "7d", "1d12h"
	Set     time.Time `json:"set"`     // RFC 3339
	Reset   bool      `json:"reset"`   // back to the machine's clock
}

// The years between which identifiers keep their order in time.
const (
	firstYear = 1990
	lastYear  = 2079
)

func (h *handler) clock() clockState {
	return clockState{Now: h.cfg.Clock.Now(), Offset: h.cfg.Clock.Offset().String()}
}

func (h *handler) getClock(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, h.clock())
}

func (h *handler) setClock(w http.ResponseWriter, r *http.Request) {
	var c clockChange
	if !read(w, r, &c) {
		return
	}
	given := 0
	for _, is := range []bool{c.Advance != "", !c.Set.IsZero(), c.Reset} {
		if is {
			given++
		}
	}
	if given != 1 {
		fail(w, http.StatusBadRequest, `say one of {"advance": "90m"}, {"set": "2026-03-01T12:00:00Z"} and {"reset": true}`)
		return
	}
	if c.Reset {
		h.cfg.Clock.Reset()
		answer(w, http.StatusOK, h.clock())
		return
	}
	target := c.Set
	if c.Advance != "" {
		d, err := duration(c.Advance)
		if err != nil {
			fail(w, http.StatusBadRequest, "%v", err)
			return
		}
		if target = h.cfg.Clock.Now().Add(d); inRange(target) {
			h.cfg.Clock.Advance(d)
		}
	} else if inRange(target) {
		h.cfg.Clock.Set(target)
	}
	if !inRange(target) {
		fail(w, http.StatusBadRequest, "the clock can be set to the years %d to %d", firstYear, lastYear)
		return
	}
	answer(w, http.StatusOK, h.clock())
}

func inRange(t time.Time) bool { return t.UTC().Year() >= firstYear && t.UTC().Year() <= lastYear }

// maxDays bounds the days of a duration, so that it cannot overflow.
const maxDays = 50_000

// duration reads Go's notation with days before it: "90m", "7d", "-1d12h".
func duration(text string) (time.Duration, error) {
	bad := fmt.Errorf("%q is no duration: write it like 90s, 15m, 2h30m, 7d or -1d12h", text)
	rest, negative := strings.CutPrefix(text, "-")
	var days int
	if before, after, ok := strings.Cut(rest, "d"); ok {
		n, err := strconv.ParseUint(before, 10, 32)
		if err != nil || n > maxDays {
			return 0, bad
		}
		days, rest = int(n), after
	}
	var d time.Duration
	if rest != "" {
		var err error
		if d, err = time.ParseDuration(rest); err != nil || d < 0 {
			return 0, bad
		}
	}
	if d += time.Duration(days) * 24 * time.Hour; d < 0 || d == 0 && days == 0 && rest == "" {
		return 0, bad
	}
	if negative {
		d = -d
	}
	return d, nil
}
