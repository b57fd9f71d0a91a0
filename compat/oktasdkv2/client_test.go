package oktasdkv2

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/okta/okta-sdk-golang/v2/okta"

	"usher/compat/devserver"
)

// newClient starts a server and gives the SDK's client for it. The SDK's own
// cache is off: with it a read after a lifecycle operation never reaches the
// server. TestCachingClient has it on.
func newClient(t *testing.T) (context.Context, *okta.Client, *devserver.Server) {
	t.Helper()
	// The SDK also reads its settings from the environment and from the home folder.
	for _, pair := range os.Environ() {
		if name, _, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "OKTA_") {
			t.Setenv(name, "")
			if err := os.Unsetenv(name); err != nil {
				t.Fatal(err)
			}
		}
	}
	server := devserver.Start(t)
	ctx, client := connect(t, server.URL, server.APIToken, okta.WithCache(false))
	return ctx, client, server
}

// connect gives the SDK's client for a running server.
func connect(t *testing.T, url, token string, more ...okta.ConfigSetter) (context.Context, *okta.Client) {
	t.Helper()
	ctx, client, err := okta.NewClient(t.Context(), append([]okta.ConfigSetter{
		okta.WithOrgUrl(url),
		okta.WithToken(token),
		okta.WithTestingDisableHttpsCheck(true), // the development server speaks plain HTTP on loopback
		okta.WithRequestTimeout(30),
	}, more...)...)
	if err != nil {
		t.Fatal(err)
	}
	return ctx, client
}

// wantError checks that the SDK understood an error answer.
func wantError(t *testing.T, err error, resp *okta.Response, status int, code string) {
	t.Helper()
	var e *okta.Error
	if !errors.As(err, &e) {
		t.Fatalf("got error %v, want the SDK's *okta.Error with %s", err, code)
	}
	if e.ErrorCode != code || e.ErrorSummary == "" || e.ErrorId == "" || e.ErrorLink != code {
		t.Errorf("got %+v, want code and link %s with a summary and an id", *e, code)
	}
	if resp == nil || resp.StatusCode != status {
		t.Errorf("got answer %v, want status %d", resp, status)
	}
}

// people makes n users whose logins begin with name, all of them active.
func people(ctx context.Context, t *testing.T, client *okta.Client, name string, n int) []*okta.User {
	t.Helper()
	users := make([]*okta.User, n)
	for i := range users {
		users[i] = person(ctx, t, client, name+string(rune('a'+i))+"@example.com")
	}
	return users
}

// person makes one active user with a password.
func person(ctx context.Context, t *testing.T, client *okta.Client, login string) *okta.User {
	t.Helper()
	user, _, err := client.User.CreateUser(ctx, okta.CreateUserRequest{
		Profile:     &okta.UserProfile{"firstName": "Test", "lastName": "Person", "email": login, "login": login},
		Credentials: &okta.UserCredentials{Password: &okta.PasswordCredential{Value: password}},
	}, nil)
	if err != nil {
		t.Fatalf("create %s: %v", login, err)
	}
	return user
}

// password satisfies the default policy and holds no part of a login.
const password = "Correct-Horse-7-Battery"
