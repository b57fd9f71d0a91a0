package hotp

import (
	"context"
	"encoding/base32"
	"fmt"
	"strings"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"usher/internal/factor"
	"usher/internal/idp"
	"usher/internal/keys"
	"usher/internal/store"
)

// How far a token is looked for. (RFC 4226 sections 7.2 to 7.4)
const (
	// behind is how many used passwords are told from wrong ones.
	behind = 10
	// resync is how far ahead of the window two passwords in a row find a token
	// that was pressed in vain.
	resync = 200
)

// fieldNext is the password that the token makes after the one of passCode: both
// find a token that is out of step. (spec: management VerifyFactorRequest)
const fieldNext = "nextPassCode"

// Bounds of fields, in bytes.
const (
	maxPassword = 16
	maxSecret   = 512
	maxID       = 64
)

// Method proves a user by the passwords of a token.
type Method struct {
	Store *store.Store
	Vault factor.Vault
}

// Describe implements factor.Method.
func (*Method) Describe() factor.Description {
	return factor.Description{
		Kind:   "hotp",
		Verify: []factor.Field{{Name: factor.FieldPassCode, MaxLength: maxPassword}, {Name: fieldNext, Optional: true, MaxLength: maxPassword}},
		Enroll: []factor.Field{
			{Name: factor.FieldSharedSecret, Secret: true, MaxLength: maxSecret},
			{Name: factor.FieldProfileID, Optional: true, MaxLength: maxID},
			{Name: factor.FieldPassCode, Optional: true, MaxLength: maxPassword},
		},
		AMR:        []string{"otp"},
		Credential: "OTP",
	}
}

// kept is what is known of a token.
type kept struct {
	Secret []byte `json:"secret"`
	// Settings are those of the profile when the token was enrolled: how it makes
	// its passwords never changes.
	Settings  factor.HOTPSettings `json:"settings"`
	ProfileID string              `json:"profileId"`
	// Lost is the step whose password brings a token back that was found far ahead,
	// 0 for none.
	Lost int64 `json:"lost,omitempty"`
	// Start is the last step that was used before the token was enrolled.
	Start int64 `json:"start,omitempty"`
}

// Enroll implements factor.Enroller: whoever has the secret has the token. A
// password that is given along shows where the token stands: it and those before
// it are used. A profile that is not there is KindInvalid on factor.ObjectEnroll.
func (m *Method) Enroll(ctx context.Context, s factor.Subject, k factor.Kind, fields map[string]string) (factor.Draft, error) {
	read := m.Store.Read(ctx)
	p, err := factor.HOTPProfileOf(read, s.Org.ID, fields[factor.FieldProfileID])
	if idp.KindOf(err) == idp.KindNotFound {
		return factor.Draft{}, idp.Invalid(factor.ObjectEnroll, idp.Cause{Field: factor.FieldProfileID, Text: "There is no such factor profile."})
	}
	if err != nil {
		return factor.Draft{}, err
	}
	secret, err := p.Settings.Secret(fields[factor.FieldSharedSecret])
	if err != nil {
		return factor.Draft{}, err
	}
	token := kept{Secret: secret, Settings: p.Settings, ProfileID: p.ID}
	if code := strings.TrimSpace(fields[factor.FieldPassCode]); code != "" {
		f := token.finder(0, read.Now().Unix())
		if token.Start, _, err = f.find(guess{one: code}); err != nil {
			return factor.Draft{}, err
		}
		if token.Start == 0 || token.Settings.TimeBased && (token.Start < f.from || token.Start > f.to) {
			return factor.Draft{}, idp.Fail(idp.KindWrongPasscode, wrong)
		}
	}
	sealed, err := factor.Sealable(token)
	return factor.Draft{Kind: k, Vendor: p.Name, Secret: sealed, Active: true}, err
}

// wrong is said about a password that is not the token's.
const wrong = "Your passcode doesn't match our records. Please try again."

// Choices implements factor.Chooser: the organisation's profiles.
func (*Method) Choices(tx *store.Tx, org *idp.Org) ([]factor.Choice, error) {
	list, err := factor.HOTPProfilesOf(tx, org.ID)
	if err != nil {
		return nil, err
	}
	var out []factor.Choice
	for _, p := range list {
		c := factor.Choice{ID: p.ID, Name: p.Name, Default: p.Default}
		if p.Default {
			out = append([]factor.Choice{c}, out...)
		} else {
			out = append(out, c)
		}
	}
	return out, nil
}

// guess is one password, or two in a row, on their way to Settle.
type guess struct{ one, next string }

