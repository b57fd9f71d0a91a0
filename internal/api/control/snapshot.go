package control

import (
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/go-chi/chi/v5"

	"usher/internal/phone"
)

// Bounds of what is kept in memory.
const (
	maxSnapshots     = 16
	maxSnapshotBytes = 128 << 20 // of all together
)

// snapshot is a copy of all data and of where the clock stood.
type snapshot struct {
	ID      string    `json:"id"`
	Created time.Time `json:"created"` // by the moved clock
	Bytes   int       `json:"bytes"`
	data    []byte
	offset  time.Duration
}

// shelf keeps snapshots in memory.
type shelf struct {
	mu   sync.Mutex
	last int
	list []snapshot
}

// put keeps a snapshot under a new identifier and tells whether there is room.
func (s *shelf) put(v snapshot) (snapshot, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	total := len(v.data)
	for _, old := range s.list {
		total += len(old.data)
	}
	if len(s.list) >= maxSnapshots || total > maxSnapshotBytes {
		return v, false
	}
	s.last++
	v.ID = strconv.Itoa(s.last)
	s.list = append(s.list, v)
	return v, true
}

func (s *shelf) all() []snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]snapshot{}, s.list...)
}

func (s *shelf) get(id string) (snapshot, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.list, func(v snapshot) bool { return v.ID == id })
	if i < 0 {
		return snapshot{}, false
	}
	return s.list[i], true
}

func (s *shelf) remove(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.list)
	s.list = slices.DeleteFunc(s.list, func(v snapshot) bool { return v.ID == id })
	return len(s.list) < n
}

// full tells whether another snapshot could not be kept in any case.
func (s *shelf) full() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.list) >= maxSnapshots
}

func (h *handler) takeSnapshot(w http.ResponseWriter, r *http.Request) {
	const noRoom = "there is no room for another snapshot (%d, %d MiB together): DELETE /snapshots/{id} makes some"
	if h.shelf.full() {
		fail(w, http.StatusConflict, noRoom, maxSnapshots, maxSnapshotBytes>>20)
		return
	}
	v := snapshot{Created: h.cfg.Clock.Now(), offset: h.cfg.Clock.Offset()}
	var err error
	if v.data, err = h.cfg.Snapshot(r.Context()); err != nil {
		h.broken(w, "the snapshot", err)
		return
	}
	v.Bytes = len(v.data)
	v, ok := h.shelf.put(v)
	if !ok {
		fail(w, http.StatusConflict, noRoom, maxSnapshots, maxSnapshotBytes>>20)
		return
	}
	answer(w, http.StatusCreated, v)
}

func (h *handler) listSnapshots(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, struct {
		Snapshots []snapshot `json:"snapshots"`
	}{h.shelf.all()})
}

// known finds the snapshot of the path and answers 404 when there is none.
func (h *handler) known(w http.ResponseWriter, r *http.Request) (snapshot, bool) {
	id := chi.URLParam(r, "id")
	v, ok := h.shelf.get(id)
	if !ok {
		fail(w, http.StatusNotFound, "there is no snapshot %q; GET /snapshots lists them", id)
	}
	return v, ok
}

func (h *handler) downloadSnapshot(w http.ResponseWriter, r *http.Request) {
	v, ok := h.known(w, r)
	if !ok {
		return
	}
	w.Header().Set("Content-Type", "application/gzip")
	w.Header().Set("Content-Disposition", `attachment; filename="usher-snapshot-`+v.ID+`.jsonl.gz"`)
	w.Header().Set("Content-Length", strconv.Itoa(len(v.data)))
	_, _ = w.Write(v.data) // a caller who is gone cannot be told so
}

func (h *handler) deleteSnapshot(w http.ResponseWriter, r *http.Request) {
	v, ok := h.known(w, r)
	if !ok {
		return
	}
	h.shelf.remove(v.ID)
	w.WriteHeader(http.StatusNoContent)
}

func (h *handler) restoreSnapshot(w http.ResponseWriter, r *http.Request) {
	v, ok := h.known(w, r)
	if !ok {
		return
	}
	h.back(w, r, v.data, v.offset)
}

func (h *handler) reset(w http.ResponseWriter, r *http.Request) {
	if h.cfg.Seeded == nil {
		fail(w, http.StatusConflict, "there is no state to reset to: the server was started without keeping one")
		return
	}
	if h.cfg.Phone != nil {
		h.cfg.Phone.Remember(phone.Memory{}) // nobody knows it any more
	}
	h.back(w, r, h.cfg.Seeded, 0)
}

// back restores the data and puts the clock where it stood with them. A clock
// that stands still stays where it is.
func (h *handler) back(w http.ResponseWriter, r *http.Request, data []byte, offset time.Duration) {
	h.restoring.Lock()
	defer h.restoring.Unlock()
	if err := h.cfg.Restore(r.Context(), data); err != nil {
		h.broken(w, "going back", err)
		return
	}
	h.cfg.Clock.Advance(offset - h.cfg.Clock.Offset())
	answer(w, http.StatusOK, struct {
		Clock clockState `json:"clock"`
	}{h.clock()})
}
