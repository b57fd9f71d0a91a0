package factor

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"usher/internal/env"
	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/keys"
	"usher/internal/store"
)

// TypeYubiKey is the name of hardware tokens in errors about what does not exist.
const TypeYubiKey = "YubikeyToken"

// What a token is made of. (Yubico OTP: fields of a token's configuration)
const (
	modhex           = "cbdefghijklnrtuv"
	yubiPublicChars  = 12
	yubiPrivateBytes = 6
	yubiKeyBytes     = 16
	maxSerial        = 32
	// serialDigits is how many digits a serial number is shown with.
	// (spec: management, example UploadYubikeyTokenSeedResponse)
	serialDigits = 12
	// maxYubiKeys bounds the tokens of an organisation.
	maxYubiKeys = 20000
)

// YubiKeyStatus is whose a token is.
type YubiKeyStatus string

// The states. (spec: management UserFactorYubikeyOtpToken)
const (
	YubiKeyUnassigned YubiKeyStatus = "UNASSIGNED" // nobody's yet
	YubiKeyActive     YubiKeyStatus = "ACTIVE"     // proves its user
	YubiKeyRevoked    YubiKeyStatus = "REVOKED"    // was somebody's, and proves nobody
)

// YubiKey is a hardware token as administrators see it.
type YubiKey struct {
	ID, Serial, PublicID string
	Status               YubiKeyStatus
	// UserID is whose it is or was, FactorID the factor of one that is active.
	UserID, FactorID     string
	Created, LastUpdated time.Time
	Activated            time.Time // of one that is active
	LastVerified         time.Time // zero before the first proof
}

// YubiKeySeed is what an administrator knows of a token that is handed out.
// (spec: management-extra#uploadYubikeyOtpTokenSeed)
type YubiKeySeed struct {
	Serial  string
	Public  string // 12 characters of modhex
	Private string // 6 bytes of hex
	Key     string // 16 bytes of hex
}

// YubiKeys administers hardware tokens. All members are required.
type YubiKeys struct {
	Store *store.Store
	IDs   env.IDs
	Vault Vault
	Log   *eventlog.Log
}

// Modhex reads a token's own alphabet, false for what is not in it.
func Modhex(text string) ([]byte, bool) {
	var b strings.Builder
	for _, c := range strings.ToLower(text) {
		i := strings.IndexRune(modhex, c)
		if i < 0 {
			return nil, false
		}
		b.WriteByte("0123456789abcdef"[i])
	}
	out, err := hex.DecodeString(b.String())
	return out, err == nil
}

func yubiPlace(k *store.YubiKey) keys.Place {
	return keys.Place{Table: "yubikeys", Column: "sealed", Row: k.OrgID + "/" + k.ID}
}

// Upload makes a token known. KindInvalid names the member that cannot be.
func (s *YubiKeys) Upload(ctx context.Context, a idp.Actor, in YubiKeySeed) (YubiKey, error) {
	wrong := func(field string) error { return idp.Invalid(field, idp.Cause{Field: field, Text: "is not valid"}) }
	private, err := hex.DecodeString(in.Private)
	if err != nil || len(private) != yubiPrivateBytes {
		return YubiKey{}, wrong("privateId")
	}
	key, err := hex.DecodeString(in.Key)
	if err != nil || len(key) != yubiKeyBytes {
		return YubiKey{}, wrong("aesKey")
	}
	if _, ok := Modhex(in.Public); !ok || len(in.Public) != yubiPublicChars {
		return YubiKey{}, wrong("publicId")
	}
	if in.Serial == "" || len(in.Serial) > maxSerial {
		return YubiKey{}, wrong("serialNumber")
	}
	k := &store.YubiKey{OrgID: a.OrgID(), ID: s.IDs.New("ykk"), PublicID: strings.ToLower(in.Public), Serial: padded(in.Serial)}
	k.Sealed = s.Vault.Keeper.Seal(yubiPlace(k), append(private, key...))
	err = s.Store.Tx(ctx, func(tx *store.Tx) error {
		n, err := tx.CountYubiKeys(a.OrgID())
		if err != nil {
			return err
		}
		if n >= maxYubiKeys {
			return idp.Invalid("token", idp.Cause{Text: fmt.Sprintf("There are %d tokens already", maxYubiKeys)})
		}
		k.Created, k.LastUpdated = tx.Now(), tx.Now()
		if err := tx.InsertYubiKey(k); err != nil {
			return err
		}
		return s.record(tx, a, k)
	})
	var exists *store.ExistsError
	if errors.As(err, &exists) {
		return YubiKey{}, wrong("publicId")
	}
	if idp.KindOf(err) != 0 {
		return YubiKey{}, err
	}
	if err != nil {
		return YubiKey{}, fmt.Errorf("keep a token: %w", err)
	}
	return yubiKeyOf(k), nil
}