// Check implements factor.Method. To compare is cheap: Settle does it.
func (*Method) Check(_ context.Context, _ factor.Subject, answer map[string]string) (factor.Attempt, error) {
	return factor.Attempt{State: guess{strings.TrimSpace(answer[factor.FieldPassCode]), strings.TrimSpace(answer[fieldNext])}}, nil
}

// Settle implements factor.Method. A password is good once, within the window,
// and no earlier one after it. A token that is far ahead is believed again by two
// passwords in a row, given together or one after the other.
// (RFC 4226 section 7.4)
func (m *Method) Settle(tx *store.Tx, s factor.Subject, a factor.Attempt) (factor.Outcome, error) {
	g, ok := a.State.(guess)
	if !ok || s.Factor == nil {
		return factor.Outcome{}, factor.ErrChanged
	}
	var k kept
	if err := m.Vault.OpenValue(s.Factor, &k); err != nil {
		return factor.Outcome{}, err
	}
	used, err := tx.FactorStep(s.Factor.OrgID, s.Factor.UserID, s.Factor.ID)
	if err != nil {
		return factor.Outcome{}, fmt.Errorf("read the last step: %w", err)
	}
	used = max(used, k.Start)
	f := k.finder(used, tx.Now().Unix())
	at, next, err := f.find(g)
	if err != nil || at == 0 {
		return factor.Outcome{}, err
	}
	last := at
	switch {
	case at <= used:
		return factor.Outcome{Why: idp.KindPasscodeReplayed}, nil
	case at >= f.from && at <= f.to:
	case k.Settings.TimeBased:
		return factor.Outcome{Why: idp.KindPasscodeWindow}, nil
	case next:
		last = at + 1
	case at != k.Lost:
		k.Lost = at + 1
		return factor.Outcome{Why: idp.KindPasscodeWindow, Changed: true}, m.Vault.SealValue(s.Factor, k)
	}
	fresh, err := tx.UseFactorStep(s.Factor.OrgID, s.Factor.UserID, s.Factor.ID, last)
	if err != nil {
		return factor.Outcome{}, fmt.Errorf("use a password: %w", err)
	}
	if !fresh {
		return factor.Outcome{Why: idp.KindPasscodeReplayed}, nil
	}
	out := factor.Outcome{Proved: true}
	if k.Lost != 0 {
		k.Lost, out.Changed = 0, true
		err = m.Vault.SealValue(s.Factor, k)
	}
	return out, err
}

// finder looks for a password among those of a token. Steps are counters plus
// one, or numbers of periods of time: 0 is none.
type finder struct {
	secret   string
	options  hotp.ValidateOpts
	shift    int64 // of a step from what its password is made of
	first    int64 // where the search begins
	from, to int64 // the window
	end      int64
}

// finder returns where the passwords of a token are looked for now.
func (k kept) finder(used, now int64) finder {
	f := finder{
		secret:  base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(k.Secret),
		options: hotp.ValidateOpts{Digits: otp.Digits(k.Settings.Digits), Algorithm: algorithm(k.Settings.Algorithm)},
	}
	window := int64(k.Settings.Window)
	if k.Settings.TimeBased {
		step := now / int64(k.Settings.Step)
		f.from, f.to = step-window, step+window
		f.first, f.end = max(1, f.from-behind), f.to+behind
		return f
	}
	f.shift = 1
	f.from, f.to = used+1, used+window
	f.first, f.end = max(1, f.from-behind), f.to+resync
	return f
}

func algorithm(name string) otp.Algorithm {
	switch name {
	case factor.HOTPSHA256:
		return otp.AlgorithmSHA256
	case factor.HOTPSHA512:
		return otp.AlgorithmSHA512
	}
	return otp.AlgorithmSHA1
}

// find returns the step of a password, in the window if it is that of several,
// and whether the next one follows it. It makes the same number of passwords
// whatever it finds.
func (f finder) find(g guess) (at int64, next bool, err error) {
	before := ""
	for step := f.first; step <= f.end+1; step++ {
		code, err := hotp.GenerateCodeCustom(f.secret, uint64(step-f.shift), f.options)
		if err != nil {
			return 0, false, fmt.Errorf("make a password: %w", err)
		}
		hit, follows := keys.Equal(before, g.one), keys.Equal(code, g.next)
		inside := at >= f.from && at <= f.to
		if was := step - 1; hit && step > f.first && !inside {
			at, next = was, follows
		}
		before = code
	}
	return at, next, nil
}
