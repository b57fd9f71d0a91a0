package oauth

import (
	"context"
	"strings"
	"time"

	"usher/internal/env"
	"usher/internal/idp"
	"usher/internal/keys"
	"usher/internal/store"
)

// deviceDocument is what a device code stands for. (RFC 8628)
type deviceDocument struct {
	Proof
	ServerID string    `json:"server,omitempty"`
	Ends     time.Time `json:"ends"`
	Answer   string    `json:"answer,omitempty"` // "", deviceAllowed or deviceDenied
	polling
}

const (
	deviceAllowed = "allowed"
	deviceDenied  = "denied"
)

// Bounds of the device flow. User codes have no vowels, so that they spell
// nothing, and are good for few guesses of a user who is signed in.
const (
	deviceLife     = 10 * time.Minute
	deviceAfter    = time.Hour // for how long an old code is told to be too old
	userCodeLength = 8
	userCodeText   = "BCDFGHJKLMNPQRSTVWXZ"
	maxCodeGuesses = 5
)

// DeviceStart is what a device shows and polls with. (RFC 8628 section 3.2)
type DeviceStart struct {
	DeviceCode, UserCode string
	Expires, Interval    time.Duration
}

// StartDevice begins a sign-in on a device. (RFC 8628 section 3.1)
func (p *Provider) StartDevice(ctx context.Context, a idp.Actor, in TokenRequestInput) (*DeviceStart, error) {
	s, client, err := p.clientCall(ctx, a, in, "device/authorize")
	if err != nil {
		return nil, err
	}
	if !client.Grants(GrantDevice) {
		return nil, notConfigured(client)
	}
	scopes, err := p.scopes(ctx, s, client, in.Params)
	if err != nil {
		return nil, err
	}
	out := &DeviceStart{Expires: deviceLife, Interval: pollInterval}
	err = p.Store.Write(ctx, func(tx *store.Tx) error {
		out.UserCode = env.Text(p.Rand, userCodeText, userCodeLength)
		doc := deviceDocument{
			Proof: Proof{Scopes: scopes, Grant: GrantDevice}, ServerID: s.ID, Ends: tx.Now().Add(deviceLife), polling: polling{Interval: pollInterval},
		}
		var err error
		if out.DeviceCode, err = p.newTicket(tx, a.OrgID(), ticketDevice, "", client.ID, "", deviceAfter, doc); err != nil {
			return err
		}
		// The user code leads to the device code by its hash alone: it is sealed.
		sealed := p.Keeper.Seal(devicePlace(a.OrgID()), []byte(out.DeviceCode))
		return putTicket(tx, a.OrgID(), ticketUser, userCodeKey(out.UserCode), client.ID, "", deviceLife, sealed)
	})
	return out, err
}

// userCodeKey is how a user code is looked up, however it was typed.
func userCodeKey(text string) string {
	return "user code " + strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			r -= 'a' - 'A'
		}
		if !strings.ContainsRune(userCodeText, r) {
			return -1
		}
		return r
	}, text)
}

// DeviceAsk is a device that waits for its user.
type DeviceAsk struct {
	UserCode string
	Client   *Client
	Scopes   []*Scope
}

// FindDevice tells which device waits for a user code. InvalidGrant for a code
// that is unknown or over; after few wrong ones in a row the user has to wait.
func (p *Provider) FindDevice(ctx context.Context, a idp.Actor, userCode string, v *idp.Session) (*DeviceAsk, error) {
	var d deviceDocument
	var t *store.OAuthTicket
	var refused error
	err := p.Store.Tx(ctx, func(tx *store.Tx) (err error) {
		t, refused, err = p.waiting(tx, a, userCode, v.UserID, &d)
		return err
	})
	if err == nil {
		err = refused
	}
	if err != nil {
		return nil, err
	}
	out := &DeviceAsk{UserCode: userCode}
	if out.Client, err = p.client(ctx, a, t.ClientID); err != nil {
		return nil, err
	}
	s, err := p.serving(ctx, a, d.ServerID)
	if err != nil {
		return nil, err
	}
	for _, name := range d.Scopes {
		if scope := s.Scope(name); scope != nil {
			out.Scopes = append(out.Scopes, scope)
		}
	}
	return out, nil
}

// AnswerDevice keeps whether the user of a session lets a device in. The device
// learns of it when it polls. InvalidGrant for a code that is over.
func (p *Provider) AnswerDevice(ctx context.Context, a idp.Actor, userCode string, v *idp.Session, allow bool) error {
	var refused error
	err := p.Store.Tx(ctx, func(tx *store.Tx) error {
		var d deviceDocument
		var t *store.OAuthTicket
		var err error
		if t, refused, err = p.waiting(tx, a, userCode, v.UserID, &d); err != nil || refused != nil {
			return err
		}
		d.Answer = deviceDenied
		if allow {
			d.Answer, d.AuthTime, d.AMR, d.SessionID = deviceAllowed, authTime(v), v.AMR, v.ID
			t.UserID = v.UserID
		}
		if err := rewriteTicket(tx, t, d); err != nil {
			return err
		}
		_, err = takeTicket(tx, a.OrgID(), ticketUser, userCodeKey(userCode), new(string))
		return err
	})
	if err == nil {
		err = refused
	}
	return err
}

// waiting reads the device that waits for a user code. A code that is unknown or
// over is refused and counts as a guess of the user; after few in a row no code
// is looked at, whether it is asked about or answered (KindTooManyRequests).
func (p *Provider) waiting(tx *store.Tx, a idp.Actor, userCode, userID string, d *deviceDocument) (t *store.OAuthTicket, refused, err error) {
	g, err := p.guesses(tx, a, userID)
	if err != nil {
		return nil, nil, err
	}
	if g.Count >= maxCodeGuesses {
		return nil, nil, idp.Fail(idp.KindTooManyRequests)
	}
	if t, err = p.deviceOf(tx, a, userCode, d); err != nil || t != nil {
		return t, nil, err
	}
	return nil, fault(InvalidGrant, "That code is not known, or it is too old."), g.up(tx)
}

// devicePlace binds what a user code leads to to its organisation.
func devicePlace(orgID string) keys.Place {
	return keys.Place{Table: "oauth_tickets", Column: "device", Row: orgID}
}

// deviceOf reads the device that waits for a user code; nil for none.
func (p *Provider) deviceOf(tx *store.Tx, a idp.Actor, userCode string, d *deviceDocument) (*store.OAuthTicket, error) {
	var sealed string
	u, err := readTicket(tx, a.OrgID(), ticketUser, userCodeKey(userCode), &sealed)
	if err != nil || u == nil || !u.Used.IsZero() {
		return nil, err
	}
	code, err := p.Keeper.Open(devicePlace(a.OrgID()), sealed)
	if err != nil {
		return nil, err
	}
	t, err := readTicket(tx, a.OrgID(), ticketDevice, string(code), d)
	if err != nil || t == nil || !t.Used.IsZero() || d.Answer != "" || !tx.Now().Before(d.Ends) {
		return nil, err
	}
	return t, nil
}

func guessKey(userID string) string { return "guesses of " + userID }

// guesses counts the wrong user codes that a user has given.
func (p *Provider) guesses(tx *store.Tx, a idp.Actor, userID string) (*tally, error) {
	return readTally(tx, a.OrgID(), guessKey(userID), userID, deviceLife)
}
