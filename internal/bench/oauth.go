package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
)

// oauthData is what the rows about OAuth need: clients, servers and tokens.
type oauthData struct {
	service, web string // Authorization headers of the clients
	webID        string
	elliptic     string // the identifier of a server that signs with ES256
	// Of each worker: an access token of a user, a refresh token that stays, and
	// one that every use replaces.
	access, refresh, rotating []string
}

const (
	oauthCallback = "https://app.example/callback"
	oauthScope    = "bench"
	oauthVerifier = "a-verifier-of-more-than-forty-three-characters-0123"
	// standardServer is the server whose keys are RSA keys.
	standardServer = "default"
)

// admin calls the management interface and reads the answer.
func (t *target) admin(c *client, method, path, body string, status int, out any) error {
	text, err := want(c, status, call(method, t.address, path, body, t.api()))
	if err != nil || out == nil {
		return err
	}
	return json.Unmarshal(text, out)
}

// prepareOAuth makes two servers, two clients, and tokens for n workers, whose
// sessions there are.
func (t *target) prepareOAuth(n int) error {
	c, err := dialClient(t.address)
	if err != nil {
		return err
	}
	defer c.conn.Close()
	t.oauth = &oauthData{}
	if err := t.ellipticServer(c); err != nil {
		return err
	}
	for _, server := range []string{standardServer, t.oauth.elliptic} {
		if err := t.admin(c, "POST", "/api/v1/authorizationServers/"+server+"/scopes", `{"name":"`+oauthScope+`"}`, 201, nil); err != nil {
			return err
		}
	}
	if _, t.oauth.service, err = t.register(c, "service", `"grant_types":["client_credentials"],"response_types":["token"]`); err != nil {
		return err
	}
	web := `"grant_types":["authorization_code","refresh_token"],"response_types":["code"],"redirect_uris":["` + oauthCallback + `"]`
	if t.oauth.webID, t.oauth.web, err = t.register(c, "web", web); err != nil {
		return err
	}
	for worker := range n {
		got, err := t.codeFlow(c, worker, "openid profile email offline_access")
		if err != nil {
			return err
		}
		t.oauth.access, t.oauth.refresh = append(t.oauth.access, got.Access), append(t.oauth.refresh, got.Refresh)
		if got, err = t.codeFlow(c, worker, "openid offline_access"); err != nil {
			return err
		}
		t.oauth.rotating = append(t.oauth.rotating, got.Refresh)
	}
	return nil
}

// ellipticServer makes an authorization server that signs with ES256 and lets
// every client have everything.
func (t *target) ellipticServer(c *client) error {
	var made struct {
		ID string `json:"id"`
	}
	server := `{"name":"Bench ES256 ` + t.run + `","audiences":["api://bench"],"credentials":{"signing":{"alg":"ES256"}}}`
	if err := t.admin(c, "POST", "/api/v1/authorizationServers", server, 201, &made); err != nil {
		return err
	}
	t.oauth.elliptic = made.ID
	at := "/api/v1/authorizationServers/" + made.ID + "/policies"
	policy := `{"type":"OAUTH_AUTHORIZATION_POLICY","name":"all","description":"all","priority":1,"conditions":{"clients":{"include":["ALL_CLIENTS"]}}}`
	if err := t.admin(c, "POST", at, policy, 201, &made); err != nil {
		return err
	}
	rule := `{"type":"RESOURCE_ACCESS","name":"all","priority":1,"conditions":{"people":{"groups":{"include":["EVERYONE"]}},` +
		`"grantTypes":{"include":["client_credentials","authorization_code"]},"scopes":{"include":["*"]}}}`
	return t.admin(c, "POST", at+"/"+made.ID+"/rules", rule, 201, nil)
}

