package store

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"usher/internal/idp"
)

// maxSnapshot bounds a snapshot's compressed size in bytes.
const maxSnapshot = 64 << 20

// snapshotFormat is raised when the stream changes.
const snapshotFormat = 1

// dumpTable is a table of the logical copy: its name and its primary key.
type dumpTable struct{ name, key string }

// dumpTables lists what a snapshot holds, each table behind those it refers to.
func dumpTables() []dumpTable {
	return []dumpTable{
		{"server_facts", "name"},
		{"orgs", "id"},
		{"users", "org_id, id"},
		{"credentials", "org_id, user_id"},
		{"user_tokens", "org_id, hash"},
		{"groups", "org_id, id"},
		{"memberships", "org_id, group_id, user_id, rule_id"},
		{"group_rules", "org_id, id"},
		{"group_rule_groups", "org_id, group_id, rule_id"},
		{"group_rule_exclusions", "org_id, user_id, rule_id"},
		{"group_rule_runs", "org_id, rule_id"},
		{"group_rule_heads", "org_id"},
		{"user_attributes", "org_id, user_id, name, value_key"},
		{"user_uniques", "org_id, name, value_key"},
		{"user_schemas", "org_id, type_id"},
		{"user_types", "org_id, id"},
		{"group_uniques", "org_id, name, value_key"},
		{"factors", "org_id, user_id, id"},
		{"factor_counts", "org_id, user_id, factor_id"},
		{"factor_challenges", "org_id, id"},
		{"recovery_guesses", "org_id, user_id"},
		{"remembered_devices", "org_id, user_id, device"},
		{"roles", "org_id, principal_id, id"},
		{"role_targets", "org_id, principal_id, role_id, kind, target_id, instance_id"},
		{"api_tokens", "org_id, id"},
		{"sessions", "org_id, hash"},
		{"session_clients", "org_id, session_hash, client_id, server_id"},
		{"session_tokens", "org_id, hash"},
		{"transactions", "org_id, hash"},
		{"policies", "org_id, id"},
		{"policy_rules", "org_id, policy_id, id"},
		{"trusted_origins", "org_id, id"},
		{"origin_authors", "org_id, origin_id"},
		{"origin_frames", "org_id, origin_id"},
		{"network_zones", "org_id, id"},
		{"authenticators", "org_id, kind"},
		{"apps", "org_id, id"},
		{"app_users", "org_id, app_id, user_id"},
		{"app_groups", "org_id, app_id, group_id"},
		{"app_keys", "org_id, kid"},
		{"app_key_links", "org_id, app_id, kid"},
		{"app_csrs", "org_id, app_id, id"},
		{"app_secrets", "org_id, app_id, id"},
		{"app_logos", "org_id, app_id"},
		{"app_counters", "org_id"},
		{"oauth_tickets", "org_id, hash"},
		{"oauth_refresh", "org_id, id"},
		{"oauth_spent", "org_id, hash"},
		{"oauth_servers", "org_id, id"},
		{"oauth_parts", "org_id, server_id, kind, id"},
		{"signing_keys", "org_id, server_id, kid"},
		{"oauth_grants", "org_id, id"},
		{"events", "org_id, uuid"},
		{"event_heads", "org_id"},
		{"event_order", "org_id"},
		{"outbox", "org_id, id"},
		{"outbox_problems", "org_id, message_id"},
		{"sms_templates", "org_id, id"},
		{"yubikeys", "org_id, id"},
		{"inline_hooks", "org_id, id"},
		{"linked_objects", "org_id, primary_name"},
		{"user_links", "org_id, primary_name, associated_id"},
		{"hotp_profiles", "org_id, id"},
		{"identity_providers", "org_id, id"},
		{"identity_provider_keys", "org_id, id"},
		{"jobs", "org_id, id"},
		{"sign_in_sources", "org_id, user_id, source"},
		{"decisions", "org_id, request, id"},
	}
}

// undumpedTables lists what a snapshot leaves as it is: leases and the counts of
// requests belong to the processes that run, the other two to the schema.
func undumpedTables() []string { return []string{"leases", "rate_counts", versionTable, "schema_lock"} }

