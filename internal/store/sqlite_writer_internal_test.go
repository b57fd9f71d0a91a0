package store

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"usher/internal/env"
)

// TestWriterGoesOn lets statements end early, by a panic and by a constraint,
// and uses them again.
func TestWriterGoesOn(t *testing.T) {
	ctx := t.Context()
	s, err := Open(ctx, filepath.Join(t.TempDir(), "a.db"), Options{Clock: env.NewFixed(time.Unix(1, 0))})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	if err := s.Migrate(ctx, nil); err != nil {
		t.Fatal(err)
	}
	const two = "SELECT $1 AS word UNION ALL SELECT 'second'"
	err = s.Write(ctx, func(tx *Tx) error {
		return tx.each(func(scan) error { panic("in the middle") }, two, "first")
	})
	if err == nil || !strings.Contains(err.Error(), "in the middle") {
		t.Fatalf("%v", err)
	}
	var words []string
	err = s.Write(ctx, func(tx *Tx) error {
		return tx.each(func(read scan) error {
			var word string
			err := read(&word)
			words = append(words, word)
			return err
		}, two, "again")
	})
	if err != nil || strings.Join(words, " ") != "again second" {
		t.Errorf("%v, %v", words, err)
	}
	const insert = "INSERT INTO event_heads (org_id, position) VALUES ($1, 7) RETURNING position"
	var position int64
	take := func(tx *Tx) error { return tx.first(func(read scan) error { return read(&position) }, insert, "00o1") }
	if err := s.Write(ctx, take); err != nil || position != 7 {
		t.Errorf("%d, %v", position, err)
	}
	if err := s.Write(ctx, take); !Exists(err, "event_heads.org_id") {
		t.Errorf("twice: %v", err)
	}
	if err := s.Write(ctx, func(tx *Tx) error { return tx.one("UPDATE event_heads SET position = 8 WHERE org_id = $1", "00o1") }); err != nil {
		t.Error(err)
	}
	if err := s.Write(ctx, func(tx *Tx) error { return tx.one("UPDATE event_heads SET position = 8 WHERE org_id = $1", "00o2") }); err != ErrNotFound { //nolint:errorlint // it is the bare one
		t.Errorf("nobody's: %v", err)
	}
}
