package oauth

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"

	"usher/internal/factor"
	"usher/internal/signin"
)

// MFAWebAuthn ends a direct sign-in by the signature of a security key or passkey.
// (okta-mobile-kotlin DirectAuthTokenRequest.WebAuthnMfa; okta-mobile-swift
// WebAuthnRequest)
type MFAWebAuthn struct{}

// Name implements Flow.
func (MFAWebAuthn) Name() string { return GrantMFAWebAuthn }

// methodWebAuthn is the method of security keys and passkeys.
const methodWebAuthn = "webauthn"

// isKey tells whether a factor is proved by such a signature.
func isKey(m signin.Method) bool { return m.Kind == methodWebAuthn }

// KeyOptions are the options of navigator.credentials.get, and which credentials
// the user has. (WebAuthn Level 2 section 5.5)
type KeyOptions struct {
	Options     map[string]any
	RelyingHost string
	Credentials []KeyCredential
}

// KeyCredential is a credential of the user's.
type KeyCredential struct {
	ID, Name string // the identifier as base64url
}

// challengeKey begins the signature of any of the user's credentials.
func (p *Provider) challengeKey(ctx context.Context, c *TokenCall, d *direct, m signin.Method) (*DirectChallenge, error) {
	step, err := p.Engine.Apply(ctx, d.who, d.sign, signin.Choose{FactorID: m.FactorID})
	if err != nil {
		return nil, directFault(err, textMFAOver)
	}
	s, ok := step.(signin.Challenge)
	if !ok || s.View.Options == nil {
		return nil, noFactor()
	}
	base, err := url.Parse(c.Actor.Org.BaseURL)
	if err != nil {
		return nil, fmt.Errorf("read the base URL: %w", err)
	}
	out := &KeyOptions{Options: s.View.Options, RelyingHost: base.Hostname()}
	for _, one := range factorsOf(s) {
		var shown struct{ CredentialID, AuthenticatorName string }
		if err := json.Unmarshal(one.Profile, &shown); err != nil {
			return nil, fmt.Errorf("factor %s: %w", one.FactorID, err)
		}
		out.Credentials = append(out.Credentials, KeyCredential{shown.CredentialID, shown.AuthenticatorName})
	}
	return &DirectChallenge{Type: GrantMFAWebAuthn, Options: out}, nil
}

// Redeem implements Flow.
func (MFAWebAuthn) Redeem(ctx context.Context, p *Provider, c *TokenCall) (*Issue, error) {
	answer := map[string]string{
		factor.FieldClientData: c.Params["clientDataJSON"], factor.FieldAuthenticatorData: c.Params["authenticatorData"],
		factor.FieldSignatureData: c.Params["signature"],
	}
	for _, text := range answer {
		if text == "" || c.Params["mfa_token"] == "" {
			return nil, fault(InvalidRequest, "The token request must have the parameters 'mfa_token', 'clientDataJSON', 'authenticatorData' and 'signature'.")
		}
	}
	if _, err := p.scopes(ctx, c.Server, c.Client, c.Params); err != nil {
		return nil, err
	}
	d, err := p.goOn(ctx, c, c.Params["mfa_token"], textMFAOver)
	if err != nil {
		return nil, err
	}
	s, ok := d.step.(signin.Challenge)
	if !ok || !isKey(s.Method) {
		return nil, fault(InvalidRequest, "There is no challenge for a security key. Begin one at the challenge endpoint.")
	}
	step, err := p.Engine.Apply(ctx, d.who, d.sign, signin.VerifyFactor{Method: s.Method.Kind, FactorID: s.Method.FactorID, Answer: answer})
	if err != nil {
		return nil, directFault(err, textMFAOver)
	}
	return p.signedIn(ctx, c, step, GrantMFAWebAuthn, signin.PathMFAWebAuthn)
}
