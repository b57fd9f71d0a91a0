package gooidc

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"usher/compat/devserver"
)

const (
	callback = "http://localhost:8080/authorization-code/callback"
	nonce    = "nonce-of-the-test"
	state    = "state-of-the-test"
)

// party is the seeded web application, at one authorization server.
type party struct {
	server   *devserver.Server
	provider *oidc.Provider
	config   *oauth2.Config
}

// each runs a test at the standard authorization server and at the
// organisation's own.
func each(t *testing.T, test func(t *testing.T, p *party)) {
	t.Helper()
	server := devserver.Start(t)
	app := server.App(t, "web")
	for name, path := range map[string]string{"default": "/oauth2/default", "own": ""} {
		t.Run(name, func(t *testing.T) {
			provider, err := oidc.NewProvider(t.Context(), server.URL+path)
			if err != nil {
				t.Fatal(err)
			}
			test(t, &party{server: server, provider: provider, config: &oauth2.Config{
				ClientID: app.ClientID, ClientSecret: app.ClientSecret, Endpoint: provider.Endpoint(), RedirectURL: callback,
				Scopes: []string{oidc.ScopeOpenID, "profile", "email", oidc.ScopeOfflineAccess},
			}})
		})
	}
}

// code signs the first user in with a proof key.
func (p *party) code(t *testing.T) (code, verifier string) {
	t.Helper()
	verifier = oauth2.GenerateVerifier()
	to := p.config.AuthCodeURL(state, oauth2.S256ChallengeOption(verifier), oidc.Nonce(nonce))
	got := newBrowser(t, p.server).signIn(t, to, p.server.Users[0])
	if got.Get("state") != state || got.Get("code") == "" {
		t.Fatalf("answered %v", got)
	}
	return got.Get("code"), verifier
}

// wantRefusal checks that the library understood a refusal.
func wantRefusal(t *testing.T, err error, code string) {
	t.Helper()
	if e, ok := errors.AsType[*oauth2.RetrieveError](err); !ok || e.ErrorCode != code {
		t.Errorf("got error %v, want %s", err, code)
	}
}

// TestCodeFlow signs in, has the library verify the ID token, reads the user and
// refreshes.
func TestCodeFlow(t *testing.T) {
	each(t, func(t *testing.T, p *party) {
		ctx, user := t.Context(), p.server.Users[0]
		code, verifier := p.code(t)
		tokens, err := p.config.Exchange(ctx, code, oauth2.VerifierOption(verifier))
		if err != nil {
			t.Fatal(err)
		}
		raw, _ := tokens.Extra("id_token").(string)
		id, err := p.provider.Verifier(&oidc.Config{ClientID: p.config.ClientID}).Verify(ctx, raw)
		if err != nil {
			t.Fatal(err)
		}
		if id.Nonce != nonce || id.Subject == "" {
			t.Errorf("%+v", id)
		}
		if err := id.VerifyAccessToken(tokens.AccessToken); err != nil {
			t.Error(err)
		}
		info, err := p.provider.UserInfo(ctx, oauth2.StaticTokenSource(tokens))
		if err != nil {
			t.Fatal(err)
		}
		if info.Subject != id.Subject || info.Email != user.Login {
			t.Errorf("%+v, want %s", info, user.Login)
		}

		old := *tokens
		old.Expiry = time.Unix(1, 0) // so that the library refreshes
		fresh, err := p.config.TokenSource(ctx, &old).Token()
		if err != nil {
			t.Fatal(err)
		}
		if fresh.AccessToken == tokens.AccessToken || fresh.RefreshToken == "" {
			t.Error("the refresh gave nothing new")
		}
		raw, _ = fresh.Extra("id_token").(string)
		again, err := p.provider.Verifier(&oidc.Config{ClientID: p.config.ClientID}).Verify(ctx, raw)
		if err != nil || again.Subject != id.Subject {
			t.Errorf("%+v, %v", again, err)
		}

		_, err = p.config.Exchange(ctx, code, oauth2.VerifierOption(verifier))
		wantRefusal(t, err, "invalid_grant")
	})
}

// TestForeignTokens: the library takes no token of another client, of another
// server, or that was changed.
func TestForeignTokens(t *testing.T) {
	each(t, func(t *testing.T, p *party) {
		ctx := t.Context()
		code, verifier := p.code(t)
		tokens, err := p.config.Exchange(ctx, code, oauth2.VerifierOption(verifier))
		if err != nil {
			t.Fatal(err)
		}
		raw, _ := tokens.Extra("id_token").(string)
		if _, err := p.provider.Verifier(&oidc.Config{ClientID: "another"}).Verify(ctx, raw); err == nil {
			t.Error("a token for another client was taken")
		}
		cut := strings.LastIndex(raw, ".")
		if _, err := p.provider.Verifier(&oidc.Config{ClientID: p.config.ClientID}).Verify(ctx, raw[:cut+1]+strings.Repeat("A", len(raw)-cut-1)); err == nil {
			t.Error("a forged token was taken")
		}
		if _, err := oidc.NewProvider(ctx, p.server.URL+"/oauth2/nobody"); err == nil {
			t.Error("a server that is not there was found")
		}
	})
}

// TestWrongProof: a code is not to be had for another proof key, and a client
// not without its secret, in whichever place the library puts it.
func TestWrongProof(t *testing.T) {
	each(t, func(t *testing.T, p *party) {
		code, _ := p.code(t)
		_, err := p.config.Exchange(t.Context(), code, oauth2.VerifierOption(oauth2.GenerateVerifier()))
		wantRefusal(t, err, "invalid_grant")
		for _, style := range []oauth2.AuthStyle{oauth2.AuthStyleInHeader, oauth2.AuthStyleInParams, oauth2.AuthStyleAutoDetect} {
			code, verifier := p.code(t)
			c := *p.config
			c.Endpoint.AuthStyle = style
			if _, err := c.Exchange(t.Context(), code, oauth2.VerifierOption(verifier)); err != nil {
				t.Errorf("style %d: %v", style, err)
			}
			c.ClientSecret = "not-the-secret-of-this-client"
			code, verifier = p.code(t)
			_, err := c.Exchange(t.Context(), code, oauth2.VerifierOption(verifier))
			wantRefusal(t, err, "invalid_client")
		}
		own := clientcredentials.Config{
			ClientID: p.config.ClientID, ClientSecret: p.config.ClientSecret, TokenURL: p.config.Endpoint.TokenURL, Scopes: []string{"openid"},
		}
		_, err = own.Token(t.Context())
		wantRefusal(t, err, "unauthorized_client") // it was not registered for this grant
	})
}
