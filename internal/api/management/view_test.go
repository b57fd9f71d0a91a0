package management

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"usher/internal/idp"
)

var (
	viewOrg = &idp.Org{ID: "00o1", BaseURL: "https://id.example.com", Settings: idp.OrgSettings{UserTypeID: "oty1", UserSchemaID: "osc1"}}
	noon    = time.Date(2026, 3, 1, 12, 0, 0, 999e6, time.UTC)
)

func viewUser(status idp.UserStatus) *idp.User {
	return &idp.User{
		ID: "00u1", TypeID: "oty1", Status: status, Login: "i@example.com", Provider: idp.Provider{Type: idp.ProviderOkta, Name: "OKTA"},
		Profile: json.RawMessage(`{"firstName":"Isaac","mobilePhone":null}`), Created: noon, LastUpdated: noon.Add(time.Second),
	}
}

func TestUserView(t *testing.T) {
	u := viewUser(idp.UserActive)
	u.HasPassword, u.RecoveryQuestion, u.PasswordChanged = true, `Who is "it"?`, noon
	const head = `{"id":"00u1","status":"ACTIVE","created":"2026-03-01T12:00:00.000Z","activated":null,"statusChanged":null,"lastLogin":null,` +
		`"lastUpdated":"2026-03-01T12:00:01.000Z","passwordChanged":"2026-03-01T12:00:00.000Z","type":{"id":"oty1"},"profile":{"firstName":"Isaac","mobilePhone":null},`
	const credentials = `"credentials":{"password":{},"recovery_question":{"question":"Who is \"it\"?"},"provider":{"type":"OKTA","name":"OKTA"}},`
	const self = `"self":{"href":"https://id.example.com/api/v1/users/00u1"}`
	const places = `"schema":{"href":"https://id.example.com/api/v1/meta/schemas/user/osc1"},`
	const suspend = `"suspend":{"href":"https://id.example.com/api/v1/users/00u1/lifecycle/suspend","method":"POST"},`
	const kind = `"type":{"href":"https://id.example.com/api/v1/meta/types/user/oty1"},`
	const deactivate = `"deactivate":{"href":"https://id.example.com/api/v1/users/00u1/lifecycle/deactivate","method":"POST"}`
	for name, c := range map[string]struct {
		o    userOptions
		want string
	}{
		"list":       {userOptions{inList: true}, head + credentials + `"_links":{` + self + `}}`},
		"no secrets": {userOptions{inList: true, noCredentials: true}, head + `"_links":{` + self + `}}`},
		"no links":   {userOptions{noCredentials: true, noCredentialLinks: true}, head + `"_links":{` + suspend + places + self + "," + kind + deactivate + `}}`},
	} {
		if got := string(appendUser(nil, viewOrg, u, c.o)); got != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, c.want)
		}
	}
}

// TestUserLinks: which operations a user's state offers, in the recorded order.
func TestUserLinks(t *testing.T) {
	const inactive = "schema activate self resetFactors type"
	for _, c := range []struct {
		name   string
		change func(*idp.User)
		status idp.UserStatus
		want   string
	}{
		{"", nil, idp.UserStaged, inactive},
		{"", nil, idp.UserProvisioned, "suspend schema resetPassword reactivate self resetFactors type deactivate"},
		{"", nil, idp.UserActive, "suspend schema resetPassword self resetFactors type deactivate"},
		{"password", func(u *idp.User) { u.HasPassword = true }, idp.UserActive, "suspend schema resetPassword expirePassword self resetFactors type changePassword deactivate"},
		{
			"question", func(u *idp.User) { u.HasPassword, u.RecoveryQuestion = true, "?" }, idp.UserActive,
			"suspend schema resetPassword forgotPassword expirePassword changeRecoveryQuestion self resetFactors type changePassword deactivate",
		},
		{"foreign", func(u *idp.User) { u.Provider.Type = idp.ProviderFederation }, idp.UserActive, "suspend schema self resetFactors type deactivate"},
		{"password", func(u *idp.User) { u.HasPassword = true }, idp.UserPasswordExpired, "suspend schema resetPassword self resetFactors type changePassword deactivate"},
		{"", nil, idp.UserRecovery, "suspend schema resetPassword self resetFactors type deactivate"},
		{"password", func(u *idp.User) { u.HasPassword = true }, idp.UserLockedOut, "suspend schema resetPassword expirePassword unlock self resetFactors type deactivate"},
		{"password", func(u *idp.User) { u.HasPassword = true }, idp.UserSuspended, "unsuspend schema self resetFactors type deactivate"},
		{"", nil, idp.UserDeprovisioned, inactive + " delete"},
	} {
		u := viewUser(c.status)
		if c.change != nil {
			c.change(u)
		}
		text := appendUser(nil, viewOrg, u, userOptions{})
		var body struct {
			Links json.RawMessage `json:"_links"`
		}
		if err := json.Unmarshal(text, &body); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if got := strings.Join(keysInOrder(t, body.Links), " "); got != c.want {
			t.Errorf("%s %s: %s, want %s", c.status, c.name, got, c.want)
		}
	}
}

