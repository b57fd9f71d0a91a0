package oauth

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"usher/internal/apps"
	"usher/internal/el"
	"usher/internal/idp"
)

func claim(name string, kind ClaimType, value string, scopes ...string) *Claim {
	return &Claim{Name: name, Type: kind, ValueType: ValueExpression, Value: value, Scopes: scopes, Always: true, Status: Active}
}

func groupsClaim(name, filter, value string) *Claim {
	return &Claim{Name: name, Type: ClaimResource, ValueType: ValueGroups, Value: value, Filter: filter, Status: Active}
}

func facts(claims ...*Claim) *Facts {
	for _, c := range claims {
		c.compile()
	}
	profile, err := json.Marshal(map[string]any{
		"login": "ann@example.com", "email": "ann@example.com", "firstName": "Ann", "lastName": "Lee", "nickName": "A", "locale": "en_US",
		"timezone": "Europe/Berlin", "primaryPhone": "+1 555", "city": "Bonn", "countryCode": "DE", "level": 7, "tags": []string{"a", "b"},
	})
	if err != nil {
		panic(err)
	}
	server := &Server{ID: "aus1", Claims: claims}
	server.addSystemClaims()
	app := &apps.App{App: idp.App{ID: "0oa1", Name: "oidc_client", Label: "Web", ClientID: "client1"}, Details: apps.Details{Profile: []byte(`{"tier":"gold"}`)}}
	return &Facts{
		Org: &idp.Org{ID: "00o1", Name: "Example", Subdomain: "example"}, Server: server,
		Client: &Client{App: app, ID: "client1"}, Scopes: []string{"openid", "read"}, AMR: []string{"pwd"}, SessionID: "102s",
		User:       &idp.User{ID: "00u1", Login: "ann@example.com", Status: idp.UserActive, Profile: profile, LastUpdated: time.Unix(1700000000, 0)},
		Assignment: &apps.Assignment{UserName: "ann", Profile: []byte(`{"role":"editor"}`)},
		Groups:     []el.Group{{ID: "00g0", Name: "Everyone", Type: "BUILT_IN"}, {ID: "00g1", Name: "Sales EU", Type: "OKTA_GROUP"}, {ID: "00g2", Name: "Sales US", Type: "OKTA_GROUP"}},
	}
}

func TestAccessClaims(t *testing.T) {
	subject := subjectClaim()
	for name, c := range map[string]struct {
		claim *Claim
		want  any // nil: left out
	}{
		"the subject":                  {&subject, "ann"},
		"an attribute":                 {claim("x", ClaimResource, "user.nickName"), "A"},
		"a number":                     {claim("x", ClaimResource, "user.level"), int64(7)},
		"a list":                       {claim("x", ClaimResource, "user.tags"), []any{"a", "b"}},
		"an attribute at the app":      {claim("x", ClaimResource, "appuser.role"), "editor"},
		"the app":                      {claim("x", ClaimResource, "app.clientId + ' ' + app.profile.tier"), "client1 gold"},
		"the organisation":             {claim("x", ClaimResource, "org.subDomain"), "example"},
		"a text in quotes":             {claim("x", ClaimResource, `"fixed"`), "fixed"},
		"a truth":                      {claim("x", ClaimResource, `isMemberOfGroupName("Sales EU")`), true},
		"the session":                  {claim("x", ClaimResource, `Arrays.contains(session.amr, "pwd")`), true},
		"what was asked for":           {claim("x", ClaimResource, `Arrays.contains(access.scope, "read")`), true},
		"groups by an expression":      {claim("x", ClaimResource, `Groups.startsWith("OKTA", "Sales", 10)`), []any{"Sales EU", "Sales US"}},
		"an unknown attribute":         {claim("x", ClaimResource, "user.nothing"), nil},
		"an expression that fails":     {claim("x", ClaimResource, `Convert.toInt(user.tags)`), nil},
		"one for a scope":              {claim("x", ClaimResource, `"v"`, "write", "read"), "v"},
		"one for another scope":        {claim("x", ClaimResource, `"v"`, "write"), nil},
		"one that is switched off":     {&Claim{Name: "x", Type: ClaimResource, ValueType: ValueExpression, Value: `"v"`, Status: Inactive}, nil},
		"groups that start with":       {groupsClaim("x", FilterStartsWith, "Sales"), []string{"Sales EU", "Sales US"}},
		"groups that equal":            {groupsClaim("x", FilterEquals, "Sales EU"), []string{"Sales EU"}},
		"groups that contain":          {groupsClaim("x", FilterContains, "US"), []string{"Sales US"}},
		"groups by a pattern":          {groupsClaim("x", FilterRegex, ".*"), []string{"Everyone", "Sales EU", "Sales US"}},
		"a pattern is for whole names": {groupsClaim("x", FilterRegex, "Sales"), []string{}},
		"no group at all":              {groupsClaim("x", FilterEquals, "sales eu"), []string{}},
	} {
		got, err := facts(c.claim).Claims()
		if err != nil {
			t.Fatal(err)
		}
		if v, ok := got.Access[c.claim.Name]; !cmp.Equal(v, c.want) || ok != (c.want != nil) {
			t.Errorf("%s: %#v, want %#v", name, v, c.want)
		}
		if len(got.Identity) != 0 || len(got.Full) != 0 {
			t.Errorf("%s: it stands in the ID token too: %v", name, got)
		}
	}
}

