package oktasdkv2

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/okta/okta-sdk-golang/v2/okta"
	"github.com/okta/okta-sdk-golang/v2/okta/query"

	"usher/compat/devserver"
)

const serviceKeyID = "service-1"

// newKey makes a key and its private part as the SDK wants it.
func newKey(t *testing.T) (*rsa.PrivateKey, string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key, string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
}

// newService registers, by the SDK, an application that acts for itself and
// proves itself by a key, and grants it scopes. It gives the client's identifier.
func newService(ctx context.Context, t *testing.T, client *okta.Client, s *devserver.Server, key *rsa.PrivateKey, scopes ...string) string {
	t.Helper()
	number := func(n *big.Int) string { return base64.RawURLEncoding.EncodeToString(n.Bytes()) }
	app := okta.NewOpenIdConnectApplication()
	app.Label = "Service of the SDK"
	app.Credentials = &okta.OAuthApplicationCredentials{OauthClient: &okta.ApplicationCredentialsOAuthClient{TokenEndpointAuthMethod: "private_key_jwt"}}
	app.Settings = &okta.OpenIdConnectApplicationSettings{OauthClient: &okta.OpenIdConnectApplicationSettingsClient{
		ApplicationType: "service", GrantTypes: []*okta.OAuthGrantType{grant("client_credentials")}, ResponseTypes: []*okta.OAuthResponseType{response("token")},
		Jwks: &okta.OpenIdConnectApplicationSettingsClientKeys{Keys: []*okta.JsonWebKey{{
			Kty: "RSA", Kid: serviceKeyID, Use: "sig", N: number(key.N), E: number(big.NewInt(int64(key.E))),
		}}},
	}}
	made, _, err := client.Application.CreateApplication(ctx, app, nil)
	if err != nil {
		t.Fatal(err)
	}
	service := made.(*okta.OpenIdConnectApplication)
	for _, scope := range scopes {
		if _, _, err := client.Application.GrantConsentToScope(ctx, service.Id, okta.OAuth2ScopeConsentGrant{Issuer: s.URL, ScopeId: scope}); err != nil {
			t.Fatalf("grant %s: %v", scope, err)
		}
	}
	return service.Credentials.OauthClient.ClientId
}

func grant(name string) *okta.OAuthGrantType {
	v := okta.OAuthGrantType(name)
	return &v
}

func response(name string) *okta.OAuthResponseType {
	v := okta.OAuthResponseType(name)
	return &v
}

// asService gives the SDK's client for a service that has a private key.
func asService(t *testing.T, s *devserver.Server, id, private string, scopes ...string) (context.Context, *okta.Client) {
	t.Helper()
	return connect(t, s.URL, "", okta.WithCache(false), okta.WithAuthorizationMode("PrivateKey"), okta.WithClientId(id),
		okta.WithScopes(scopes), okta.WithPrivateKey(private), okta.WithPrivateKeyId(serviceKeyID))
}

// TestServiceManagesUsers: a service application takes users from creation to
// removal with tokens that it gets for its private key, and no API token.
func TestServiceManagesUsers(t *testing.T) {
	admin, root, server := newClient(t)
	key, private := newKey(t)
	id := newService(admin, t, root, server, key, "okta.users.manage", "okta.users.read", "okta.groups.read")
	ctx, client := asService(t, server, id, private, "okta.users.manage", "okta.users.read")

	user := person(ctx, t, client, "made.by.service@example.com")
	if user.Status != "ACTIVE" {
		t.Errorf("%+v", user)
	}
	changed, _, err := client.User.PartialUpdateUser(ctx, user.Id, okta.User{Profile: &okta.UserProfile{"nickName": "Robot"}}, nil)
	if err != nil || (*changed.Profile)["nickName"] != "Robot" {
		t.Fatalf("%+v, %v", changed, err)
	}
	if _, err := client.User.SuspendUser(ctx, user.Id); err != nil {
		t.Fatal(err)
	}
	if _, err := client.User.UnsuspendUser(ctx, user.Id); err != nil {
		t.Fatal(err)
	}
	list, _, err := client.User.ListUsers(ctx, query.NewQueryParams(query.WithSearch(`profile.login eq "made.by.service@example.com"`)))
	if err != nil || len(list) != 1 || list[0].Id != user.Id {
		t.Errorf("%d users, %v", len(list), err)
	}
	if _, err := client.User.DeactivateUser(ctx, user.Id, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := client.User.DeactivateOrDeleteUser(ctx, user.Id, nil); err != nil {
		t.Fatal(err)
	}
	_, resp, err := root.User.GetUser(admin, user.Id)
	wantError(t, err, resp, http.StatusNotFound, "E0000007")

	// The log names the service as the one who did it.
	events, _, err := root.LogEvent.GetLogs(admin, query.NewQueryParams(query.WithFilter(`eventType eq "user.lifecycle.create"`)))
	if err != nil || !slices.ContainsFunc(events, func(e *okta.LogEvent) bool { return e.Actor.Id == id }) {
		t.Errorf("no event of %s among %d, %v", id, len(events), err)
	}
}

// TestServiceIsBounded: a service does what its token was asked for, gets no
// token for what it was not granted, and none by another key.
func TestServiceIsBounded(t *testing.T) {
	admin, root, server := newClient(t)
	key, private := newKey(t)
	id := newService(admin, t, root, server, key, "okta.users.manage", "okta.users.read")

	ctx, reader := asService(t, server, id, private, "okta.users.read")
	if _, _, err := reader.User.GetUser(ctx, server.Users[0].Login); err != nil {
		t.Errorf("read a user: %v", err)
	}
	_, resp, err := reader.User.CreateUser(ctx, okta.CreateUserRequest{Profile: &okta.UserProfile{"login": "no@example.com"}}, nil)
	if err == nil || resp == nil || resp.StatusCode != http.StatusForbidden {
		t.Errorf("create a user with a token to read: %v", err)
	}
	_, resp, err = reader.Group.ListGroups(ctx, nil)
	if err == nil || resp == nil || resp.StatusCode != http.StatusForbidden {
		t.Errorf("list groups with a token for users: %v", err)
	}

	ctx, greedy := asService(t, server, id, private, "okta.apps.manage")
	if _, _, err := greedy.Application.ListApplications(ctx, nil); err == nil || !strings.Contains(err.Error(), "not allowed any of the requested scopes") {
		t.Errorf("a scope that was not granted: %v", err)
	}
	_, other := newKey(t)
	ctx, forger := asService(t, server, id, other, "okta.users.read")
	if _, _, err := forger.User.GetUser(ctx, server.Users[0].Login); err == nil || !strings.Contains(err.Error(), "signature is invalid") {
		t.Errorf("another key: %v", err)
	}
}
