package factor

import (
	"context"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"usher/internal/env"
	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/store"
)

// TypeHOTPProfile is the name of profiles of one-time passwords in errors about
// what does not exist.
const TypeHOTPProfile = "FactorProfile"

// Bounds of profiles and of the secrets of tokens, the latter in bytes.
const (
	maxHOTPProfiles = 100
	maxHOTPName     = 100
	minHOTPSecret   = 10
	maxHOTPSecret   = 128
)

// HOTPSettings say how tokens make their passwords: of a counter (RFC 4226), or
// of the time (RFC 6238). (spec: management HotpFactorProfileSettings)
type HOTPSettings struct {
	TimeBased bool `json:"timeBased"`
	// Digits is the length of a password: 6, 8 or 10.
	Digits int `json:"otpLength"`
	// Step is how long a password lives, in seconds, where TimeBased: 15, 30 or 60.
	Step int `json:"timeStep"`
	// Window is how many steps a token may be off: either way where TimeBased,
	// ahead where it counts. 3, 5 or 10.
	Window int `json:"acceptableAdjacentIntervals"`
	// Encoding is how the secret of a token is written down: base32, base64 or
	// hexadecimal.
	Encoding string `json:"encoding"`
	// Algorithm is HMacSHA1, HMacSHA256 or HMacSHA512.
	Algorithm string `json:"hmacAlgorithm"`
}

// The values of settings. (spec: management HotpFactorProfileSettings)
const (
	HOTPSHA1   = "HMacSHA1"
	HOTPSHA256 = "HMacSHA256"
	HOTPSHA512 = "HMacSHA512"

	encodingBase32 = "base32"
	encodingBase64 = "base64"
	encodingHex    = "hexadecimal"
)

// fill puts the usual values where nothing is said, and checks them.
func (s *HOTPSettings) fill() error {
	for _, v := range []struct {
		name     string
		n        *int
		fallback int
		allowed  []int
	}{
		{"otpLength", &s.Digits, 6, []int{6, 8, 10}},
		{"acceptableAdjacentIntervals", &s.Window, 3, []int{3, 5, 10}},
		{"timeStep", &s.Step, 15, []int{15, 30, 60}},
	} {
		if v.name == "timeStep" && !s.TimeBased {
			s.Step = 0
			continue
		}
		if *v.n == 0 {
			*v.n = v.fallback
		}
		if !slices.Contains(v.allowed, *v.n) {
			return notOneOf(v.name, strings.Trim(fmt.Sprint(v.allowed), "[]"))
		}
	}
	for _, v := range []struct {
		name    string
		text    *string
		allowed []string
	}{
		{"hmacAlgorithm", &s.Algorithm, []string{HOTPSHA512, HOTPSHA256, HOTPSHA1}},
		{"encoding", &s.Encoding, []string{encodingBase32, encodingBase64, encodingHex}},
	} {
		if *v.text == "" {
			*v.text = v.allowed[0]
		}
		if !slices.Contains(v.allowed, *v.text) {
			return notOneOf(v.name, strings.Join(v.allowed, " "))
		}
	}
	return nil
}

func notOneOf(field, allowed string) error {
	return idp.Invalid(field, idp.Cause{Field: field, Text: "must be one of " + allowed})
}

// Secret reads the secret of a token, else KindInvalid on "sharedSecret".
func (s HOTPSettings) Secret(text string) ([]byte, error) {
	text = strings.TrimSpace(text)
	var out []byte
	var err error
	switch s.Encoding {
	case encodingBase32:
		plain := strings.ToUpper(strings.TrimRight(strings.ReplaceAll(text, " ", ""), "="))
		out, err = base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(plain)
	case encodingBase64:
		out, err = base64.RawStdEncoding.DecodeString(strings.TrimRight(text, "="))
	default:
		out, err = hex.DecodeString(text)
	}
	if err != nil || len(out) < minHOTPSecret || len(out) > maxHOTPSecret {
		return nil, idp.Invalid(FieldSharedSecret, idp.Cause{
			Field: FieldSharedSecret, Text: fmt.Sprintf("must be %s of %d to %d bytes", s.Encoding, minHOTPSecret, maxHOTPSecret),
		})
	}
	return out, nil
}