func TestIdentityClaims(t *testing.T) {
	always, seldom := claim("always", ClaimIdentity, "user.nickName"), claim("seldom", ClaimIdentity, "user.nickName")
	seldom.Always = false
	got, err := facts(always, seldom).Claims()
	if err != nil {
		t.Fatal(err)
	}
	want := &Claims{Access: map[string]any{}, Identity: map[string]any{"always": "A"}, Full: map[string]any{"always": "A", "seldom": "A"}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestStandardClaims(t *testing.T) {
	f := facts()
	f.Scopes = []string{"openid", "profile", "email", "address", "phone", "offline_access"}
	got, err := f.Claims()
	if err != nil {
		t.Fatal(err)
	}
	thin := map[string]any{"name": "Ann Lee", "preferred_username": "ann@example.com", "email": "ann@example.com"}
	if d := cmp.Diff(thin, got.Identity); d != "" {
		t.Error(d)
	}
	full := map[string]any{
		"name": "Ann Lee", "preferred_username": "ann@example.com", "email": "ann@example.com", "email_verified": true,
		"given_name": "Ann", "family_name": "Lee", "nickname": "A", "zoneinfo": "Europe/Berlin", "locale": "en-US", "updated_at": int64(1700000000),
		"phone_number": "+1 555", "address": map[string]any{"locality": "Bonn", "country": "DE"},
	}
	if d := cmp.Diff(full, got.Full); d != "" {
		t.Error(d)
	}
	for _, c := range f.Server.system {
		c.Always = c.Name == "nickname"
	}
	if got, err = f.Claims(); err != nil || cmp.Diff(map[string]any{"nickname": "A"}, got.Identity) != "" || cmp.Diff(full, got.Full) != "" {
		t.Errorf("with others in the token: %v, %v", got, err)
	}
	f.Server = &Server{}
	if got, err = f.Claims(); err != nil || cmp.Diff(thin, got.Identity) != "" {
		t.Errorf("of the organisation's own server: %v, %v", got, err)
	}
	f.Scopes = []string{"profile", "email"}
	if got, err = f.Claims(); err != nil || len(got.Full) != 0 {
		t.Errorf("without openid: %v, %v", got, err)
	}
}

func TestClaimsOfAClientAlone(t *testing.T) {
	subject := subjectClaim()
	f := facts(&subject, claim("who", ClaimResource, "user.login"), claim("id", ClaimIdentity, `"x"`), groupsClaim("groups", FilterRegex, ".*"))
	f.User, f.Assignment, f.Groups = nil, nil, nil
	got, err := f.Claims()
	if err != nil {
		t.Fatal(err)
	}
	want := &Claims{Access: map[string]any{"sub": "client1", "groups": []string{}}, Identity: map[string]any{}, Full: map[string]any{}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestDecide(t *testing.T) {
	rule := func(name string, change func(*Rule)) *Rule {
		r := &Rule{Name: name, Status: Active, GrantTypes: []string{"authorization_code", "client_credentials"}, Scopes: []string{AnyScope}, Groups: Selection{Include: []string{Everyone}}}
		change(r)
		return r
	}
	s := &Server{Policies: []*Policy{
		{Name: "off", Status: Inactive, Clients: []string{AllClients}, Rules: []*Rule{rule("never", func(*Rule) {})}},
		{Name: "one client", Status: Active, Clients: []string{"c1"}, Rules: []*Rule{
			rule("off", func(r *Rule) { r.Status = Inactive }),
			rule("read", func(r *Rule) { r.Scopes = []string{"openid", "read"} }),
			rule("admins", func(r *Rule) { r.Groups = Selection{Include: []string{"00gadmin"}} }),
			rule("ann", func(r *Rule) {
				r.Groups, r.Users = Selection{}, Selection{Include: []string{"00uann"}, Exclude: []string{"00ubob"}}
			}),
		}},
		{Name: "all", Status: Active, Clients: []string{AllClients}, Rules: []*Rule{
			rule("all but bob", func(r *Rule) { r.Users.Exclude = []string{"00ubob"}; r.Groups.Exclude = []string{"00gout"} }),
		}},
	}}
	for name, c := range map[string]struct {
		q    TokenRequest
		want string
	}{
		"the first rule that allows the scopes": {TokenRequest{ClientID: "c1", GrantType: "authorization_code", Scopes: []string{"openid", "read"}, UserID: "00ux"}, "read"},
		"no scopes":                             {TokenRequest{ClientID: "c1", GrantType: "authorization_code", UserID: "00ux"}, "read"},
		"a member":                              {TokenRequest{ClientID: "c1", GrantType: "authorization_code", Scopes: []string{"write"}, UserID: "00ux", GroupIDs: []string{"00gadmin"}}, "admins"},
		"a user by name":                        {TokenRequest{ClientID: "c1", GrantType: "authorization_code", Scopes: []string{"write"}, UserID: "00uann"}, "ann"},
		"the next policy":                       {TokenRequest{ClientID: "c1", GrantType: "authorization_code", Scopes: []string{"write"}, UserID: "00ux"}, "all but bob"},
		"another client":                        {TokenRequest{ClientID: "c2", GrantType: "authorization_code", Scopes: []string{"write"}, UserID: "00ux"}, "all but bob"},
		"a user who is left out":                {TokenRequest{ClientID: "c2", GrantType: "authorization_code", UserID: "00ubob"}, ""},
		"a group that is left out":              {TokenRequest{ClientID: "c2", GrantType: "authorization_code", UserID: "00ux", GroupIDs: []string{"00gout"}}, ""},
		"another grant":                         {TokenRequest{ClientID: "c2", GrantType: "password", UserID: "00ux"}, ""},
		"no user":                               {TokenRequest{ClientID: "c2", GrantType: "client_credentials"}, "all but bob"},
	} {
		_, r := s.Decide(c.q)
		switch {
		case r == nil && c.want != "":
			t.Errorf("%s: nothing, want %s", name, c.want)
		case r != nil && r.Name != c.want:
			t.Errorf("%s: %s, want %s", name, r.Name, c.want)
		}
	}
}

// TestGroupsClaim: the organisation's own server tells a client of groups as its
// application says, when the client asks for them.
func TestGroupsClaim(t *testing.T) {
	for name, c := range map[string]struct {
		claim  apps.GroupsClaim
		server string
		scopes []string
		want   any // nil: left out
	}{
		"by the beginning":   {apps.GroupsClaim{ValueType: apps.GroupsFilter, Filter: FilterStartsWith, Name: "groups", Value: "Sales"}, "", []string{"openid", "groups"}, []string{"Sales EU", "Sales US"}},
		"by a pattern":       {apps.GroupsClaim{ValueType: apps.GroupsFilter, Filter: FilterRegex, Name: "groups", Value: ".*EU"}, "", []string{"openid", "groups"}, []string{"Sales EU"}},
		"by an expression":   {apps.GroupsClaim{ValueType: apps.GroupsExpression, Name: "groups", Value: "user.nickName"}, "", []string{"openid", "groups"}, "A"},
		"not asked for":      {apps.GroupsClaim{ValueType: apps.GroupsFilter, Filter: FilterStartsWith, Name: "groups", Value: "Sales"}, "", []string{"openid"}, nil},
		"of a custom server": {apps.GroupsClaim{ValueType: apps.GroupsFilter, Filter: FilterStartsWith, Name: "groups", Value: "Sales"}, "aus1", []string{"openid", "groups"}, nil},
	} {
		f := facts()
		f.Server.ID, f.Scopes, f.Client.Details.GroupsClaim = c.server, c.scopes, &c.claim
		got, err := f.Claims()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, got.Identity["groups"]); diff != "" || got.Access["groups"] != nil {
			t.Errorf("%s: %s", name, diff)
		}
	}
}