// register makes a client with a secret that everybody may use.
func (t *target) register(c *client, kind, settings string) (id, header string, err error) {
	var app struct {
		ID          string `json:"id"`
		Credentials struct {
			OAuth struct {
				ID     string `json:"client_id"`
				Secret string `json:"client_secret"`
			} `json:"oauthClient"`
		} `json:"credentials"`
	}
	body := `{"name":"oidc_client","label":"Bench ` + kind + " " + t.run + `","signOnMode":"OPENID_CONNECT",` +
		`"credentials":{"oauthClient":{"token_endpoint_auth_method":"client_secret_basic"}},` +
		`"settings":{"oauthClient":{"application_type":"` + kind + `","refresh_token":{"rotation_type":"ROTATE","leeway":0},` + settings + `}}}`
	if err := t.admin(c, "POST", "/api/v1/apps", body, 200, &app); err != nil {
		return "", "", err
	}
	if kind != "service" {
		var groups []struct {
			ID string `json:"id"`
		}
		if err := t.admin(c, "GET", "/api/v1/groups?q=Everyone", "", 200, &groups); err != nil || len(groups) != 1 {
			return "", "", errors.Join(err, errors.New("there is no group of everyone"))
		}
		if err := t.admin(c, "PUT", "/api/v1/apps/"+app.ID+"/groups/"+groups[0].ID, "{}", 200, nil); err != nil {
			return "", "", err
		}
	}
	o := app.Credentials.OAuth
	return o.ID, "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(o.ID+":"+o.Secret)), nil
}

// form builds a request that posts a form.
func form(address, path string, fields url.Values, header ...string) []byte {
	body := fields.Encode()
	request := call("POST", address, path, "", append(header, "Content-Type: application/x-www-form-urlencoded", fmt.Sprintf("Content-Length: %d", len(body)))...)
	return append(request, body...)
}

// granted is an answer of the token endpoint.
type granted struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
	ID      string `json:"id_token"`
}

// trade takes a grant to the token endpoint.
func (t *target) trade(c *client, server, client string, fields url.Values) (granted, error) {
	var out granted
	body, err := want(c, 200, form(t.address, "/oauth2/"+server+"/v1/token", fields, client))
	if err != nil {
		return out, err
	}
	if err := json.Unmarshal(body, &out); err != nil || out.Access == "" {
		return out, errors.Join(err, fmt.Errorf("no access token: %.300s", body))
	}
	return out, nil
}

// codeFlow goes from a session by an authorization code to tokens. The code
// comes in a form, so that it stands in the body. (RFC 6749 section 4.1)
func (t *target) codeFlow(c *client, worker int, scope string) (granted, error) {
	sum := sha256.Sum256([]byte(oauthVerifier))
	q := url.Values{
		"client_id": {t.oauth.webID}, "response_type": {"code"}, "response_mode": {"form_post"}, "scope": {scope}, "redirect_uri": {oauthCallback},
		"state": {"s"}, "nonce": {"n"}, "code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
	}
	page, err := want(c, 200, call("GET", t.address, "/oauth2/"+standardServer+"/v1/authorize?"+q.Encode(), "", "Cookie: sid="+t.sessions[worker%len(t.sessions)]))
	if err != nil {
		return granted{}, err
	}
	const mark = `name="code" value="`
	_, rest, found := bytes.Cut(page, []byte(mark))
	code, _, _ := bytes.Cut(rest, []byte(`"`))
	if !found {
		return granted{}, fmt.Errorf("no code: %.600s", page)
	}
	out, err := t.trade(c, standardServer, t.oauth.web, url.Values{
		"grant_type": {"authorization_code"}, "code": {string(code)}, "redirect_uri": {oauthCallback}, "code_verifier": {oauthVerifier},
	})
	if err == nil && out.ID == "" {
		err = errors.New("no ID token")
	}
	return out, err
}

func codeFlow(t *target) operation {
	return func(c *client, worker int, _ int64) error {
		_, err := t.codeFlow(c, worker, "openid profile")
		return err
	}
}

// clientCredentials is a token for a client itself, of the server of one kind of
// key.
func clientCredentials(server func(t *target) string) func(t *target) operation {
	return func(t *target) operation {
		fields := url.Values{"grant_type": {"client_credentials"}, "scope": {oauthScope}}
		return func(c *client, _ int, _ int64) error {
			_, err := t.trade(c, server(t), t.oauth.service, fields)
			return err
		}
	}
}

