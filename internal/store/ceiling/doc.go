// Package ceiling does the unavoidable database work of a few operations with
// the drivers alone: no transactions retried, no rows mapped, no rules. What it
// reaches is what the store is measured against. It owns no schema: it works on
// the store's tables. Nothing but measurements may use it.
package ceiling
