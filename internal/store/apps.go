package store

import (
	"encoding/json"
	"strconv"
	"strings"

	"usher/internal/idp"
)

const appColumns = "id, name, label, status, sign_on_mode, client_id, kid, external_key, settings, created, last_updated, version"

func scanApp(orgID string, a *idp.App) func(scan) error {
	return func(s scan) error {
		var status, mode string
		var settings []byte
		var created, updated int64
		if err := s(&a.ID, &a.Name, &a.Label, &status, &mode, &a.ClientID, &a.KeyID, &a.ExternalKey, &settings, &created, &updated, &a.Version); err != nil {
			return err
		}
		a.OrgID, a.Status, a.SignOnMode = orgID, idp.AppStatus(status), idp.SignOnMode(mode)
		a.Settings, a.Created, a.LastUpdated = json.RawMessage(settings), at(created), at(updated)
		return nil
	}
}

// InsertApp adds an application at version 1; labelKey is its folded label. It
// fails with ExistsError on "apps.client_id" when another has the client id.
func (tx *Tx) InsertApp(a *idp.App, labelKey string) error {
	a.Version = 1
	_, err := tx.exec("INSERT INTO apps (org_id, label_key, "+appColumns+") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
		a.OrgID, labelKey, a.ID, a.Name, a.Label, string(a.Status), string(a.SignOnMode), a.ClientID, a.KeyID, a.ExternalKey,
		string(a.Settings), ms(a.Created), ms(a.LastUpdated), a.Version)
	return err
}

// UpdateApp writes an application that was read at a.Version, else ErrStale,
// and raises the version. Name, client id and external key never change.
func (tx *Tx) UpdateApp(a *idp.App, labelKey string) error {
	err := tx.versioned(`UPDATE apps SET label = $1, label_key = $2, status = $3, sign_on_mode = $4, kid = $5, settings = $6, last_updated = $7,
 version = version + 1 WHERE org_id = $8 AND id = $9 AND version = $10`,
		a.Label, labelKey, string(a.Status), string(a.SignOnMode), a.KeyID, string(a.Settings), ms(a.LastUpdated), a.OrgID, a.ID, a.Version)
	if err == nil {
		a.Version++
	}
	return err
}

// DeleteApp removes an application with its assignments and schema, and those of its keys
// that no other application shares.
func (tx *Tx) DeleteApp(orgID, id string) error {
	if err := tx.one("DELETE FROM apps WHERE org_id = $1 AND id = $2", orgID, id); err != nil {
		return err
	}
	if err := tx.DeleteUserSchema(orgID, id); err != nil {
		return err
	}
	return tx.dropLooseKeys(orgID)
}

// App returns the application with this identifier.
func (tx *Tx) App(orgID, id string) (*idp.App, error) {
	var a idp.App
	return &a, tx.first(scanApp(orgID, &a), "SELECT "+appColumns+" FROM apps WHERE org_id = $1 AND id = $2", orgID, id)
}

// AppByClientID returns the application that is this OAuth client.
func (tx *Tx) AppByClientID(orgID, clientID string) (*idp.App, error) {
	var a idp.App
	return &a, tx.first(scanApp(orgID, &a), "SELECT "+appColumns+" FROM apps WHERE org_id = $1 AND client_id = $2 AND client_id <> ''", orgID, clientID)
}

// AppByExternalKey returns the application with this name in SAML.
func (tx *Tx) AppByExternalKey(orgID, key string) (*idp.App, error) {
	var a idp.App
	return &a, tx.first(scanApp(orgID, &a), "SELECT "+appColumns+" FROM apps WHERE org_id = $1 AND external_key = $2 AND external_key <> ''", orgID, key)
}

// AppFilter chooses applications. Members that are empty choose nothing.
type AppFilter struct {
	Status idp.AppStatus
	Name   string
	KeyID  string
	// Prefix begins the folded name or the folded label.
	Prefix string
	// UserID chooses the applications that the user is assigned to, by hand or
	// by a group. EveryoneID is the group to which every user belongs.
	UserID, EveryoneID string
	// GroupID chooses the applications that the group is assigned to.
	GroupID string
	// Only names those to choose from; nil is all.
	Only []AppRef
}

