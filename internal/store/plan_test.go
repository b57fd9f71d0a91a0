package store_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"usher/internal/scim"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

const (
	// planSize is how many users, memberships and events there are to scan.
	planSize = 20_000
	// planReach is how many rows a statement may read for a page.
	planReach = 1_000
)

// bulky are the tables that nothing may scan.
const bulky = `users|memberships|events|user_attributes`

// planUser is the identifier of the i-th user.
func planUser(i int) string { return "00u" + strconv.Itoa(10_000_000_000_000_000+i) }

func planGroup(i int) string { return "00g" + strconv.Itoa(10_000_000_000_000_000+i) }

// planEvent is the UUID of the event of the i-th second.
func planEvent(i int) string { return fmt.Sprintf("%s-7000-8000-000000000000", planPrefix(i)) }

func planPrefix(i int) string {
	text := fmt.Sprintf("%012x", noon.Add(time.Duration(i)*time.Second).UnixMilli())
	return text[:8] + "-" + text[8:]
}

// multitude fills the tables: groups of a hundred, half of the memberships by rules,
// and an event each second.
func (w *world) multitude(t *testing.T) *sql.DB {
	t.Helper()
	driver, address := "sqlite", "file:"+store.SQLitePath(w.url)+"?_pragma=busy_timeout(5000)"
	if w.Engine() == "postgres" {
		driver, address = "pgx", w.url
	}
	db, err := sql.Open(driver, address)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1) // a prepared statement lives on its connection
	t.Cleanup(func() { _ = db.Close() })
	numbers := fmt.Sprintf("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) ", planSize)
	user, group := "'00u' || (10000000000000000 + i)", "'00g' || (10000000000000000 + i / 100)"
	org := "'" + w.org.ID + "'"
	for _, text := range []string{
		numbers + `INSERT INTO users (org_id, id, type_id, status, login, login_key, short_key, email_key, first_key, last_key, profile, provider_type, provider_name,
 has_password, recovery_question, factors, created, activated, status_changed, last_login, last_updated, password_changed, version)
 SELECT ` + org + `, ` + user + `, 'oty', CASE WHEN i % 500 = 0 THEN 'SUSPENDED' ELSE 'ACTIVE' END, 'u' || i, 'u' || i || '@example.com', 'u' || i, 'u' || i || '@example.com', 'first' || i, 'last' || (i % 400),
 '{}', 'OKTA', 'OKTA', 0, '', 0, i * 1000, i * 1000, i * 1000, 0, i * 1000, 0, 1 FROM n`,
		numbers + `INSERT INTO groups (org_id, id, type, object_class, name, name_key, profile, created, last_updated, last_membership_updated, version)
 SELECT ` + org + `, '00g' || (10000000000000000 + i), 'OKTA_GROUP', 'okta:user_group', 'Team ' || i, 'team ' || i, '{}', i * 1000, i * 1000, i * 1000, 1 FROM n`,
		numbers + `INSERT INTO memberships (org_id, group_id, user_id, rule_id, created) SELECT ` + org + `, ` + group + `, ` + user + `, CASE WHEN i % 2 = 0 THEN '' ELSE '0pr' || (i % 100) END, 0 FROM n WHERE i >= 100`,
		numbers + `INSERT INTO user_attributes (org_id, user_id, name, value_key) SELECT ` + org + `, ` + user + `, 'department', 'sdept' || (i % 200) FROM n`,
	} {
		if _, err := db.ExecContext(t.Context(), text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
	w.tx(t, func(tx *store.Tx) error {
		var rows []store.EventRow
		for i := range planSize {
			rows = append(rows, store.EventRow{UUID: planEvent(i), Type: "user.lifecycle.create", Document: []byte("{}")})
		}
		return tx.InsertEvents(w.org.ID, rows)
	})
	for range planSize / 4000 {
		w.tx(t, func(tx *store.Tx) error { _, err := tx.StampEvents(w.org.ID, 4000); return err })
	}
	return db
}

// analyze tells PostgreSQL what its tables hold now.
func analyze(t *testing.T, w *world, db *sql.DB) {
	t.Helper()
	if w.Engine() != "postgres" {
		return
	}
	if _, err := db.ExecContext(t.Context(), "VACUUM ANALYZE"); err != nil {
		t.Fatal(err)
	}
}

// planned is a use of the store whose statements must find what they need by
// indexes.
type planned struct {
	name string
	run  func(tx *store.Tx) error
}

// find and search make uses of what a method returns.
func find[V any](name string, fn func(tx *store.Tx) (V, error)) planned {
	return planned{name, func(tx *store.Tx) error { _, err := fn(tx); return err }}
}

func search(org, name string, q store.UserQuery) planned {
	if q.Limit == 0 {
		q.Limit = 201
	}
	return planned{"search: " + name, func(tx *store.Tx) error {
		hits, err := tx.SearchUsers(org, q)
		if err == nil && len(hits) == 0 {
			err = fmt.Errorf("nobody was found")
		}
		return err
	}}
}

func is(column store.UserColumn, op store.TextOp, value string) store.TextIs {
	return store.TextIs{Column: column, Op: op, Value: value}
}

func userPlans(org string) []planned {
	middle := planUser(planSize / 2)
	return []planned{
		find("user by id", func(tx *store.Tx) (any, error) { return tx.User(org, middle) }),
		find("user by login", func(tx *store.Tx) (any, error) { return tx.UserByLogin(org, "u77@example.com") }),
		{"what is foreseen of a user", func(tx *store.Tx) error {
			return tx.Foresee(org, store.Foreseen{
				UserID: middle, Login: "u77@example.com", Credential: true, Groups: true, Factors: true, Counts: true, Standing: true, Source: "s", AppID: "0oa1", FactorID: "opf1", Challenges: 20,
			})
		}},
		find("user by short name", func(tx *store.Tx) (any, error) { return tx.UsersByShortName(org, "u77") }),
		find("first page", func(tx *store.Tx) (any, error) { return tx.UsersAfter(org, "", 201) }),
		find("page in the middle", func(tx *store.Tx) (any, error) { return tx.UsersAfter(org, middle, 201) }),
		find("everyone", func(tx *store.Tx) (any, error) { return tx.EveryoneAfter(org, middle, 201) }),
		find("q", func(tx *store.Tx) (any, error) { return tx.UsersByPrefix(org, "first77", 10) }),
		find("q that all share", func(tx *store.Tx) (any, error) { return tx.UsersByPrefix(org, "first", 10) }),
		find("with an attribute", func(tx *store.Tx) (any, error) {
			return tx.UsersWithAttribute(org, "department", planUser(planSize-500), 100)
		}),
		search(org, "id", store.UserQuery{Where: is(store.UserID, store.Equal, middle)}),
		search(org, "login", store.UserQuery{Where: is(store.UserLogin, store.Equal, "u77@example.com")}),
		search(org, "email", store.UserQuery{Where: is(store.UserEmail, store.Equal, "u77@example.com")}),
		search(org, "first name", store.UserQuery{Where: is(store.UserFirst, store.Equal, "first77")}),
		search(org, "last name", store.UserQuery{Where: is(store.UserLast, store.Equal, "last77")}),
		search(org, "status that most have", store.UserQuery{Where: is(store.UserStatus, store.Equal, "ACTIVE")}),
		search(org, "status, second page", store.UserQuery{Where: is(store.UserStatus, store.Equal, "ACTIVE"), After: middle}),
		search(org, "attribute", store.UserQuery{Where: store.AttributeIs{Name: "department", Op: store.Equal, Kind: 's', Value: "dept7"}}),
		search(org, "attribute, prefix", store.UserQuery{Where: store.AttributeIs{Name: "department", Op: store.StartsWith, Kind: 's', Value: "dept19"}, Limit: 20, After: planUser(planSize - 400)}),
		search(org, "login, prefix", store.UserQuery{Where: is(store.UserLogin, store.StartsWith, "u777")}),
		search(org, "email, prefix", store.UserQuery{Where: is(store.UserEmail, store.StartsWith, "u777")}),
		search(org, "first name, prefix", store.UserQuery{Where: is(store.UserFirst, store.StartsWith, "first777")}),
		search(org, "last name, prefix", store.UserQuery{Where: is(store.UserLast, store.StartsWith, "last77")}),
		search(org, "changed since", store.UserQuery{Where: store.TimeIn{Column: store.UserLastUpdated, From: (planSize - 100) * 1000}}),
		search(org, "created between", store.UserQuery{Where: store.TimeIn{Column: store.UserCreated, From: 5_000_000, Until: 5_100_000}}),
		search(org, "and", store.UserQuery{Where: store.AllOf{is(store.UserStatus, store.Equal, "ACTIVE"), is(store.UserLogin, store.Equal, "u77@example.com")}}),
		search(org, "or", store.UserQuery{Where: store.AnyOf{is(store.UserEmail, store.Equal, "u77@example.com"), is(store.UserLogin, store.Equal, "u78@example.com")}}),
		search(org, "a rare state and the end of a name", store.UserQuery{Where: store.AllOf{is(store.UserStatus, store.Equal, "SUSPENDED"), is(store.UserLast, store.EndsWith, "0")}}),
		find("members of any group", func(tx *store.Tx) (any, error) {
			return tx.MemberIDsOfAny(org, []string{planGroup(77), planGroup(78), planGroup(79)}, "", 201)
		}),
		find("live users", func(tx *store.Tx) (any, error) { return tx.LiveUsers(org, []string{middle, planUser(7), planUser(8)}) }),
		search(org, "members of any group", store.UserQuery{Where: store.MemberOf{GroupIDs: []string{planGroup(77), planGroup(190)}}}),
		search(org, "members, and a state that most have", store.UserQuery{
			Where: store.AllOf{store.MemberOf{GroupIDs: []string{planGroup(190)}}, is(store.UserStatus, store.Equal, "ACTIVE")},
		}),
		search(org, "members, and the end of a name", store.UserQuery{
			Where: store.AllOf{store.MemberOf{GroupIDs: []string{planGroup(190), planGroup(191)}}, is(store.UserLast, store.EndsWith, "0")}, By: store.UserLast,
		}),
		search(org, "sorted by creation", store.UserQuery{By: store.UserCreated}),
		search(org, "sorted by change, downwards", store.UserQuery{By: store.UserLastUpdated, Descending: true}),
		search(org, "sorted by last name, second page", store.UserQuery{By: store.UserLast, AfterKey: "last200", After: middle}),
	}
}

func groupPlans(org string) []planned {
	group, user := planGroup(77), planUser(7777)
	groups := func(name string, q store.GroupQuery) planned {
		q.Limit = 201
		return find("groups: "+name, func(tx *store.Tx) (any, error) { return tx.SearchGroups(org, q) })
	}
	compare := func(path scim.Path, op scim.Op, text string) scim.Expr {
		return scim.Compare{Path: path, Op: op, Value: scim.StringValue(text)}
	}
	return []planned{
		find("members", func(tx *store.Tx) (any, error) { return tx.MembersAfter(org, group, "", 201) }),
		find("members, second page", func(tx *store.Tx) (any, error) { return tx.MembersAfter(org, group, user, 201) }),
		find("members by rule", func(tx *store.Tx) (any, error) { return tx.ManagedMembersAfter(org, group, true, "", "", 201) }),
		find("members by hand", func(tx *store.Tx) (any, error) { return tx.ManagedMembersAfter(org, group, false, "", "", 201) }),
		find("groups of a user", func(tx *store.Tx) (any, error) { return tx.GroupsOf(org, user) }),
		find("identifiers of the groups of a user", func(tx *store.Tx) (any, error) { return tx.GroupIDsOf(org, user) }),
		find("group by id", func(tx *store.Tx) (any, error) { return tx.Group(org, group) }),
		find("groups", func(tx *store.Tx) (any, error) { return tx.GroupsAfter(org, group, 201) }),
		find("groups by name", func(tx *store.Tx) (any, error) { return tx.GroupsByName(org, "team 77", 201) }),
		find("figures of groups", func(tx *store.Tx) (any, error) { return tx.CountGroups(org, []string{group, planGroup(78)}, nil) }),
		groups("name", store.GroupQuery{Where: compare("profile.name", scim.Eq, "Team 77"), By: store.GroupsByID}),
		groups("name, prefix", store.GroupQuery{Where: compare("profile.name", scim.Sw, "Team 777"), By: store.GroupsByID}),
		groups("id", store.GroupQuery{Where: compare("id", scim.Eq, group), By: store.GroupsByID}),
		groups("sorted by name", store.GroupQuery{By: store.GroupsByNameKey}),
		groups("sorted by change", store.GroupQuery{By: store.GroupsByUpdated, Descending: true}),
		find("linked users", func(tx *store.Tx) (any, error) { return tx.LinkedAssociated(org, "boss", user, "", 201) }),
		find("rules: who is active", func(tx *store.Tx) (any, error) { return tx.ActiveGroupRules(org) }),
		find("rules: memberships of a user", func(tx *store.Tx) (any, error) { return tx.MembershipsOf(org, user) }),
		find("rules: memberships of users", func(tx *store.Tx) (any, error) {
			return tx.MembershipsOfUsers(org, []string{user, planUser(7778), planUser(9000)})
		}),
		find("rules: memberships of a batch", func(tx *store.Tx) (any, error) { return tx.MembershipsBetween(org, user, planUser(7876), nil) }),
		find("rules: memberships of a batch in groups", func(tx *store.Tx) (any, error) {
			return tx.MembershipsBetween(org, user, planUser(7876), []string{group, planGroup(78)})
		}),
		find("rules: memberships by a rule", func(tx *store.Tx) (any, error) { return tx.MembershipsBy(org, "0pr7", 100) }),
		find("rules: reasons", func(tx *store.Tx) (any, error) { return tx.ReasonsFor(org, group, user) }),
		find("rules: next users", func(tx *store.Tx) (any, error) { return tx.UsersAfter(org, user, 100) }),
		find("applications: the groups by which a user comes", func(tx *store.Tx) (any, error) { return tx.AppPaths(org, "0oa1", []string{user}) }),
		find("applications: the groups by which users come", func(tx *store.Tx) (any, error) {
			return tx.AppPaths(org, "0oa1", []string{user, planUser(7778), planUser(9000)})
		}),
		find("applications: of a group", func(tx *store.Tx) (any, error) { return tx.AppGroupsOf(org, group) }),
		{"applications: a user who comes no more", func(tx *store.Tx) error { return tx.DeleteLooseAppUsers(org, "0oa1", user, planGroup(1)) }},
		find("applications: grants of a user", func(tx *store.Tx) (any, error) {
			return tx.OAuthGrants(org, store.GrantFilter{UserID: user, ForUser: true}, "", 201)
		}),
		find("applications: grants of a user to a client", func(tx *store.Tx) (any, error) {
			return tx.OAuthGrants(org, store.GrantFilter{ClientID: "0oa1", UserID: user, ForUser: true}, "", 201)
		}),
		find("applications: grants to a client", func(tx *store.Tx) (any, error) {
			return tx.OAuthGrants(org, store.GrantFilter{ClientID: "0oa1"}, "", 201)
		}),
		find("applications: take grants back", func(tx *store.Tx) (any, error) {
			return tx.DeleteOAuthGrants(org, store.GrantFilter{ClientID: "0oa1", UserID: user, ForUser: true, ID: "oag1"})
		}),
		find("clients of a user's sessions", func(tx *store.Tx) (any, error) { return tx.UserSessionClients(org, user, "", 10) }),
		find("clients of a session by name", func(tx *store.Tx) (any, error) { return tx.NamedSessionClients(org, user, "102", 10) }),
		find("challenges of a factor", func(tx *store.Tx) (any, error) { return tx.ChallengesOf(org, user, "opf1", 10) }),
		find("applications: members of a group", func(tx *store.Tx) (any, error) { return tx.MemberIDsAfter(org, group, "", 201) }),
		find("applications: of a user", func(tx *store.Tx) (any, error) {
			return tx.AppsAfter(org, store.AppFilter{UserID: user, EveryoneID: planGroup(1)}, "", 201)
		}),
		{"rules: remove members", func(tx *store.Tx) error {
			return tx.RemoveMembers(org, []store.Membership{{GroupID: group, UserID: user, RuleID: "0pr7"}})
		}},
	}
}

func eventPlans(org string) []planned {
	at := func(i int) time.Time { return noon.Add(time.Duration(i) * time.Second) }
	return []planned{
		find("log: poll at the end", func(tx *store.Tx) (any, error) { return tx.EventsByPosition(org, planSize, at(0), 100) }),
		find("log: poll in the middle", func(tx *store.Tx) (any, error) { return tx.EventsByPosition(org, planSize/2, at(0), 100) }),
		find("log: first poll, everything", func(tx *store.Tx) (any, error) { return tx.EventsByPosition(org, 0, at(0), 100) }),
		find("log: first poll, of late", func(tx *store.Tx) (any, error) { return tx.EventsByPosition(org, 0, at(planSize-200), 100) }),
		find("log: between", func(tx *store.Tx) (any, error) { return tx.EventsByTime(org, at(100), at(9000), "", false, 100) }),
		find("log: between, second page", func(tx *store.Tx) (any, error) {
			return tx.EventsByTime(org, at(100), at(9000), planEvent(5000), false, 100)
		}),
		find("log: between, downwards", func(tx *store.Tx) (any, error) { return tx.EventsByTime(org, at(100), at(9000), "", true, 100) }),
		find("log: is all in its place", func(tx *store.Tx) (any, error) { return tx.HasUnstamped(org) }),
		find("log: whose lines lack a place", func(tx *store.Tx) (any, error) { return tx.OrgsToStamp() }),
		find("log: put lines into place", func(tx *store.Tx) (any, error) {
			if err := tx.InsertEvents(org, []store.EventRow{{UUID: planEvent(planSize + 1), Type: "x", Document: []byte("{}")}}); err != nil {
				return nil, err
			}
			return tx.StampEvents(org, 1000)
		}),
	}
}

// TestPlans holds the database's own plans of what is asked often against one
// rule: it is found by an index, and no more is read than a page needs.
func TestPlans(t *testing.T) {
	if testing.Short() {
		t.Skip("fills four tables")
	}
	// A database of its own: what PostgreSQL knows of earlier tests' rows would
	// have a say in its plans.
	storetest.EachEmpty(t, func(t *testing.T, url string) {
		w := newWorld(t, url)
		db := w.multitude(t)
		analyze(t, w, db)
		w.checkPlans(t, db)
	})
}

// TestPlansForANewOrganisation asks the same of PostgreSQL when all it knows of
// its tables is another organisation's rows: it takes the new one for empty until
// the next analysis, and what it then finds cheap must not be a scan.
func TestPlansForANewOrganisation(t *testing.T) {
	if testing.Short() {
		t.Skip("fills four tables twice")
	}
	storetest.EachEmpty(t, func(t *testing.T, url string) {
		w := newWorld(t, url)
		if w.Engine() != "postgres" {
			return // SQLite plans without statistics
		}
		db := w.multitude(t)
		analyze(t, w, db)
		for _, table := range strings.Split(bulky, "|") {
			if _, err := db.ExecContext(t.Context(), "ALTER TABLE "+table+" SET (autovacuum_enabled = false)"); err != nil {
				t.Fatal(err)
			}
		}
		w.org = w.addOrg(t, "new", "new.example.com")
		w.checkPlans(t, w.multitude(t))
	})
}

func (w *world) checkPlans(t *testing.T, db *sql.DB) {
	t.Helper()
	for _, p := range append(append(userPlans(w.org.ID), groupPlans(w.org.ID)...), eventPlans(w.org.ID)...) {
		statements, err := store.Recorded(t.Context(), w.Store, p.run)
		if err != nil || len(statements) == 0 {
			t.Fatalf("%s: %d statements, %v", p.name, len(statements), err)
		}
		for _, s := range statements {
			if w.Engine() == "postgres" {
				checkPostgresPlan(t, db, p.name, s)
			} else {
				checkSQLitePlan(t, db, p.name, s)
			}
		}
	}
}

// scansTable matches a line of SQLite's plan that goes through a table or one of
// its indexes from end to end: with no bound, or within an organisation.
var scansTable = regexp.MustCompile(`^(SCAN (` + grown + `)\b.*|SEARCH (` + grown + `) USING .*\(org_id=\?\))$`)

// grown are all tables that grow with the users, and the names that statements
// give them. They are few rows here; SQLite plans the same for many.
const grown = bulky + `|app_users|app_groups|sessions|session_clients|oauth_grants|oauth_refresh|factor_challenges|[acegkmsu]`

func checkSQLitePlan(t *testing.T, db *sql.DB, name string, s store.Statement) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+s.Text, s.Args...)
	if err != nil {
		t.Fatalf("%s: %s: %v", name, s.Text, err)
	}
	defer rows.Close()
	var plan []string
	scans, sorts := false, false
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			t.Fatal(err)
		}
		plan = append(plan, detail)
		scans = scans || scansTable.MatchString(detail)
		sorts = sorts || strings.Contains(detail, "TEMP B-TREE FOR ORDER BY")
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	// A whole organisation in the order of an index is read only as far as the limit.
	ordered := strings.Contains(s.Text, "LIMIT") && !sorts && !strings.Contains(s.Text, "WHERE org_id = $1 AND")
	if scans && !ordered {
		t.Errorf("%s: %s\n  %s", name, s.Text, strings.Join(plan, "\n  "))
	}
}