// The fields that begin the enrolment of a token. (spec: management
// UserFactorTokenHOTP)
const (
	FieldSharedSecret = "sharedSecret"
	FieldProfileID    = "factorProfileId"
)

// HOTPProfile is a profile as administrators see it.
type HOTPProfile struct {
	ID       string // fpr...
	Name     string
	Default  bool // it is meant when an enrolment names none
	Settings HOTPSettings
}

// HOTPProfiles administers how the passwords of tokens are made. All members are
// required.
type HOTPProfiles struct {
	Store *store.Store
	IDs   env.IDs
	Log   *eventlog.Log
}

// List returns the profiles in the order of their creation.
// (spec: management#listHotpFactorProfiles)
func (s *HOTPProfiles) List(ctx context.Context, a idp.Actor) ([]HOTPProfile, error) {
	return HOTPProfilesOf(s.Store.Read(ctx), a.OrgID())
}

// HOTPProfilesOf is List within a transaction.
func HOTPProfilesOf(tx *store.Tx, orgID string) ([]HOTPProfile, error) {
	rows, err := hotpRows(tx, orgID)
	if err != nil {
		return nil, err
	}
	out := make([]HOTPProfile, len(rows))
	for i, row := range rows {
		if out[i], err = hotpProfileOf(row); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Get returns a profile, else KindNotFound. The empty identifier stands for the
// default one. (spec: management#getHotpFactorProfile)
func (s *HOTPProfiles) Get(ctx context.Context, a idp.Actor, id string) (HOTPProfile, error) {
	return HOTPProfileOf(s.Store.Read(ctx), a.OrgID(), id)
}

// HOTPProfileOf is Get within a transaction.
func HOTPProfileOf(tx *store.Tx, orgID, id string) (HOTPProfile, error) {
	rows, err := hotpRows(tx, orgID)
	if err != nil {
		return HOTPProfile{}, err
	}
	for _, row := range rows {
		if row.ID == id || id == "" && row.Default {
			return hotpProfileOf(row)
		}
	}
	return HOTPProfile{}, idp.NotFound(TypeHOTPProfile, id)
}

func hotpRows(tx *store.Tx, orgID string) ([]*store.HOTPProfile, error) {
	rows, err := tx.HOTPProfiles(orgID, maxHOTPProfiles)
	if err != nil {
		return nil, fmt.Errorf("list profiles of one-time passwords: %w", err)
	}
	return rows, nil
}

func hotpProfileOf(row *store.HOTPProfile) (HOTPProfile, error) {
	p := HOTPProfile{ID: row.ID, Name: row.Name, Default: row.Default}
	if err := json.Unmarshal(row.Settings, &p.Settings); err != nil {
		return p, fmt.Errorf("read profile %s: %w", row.ID, err)
	}
	return p, nil
}

// Create adds a profile; the first one is the default one. KindInvalid names the
// member at fault. (spec: management#createHotpFactorProfile)
func (s *HOTPProfiles) Create(ctx context.Context, a idp.Actor, in HOTPProfile) (HOTPProfile, error) {
	if err := in.Settings.fill(); err != nil {
		return HOTPProfile{}, err
	}
	settings, err := json.Marshal(in.Settings)
	if err != nil {
		return HOTPProfile{}, fmt.Errorf("write a profile: %w", err)
	}
	in.ID = s.IDs.New("fpr")
	err = s.Store.Tx(ctx, func(tx *store.Tx) error {
		rows, err := hotpRows(tx, a.OrgID())
		if err != nil {
			return err
		}
		if len(rows) >= maxHOTPProfiles {
			return idp.Invalid("profile", idp.Cause{Text: fmt.Sprintf("There are %d profiles already", maxHOTPProfiles)})
		}
		if err := nameFree(rows, "", in.Name); err != nil {
			return err
		}
		row := &store.HOTPProfile{
			OrgID: a.OrgID(), ID: in.ID, Name: in.Name, Default: in.Default || len(rows) == 0, Settings: settings, Created: tx.Now(), LastUpdated: tx.Now(),
		}
		in.Default = row.Default
		if err := onlyDefault(tx, rows, row); err != nil {
			return err
		}
		if err := tx.InsertHOTPProfile(row); err != nil {
			return err
		}
		return s.record(tx, a, row)
	})
	if err != nil {
		return HOTPProfile{}, hotpFailure("make a profile", err)
	}
	return in, nil
}

// Update renames a profile, and may make it the default one. What tokens were
// made with cannot change: KindInvalid on "settings".
// (spec: management#updateHotpFactorProfile)
func (s *HOTPProfiles) Update(ctx context.Context, a idp.Actor, id string, in HOTPProfile) (HOTPProfile, error) {
	if err := in.Settings.fill(); err != nil {
		return HOTPProfile{}, err
	}
	var out HOTPProfile
	err := s.Store.Tx(ctx, func(tx *store.Tx) error {
		rows, row, err := findHOTPProfile(tx, a, id)
		if err != nil {
			return err
		}
		if out, err = hotpProfileOf(row); err != nil {
			return err
		}
		if in.Settings != out.Settings {
			return idp.Invalid("settings", idp.Cause{Field: "settings", Text: "cannot change: make another profile"})
		}
		if err := nameFree(rows, id, in.Name); err != nil {
			return err
		}
		row.Name, row.Default, row.LastUpdated = in.Name, row.Default || in.Default, tx.Now()
		out.Name, out.Default = row.Name, row.Default
		if err := onlyDefault(tx, rows, row); err != nil {
			return err
		}
		if err := tx.UpdateHOTPProfile(row); err != nil {
			return err
		}
		return s.record(tx, a, row)
	})
	return out, hotpFailure("change a profile", err)
}

// Delete removes a profile. Tokens that are enrolled by it stay good. The default
// one goes last: KindInvalid on "default".
// (spec: management#deleteHotpFactorProfile)
func (s *HOTPProfiles) Delete(ctx context.Context, a idp.Actor, id string) error {
	err := s.Store.Tx(ctx, func(tx *store.Tx) error {
		rows, row, err := findHOTPProfile(tx, a, id)
		if err != nil {
			return err
		}
		if row.Default && len(rows) > 1 {
			return idp.Invalid("default", idp.Cause{Field: "default", Text: "Make another profile the default one first"})
		}
		if err := tx.DeleteHOTPProfile(a.OrgID(), id); err != nil {
			return err
		}
		return s.record(tx, a, row)
	})
	return hotpFailure("remove a profile", err)
}

func findHOTPProfile(tx *store.Tx, a idp.Actor, id string) ([]*store.HOTPProfile, *store.HOTPProfile, error) {
	rows, err := hotpRows(tx, a.OrgID())
	if err != nil {
		return nil, nil, err
	}
	for _, row := range rows {
		if row.ID == id {
			return rows, row, nil
		}
	}
	return nil, nil, idp.NotFound(TypeHOTPProfile, id)
}

// nameFree checks a profile's name: KindInvalid on "name".
func nameFree(rows []*store.HOTPProfile, id, name string) error {
	wrong := func(text string) error { return idp.Invalid("name", idp.Cause{Field: "name", Text: text}) }
	if name == "" {
		return wrong("The field cannot be left blank")
	}
	if utf8.RuneCountInString(name) > maxHOTPName {
		return wrong("The field is too long")
	}
	for _, row := range rows {
		if row.ID != id && row.Name == name {
			return wrong("An object with this field already exists in the current organization")
		}
	}
	return nil
}

// onlyDefault takes the mark of the default profile from the others.
func onlyDefault(tx *store.Tx, rows []*store.HOTPProfile, chosen *store.HOTPProfile) error {
	for _, row := range rows {
		if chosen.Default && row.Default && row.ID != chosen.ID {
			row.Default, row.LastUpdated = false, tx.Now()
			if err := tx.UpdateHOTPProfile(row); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *HOTPProfiles) record(tx *store.Tx, a idp.Actor, row *store.HOTPProfile) error {
	return s.Log.Record(tx, a, eventlog.Entry{Type: eventlog.AuthenticatorUpdate, Targets: []idp.Target{
		{ID: row.ID, Type: "FactorProfile", AlternateID: "unknown", DisplayName: row.Name},
	}})
}

// hotpFailure says what was done when the store failed. A profile that somebody
// else has changed is KindConflict.
func hotpFailure(what string, err error) error {
	switch {
	case err == nil || idp.KindOf(err) != 0:
		return err
	case errors.Is(err, store.ErrStale):
		return &idp.Error{Kind: idp.KindConflict, Object: TypeHOTPProfile}
	}
	return fmt.Errorf("%s: %w", what, err)
}
