package signin

import (
	"encoding/base64"
	"fmt"
	"time"

	"usher/internal/idp"
	"usher/internal/keys"
	"usher/internal/policy"
	"usher/internal/store"
)

// deviceKept is how long a device is remembered where the policy sets no limit.
const deviceKept = 365 * 24 * time.Hour

// deviceKey is what stands for a device in the store: what it is known by could
// be presented by others.
func deviceKey(device string) string {
	return base64.RawURLEncoding.EncodeToString(keys.Hash(device))
}

// remember is what a sign-on rule allows to be said about the device.
func remember(s policy.SignOn) Remember {
	switch s.PromptMode {
	case policy.PromptDevice:
		return Remember{Allowed: true, Default: s.RememberByDefault}
	case policy.PromptSession:
		return Remember{Allowed: true, Life: s.FactorLifetime, Default: s.RememberByDefault}
	case policy.PromptAlways:
	}
	return Remember{}
}

// remembered tells whether the user has proved a further factor on this device
// so lately that the rule does not ask for one again. The rule of today decides,
// whatever the one of that time allowed.
func (e *Engine) remembered(tx *store.Tx, t *Transaction, u *idp.User, s policy.SignOn) (bool, error) {
	r := remember(s)
	if !r.Allowed || t.Device == "" {
		return false, nil
	}
	at, err := tx.DeviceProved(u.OrgID, u.ID, t.Device)
	if err != nil {
		return false, fmt.Errorf("read a device: %w", err)
	}
	return !at.IsZero() && (r.Life == 0 || tx.Now().Before(at.Add(r.Life))), nil
}

// rememberDevice keeps in mind that a factor was proved on this device, where the
// rule lets it.
func (r *run) rememberDevice(u *idp.User, s policy.SignOn) error {
	allowed := remember(s)
	if !allowed.Allowed || r.t.Device == "" {
		return nil
	}
	life := allowed.Life
	if life == 0 {
		life = deviceKept
	}
	if err := r.tx.RememberDevice(u.OrgID, u.ID, r.t.Device, r.tx.Now().Add(life)); err != nil {
		return fmt.Errorf("remember a device: %w", err)
	}
	// Whoever resets the user's factors, and with them the devices, writes the row.
	if err := r.tx.HoldUser(u.OrgID, u.ID); err != nil {
		return fmt.Errorf("hold a user: %w", err)
	}
	return nil
}