// node is a part of PostgreSQL's plan.
type node struct {
	Type    string  `json:"Node Type"`
	Table   string  `json:"Relation Name"`
	Index   string  `json:"Index Name"`
	Cond    string  `json:"Index Cond"`
	Rows    float64 `json:"Actual Rows"`
	Loops   float64 `json:"Actual Loops"`
	Dropped float64 `json:"Rows Removed by Filter"`
	Again   float64 `json:"Rows Removed by Index Recheck"`
	Plans   []node
}

// String is the plan in few words.
func (n node) String() string {
	var parts []string
	for _, p := range n.Plans {
		parts = append(parts, p.String())
	}
	return strings.TrimSpace(fmt.Sprintf("%s %s %s", n.Type, n.Index, n.Cond)) + "(" + strings.Join(parts, ", ") + ")"
}

// faults tells what a plan reads that it must not.
func (n node) faults() []string {
	var out []string
	if strings.Contains("|"+bulky+"|", "|"+n.Table+"|") {
		if n.Type == "Seq Scan" {
			out = append(out, "scans "+n.Table)
		}
		if read := (n.Rows + n.Dropped + n.Again) * n.Loops; read > planReach {
			out = append(out, fmt.Sprintf("%s reads %.0f rows of %s", n.Type, read, n.Table))
		}
	}
	for _, p := range n.Plans {
		out = append(out, p.faults()...)
	}
	return out
}

