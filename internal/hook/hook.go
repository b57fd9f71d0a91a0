package hook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"usher/internal/egress"
	"usher/internal/env"
	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/store"
)

// TypeHook is the name of inline hooks in errors about what does not exist.
const TypeHook = "InlineHook"

// PasswordImport asks whether a password is right that another system keeps.
// (spec: management InlineHookType)
const PasswordImport = "com.okta.user.credential.password.import"

// Types lists the types that the interface knows; PasswordImport alone is asked
// anywhere. (spec: management InlineHookType)
func Types() []string {
	return []string{
		PasswordImport, "com.okta.oauth2.tokens.transform", "com.okta.import.transform", "com.okta.saml.tokens.transform",
		"com.okta.user.pre-registration", "com.okta.telephony.provider",
	}
}

// SealedTable and SealedColumn are where secrets of hooks are stored.
const (
	SealedTable  = "inline_hooks"
	SealedColumn = "sealed"
)

// maxHooks bounds the hooks of an organisation.
const maxHooks = 50

const hookPrefix = "cal"

// Sealer encrypts the secret of a hook, bound to its row. keys.Column is one.
type Sealer interface {
	Seal(row string, plain []byte) string
	Open(row, sealed string) ([]byte, error)
}

// Service keeps and asks the hooks of all organisations. All members are
// required.
type Service struct {
	Store  *store.Store
	Log    *eventlog.Log
	IDs    env.IDs
	Clock  env.Clock
	Seal   Sealer // of SealedTable and SealedColumn
	Client *egress.Client
	// Targets judges the addresses of hooks.
	Targets egress.Config
	Timeout time.Duration // of a request; zero: the constant Timeout
}

// Header is a header that each request carries.
type Header struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// Channel is how a hook is asked, without the secret.
type Channel struct {
	URI     string   `json:"uri"`
	Headers []Header `json:"headers,omitempty"`
	// AuthKey names the header that carries the secret; empty for none.
	AuthKey string `json:"authKey,omitempty"`
}

// Hook is a hook with its channel.
type Hook struct {
	store.InlineHook
	Channel Channel
}

func hookOf(row *store.InlineHook) (*Hook, error) {
	h := &Hook{InlineHook: *row}
	if err := json.Unmarshal(row.Document, &h.Channel); err != nil {
		return nil, fmt.Errorf("inline hook %s: %w", row.ID, err)
	}
	return h, nil
}

// row names a hook to the sealer.
func (h *Hook) row() string { return h.OrgID + "/" + h.ID }

// List lists the hooks of a type, "" for all, by identifier.
// (spec: management#listInlineHooks)
func (s *Service) List(ctx context.Context, a idp.Actor, kind string) ([]*Hook, error) {
	rows, err := s.Store.Read(ctx).InlineHooks(a.OrgID())
	if err != nil {
		return nil, fmt.Errorf("list inline hooks: %w", err)
	}
	out := make([]*Hook, 0, len(rows))
	for _, row := range rows {
		if kind != "" && row.Type != kind {
			continue
		}
		h, err := hookOf(row)
		if err != nil {
			return nil, err
		}
		out = append(out, h)
	}
	return out, nil
}

// Get returns a hook, else KindNotFound. (spec: management#getInlineHook)
func (s *Service) Get(ctx context.Context, a idp.Actor, id string) (*Hook, error) {
	return find(s.Store.Read(ctx), a.OrgID(), id)
}

func find(tx *store.Tx, orgID, id string) (*Hook, error) {
	if len(id) != len(hookPrefix)+17 || id[:len(hookPrefix)] != hookPrefix {
		return nil, idp.NotFound(TypeHook, id)
	}
	row, err := tx.InlineHook(orgID, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, idp.NotFound(TypeHook, id)
	}
	if err != nil {
		return nil, fmt.Errorf("read inline hook: %w", err)
	}
	return hookOf(row)
}

