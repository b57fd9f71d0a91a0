package store

import "time"

// InlineHook is where another system is asked something.
type InlineHook struct {
	OrgID       string
	ID          string // cal...
	Name        string
	Type        string
	Active      bool
	Document    []byte // JSON text, without secrets
	Sealed      string // the secret that requests carry, encrypted; empty for none
	Created     time.Time
	LastUpdated time.Time
	Version     int64
}

const inlineHookColumns = "id, name, type, status, document, sealed, created, last_updated, version"

func scanInlineHook(orgID string, h *InlineHook) func(scan) error {
	return func(s scan) error {
		var status, document string
		var created, updated int64
		err := s(&h.ID, &h.Name, &h.Type, &status, &document, &h.Sealed, &created, &updated, &h.Version)
		h.OrgID, h.Active, h.Document, h.Created, h.LastUpdated = orgID, status == statusActive, []byte(document), at(created), at(updated)
		return err
	}
}

// The states of a hook.
const (
	statusActive   = "ACTIVE"
	statusInactive = "INACTIVE"
)

func (h *InlineHook) status() string {
	if h.Active {
		return statusActive
	}
	return statusInactive
}

// InsertInlineHook adds a hook at version 1.
func (tx *Tx) InsertInlineHook(h *InlineHook) error {
	h.Version = 1
	_, err := tx.exec("INSERT INTO inline_hooks (org_id, "+inlineHookColumns+") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
		h.OrgID, h.ID, h.Name, h.Type, h.status(), string(h.Document), h.Sealed, ms(h.Created), ms(h.LastUpdated), h.Version)
	return err
}

// UpdateInlineHook writes a hook that was read at its version, else ErrStale.
func (tx *Tx) UpdateInlineHook(h *InlineHook) error {
	n, err := tx.exec(`UPDATE inline_hooks SET name = $1, status = $2, document = $3, sealed = $4, last_updated = $5, version = version + 1
 WHERE org_id = $6 AND id = $7 AND version = $8`, h.Name, h.status(), string(h.Document), h.Sealed, ms(h.LastUpdated), h.OrgID, h.ID, h.Version)
	if err == nil && n == 0 {
		return ErrStale
	}
	h.Version++
	return err
}

// DeleteInlineHook removes a hook, else ErrNotFound.
func (tx *Tx) DeleteInlineHook(orgID, id string) error {
	return tx.one("DELETE FROM inline_hooks WHERE org_id = $1 AND id = $2", orgID, id)
}

// InlineHook returns a hook, else ErrNotFound.
func (tx *Tx) InlineHook(orgID, id string) (*InlineHook, error) {
	var h InlineHook
	return &h, tx.first(scanInlineHook(orgID, &h), "SELECT "+inlineHookColumns+" FROM inline_hooks WHERE org_id = $1 AND id = $2", orgID, id)
}

// InlineHooks lists the hooks of an organisation by identifier.
func (tx *Tx) InlineHooks(orgID string) ([]*InlineHook, error) {
	var out []*InlineHook
	err := tx.each(func(s scan) error {
		h := new(InlineHook)
		out = append(out, h)
		return scanInlineHook(orgID, h)(s)
	}, "SELECT "+inlineHookColumns+" FROM inline_hooks WHERE org_id = $1 ORDER BY id", orgID)
	return out, err
}
