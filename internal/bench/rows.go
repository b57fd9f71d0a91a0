package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"sync/atomic"
	"time"
)

// listSize is how many users a page of the list has.
const listSize = 200

// target is a running server with its data.
type target struct {
	*data
	address  string
	bare     string   // address of the bare server
	cheap    string   // address of the server whose hashes cost nothing
	run      string   // makes logins of this run unique
	sessions []string // cookies
	oauth    *oauthData
	factors  *factorData
	count    atomic.Int64
}

// row is one line of the table: an operation and what bounds it.
type row struct {
	key, name, unit string
	per             float64 // units of one operation
	op              func(t *target) operation
	ceiling         limit
	goal            map[string]float64 // by engine
	// overhead is the same operation at a server whose hashes cost nothing: what
	// CPU it takes there is what the operation takes beside the hash.
	overhead func(t *target) operation
	// oauth tells that it needs what prepareOAuth makes.
	oauth bool
	// factors tells that it needs what prepareFactors makes; beside that it is
	// measured at the server whose hashes cost nothing.
	factors, beside bool
}

// limit is work that an operation cannot do without.
type limit struct {
	name string
	per  float64                   // units of one operation
	work string                    // a kind of work of the bare server, or
	op   func(t *target) operation // requests to the bare server
}

// same is a goal that holds for both databases.
func same(goal float64) map[string]float64 {
	return map[string]float64{"sqlite": goal, "postgres": goal}
}

// rows are the lines of the table that the load makes. The goals are those of
// docs/performance.md.
func rows() []row {
	return slices.Concat(coreRows(), factorRows(), oauthRows())
}

func coreRows() []row {
	return []row{
		{
			key: "get", name: "user by id", unit: "/s", per: 1, op: getUser, goal: map[string]float64{"sqlite": 9000, "postgres": 8000},
			ceiling: limit{name: "bare chi, 2 point reads", per: 1, op: bareUser},
		},
		{
			key: "create", name: "user create, no password", unit: "/s", per: 1, op: createUser, goal: map[string]float64{"sqlite": 1500, "postgres": 2500},
			ceiling: limit{name: "insert transaction", per: 1, work: "insert"},
		},
		{
			key: "list", name: "list, " + strconv.Itoa(listSize) + " a page", unit: "users/s", per: listSize, op: listUsers, goal: same(150_000),
			ceiling: limit{name: "bare chi, stored bytes", per: listSize, op: bareList},
		},
		{
			key: "search", name: "exact search, login", unit: "/s", per: 1, op: searchUser, goal: same(5000),
			ceiling: limit{name: "bare chi, 2 point reads", per: 1, op: bareUser},
		},
		{
			key: "signin", name: "password sign-in, authn", unit: "/s", per: 1, op: signIn, overhead: signInCheaply,
			ceiling: limit{name: "argon2id", per: 1, work: "argon2id"},
		},
		{
			key: "idx", name: "IdX page, introspect, identify", unit: "/s", per: 1, op: identify,
			ceiling: limit{name: "bare chi, 1 kB JSON", per: 1, op: bareJSON},
		},
		{
			key: "session", name: "session check", unit: "/s", per: 1, op: checkSession, goal: map[string]float64{"sqlite": 9000, "postgres": 8000},
			ceiling: limit{name: "bare chi, 1 point read", per: 1, op: bareSession},
		},
	}
}

// limits are the ceilings that no row names but that a reader compares with.
func limits() []limit {
	return []limit{
		{name: "SHA-256 of a token", per: 1, work: "sha256"},
		{name: "point read", per: 1, work: "read"},
	}
}

func (t *target) api() string { return "Authorization: SSWS " + t.token }

// pick spreads the operations over the users.
func pick(list []string, n int64) string { return list[n*7919%int64(len(list))] }

func getUser(t *target) operation {
	auth := t.api()
	return func(c *client, _ int, n int64) error {
		_, err := want(c, 200, call("GET", t.address, "/api/v1/users/"+pick(t.users, n), "", auth))
		return err
	}
}

func createUser(t *target) operation {
	auth := t.api()
	return func(c *client, _ int, n int64) error {
		name := fmt.Sprintf("new%d.%s@example.com", n, t.run)
		body := `{"profile":{"firstName":"New","lastName":"User","email":"` + name + `","login":"` + name + `","mobilePhone":"+1-555-415-1337"}}`
		_, err := want(c, 200, call("POST", t.address, "/api/v1/users?activate=false", body, auth))
		return err
	}
}

