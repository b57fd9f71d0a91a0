package oauth

import (
	"context"
	"errors"
	"slices"

	"usher/internal/factor"
	"usher/internal/idp"
	"usher/internal/signin"
	"usher/internal/store"
)

// MFAOTP ends a direct sign-in by a one-time password. (spec: oauth2#token,
// TokenRequestDirectAuthenticationMfaOtp)
type MFAOTP struct{}

// Name implements Flow.
func (MFAOTP) Name() string { return GrantMFAOTP }

// Redeem implements Flow.
func (MFAOTP) Redeem(ctx context.Context, p *Provider, c *TokenCall) (*Issue, error) {
	token, otp := c.Params["mfa_token"], c.Params["otp"]
	if token == "" || otp == "" {
		return nil, fault(InvalidRequest, "The token request must have the parameters 'mfa_token' and 'otp'.")
	}
	if _, err := p.scopes(ctx, c.Server, c.Client, c.Params); err != nil {
		return nil, err
	}
	d, err := p.goOn(ctx, c, token, textMFAOver)
	if err != nil {
		return nil, err
	}
	if _, waits := d.step.(signin.Challenge); waits {
		if d.step, err = p.Engine.Apply(ctx, d.who, d.sign, signin.Previous{}); err != nil {
			return nil, directFault(err, textMFAOver)
		}
		d.options = factorsOf(d.step)
	}
	able := slices.DeleteFunc(slices.Clone(d.options), func(m signin.Method) bool { return !passcode(m) })
	if len(able) == 0 {
		return nil, noFactor()
	}
	answer := map[string]string{factor.FieldPassCode: otp}
	m, tried, err := p.whose(ctx, d, able, answer)
	if err != nil {
		return nil, err
	}
	step, err := p.Engine.Apply(ctx, d.who, d.sign, signin.VerifyFactor{Method: m.Kind, FactorID: m.FactorID, Answer: answer})
	if err != nil && tried != nil && !judged(err) {
		// Whoever should have judged it is silent or busy: it was a guess at the
		// other factor all the same, and no guess goes uncounted.
		if _, wrong := p.Engine.Apply(ctx, d.who, d.sign, signin.VerifyFactor{Method: tried.Kind, FactorID: tried.FactorID, Answer: answer}); judged(wrong) {
			err = wrong
		}
	}
	if err != nil {
		return nil, directFault(err, textMFAOver)
	}
	return p.signedIn(ctx, c, step, GrantMFAOTP, signin.PathMFAOTP)
}

// judged tells whether a refusal says that a password was compared, and counted.
func judged(err error) bool {
	switch idp.KindOf(err) {
	case idp.KindWrongPasscode, idp.KindPasscodeReplayed, idp.KindPasscodeWindow, idp.KindUserLocked:
		return true
	default:
		return false
	}
}

// errTried undoes a transaction that only tried something out.
var errTried = errors.New("oauth: tried out")

// whose tells which of several factors a password is of: the request does not
// say. Each is tried and nothing of that stays; a password of none counts as a
// wrong one of the last that cannot be tried, or of the first. tried is one that
// it did not fit, where m was not tried itself; else nil.
func (p *Provider) whose(ctx context.Context, d *direct, able []signin.Method, answer map[string]string) (m signin.Method, tried *signin.Method, err error) {
	m = able[0]
	if len(able) == 1 {
		return m, nil, nil
	}
	elsewhere := false
	for i, one := range able {
		if !slices.Contains([]string{"totp", "hotp", "yubikey"}, one.Kind) {
			m, elsewhere = one, true
			continue
		}
		fits, err := p.fits(ctx, d, one, answer)
		if err != nil || fits {
			return one, nil, err
		}
		tried = &able[i]
	}
	if !elsewhere {
		tried = nil
	}
	return m, tried, nil
}

// fits tells whether a password would prove a factor now.
func (p *Provider) fits(ctx context.Context, d *direct, m signin.Method, answer map[string]string) (bool, error) {
	method, ok := p.Engine.Factors.Method(m.Kind)
	if !ok {
		return false, nil
	}
	u, err := p.Store.Read(ctx).User(d.who.OrgID(), d.sign.UserID)
	if err != nil {
		return false, store.Failure("read user", err)
	}
	f, err := p.Store.Read(ctx).Factor(u.OrgID, u.ID, m.FactorID)
	if err != nil {
		return false, store.Failure("read factor", err)
	}
	sub := factor.Subject{Org: d.who.Org, User: u, Factor: f}
	at, err := p.Engine.Ceremonies.Check(ctx, sub, answer)
	if idp.KindOf(err) == idp.KindInvalid {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	proved := false
	err = p.Store.Tx(ctx, func(tx *store.Tx) error {
		out, err := method.Settle(tx, sub, at)
		if err != nil {
			return err
		}
		proved = out.Proved
		return errTried
	})
	if errors.Is(err, errTried) || errors.Is(err, factor.ErrChanged) {
		return proved, nil
	}
	return false, err
}
