package policy

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/store"
)

// Names of types in errors about what does not exist. (management reference:
// error object)
const (
	TypePolicy = "Policy"
	TypeRule   = "PolicyRule"
	TypeZone   = "NetworkZone"
	TypeOrigin = "TrustedOrigin"
)

// Beginnings of identifiers. (management reference: formats)
const (
	zonePrefix   = "nzo"
	originPrefix = "tos"
)

// Bounds on what an organisation keeps.
const (
	maxPolicies    = 500 // of a type
	maxRules       = 500 // of a policy
	maxAccessRules = catchAllPriority
	maxName        = 50 // characters (management reference: policies, policy object)
	maxAccessName  = 255
	maxDescription = 1024
)

// tx runs fn in a serializable transaction and names what failed.
func (s *Service) tx(ctx context.Context, what string, fn func(*store.Tx) error) error {
	defer s.Forget()
	return store.Failure(what, s.Store.Tx(ctx, fn))
}

// checkName tells what is wrong with the name of something.
func checkName(name string, most int) error {
	switch {
	case strings.TrimSpace(name) == "":
		return idp.Invalid("name", idp.Cause{Field: "name", Text: textBlank})
	case utf8.RuneCountInString(name) > most:
		return idp.Invalid("name", idp.Cause{Field: "name", Text: textTooLong})
	}
	return nil
}

// taken is the answer to a value that another object has already.
func taken(field string) error {
	return idp.Invalid(field, idp.Cause{Field: field, Text: "An object with this field already exists in the current organization"})
}

// readOnly is the answer to a change of a member that does not change.
func readOnly(member string) error { return &idp.Error{Kind: idp.KindReadOnly, Object: member} }

// record writes an event.
func (s *Service) record(tx *store.Tx, a idp.Actor, event idp.EventType, targets ...idp.Target) error {
	return s.Log.Record(tx, a, eventlog.Entry{Type: event, Targets: targets})
}

func (p *Policy) target() idp.Target {
	return idp.Target{ID: p.ID, Type: "PolicyEntity", AlternateID: "unknown", DisplayName: p.Name}
}

func (r *Rule) target() idp.Target {
	return idp.Target{ID: r.ID, Type: "PolicyRule", AlternateID: "unknown", DisplayName: r.Name}
}

// checkConditions finds what is wrong with conditions, also that what they name
// does not exist. What they named before may have gone: it goes on matching
// nobody. It fails with KindInvalid on "conditions".
func checkConditions(tx *store.Tx, org *idp.Org, c, before *Conditions) error {
	if causes := c.check(); len(causes) > 0 {
		return idp.Invalid("conditions", causes...)
	}
	named := map[string]bool{}
	for _, l := range before.selected() {
		for _, id := range l.ids {
			named[id] = true
		}
	}
	for _, l := range c.selected() {
		for _, id := range l.ids {
			if named[id] {
				continue
			}
			known, err := exists(tx, org, l.kind, id)
			if err != nil {
				return fmt.Errorf("look %s %s up: %w", l.kind, id, err)
			}
			if !known {
				return idp.Invalid("conditions", idp.Cause{Field: l.field, Text: "there is no " + l.kind + " '" + bounded(id) + "'"})
			}
		}
	}
	return nil
}

// bounded cuts what a caller gave to what an answer may repeat.
func bounded(s string) string {
	const most = 64
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "..."
	}
	return s
}

func exists(tx *store.Tx, org *idp.Org, kind, id string) (bool, error) {
	if kind == kindZone && id == AllZones || kind == kindGroup && id == org.Settings.EveryoneID {
		return true, nil
	}
	if !idp.PlainID(id) {
		return false, nil
	}
	var err error
	switch kind {
	case kindUser:
		_, err = tx.User(org.ID, id)
	case kindGroup:
		_, err = tx.Group(org.ID, id)
	case kindZone:
		_, err = tx.Zone(org.ID, id)
	}
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}