func listUsers(t *target) operation {
	auth := t.api()
	from := t.users[:max(1, len(t.users)-listSize)]
	return func(c *client, _ int, n int64) error {
		_, err := want(c, 200, call("GET", t.address, "/api/v1/users?limit="+strconv.Itoa(listSize)+"&after="+pick(from, n), "", auth))
		return err
	}
}

func signIn(t *target) operation { return t.signInAt(t.address, t.signers) }

func signInCheaply(t *target) operation { return t.signInAt(t.cheap, t.data.cheap) }

func (t *target) signInAt(address string, logins []string) operation {
	return func(c *client, _ int, n int64) error {
		body, err := want(c, 200, call("POST", address, "/api/v1/authn", t.credentials(logins, n)))
		if err == nil && !bytes.Contains(body, []byte(`"SUCCESS"`)) {
			return fmt.Errorf("the sign-in did not succeed: %.300s", body)
		}
		return err
	}
}

func (t *target) credentials(logins []string, n int64) string {
	return `{"username":"` + pick(logins, n) + `","password":"` + t.password + `"}`
}

func checkSession(t *target) operation {
	return func(c *client, worker int, _ int64) error {
		_, err := want(c, 200, call("GET", t.address, "/api/v1/sessions/me", "", "Cookie: sid="+t.sessions[worker%len(t.sessions)]))
		return err
	}
}

func bareJSON(t *target) operation {
	request := call("GET", t.bare, "/json", "")
	return func(c *client, _ int, _ int64) error {
		_, err := want(c, 200, request)
		return err
	}
}

func bareUser(t *target) operation {
	auth := t.api()
	return func(c *client, _ int, n int64) error {
		_, err := want(c, 200, call("GET", t.bare, "/users/"+t.orgID+"/"+pick(t.users, n), "", auth))
		return err
	}
}

func bareList(t *target) operation {
	from := t.users[:max(1, len(t.users)-listSize)]
	return func(c *client, _ int, n int64) error {
		_, err := want(c, 200, call("GET", t.bare, "/users/"+t.orgID+"?after="+pick(from, n), ""))
		return err
	}
}

func bareSession(t *target) operation {
	return func(c *client, worker int, _ int64) error {
		_, err := want(c, 200, call("GET", t.bare, "/sessions/"+t.orgID, "", "Cookie: sid="+t.sessions[worker%len(t.sessions)]))
		return err
	}
}

// work asks the bare server to do one kind of work alone.
func (t *target) work(c *client, kind string, d time.Duration) (worked, error) {
	q := url.Values{"for": {d.String()}}
	if kind == "read" {
		q.Set("org", t.orgID)
		for i := range int64(100) {
			q.Add("id", pick(t.users, i))
		}
	}
	var out worked
	body, err := want(c, 200, call("GET", t.bare, "/work/"+kind+"?"+q.Encode(), ""))
	if err != nil {
		return out, err
	}
	return out, json.Unmarshal(body, &out)
}

// beginSessions signs users in and keeps their cookies. (spec: authn#sessionCookieRedirect)
func (t *target) beginSessions(n int) error {
	c, err := dialClient(t.address)
	if err != nil {
		return err
	}
	defer c.conn.Close()
	browser := http.Client{Timeout: 30 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for i := range n {
		body, err := want(c, 200, call("POST", t.address, "/api/v1/authn", t.credentials(t.signers, int64(i))))
		if err != nil {
			return err
		}
		var signed struct {
			SessionToken string `json:"sessionToken"`
		}
		if err := json.Unmarshal(body, &signed); err != nil {
			return err
		}
		q := url.Values{"token": {signed.SessionToken}, "redirectUrl": {"http://" + t.address + "/"}}
		resp, err := browser.Get("http://" + t.address + "/login/sessionCookieRedirect?" + q.Encode()) //nolint:noctx // the client has a timeout
		if err != nil {
			return err
		}
		_ = resp.Body.Close()
		for _, cookie := range resp.Cookies() {
			if cookie.Name == "sid" && cookie.Value != "" {
				t.sessions = append(t.sessions, cookie.Value)
			}
		}
		if len(t.sessions) != i+1 {
			return errors.New("the redirect with a session token set no session cookie: " + resp.Status)
		}
	}
	return nil
}
