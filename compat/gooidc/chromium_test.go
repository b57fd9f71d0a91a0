package gooidc

import (
	"bytes"
	"encoding/json"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// throughChromium signs the first user in with a real browser and returns what
// came back at the redirect address.
func throughChromium(t *testing.T, p *party, address string) url.Values {
	t.Helper()
	user := p.server.Users[0]
	in, err := json.Marshal(map[string]string{"url": address, "callback": callback, "login": user.Login, "password": user.Password})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "node", "../browser/visit.mjs")
	cmd.Stdin = bytes.NewReader(in)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, said.Bytes())
	}
	back, err := url.Parse(strings.TrimSpace(string(out)))
	if err != nil {
		t.Fatal(err)
	}
	return back.Query()
}

// TestChromium signs in through a browser with scripts and verifies the tokens.
// It needs the packages beside it and a browser: scripts/compat.sh oauth names
// one.
func TestChromium(t *testing.T) {
	if os.Getenv("USHER_CHROMIUM") == "" {
		t.Skip("USHER_CHROMIUM is not set")
	}
	each(t, func(t *testing.T, p *party) {
		verifier := oauth2.GenerateVerifier()
		got := throughChromium(t, p, p.config.AuthCodeURL(state, oauth2.S256ChallengeOption(verifier), oidc.Nonce(nonce)))
		if got.Get("state") != state || got.Get("code") == "" {
			t.Fatalf("answered %v", got)
		}
		tokens, err := p.config.Exchange(t.Context(), got.Get("code"), oauth2.VerifierOption(verifier))
		if err != nil {
			t.Fatal(err)
		}
		raw, _ := tokens.Extra("id_token").(string)
		id, err := p.provider.Verifier(&oidc.Config{ClientID: p.config.ClientID}).Verify(t.Context(), raw)
		if err != nil {
			t.Fatal(err)
		}
		if id.Nonce != nonce {
			t.Errorf("nonce %q", id.Nonce)
		}
		if err := id.VerifyAccessToken(tokens.AccessToken); err != nil {
			t.Error(err)
		}
	})
}