// AppRef is an application, or all of a name where ID is empty.
type AppRef struct{ Name, ID string }

// AppsAfter lists up to limit applications by identifier, beginning behind after.
func (tx *Tx) AppsAfter(orgID string, f AppFilter, behind string, limit int) ([]*idp.App, error) {
	where, args := f.condition([]any{orgID, behind})
	args = append(args, limit)
	var out []*idp.App
	err := tx.each(func(s scan) error {
		a := new(idp.App)
		out = append(out, a)
		return scanApp(orgID, a)(s)
	}, "SELECT "+appColumns+" FROM apps WHERE org_id = $1 AND id > $2"+where+" ORDER BY id LIMIT $"+strconv.Itoa(len(args)), args...)
	return out, err
}

// condition writes the filter behind a condition whose parameters are args, the
// first of them the organisation.
func (f AppFilter) condition(args []any) (string, []any) {
	var where strings.Builder
	add := func(condition string, values ...any) {
		for _, v := range values {
			args = append(args, v)
			condition = strings.Replace(condition, "?", "$"+strconv.Itoa(len(args)), 1)
		}
		where.WriteString(" AND " + condition)
	}
	if f.Status != "" {
		add("status = ?", string(f.Status))
	}
	if f.Name != "" {
		add("name = ?", f.Name)
	}
	if f.KeyID != "" {
		add("kid = ?", f.KeyID)
	}
	if f.Prefix != "" {
		end := after(f.Prefix)
		add("((name >= ? AND name < ?) OR (label_key >= ? AND label_key < ?))", f.Prefix, end, f.Prefix, end)
	}
	if f.UserID != "" {
		// Each part is told to SQLite as a question that one index answers.
		add(`id IN (SELECT u.app_id FROM app_users k CROSS JOIN app_users u WHERE u.org_id = k.org_id AND u.app_id = k.app_id AND u.user_id = k.user_id
 AND k.org_id = $1 AND k.user_id = ? AND u.scope = 'USER'
 UNION ALL SELECT app_id FROM app_groups WHERE org_id = $1 AND group_id = ?
 UNION ALL SELECT app_id FROM app_groups WHERE org_id = $1 AND group_id IN (SELECT group_id FROM memberships WHERE org_id = $1 AND user_id = ?))`,
			f.UserID, f.EveryoneID, f.UserID)
	}
	if f.GroupID != "" {
		add("id IN (SELECT app_id FROM app_groups WHERE org_id = $1 AND group_id = ?)", f.GroupID)
	}
	if f.Only != nil {
		terms := []string{never}
		for _, ref := range f.Only {
			value := ref.Name
			term := "name = $"
			if ref.ID != "" {
				value, term = ref.ID, "id = $"
			}
			args = append(args, value)
			terms = append(terms, term+strconv.Itoa(len(args)))
		}
		where.WriteString(" AND (" + strings.Join(terms, " OR ") + ")")
	}
	return where.String(), args
}

// LockApp makes those who change what belongs to an application wait for each
// other from the beginning, and not for each other's rows in different orders.
// ErrNotFound when there is no such application.
func (tx *Tx) LockApp(orgID, id string) error {
	return tx.one("UPDATE apps SET version = version WHERE org_id = $1 AND id = $2", orgID, id)
}

// NextAppNumber counts an organisation's custom applications: 1, 2, 3 ...
func (tx *Tx) NextAppNumber(orgID string) (n int64, err error) {
	return n, tx.first(func(s scan) error { return s(&n) },
		"INSERT INTO app_counters (org_id, value) VALUES ($1, 1) ON CONFLICT (org_id) DO UPDATE SET value = app_counters.value + 1 RETURNING value", orgID)
}
