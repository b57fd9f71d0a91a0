// Package store holds the only SQL of Usher: one text that runs on SQLite and
// on PostgreSQL, one file per noun. It owns connections, transactions with
// their retries, migrations and the mapping of rows to the nouns of package
// idp. It decides nothing: rules live in the services above.
//
// Every method hangs on a *Tx. Store.Tx gives a serializable read-write one
// and repeats its function when the database asks for it; Store.Guarded gives
// one that sees one state of the data, for hot paths whose decisions rest on rows
// that they, or whoever changes them, write as well; Store.Write gives one at the database's default isolation, for hot paths whose invariant is
// guarded by a constraint or a version alone; Store.Read gives one that only
// reads, each statement by itself.
package store