// snapshotHead is the stream's first line.
type snapshotHead struct {
	Format int   `json:"usherSnapshot"`
	Schema int64 `json:"schema"`
}

// snapshotSection comes before the rows of a table; the last one is the end
// of the stream, without a table, with the number of all rows.
type snapshotSection struct {
	Table   string   `json:"table,omitempty"`
	Columns []string `json:"columns,omitempty"`
	Rows    *int     `json:"rows,omitempty"`
}

// snapshotBytes is how a binary value stands in a row; text, numbers and null
// stand as themselves.
type snapshotBytes struct {
	Base64 []byte `json:"base64"`
}

// Snapshot returns a consistent logical copy of all data: gzip over JSON lines
// (a head, then for each table its columns and rows as arrays). The same data
// gives the same bytes on both databases. On SQLite writers wait meanwhile. It
// fails with idp.KindUnsupported when the copy is larger than 64 MiB.
func (s *Store) Snapshot(ctx context.Context) ([]byte, error) {
	var out bytes.Buffer
	err := s.Tx(ctx, func(tx *Tx) error {
		out.Reset()
		zip := gzip.NewWriter(&out)
		if err := tx.dump(zip, &out); err != nil {
			return err
		}
		return zip.Close()
	})
	if err != nil {
		return nil, fmt.Errorf("snapshot: %w", err)
	}
	return out.Bytes(), nil
}

// dump writes everything to w, whose output so far is in sink.
func (tx *Tx) dump(w io.Writer, sink *bytes.Buffer) error {
	schema, err := tx.schema()
	if err != nil {
		return err
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(snapshotHead{snapshotFormat, schema}); err != nil {
		return err
	}
	total := 0
	for _, t := range dumpTables() {
		n, err := tx.dumpTable(enc, t, sink)
		if err != nil {
			return fmt.Errorf("table %s: %w", t.name, err)
		}
		total += n
	}
	return enc.Encode(snapshotSection{Rows: &total})
}

func (tx *Tx) dumpTable(enc *json.Encoder, t dumpTable, sink *bytes.Buffer) (int, error) {
	found, err := tx.q.query(tx.ctx, "SELECT * FROM "+t.name+" ORDER BY "+t.key, nil)
	if err != nil {
		return 0, tx.engine.translate(err)
	}
	defer func() { _ = found.Close() }() // what was read is complete or failed by then
	columns, err := found.Columns()
	if err != nil {
		return 0, err
	}
	if err := enc.Encode(snapshotSection{Table: t.name, Columns: columns}); err != nil {
		return 0, err
	}
	values, targets := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		targets[i] = &values[i]
	}
	n := 0
	for ; found.Next(); n++ {
		if err := found.Scan(targets...); err != nil {
			return n, err
		}
		for i, v := range values {
			switch v := v.(type) {
			case []byte:
				values[i] = snapshotBytes{v}
			case string:
				if !utf8.ValidString(v) {
					return n, fmt.Errorf("column %s holds text that is not UTF-8", columns[i])
				}
			case int64, nil:
			default:
				return n, fmt.Errorf("column %s holds a %T, which snapshots do not know", columns[i], v)
			}
		}
		if err := enc.Encode(values); err != nil {
			return n, err
		}
		if sink.Len() > maxSnapshot {
			return n, idp.Fail(idp.KindUnsupported, fmt.Sprintf("the data is too large for a snapshot: more than %d MiB compressed", maxSnapshot>>20))
		}
	}
	return n, tx.engine.translate(found.Err())
}

// schema returns the version of the migrations that were applied.
func (tx *Tx) schema() (v int64, err error) {
	return v, tx.first(func(s scan) error { return s(&v) }, "SELECT max(version_id) FROM "+versionTable)
}

// Restore replaces all data by that of a snapshot, in one transaction, from
// either database. Leases stay as they are. It fails with idp.KindUnsupported
// when the snapshot is of another schema version, with idp.KindMalformed when
// it is none.
func (s *Store) Restore(ctx context.Context, snapshot []byte) error {
	err := s.Tx(ctx, func(tx *Tx) error { return tx.restore(snapshot) })
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	return nil
}

