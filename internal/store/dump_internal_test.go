package store

import (
	"path/filepath"
	"slices"
	"testing"

	"usher/internal/env"
)

// TestSnapshotKnowsEveryTable compares the list of tables with what the
// migrations make, so that a new table is not forgotten.
func TestSnapshotKnowsEveryTable(t *testing.T) {
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "usher.db"), Options{Clock: env.System{}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	if err := s.Migrate(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	known := undumpedTables()
	for _, table := range dumpTables() {
		if slices.Contains(known, table.name) {
			t.Errorf("table %s is listed twice", table.name)
		}
		known = append(known, table.name)
	}
	made := 0
	err = s.Read(t.Context()).each(func(sc scan) error {
		var name string
		if err := sc(&name); err != nil {
			return err
		}
		made++
		if !slices.Contains(known, name) {
			t.Errorf("table %s is in neither list of dump.go: snapshots would forget it", name)
		}
		return nil
	}, "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
	if err != nil || made < 10 {
		t.Fatalf("%d tables, %v", made, err)
	}
}
