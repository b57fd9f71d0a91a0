package signintest

import (
	"testing"

	"usher/internal/store/storetest"
)

// NewSQLite returns a world on a SQLite file of its own. Protocols, which know
// no store, begin theirs here.
func NewSQLite(t testing.TB) *World {
	t.Helper()
	return New(t, storetest.SQLite(t))
}

// Each runs fn once per database, each time on a world of its own.
func Each(t *testing.T, fn func(t *testing.T, w *World)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, databaseURL string) { fn(t, New(t, databaseURL)) })
}