func keysInOrder(t *testing.T, object json.RawMessage) []string {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(string(object)))
	if _, err := d.Token(); err != nil {
		t.Fatal(err)
	}
	var out []string
	for d.More() {
		key, err := d.Token()
		if err != nil {
			t.Fatal(err)
		}
		var v any
		if err := d.Decode(&v); err != nil {
			t.Fatal(err)
		}
		out = append(out, key.(string))
	}
	return out
}

func TestGroupView(t *testing.T) {
	g := &idp.Group{
		ID: "00g1", Type: idp.GroupOkta, ObjectClass: "okta:user_group", Created: noon, LastUpdated: noon, LastMembershipUpdated: noon,
		Profile: json.RawMessage(`{"name":"West","description":null}`),
	}
	const want = `{"id":"00g1","created":"2026-03-01T12:00:00.000Z","lastUpdated":"2026-03-01T12:00:00.000Z","lastMembershipUpdated":"2026-03-01T12:00:00.000Z",` +
		`"objectClass":["okta:user_group"],"type":"OKTA_GROUP","profile":{"name":"West","description":null},"_links":{"logo":[` +
		`{"name":"medium","href":"https://id.example.com/assets/groups/medium.png","type":"image/png"},{"name":"large","href":"https://id.example.com/assets/groups/large.png","type":"image/png"}],` +
		`"owners":{"href":"https://id.example.com/api/v1/groups/00g1/owners"},"users":{"href":"https://id.example.com/api/v1/groups/00g1/users"},"apps":{"href":"https://id.example.com/api/v1/groups/00g1/apps"}}}`
	if got := string(appendGroup(nil, viewOrg, g)); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

func TestInstants(t *testing.T) {
	for _, at := range []time.Time{{}, noon, time.Date(999, 1, 2, 3, 4, 5, 0, time.UTC), time.Date(2026, 12, 31, 23, 59, 59, 0, time.FixedZone("", -3600))} {
		want := "null"
		if !at.IsZero() {
			want = `"` + at.UTC().Truncate(time.Second).Format("2006-01-02T15:04:05.000Z") + `"`
		}
		if got := string(appendInstant(nil, at)); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func TestAgents(t *testing.T) {
	for text, want := range map[string]agent{
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36":                      {"Windows", "CHROME", "Computer"},
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36 Edg/120.0":            {"Windows", "EDGE", "Computer"},
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 14_0) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Safari/605.1.15":                   {"Mac OS X", "SAFARI", "Computer"},
		"Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Mobile/15E Safari/604.1": {"iOS (iPhone)", "SAFARI", "Mobile"},
		"Mozilla/5.0 (X11; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0":                                                               {"Linux", "FIREFOX", "Computer"},
		"okta-sdk-golang/2.20.0 golang/go1.26 linux/amd64":                                                                                     {"Linux", "UNKNOWN", "Unknown"},
		"": {"Unknown", "UNKNOWN", "Unknown"},
	} {
		if got := parseAgent(text); got != want {
			t.Errorf("%s: %+v", text, got)
		}
	}
}

// FuzzLogsCursor: a cursor is refused, or means what it says.
func FuzzLogsCursor(f *testing.F) {
	f.Add(logsCursor{position: 7, since: noon}.String())
	f.Add(logsCursor{uuid: "019ca945-0a00-7000-8000-00000000000f", since: noon}.String())
	f.Add("p.-1.-1")
	f.Add("t..")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := parseLogsCursor(text)
		if err != nil {
			if idp.KindOf(err) != idp.KindBadPaging {
				t.Fatal(err)
			}
			return
		}
		if again, err := parseLogsCursor(c.String()); err != nil || again != c {
			t.Fatalf("%q: %+v then %+v, %v", text, c, again, err)
		}
	})
}
