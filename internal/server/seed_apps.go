package server

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/json"
	"fmt"

	"github.com/go-jose/go-jose/v4"

	"usher/internal/apps"
	"usher/internal/env"
	"usher/internal/idp"
)

// SeedApp is an OAuth client of a seed. Everybody may use it; a service proves
// itself by a key that is made for it.
type SeedApp struct {
	Label        string   `yaml:"label"`
	Type         string   `yaml:"type"` // web, browser, native or service
	RedirectURIs []string `yaml:"redirectUris"`
	LogoutURIs   []string `yaml:"logoutUris"`
	// Scopes of the management interface that a service is granted.
	Scopes []string `yaml:"scopes"`
}

// SeededApp tells how an OAuth client that was seeded presents itself.
type SeededApp struct {
	Label        string          `json:"label"`
	Type         string          `json:"type"`
	ID           string          `json:"id"`
	ClientID     string          `json:"clientId"`
	ClientSecret string          `json:"clientSecret,omitempty"`
	PrivateKey   json.RawMessage `json:"privateKey,omitempty"` // a JSON Web Key
}

// SampleApps are a web application, a single-page application that lives at an
// origin, and a service that manages users.
func SampleApps(origin string) []SeedApp {
	local := func(path string) []string {
		return []string{"http://localhost:3000" + path, "http://localhost:8080" + path}
	}
	return []SeedApp{
		{Label: "Sample web application", Type: apps.ClientWeb, RedirectURIs: append(local("/authorization-code/callback"), local("/login/callback")...), LogoutURIs: local("/")},
		{Label: "Sample single-page application", Type: apps.ClientBrowser, RedirectURIs: append([]string{origin + "/sample"}, local("/login/callback")...), LogoutURIs: append([]string{origin + "/sample"}, local("/")...)},
		{Label: "Sample service", Type: apps.ClientService, Scopes: []string{"okta.users.read", "okta.users.manage", "okta.groups.read", "okta.groups.manage"}},
	}
}

// seedApps makes the OAuth clients of a seed; one whose label is there already
// stays as it is.
func (s *Server) seedApps(ctx context.Context, a idp.Actor, list []SeedApp) ([]SeededApp, error) {
	var out []SeededApp
	for _, sa := range list {
		known, _, err := s.services.apps.List(ctx, a, apps.Query{Prefix: sa.Label, Page: idp.Page{Limit: 1}})
		if err != nil {
			return nil, err
		}
		if len(known) > 0 {
			continue
		}
		v, err := s.seedApp(ctx, a, sa)
		if err != nil {
			return nil, fmt.Errorf("application %q: %w", sa.Label, err)
		}
		out = append(out, v)
	}
	return out, nil
}

func (s *Server) seedApp(ctx context.Context, a idp.Actor, sa SeedApp) (SeededApp, error) {
	out := SeededApp{Label: sa.Label, Type: sa.Type}
	settings := map[string]any{
		"application_type": sa.Type, "redirect_uris": sa.RedirectURIs, "post_logout_redirect_uris": sa.LogoutURIs,
		"response_types": []string{"code"}, "grant_types": []string{"authorization_code", "refresh_token"},
	}
	method := apps.AuthBasic
	switch sa.Type {
	case apps.ClientBrowser, apps.ClientNative:
		method = apps.AuthNone
	case apps.ClientService:
		public, err := s.seedKey(&out)
		if err != nil {
			return out, err
		}
		method = apps.AuthPrivateJWT
		settings["response_types"], settings["grant_types"] = []string{"token"}, []string{"client_credentials"}
		settings["jwks"] = map[string]any{"keys": []json.RawMessage{public}}
		delete(settings, "redirect_uris")
	}
	text, err := json.Marshal(map[string]any{
		"name": "oidc_client", "label": sa.Label, "signOnMode": idp.SignOnOIDC, "settings": map[string]any{"oauthClient": settings},
		"credentials": map[string]any{"oauthClient": map[string]any{"token_endpoint_auth_method": method}},
	})
	if err != nil {
		return out, err
	}
	in := new(apps.Input)
	if err := json.Unmarshal(text, in); err != nil {
		return out, err
	}
	app, err := s.services.apps.Create(ctx, a, in, true)
	if err != nil {
		return out, err
	}
	out.ID, out.ClientID, out.ClientSecret = app.ID, app.ClientID, app.ClientSecret
	for _, scope := range sa.Scopes {
		if _, err := s.services.oauth.GrantToClient(ctx, a, app.ID, scope, a.Org.BaseURL); err != nil {
			return out, err
		}
	}
	if sa.Type != apps.ClientService {
		_, err = s.services.apps.AssignGroup(ctx, a, app.ID, a.Org.Settings.EveryoneID, &apps.GroupInput{})
	}
	return out, err
}

// seedKey makes the key of a service and returns its public part.
func (s *Server) seedKey(out *SeededApp) (json.RawMessage, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), env.Reader{Rand: s.cfg.Rand})
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	key := jose.JSONWebKey{Key: private, KeyID: "sample", Algorithm: "ES256", Use: "sig"}
	if out.PrivateKey, err = key.MarshalJSON(); err != nil {
		return nil, fmt.Errorf("write a key: %w", err)
	}
	key.Key = private.Public()
	return key.MarshalJSON()
}