// padded is how a serial number is shown: a short number with zeros before it.
func padded(serial string) string {
	if len(serial) < serialDigits && strings.Trim(serial, "0123456789") == "" {
		return strings.Repeat("0", serialDigits-len(serial)) + serial
	}
	return serial
}

func (s *YubiKeys) record(tx *store.Tx, a idp.Actor, k *store.YubiKey) error {
	return s.Log.Record(tx, a, eventlog.Entry{Type: eventlog.AuthenticatorUpdate, Targets: []idp.Target{
		{ID: k.ID, Type: TypeYubiKey, AlternateID: "unknown", DisplayName: k.Serial},
	}})
}

// List returns all tokens of the organisation in the order of their upload.
// (spec: management-extra#listYubikeyOtpTokens)
func (s *YubiKeys) List(ctx context.Context, a idp.Actor) ([]YubiKey, error) {
	rows, err := s.Store.Read(ctx).YubiKeys(a.OrgID(), maxYubiKeys)
	if err != nil {
		return nil, fmt.Errorf("list tokens: %w", err)
	}
	out := make([]YubiKey, len(rows))
	for i, k := range rows {
		out[i] = yubiKeyOf(k)
	}
	return out, nil
}

// Delete forgets a token that is nobody's, or no longer anybody's: it can be
// uploaded anew and is free then. KindInvalid for one that is in use.
// (spec: management-extra#deleteYubikeyOtpToken)
func (s *YubiKeys) Delete(ctx context.Context, a idp.Actor, id string) error {
	err := s.Store.Tx(ctx, func(tx *store.Tx) error {
		k, err := tx.YubiKey(a.OrgID(), id)
		if errors.Is(err, store.ErrNotFound) {
			return idp.NotFound(TypeYubiKey, id)
		}
		if err != nil {
			return err
		}
		if yubiKeyOf(k).Status == YubiKeyActive {
			return idp.Invalid("tokenId", idp.Cause{Field: "tokenId", Text: "Take the factor away from its user first"})
		}
		if err := tx.DeleteYubiKey(a.OrgID(), id); err != nil {
			return err
		}
		return s.record(tx, a, k)
	})
	if err != nil && idp.KindOf(err) == 0 {
		return fmt.Errorf("forget a token: %w", err)
	}
	return err
}

// Get returns a token, else KindNotFound.
// (spec: management-extra#getYubikeyOtpTokenById)
func (s *YubiKeys) Get(ctx context.Context, a idp.Actor, id string) (YubiKey, error) {
	k, err := s.Store.Read(ctx).YubiKey(a.OrgID(), id)
	if errors.Is(err, store.ErrNotFound) {
		return YubiKey{}, idp.NotFound(TypeYubiKey, id)
	}
	if err != nil {
		return YubiKey{}, fmt.Errorf("read a token: %w", err)
	}
	return yubiKeyOf(k), nil
}

func yubiKeyOf(k *store.YubiKey) YubiKey {
	out := YubiKey{
		ID: k.ID, Serial: k.Serial, PublicID: k.PublicID, Status: YubiKeyUnassigned, UserID: k.UserID,
		Created: k.Created, LastUpdated: k.LastUpdated, LastVerified: k.LastVerified,
	}
	var shown struct {
		Serial string `json:"credentialId"`
	}
	switch {
	case k.UserID == "":
	case k.FactorID != "" && json.Unmarshal(k.Factor, &shown) == nil && shown.Serial == k.Serial:
		out.Status, out.FactorID, out.Activated = YubiKeyActive, k.FactorID, k.Enrolled
	default:
		out.Status = YubiKeyRevoked
	}
	return out
}

// YubiSecrets finds the token whose passwords begin so, with its private
// identifier and its AES key; nil for none.
func (v Vault) YubiSecrets(tx *store.Tx, orgID, publicID string) (k *store.YubiKey, private, key []byte, err error) {
	k, err = tx.YubiKeyByPublicID(orgID, publicID)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil, nil, nil
	}
	if err != nil {
		return nil, nil, nil, fmt.Errorf("read a token: %w", err)
	}
	secret, err := v.Keeper.Open(yubiPlace(k), k.Sealed)
	if err != nil || len(secret) != yubiPrivateBytes+yubiKeyBytes {
		return nil, nil, nil, fmt.Errorf("token %s: %w", k.ID, errors.Join(err, keys.ErrSealed))
	}
	return k, secret[:yubiPrivateBytes], secret[yubiPrivateBytes:], nil
}