// refreshToken trades a refresh token for the next one.
func refreshToken(t *target) operation {
	return func(c *client, worker int, _ int64) error {
		mine := &t.oauth.rotating[worker%len(t.oauth.rotating)]
		out, err := t.trade(c, standardServer, t.oauth.web, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {*mine}})
		if err != nil {
			return err
		}
		if out.Refresh == *mine || out.Refresh == "" {
			return errors.New("the refresh token was not replaced")
		}
		*mine = out.Refresh
		return nil
	}
}

// introspect asks about a token of a worker's. (RFC 7662)
func introspect(tokens func(o *oauthData) []string) func(t *target) operation {
	return func(t *target) operation {
		return func(c *client, worker int, _ int64) error {
			list := tokens(t.oauth)
			body, err := want(c, 200, form(t.address, "/oauth2/"+standardServer+"/v1/introspect", url.Values{"token": {list[worker%len(list)]}}, t.oauth.web))
			if err == nil && !bytes.Contains(body, []byte(`"active":true`)) {
				return fmt.Errorf("the token is not active: %.300s", body)
			}
			return err
		}
	}
}

func userInfo(t *target) operation {
	return func(c *client, worker int, _ int64) error {
		token := t.oauth.access[worker%len(t.oauth.access)]
		_, err := want(c, 200, call("GET", t.address, "/oauth2/"+standardServer+"/v1/userinfo", "", "Authorization: Bearer "+token))
		return err
	}
}

// document is a page that a server publishes about itself.
func document(path string) func(t *target) operation {
	return func(t *target) operation {
		request := call("GET", t.address, "/oauth2/"+standardServer+path, "")
		return func(c *client, _ int, _ int64) error {
			_, err := want(c, 200, request)
			return err
		}
	}
}

// bareToken is a point read and a signature with ES256.
func bareToken(t *target) operation {
	request := call("GET", t.bare, "/token/"+t.orgID, "", "Cookie: sid="+oauthVerifier)
	return func(c *client, _ int, _ int64) error {
		_, err := want(c, 200, request)
		return err
	}
}

// oauthRows are the lines of the table about OAuth and OpenID Connect.
func oauthRows() []row {
	perRead := limit{name: "bare chi, 1 point read", per: 1, op: bareSession}
	ready := limit{name: "bare chi, 1 kB JSON", per: 1, op: bareJSON}
	insert := limit{name: "insert transaction", per: 1, work: "insert"}
	checked := map[string]float64{"sqlite": 9000, "postgres": 8000}
	list := []row{
		{
			key: "rs256", name: "client credentials, RS256", goal: same(950), ceiling: limit{name: "RSA-2048 signature", per: 1, work: "rs256"},
			op: clientCredentials(func(*target) string { return standardServer }),
		},
		{
			key: "es256", name: "client credentials, ES256", goal: same(8000), ceiling: limit{name: "bare chi, 1 point read, ES256", per: 1, op: bareToken},
			op: clientCredentials(func(t *target) string { return t.oauth.elliptic }),
		},
		{
			key: "introspect", name: "introspect, opaque token", goal: checked, ceiling: perRead,
			op: introspect(func(o *oauthData) []string { return o.refresh }),
		},
		{
			key: "introspectjwt", name: "introspect, access token", ceiling: perRead,
			op: introspect(func(o *oauthData) []string { return o.access }),
		},
		{key: "userinfo", name: "user info", goal: checked, ceiling: perRead, op: userInfo},
		{key: "keys", name: "keys", goal: same(40_000), ceiling: ready, op: document("/v1/keys")},
		{key: "discovery", name: "discovery", goal: same(40_000), ceiling: ready, op: document("/.well-known/openid-configuration")},
		{key: "refresh", name: "refresh, rotating, RS256", ceiling: insert, op: refreshToken},
		{key: "code", name: "code flow, 2 tokens, RS256", ceiling: insert, op: codeFlow},
	}
	for i := range list {
		list[i].unit, list[i].per, list[i].oauth = "/s", 1, true
	}
	return list
}