// Create adds a hook, which is active. KindInvalid names the member at fault,
// KindUnsupported is for a type that is asked nowhere.
// (spec: management#createInlineHook)
func (s *Service) Create(ctx context.Context, a idp.Actor, in Input) (*Hook, error) {
	id := s.IDs.New(hookPrefix)
	var out *Hook
	err := s.Store.Tx(ctx, func(tx *store.Tx) error {
		h := &Hook{InlineHook: store.InlineHook{OrgID: a.OrgID(), ID: id, Type: in.Type, Active: true, Created: tx.Now()}}
		if err := in.checkType(); err != nil {
			return err
		}
		if err := s.take(tx, h, in, true); err != nil {
			return err
		}
		rows, err := tx.InlineHooks(a.OrgID())
		if err != nil {
			return err
		}
		if len(rows) >= maxHooks {
			return idp.Invalid("inlineHook", idp.Cause{Text: fmt.Sprintf("There are %d inline hooks already", maxHooks)})
		}
		if err := tx.InsertInlineHook(&h.InlineHook); err != nil {
			return err
		}
		out = h
		return s.record(tx, a, eventlog.InlineHookCreate, h)
	})
	return done(out, "create", err)
}

// Change gives a hook what somebody wants; with whole what is not named goes,
// else it stays. The secret stays where it is not given anew, unless the hook is
// asked at another place from now on. KindInvalid names the member at fault.
// (spec: management#updateInlineHook, management#replaceInlineHook)
func (s *Service) Change(ctx context.Context, a idp.Actor, id string, in Input, whole bool) (*Hook, error) {
	return s.change(ctx, a, id, eventlog.InlineHookUpdate, func(tx *store.Tx, h *Hook) (bool, error) {
		if in.Type != "" && in.Type != h.Type {
			return false, wrong("type", "The type of an inline hook cannot change")
		}
		return true, s.take(tx, h, in, whole)
	})
}

// SetActive lets a hook be asked or not. Setting what is set changes nothing.
// (spec: management#activateInlineHook, management#deactivateInlineHook)
func (s *Service) SetActive(ctx context.Context, a idp.Actor, id string, active bool) (*Hook, error) {
	event := eventlog.InlineHookActivate
	if !active {
		event = eventlog.InlineHookDeactivate
	}
	return s.change(ctx, a, id, event, func(tx *store.Tx, h *Hook) (bool, error) {
		changed := h.Active != active
		h.Active = active
		if changed {
			h.LastUpdated = tx.Now()
		}
		return changed, nil
	})
}

// change does a read-modify-write of a hook.
func (s *Service) change(ctx context.Context, a idp.Actor, id string, event idp.EventType, fn func(*store.Tx, *Hook) (bool, error)) (*Hook, error) {
	var out *Hook
	err := s.Store.Tx(ctx, func(tx *store.Tx) error {
		h, err := find(tx, a.OrgID(), id)
		if err != nil {
			return err
		}
		out = h
		changed, err := fn(tx, h)
		if err != nil || !changed {
			return err
		}
		if err := tx.UpdateInlineHook(&h.InlineHook); errors.Is(err, store.ErrStale) {
			return &idp.Error{Kind: idp.KindConflict, Object: TypeHook}
		} else if err != nil {
			return err
		}
		return s.record(tx, a, event, h)
	})
	return done(out, "change", err)
}

// Delete removes a hook that is not active, else KindInvalid.
// (spec: management#deleteInlineHook)
func (s *Service) Delete(ctx context.Context, a idp.Actor, id string) error {
	err := s.Store.Tx(ctx, func(tx *store.Tx) error {
		h, err := find(tx, a.OrgID(), id)
		if err != nil {
			return err
		}
		if h.Active {
			return idp.Invalid("inlineHook", idp.Cause{Text: "An active inline hook cannot be deleted."})
		}
		if err := tx.DeleteInlineHook(h.OrgID, h.ID); err != nil {
			return err
		}
		return s.record(tx, a, eventlog.InlineHookDelete, h)
	})
	_, err = done(nil, "delete", err)
	return err
}

// done names what failed.
func done(h *Hook, what string, err error) (*Hook, error) {
	switch {
	case err == nil:
		return h, nil
	case idp.KindOf(err) != 0:
		return nil, err
	}
	return nil, fmt.Errorf("%s inline hook: %w", what, err)
}

func (s *Service) record(tx *store.Tx, a idp.Actor, event idp.EventType, h *Hook) error {
	return s.Log.Record(tx, a, eventlog.Entry{Type: event, Targets: []idp.Target{h.target()}})
}

func (h *Hook) target() idp.Target {
	return idp.Target{ID: h.ID, Type: TypeHook, AlternateID: h.Type, DisplayName: h.Name}
}
