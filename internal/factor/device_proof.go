package factor

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"usher/internal/env"
	"usher/internal/idp"
	"usher/internal/keys"
	"usher/internal/store"
)

// DevicePath is where phones speak to the server, and the end of the audience of
// what they sign. (docs/device-protocol.md)
const DevicePath = "/device/v1"

// Bounds of what phones say, in bytes.
const (
	maxStatement  = 8 << 10
	maxDeviceText = 255
	maxPushToken  = 4096
)

// nonceLife is how long a phone may take to use a nonce, nonceBytes how much
// chance one holds.
const (
	nonceLife  = 5 * time.Minute
	nonceBytes = 16
)

// What phones do, as their statements name it.
const (
	deviceEnrolls = "enroll"
	deviceAsks    = "requests"
	deviceAnswers = "answer"
	deviceLeaves  = "remove"
)

// statement is what a phone signs.
type statement struct {
	Audience string `json:"aud"`
	Nonce    string `json:"nonce"`
	Action   string `json:"act"`

	Token string `json:"token"` // of an enrolment
	Device

	Challenge string `json:"challenge"` // of an answer
	Decision  string `json:"decision"`  // approve or deny
	Number    *int   `json:"number"`
}

// The decisions of an answer.
const (
	decisionApprove = "approve"
	decisionDeny    = "deny"
)

// algorithms are the ones that phones sign with. (RFC 7518, RFC 8037)
func deviceAlgorithms() []jose.SignatureAlgorithm {
	return []jose.SignatureAlgorithm{jose.ES256, jose.EdDSA}
}

// untrusted is the answer to a statement that proves nothing, whatever is wrong.
func untrusted() error { return idp.Fail(idp.KindUnauthenticated) }

func noncePlace(orgID string) keys.Place {
	return keys.Place{Table: "devices", Column: "nonce", Row: orgID}
}

// Nonce gives a text that the next statement of a phone must hold, and until
// when. Nothing is stored until it is used.
func (d *Devices) Nonce(a idp.Actor) (string, time.Time) {
	until := d.Clock.Now().Add(nonceLife).Truncate(time.Second)
	plain := strconv.FormatInt(until.Unix(), 10) + " " + env.Secret(d.Rand, "", nonceBytes)
	return d.Vault.Keeper.Seal(noncePlace(a.OrgID()), []byte(plain)), until
}

// spend uses a nonce up: once, and in time, else KindUnauthenticated.
func (d *Devices) spend(tx *store.Tx, a idp.Actor, nonce string) error {
	plain, err := d.Vault.Keeper.Open(noncePlace(a.OrgID()), nonce)
	if err != nil {
		return untrusted()
	}
	text, _, _ := strings.Cut(string(plain), " ")
	seconds, err := strconv.ParseInt(text, 10, 64)
	until := time.Unix(seconds, 0)
	if err != nil || !tx.Now().Before(until) {
		return untrusted()
	}
	fresh, err := tx.Spend(a.OrgID(), keys.Hash("device nonce "+string(plain)), until)
	if err != nil {
		return fmt.Errorf("use a nonce: %w", err)
	}
	if !fresh {
		return untrusted()
	}
	return nil
}

// read parses a statement without believing it: its signature is looked at once
// the key is known.
func (d *Devices) read(text string) (*jose.JSONWebSignature, error) {
	if len(text) > maxStatement {
		return nil, untrusted()
	}
	jws, err := jose.ParseSignedCompact(text, deviceAlgorithms())
	if err != nil {
		return nil, untrusted()
	}
	return jws, nil
}

// believe checks a signature and returns what was signed for this organisation
// and action.
func (d *Devices) believe(a idp.Actor, jws *jose.JSONWebSignature, key jose.JSONWebKey, action string) (*statement, error) {
	payload, err := jws.Verify(key)
	if err != nil {
		return nil, untrusted()
	}
	var s statement
	if err := json.Unmarshal(payload, &s); err != nil || s.Audience != a.Org.BaseURL+DevicePath || s.Action != action {
		return nil, untrusted()
	}
	return &s, nil
}

// deviceKey returns the key that a phone presents with its enrolment: a public
// one that no other use or algorithm is claimed for.
func deviceKey(jws *jose.JSONWebSignature) (jose.JSONWebKey, error) {
	key := jws.Signatures[0].Protected.JSONWebKey
	if key == nil || !key.Valid() || !key.IsPublic() {
		return jose.JSONWebKey{}, untrusted()
	}
	switch k := key.Key.(type) {
	case *ecdsa.PublicKey:
		if k.Curve != elliptic.P256() {
			return jose.JSONWebKey{}, untrusted()
		}
	case ed25519.PublicKey:
	default:
		return jose.JSONWebKey{}, untrusted()
	}
	return jose.JSONWebKey{Key: key.Key}, nil
}

// check holds what a phone says about itself to its bounds: KindInvalid.
func (d *Device) check() error {
	for name, text := range map[string]string{"name": d.Name, "platform": d.Platform, "deviceType": d.Type, "version": d.Version} {
		if text == "" {
			return idp.Invalid(name, idp.Cause{Field: name, Text: "The field cannot be left blank"})
		}
		if len(text) > maxDeviceText {
			return idp.Invalid(name, idp.Cause{Field: name, Text: "The field is too long"})
		}
	}
	if len(d.PushToken) > maxPushToken {
		return idp.Invalid("pushToken", idp.Cause{Field: "pushToken", Text: "The field is too long"})
	}
	switch d.PushService {
	case "", "apns", "fcm":
		return nil
	}
	return idp.Invalid("pushService", idp.Cause{Field: "pushService", Text: "must be apns or fcm"})
}

// deviceName is how a phone names itself in what it signs: its user and its
// enrolment.
func deviceName(f *store.Factor) string { return f.UserID + "." + f.ID }

// known returns the enrolment of the phone that signed something, else
// KindUnauthenticated.
func (d *Devices) known(tx *store.Tx, a idp.Actor, jws *jose.JSONWebSignature) (*store.Factor, error) {
	userID, id, ok := strings.Cut(jws.Signatures[0].Protected.KeyID, ".")
	if !ok {
		return nil, untrusted()
	}
	if err := tx.Foresee(a.OrgID(), store.Foreseen{UserID: userID, Factors: true}); err != nil {
		return nil, fmt.Errorf("read a device: %w", err)
	}
	f, err := tx.Factor(a.OrgID(), userID, id)
	if errors.Is(err, store.ErrNotFound) || (err == nil && (f.Type != TypePush || f.Status != StatusActive)) {
		return nil, untrusted()
	}
	if err != nil {
		return nil, fmt.Errorf("read a device: %w", err)
	}
	return f, nil
}