// checkPostgresPlan runs a statement with the plan for its values and with the
// one for any: the server changes to the latter by itself when it seems no worse.
func checkPostgresPlan(t *testing.T, db *sql.DB, name string, s store.Statement) {
	t.Helper()
	for _, mode := range []string{"force_custom_plan", "force_generic_plan"} {
		if s.Once && mode == "force_generic_plan" {
			continue
		}
		var text []byte
		if err := explain(t.Context(), db, mode, s, &text); err != nil {
			t.Fatalf("%s: %s: %v", name, s.Text, err)
		}
		var plans []struct{ Plan node }
		if err := json.Unmarshal(text, &plans); err != nil {
			t.Fatal(err)
		}
		if faults := plans[0].Plan.faults(); len(faults) > 0 {
			t.Errorf("%s, %s: %s\n  %s\n%s", name, mode, strings.Join(faults, ", "), s.Text, plans[0].Plan)
		}
	}
}

func explain(ctx context.Context, db *sql.DB, mode string, s store.Statement, text *[]byte) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // what was explained is not kept
	// To read a few hundred pages from end to end is cheap, whatever there is
	// instead. The plans of large tables are those of small ones with cheap indexes.
	for _, do := range []string{"SET LOCAL enable_seqscan = off", "SET LOCAL random_page_cost = 1.1", "SET LOCAL plan_cache_mode = " + mode, "PREPARE planned AS " + s.Text} {
		if _, err := tx.ExecContext(ctx, do); err != nil {
			return err
		}
	}
	execute := "EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) EXECUTE planned"
	if len(s.Args) > 0 {
		execute += " (" + literals(s.Args) + ")"
	}
	if err := tx.QueryRowContext(ctx, execute).Scan(text); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, "DEALLOCATE planned")
	return err
}

// literals writes the values of a statement.
func literals(args []any) string {
	out := make([]string, len(args))
	for i, a := range args {
		switch a := a.(type) {
		case nil:
			out[i] = "NULL"
		case string:
			out[i] = "'" + strings.ReplaceAll(a, "'", "''") + "'"
		default:
			out[i] = fmt.Sprint(a)
		}
	}
	return strings.Join(out, ", ")
}
