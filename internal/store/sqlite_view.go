package store

import (
	sqlite3 "modernc.org/sqlite/lib"

	"usher/internal/env"
)

// beginView makes the queries from now to endView see one state of the data: that
// of the first of them. Without it each would lock the database and see the latest.
func (c *sqliteConn) beginView() {
	if c.do("BEGIN") {
		c.viewing, c.since = true, env.StartWatch()
	}
}

// endView lets the next query see the latest state.
func (c *sqliteConn) endView() {
	c.viewing = false
	// SQLite has ended it by itself where a query failed for want of memory or of
	// the disk.
	if sqlite3.Xsqlite3_get_autocommit(c.tls, c.db) == 0 && !c.do("COMMIT") {
		c.do("ROLLBACK")
	}
}

// do executes a statement without rows, and tells whether it could.
func (c *sqliteConn) do(text string) bool {
	s, err := c.prepare(text)
	if err != nil {
		return false
	}
	code := sqlite3.Xsqlite3_step(c.tls, s.handle)
	sqlite3.Xsqlite3_reset(c.tls, s.handle)
	return code == sqlite3.SQLITE_DONE
}