// badSnapshot says that a stream is not one that Snapshot wrote.
func badSnapshot(format string, args ...any) error {
	return idp.Fail(idp.KindMalformed, "this is no usable snapshot: "+fmt.Sprintf(format, args...))
}

func (tx *Tx) restore(snapshot []byte) error {
	zip, err := gzip.NewReader(bytes.NewReader(snapshot))
	if err != nil {
		return badSnapshot("%v", err)
	}
	dec := json.NewDecoder(zip)
	var head snapshotHead
	if err := dec.Decode(&head); err != nil || head.Format != snapshotFormat {
		return badSnapshot("it does not begin like one")
	}
	schema, err := tx.schema()
	if err != nil {
		return err
	}
	if head.Schema != schema {
		return idp.Fail(idp.KindUnsupported, fmt.Sprintf("the snapshot is of schema version %d, the database of %d", head.Schema, schema))
	}
	tables := dumpTables()
	for i := range tables {
		if _, err := tx.exec("DELETE FROM " + tables[len(tables)-1-i].name); err != nil {
			return err
		}
	}
	// What was counted exactly was counted about what is gone now.
	if _, err := tx.exec("DELETE FROM rate_counts WHERE node = ''"); err != nil {
		return err
	}
	return tx.restoreRows(dec, tables)
}

// restoreRows inserts what follows the head.
func (tx *Tx) restoreRows(dec *json.Decoder, tables []dumpTable) error {
	insert, columns, total, seen := "", 0, 0, 0
	for {
		var line json.RawMessage
		if err := dec.Decode(&line); err != nil {
			return badSnapshot("it is cut short or damaged: %v", err)
		}
		if line[0] == '[' {
			values, err := rowValues(line)
			if err != nil {
				return err
			}
			if insert == "" || len(values) != columns {
				return badSnapshot("a row does not fit its table")
			}
			if _, err := tx.exec(insert, values...); err != nil {
				return err
			}
			total++
			continue
		}
		var section snapshotSection
		if err := json.Unmarshal(line, &section); err != nil {
			return badSnapshot("%v", err)
		}
		if section.Rows != nil {
			if *section.Rows != total || seen != len(tables) {
				return badSnapshot("it is incomplete")
			}
			return nil
		}
		if seen == len(tables) || section.Table != tables[seen].name {
			return badSnapshot("table %q is not expected", section.Table)
		}
		seen++
		var err error
		if insert, err = insertText(section); err != nil {
			return err
		}
		columns = len(section.Columns)
	}
}

// insertText composes the statement. Names come from the stream, so they must
// look like names of ours.
func insertText(s snapshotSection) (string, error) {
	for _, c := range s.Columns {
		if c == "" || strings.Trim(c, "abcdefghijklmnopqrstuvwxyz_0123456789") != "" {
			return "", badSnapshot("%q is no column", c)
		}
	}
	if len(s.Columns) == 0 {
		return "", badSnapshot("table %q has no columns", s.Table)
	}
	return "INSERT INTO " + s.Table + " (" + strings.Join(s.Columns, ", ") + ") VALUES (" + holders(1, len(s.Columns)) + ")", nil
}

func rowValues(line json.RawMessage) ([]any, error) {
	var raw []json.RawMessage
	if err := json.Unmarshal(line, &raw); err != nil {
		return nil, badSnapshot("%v", err)
	}
	values := make([]any, len(raw))
	for i, v := range raw {
		var err error
		switch {
		case string(v) == "null":
		case v[0] == '"':
			var text string
			err = json.Unmarshal(v, &text)
			values[i] = text
		case v[0] == '{':
			var b snapshotBytes
			err = json.Unmarshal(v, &b)
			values[i] = b.Base64
		default:
			var n int64
			err = json.Unmarshal(v, &n)
			values[i] = n
		}
		if err != nil {
			return nil, badSnapshot("%v", err)
		}
	}
	return values, nil
}
