package factor

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"usher/internal/env"
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
)

// YubiKey is a hardware token as administrators see it.
type YubiKey struct {
	ID, Serial, PublicID string
	Assigned             bool
	Created, LastUpdated time.Time
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
	k := &store.YubiKey{OrgID: a.OrgID(), ID: s.IDs.New("ykk"), PublicID: strings.ToLower(in.Public), Serial: in.Serial}
	k.Sealed = s.Vault.Keeper.Seal(yubiPlace(k), append(private, key...))
	err = s.Store.Tx(ctx, func(tx *store.Tx) error {
		k.Created, k.LastUpdated = tx.Now(), tx.Now()
		return tx.InsertYubiKey(k)
	})
	var exists *store.ExistsError
	if errors.As(err, &exists) {
		return YubiKey{}, wrong("publicId")
	}
	if err != nil {
		return YubiKey{}, fmt.Errorf("keep a token: %w", err)
	}
	return yubiKeyOf(k), nil
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
	return YubiKey{
		ID: k.ID, Serial: k.Serial, PublicID: k.PublicID, Assigned: k.UserID != "", Created: k.Created, LastUpdated: k.LastUpdated, LastVerified: k.LastVerified,
	}
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
