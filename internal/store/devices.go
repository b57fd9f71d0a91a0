package store

import (
	"errors"
	"time"
)

// RememberDevice notes that a user has proved a further factor on a device now,
// and until when that may count.
func (tx *Tx) RememberDevice(orgID, userID, device string, expires time.Time) error {
	_, err := tx.exec(`INSERT INTO remembered_devices (org_id, user_id, device, proved, expires) VALUES ($1, $2, $3, $4, $5)
 ON CONFLICT (org_id, user_id, device) DO UPDATE SET proved = excluded.proved, expires = excluded.expires`,
		orgID, userID, device, ms(tx.now), ms(expires))
	return err
}

// DeviceProved is when a user last proved a further factor on a device, zero
// when that does not count any more.
func (tx *Tx) DeviceProved(orgID, userID, device string) (time.Time, error) {
	var proved int64
	err := tx.first(func(s scan) error { return s(&proved) },
		"SELECT proved FROM remembered_devices WHERE org_id = $1 AND user_id = $2 AND device = $3 AND expires > $4", orgID, userID, device, ms(tx.now))
	if errors.Is(err, ErrNotFound) {
		return time.Time{}, nil
	}
	return at(proved), err
}

// ForgetDevices forgets the devices of a user.
func (tx *Tx) ForgetDevices(orgID, userID string) error {
	_, err := tx.exec("DELETE FROM remembered_devices WHERE org_id = $1 AND user_id = $2", orgID, userID)
	return err
}
