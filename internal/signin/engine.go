package signin

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"usher/internal/credential"
	why "usher/internal/decision"
	"usher/internal/directory"
	"usher/internal/env"
	"usher/internal/eventlog"
	"usher/internal/factor"
	"usher/internal/idp"
	"usher/internal/keys"
	"usher/internal/policy"
	"usher/internal/session"
	"usher/internal/store"
)

// Engine drives transactions. All members are required. It keeps no state and
// is safe for concurrent use.
type Engine struct {
	Store       *store.Store
	Log         *eventlog.Log
	Clock       env.Clock
	Rand        env.Rand
	Keeper      *keys.Keeper
	Credentials *credential.Service
	Directory   *directory.Service
	Factors     *factor.Service
	Ceremonies  *factor.Ceremonies
	Policies    *policy.Service
	Sessions    *session.Service
	// Decisions keeps why requests came out as they did.
	Decisions *why.Log
}

// Options are the choices of Begin.
type Options struct {
	// Prefix begins the handle, so that a protocol knows its own. That of a
	// carried handle ends with a dot.
	Prefix string
	// Carried makes a handle that carries the beginning in itself, so that it
	// can be presented before anything is stored: a page that only shows a form
	// leaves no row behind.
	Carried bool
	Intent  Intent        // IntentSignIn when empty
	Finish  Finish        // FinishBrowser when empty
	Life    time.Duration // between two requests; the organisation's when zero
	// Login is offered as the name to sign in with.
	Login string
	// Levels are asked for beyond the policies: one of them has to be reached.
	Levels []Level
	// Session is the one that the browser has, nil for none: what comes of the
	// transaction takes its place.
	Session *idp.Session
	// Warn asks to be told when the password will expire soon.
	Warn bool
	// Optional asks to be offered what may be enrolled after what must.
	Optional bool
	// Device is what the user's device is known by, empty when it is not: a token
	// that an application vouches for, or a cookie's.
	Device     string
	RelayState string
	Return     string
	Notes      map[string]string
}

// Bounds on handles and on what a beginning may carry.
const (
	handleBytes = 32
	maxHandle   = 8192
	// MaxText bounds logins, relay states and addresses, in bytes.
	MaxText = 2048
)

// Begin makes a transaction in memory. Nothing is stored until Apply has done
// something with it.
func (e *Engine) Begin(_ context.Context, a idp.Actor, o Options) *Transaction {
	return e.begin(a, o, func(*Transaction) {})
}

// begin is Begin for one that fill may add to before its handle is made.
func (e *Engine) begin(a idp.Actor, o Options, fill func(*Transaction)) *Transaction {
	now := e.Clock.Now()
	t := &Transaction{
		Begun: now, Life: o.Life, Carried: o.Carried, Intent: o.Intent, Finish: o.Finish,
		Login: o.Login, Warn: o.Warn, Optional: o.Optional, RelayState: o.RelayState, Return: o.Return, Notes: o.Notes,
		Levels: o.Levels,
	}
	if o.Session != nil {
		t.Session, t.SessionUser = o.Session.ID, o.Session.UserID
	}
	if o.Device != "" {
		t.Device = deviceKey(o.Device)
	}
	if t.Life <= 0 {
		t.Life = a.Org.Settings.TransactionLife
	}
	if t.Life <= 0 {
		t.Life = idp.DefaultTransactionLife
	}
	if t.Intent == "" {
		t.Intent = IntentSignIn
	}
	if t.Finish == "" {
		t.Finish = FinishBrowser
	}
	fill(t)
	t.slide(now)
	t.Handle = env.Secret(e.Rand, o.Prefix, handleBytes)
	if o.Carried {
		t.Handle = e.carry(a, o.Prefix, t)
	}
	return t
}

// carriage is what a carried handle holds. The secret makes two beginnings at
// one instant differ beyond the nonce.
type carriage struct {
	Expires time.Time    `json:"expires"`
	Secret  string       `json:"secret"`
	Begin   *Transaction `json:"begin"`
}

// place binds a carried handle to its organisation and prefix.
func place(a idp.Actor, prefix string) keys.Place {
	return keys.Place{Table: "transactions", Column: "handle " + prefix, Row: a.OrgID()}
}

func (e *Engine) carry(a idp.Actor, prefix string, t *Transaction) string {
	text, err := json.Marshal(carriage{Expires: t.Expires, Secret: env.Secret(e.Rand, "", handleBytes), Begin: t})
	if err != nil {
		// Every member is a plain value: this cannot fail.
		panic("signin: " + err.Error())
	}
	return prefix + e.Keeper.Seal(place(a, prefix), text)
}

// open reads a carried handle, else KindBadToken: prefix, then the sealed text
// with one dot of its own.
func (e *Engine) open(a idp.Actor, handle string) (*Transaction, error) {
	cut := max(strings.LastIndexByte(handle, '.'), 0)
	cut = strings.LastIndexByte(handle[:cut], '.') + 1
	prefix, sealed := handle[:cut], handle[cut:]
	plain, err := e.Keeper.Open(place(a, prefix), sealed)
	if err != nil || !canonical(sealed) {
		return nil, idp.Fail(idp.KindBadToken)
	}
	var c carriage
	if err := json.Unmarshal(plain, &c); err != nil || c.Begin == nil || !e.Clock.Now().Before(c.Expires) {
		return nil, idp.Fail(idp.KindBadToken)
	}
	c.Begin.Handle, c.Begin.Expires = handle, c.Expires
	return c.Begin, nil
}

// canonical tells whether a sealed text is written as Seal writes it. Base64 can
// be written in several ways, and each would be a handle of its own.
func canonical(sealed string) bool {
	_, text, _ := strings.Cut(sealed, ".")
	raw, err := base64.RawURLEncoding.DecodeString(text)
	return err == nil && base64.RawURLEncoding.EncodeToString(raw) == text
}

// Load returns the transaction that a handle stands for, as it is stored now.
// It fails with KindBadToken for a handle that is unknown, expired or ended.
func (e *Engine) Load(ctx context.Context, a idp.Actor, handle string) (*Transaction, error) {
	if handle == "" || len(handle) > maxHandle {
		return nil, idp.Fail(idp.KindBadToken)
	}
	row, err := e.Store.Read(ctx).Transaction(a.OrgID(), keys.Hash(handle))
	if errors.Is(err, store.ErrNotFound) {
		return e.open(a, handle)
	}
	if err != nil {
		return nil, fmt.Errorf("load transaction: %w", err)
	}
	t := new(Transaction)
	if err := json.Unmarshal(row.Document, t); err != nil {
		return nil, fmt.Errorf("read transaction: %w", err)
	}
	if t.Ended {
		return nil, idp.Fail(idp.KindBadToken)
	}
	if t.Return != "" {
		address, err := e.Keeper.Open(returnPlace(a, row.Hash), t.Return)
		if err != nil {
			return nil, fmt.Errorf("read transaction: %w", err)
		}
		t.Return = string(address)
	}
	t.Handle, t.Version, t.Expires = handle, row.Version, row.Expires
	return t, nil
}

// returnPlace binds a stored address of return to its transaction. It is sealed,
// for it may hold what picks up a request that waits.
func returnPlace(a idp.Actor, hash []byte) keys.Place {
	return keys.Place{Table: "transactions", Column: "return", Row: a.OrgID() + " " + base64.RawURLEncoding.EncodeToString(hash)}
}

// save stores the transaction, whose expiry slides. Another request that came
// first makes it fail with KindConflict.
func (e *Engine) save(tx *store.Tx, a idp.Actor, t *Transaction) error {
	t.slide(tx.Now())
	hash, stored := keys.Hash(t.Handle), *t
	if t.Return != "" {
		stored.Return = e.Keeper.Seal(returnPlace(a, hash), []byte(t.Return))
	}
	doc, err := json.Marshal(&stored)
	if err != nil {
		return fmt.Errorf("write transaction: %w", err)
	}
	row := &store.Transaction{
		OrgID: a.OrgID(), Hash: hash, UserID: t.UserID, Expires: t.Expires, Document: doc, Version: t.Version,
	}
	if err := conflict(tx.SaveTransaction(row)); err != nil {
		return err
	}
	t.Version = row.Version
	return nil
}

// end removes the transaction. Of a carried one something stays until the
// handle would have expired by itself.
func (e *Engine) end(tx *store.Tx, a idp.Actor, t *Transaction) error {
	if t.Carried {
		*t = Transaction{
			Handle: t.Handle, Version: t.Version, Begun: t.Begun, Life: MaxAge, Carried: true, Ended: true, Intent: t.Intent, Finish: t.Finish,
		}
		return e.save(tx, a, t)
	}
	t.Ended = true
	if t.Version == 0 {
		return nil
	}
	return conflict(tx.EndTransaction(&store.Transaction{OrgID: a.OrgID(), Hash: keys.Hash(t.Handle), Version: t.Version}))
}

// conflict maps a change that came first to KindConflict.
func conflict(err error) error {
	if errors.Is(err, store.ErrStale) || store.Exists(err, "transactions.hash") {
		return &idp.Error{Kind: idp.KindConflict, Object: "transaction"}
	}
	return err
}

// Cancel ends the transaction. One that is not stored leaves nothing behind.
func (e *Engine) Cancel(ctx context.Context, a idp.Actor, t *Transaction) error {
	if t.Version == 0 && !t.Carried {
		return nil
	}
	return conflict(e.Store.Tx(ctx, func(tx *store.Tx) error { return e.end(tx, a, t.clone()) }))
}

// Renew lets a stored transaction live on from now, as every use of it does. It
// writes only when that wins a tenth of its life.
func (e *Engine) Renew(ctx context.Context, a idp.Actor, t *Transaction) error {
	after := t.clone()
	after.slide(e.Clock.Now())
	if t.Version == 0 || after.Expires.Sub(t.Expires) < t.Life/10 {
		return nil
	}
	err := e.Store.Write(ctx, func(tx *store.Tx) error {
		after = t.clone()
		return e.save(tx, a, after)
	})
	if idp.KindOf(err) == idp.KindConflict {
		return nil // another use of it has done the same
	}
	if err == nil {
		*t = *after
	}
	return err
}

// Note keeps a word of the protocol with the transaction. One that is not
// stored yet keeps it in memory, until Apply stores it; so does one that another
// request has just changed, since a note decides nothing.
func (e *Engine) Note(ctx context.Context, a idp.Actor, t *Transaction, name, value string) error {
	if t.Notes[name] == value {
		return nil
	}
	noted := t.clone()
	if noted.Notes == nil {
		noted.Notes = map[string]string{}
	}
	noted.Notes[name] = value
	if t.Version > 0 {
		err := e.Store.Write(ctx, func(tx *store.Tx) error {
			again := noted.clone()
			if err := e.save(tx, a, again); err != nil {
				return err
			}
			noted = again
			return nil
		})
		if err != nil && idp.KindOf(err) != idp.KindConflict {
			return err
		}
	}
	*t = *noted
	return nil
}
