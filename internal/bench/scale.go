package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"usher/internal/env"
	"usher/internal/idp"
	"usher/internal/store"
	"usher/internal/store/ceiling"
)

const (
	// smallSize is what the large database is compared with.
	smallSize = 10_000
	// perGroup is how many members each group has: 1,000,000 users, 10,000 groups.
	perGroup = 100
	// mostRatio bounds what an operation may cost more in the large database.
	mostRatio = 3
)

// sized is a database of one size, its server and the connections to it.
type sized struct {
	target
	groups []string
	server *process
	fleet  *fleet
}

// sizedRow is an operation that must cost about the same whatever the size.
type sizedRow struct {
	name string
	op   func(s *sized) operation
}

func sizedRows() []sizedRow {
	return []sizedRow{
		{"user by id", func(s *sized) operation { return getUser(&s.target) }},
		{"user by login", func(s *sized) operation {
			return s.get(func(n int64) string { return "/api/v1/users/" + loginOf(s, n) })
		}},
		{"first page, 200 users", func(s *sized) operation {
			return s.get(func(int64) string { return "/api/v1/users?limit=200" })
		}},
		{"page in the middle, 200 users", func(s *sized) operation { return listUsers(&s.target) }},
		{"exact search, login", func(s *sized) operation { return searchUser(&s.target) }},
		{"exact search, shared name, 10 a page", func(s *sized) operation {
			return s.search(10, func(n int64) string { return fmt.Sprintf("profile.lastName eq %q", fmt.Sprintf("Family%d", n%997)) })
		}},
		{"prefix search, email", func(s *sized) operation {
			return s.search(10, func(n int64) string { return fmt.Sprintf("profile.email sw %q", fmt.Sprintf("given%d.", s.place(n))) })
		}},
		{"q, first name", func(s *sized) operation {
			return s.get(func(n int64) string { return fmt.Sprintf("/api/v1/users?q=given%d&limit=10", s.place(n)) })
		}},
		{"members of a group, 100", func(s *sized) operation {
			return s.get(func(n int64) string { return "/api/v1/groups/" + pick(s.groups, n) + "/users?limit=100" })
		}},
		{"groups of a user", func(s *sized) operation {
			return s.get(func(n int64) string { return "/api/v1/users/" + pick(s.users, n) + "/groups" })
		}},
		{"user create, no password", func(s *sized) operation { return createUser(&s.target) }},
	}
}

// place spreads the operations over the users, like pick.
func (s *sized) place(n int64) int { return int(n * 7919 % int64(len(s.users))) }

func loginOf(s *sized, n int64) string { return login(s.place(n)) }

// get asks for what path names and insists on an answer with something in it.
func (s *sized) get(path func(n int64) string) operation {
	auth := s.api()
	return func(c *client, _ int, n int64) error {
		p := path(n)
		body, err := want(c, 200, call("GET", s.address, p, "", auth))
		if err == nil && len(body) < len(`[{"id":""}]`) {
			return fmt.Errorf("GET %s found nothing: %s", p, body)
		}
		return err
	}
}

func (s *sized) search(limit int, expression func(n int64) string) operation {
	return s.get(func(n int64) string {
		return "/api/v1/users?" + url.Values{"search": {expression(n)}, "limit": {strconv.Itoa(limit)}}.Encode()
	})
}

// searchUser finds one user by an exact search.
func searchUser(t *target) operation {
	s := sized{target: target{data: t.data, address: t.address}}
	return s.search(listSize, func(n int64) string { return fmt.Sprintf("profile.login eq %q", loginOf(&s, n)) })
}

// fillGroups makes groups of perGroup members each of all users.
func (s *sized) fillGroups(ctx context.Context, databaseURL string) (err error) {
	db, err := store.Open(ctx, databaseURL, store.Options{Clock: env.System{}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	ids := env.TimeIDs{Clock: env.System{}, Rand: env.SystemRand{}}
	for from := 0; from < len(s.users); from += batch {
		var added []string
		err := db.Tx(ctx, func(tx *store.Tx) error {
			added = added[:0]
			for first := from; first < min(from+batch, len(s.users)); first += perGroup {
				g := newGroup(s.orgID, ids.New("00g"), first/perGroup, tx.Now())
				if err := tx.InsertGroup(g, strings.ToLower(g.Name)); err != nil {
					return err
				}
				added = append(added, g.ID)
				var members []store.Membership
				for _, id := range s.users[first:min(first+perGroup, len(s.users))] {
					members = append(members, store.Membership{GroupID: g.ID, UserID: id})
				}
				if err := tx.AddMembers(s.orgID, members); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("fill groups: %w", err)
		}
		s.groups = append(s.groups, added...)
	}
	return nil
}

func newGroup(orgID, id string, n int, now time.Time) *idp.Group {
	name := fmt.Sprintf("Team %d", n)
	return &idp.Group{
		OrgID: orgID, ID: id, Type: idp.GroupOkta, ObjectClass: "okta:user_group", Name: name,
		Profile: fmt.Appendf(nil, `{"name":%q,"description":null}`, name), Created: now, LastUpdated: now, LastMembershipUpdated: now,
	}
}

// compareSizes measures the same operations in a small and in a large database.
func (b *bench) compareSizes(ctx context.Context, out io.Writer) error {
	var lines []string
	for _, engine := range []string{"sqlite", "postgres"} {
		if b.engines != "both" && b.engines != engine {
			continue
		}
		if engine == "postgres" && b.postgres == "" {
			fmt.Fprintln(b.progress, "PostgreSQL: skipped, no server was named")
			continue
		}
		l, err := b.compareOn(ctx, engine)
		if err != nil {
			return fmt.Errorf("%s: %w", engine, err)
		}
		lines = append(lines, l...)
	}
	fmt.Fprintf(out, "%s. Servers on one core, load on another, %d connections, %d groups, medians of %d interleaved samples of %v.\n\n",
		machine(), b.connections, (b.users+perGroup-1)/perGroup, b.rounds, b.slot)
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "database\toperation\tat %d\tat %d\tunit\tcosts\tgoal\tmet\tCPU us\tCPU us\n", b.small(), b.users)
	for _, l := range lines {
		fmt.Fprintln(t, l)
	}
	return t.Flush()
}

// small is the size of the database that the large one is compared with.
func (b *bench) small() int { return min(smallSize, b.users) }

// compareOn fills two databases of one engine, serves both and measures.
func (b *bench) compareOn(ctx context.Context, engine string) (_ []string, err error) {
	both := []*sized{{}, {}}
	defer func() {
		for _, s := range both {
			if s.fleet != nil {
				s.fleet.close()
			}
			if s.server != nil {
				err = errors.Join(err, s.server.stop())
			}
		}
	}()
	for i, users := range []int{b.small(), b.users} {
		address := "sqlite:" + filepath.Join(b.dir, fmt.Sprintf("scale-%d.db", i))
		if engine == "postgres" {
			name := "usher_scale_" + strings.ToLower(env.Alphanumeric(env.SystemRand{}, 12))
			created, drop, err := ceiling.CreateDatabase(ctx, b.postgres, name)
			if err != nil {
				return nil, err
			}
			address = created
			defer func() {
				if err := drop(context.WithoutCancel(ctx)); err != nil {
					fmt.Fprintln(b.progress, "bench:", err)
				}
			}()
		}
		if err := b.prepareSize(ctx, engine, address, users, both[i]); err != nil {
			return nil, err
		}
	}
	// A server waits for the first request of a connection only so long.
	for _, s := range both {
		if s.fleet, err = newFleet(s.address, b.connections, &s.count); err != nil {
			return nil, err
		}
	}
	return b.sampleSizes(engine, both)
}

// prepareSize fills a database and starts its server.
func (b *bench) prepareSize(ctx context.Context, engine, databaseURL string, users int, s *sized) error {
	fmt.Fprintf(b.progress, "%s: filling with %d users\n", engine, users)
	begun := time.Now()
	d, err := fill(ctx, databaseURL, users, b.progress)
	if err != nil {
		return err
	}
	s.target = target{data: d, run: strings.ToLower(env.Alphanumeric(env.SystemRand{}, 8))}
	if err := s.fillGroups(ctx, databaseURL); err != nil {
		return err
	}
	raw, err := ceiling.Open(ctx, databaseURL)
	if err != nil {
		return err
	}
	if err := errors.Join(raw.Settle(ctx), raw.Close()); err != nil {
		return err
	}
	fmt.Fprintf(b.progress, "%s: %d users and %d groups after %.0f s\n", engine, users, len(s.groups), time.Since(begun).Seconds())
	if s.address, err = freeAddress(); err != nil {
		return err
	}
	l := b.usherLaunch(databaseURL, s.address)
	l.name = fmt.Sprintf("%s-%d", engine, users)
	s.server, err = l.start(ctx, s.address, nil)
	return err
}

// sampleSizes interleaves the two databases and returns the table's lines.
func (b *bench) sampleSizes(engine string, both []*sized) ([]string, error) {
	rows := sizedRows()
	taken := make([][2]samples, len(rows))
	for round := range b.rounds + 1 { // the first one warms up
		for i, r := range rows {
			for k, s := range both {
				m := &taken[i][k]
				if round == 0 {
					m = &samples{}
				}
				if err := m.take(s.fleet, b.slot, r.op(s), s.server.cmd.Process.Pid); err != nil {
					return nil, fmt.Errorf("%s: %w; end of the server's log: %s", r.name, err, s.server.tail())
				}
			}
		}
		fmt.Fprintf(b.progress, "%s: round %d of %d\n", engine, round, b.rounds)
	}
	out := make([]string, len(rows))
	for i, r := range rows {
		small, large := median(taken[i][0].rates), median(taken[i][1].rates)
		met := "NO"
		if small <= mostRatio*large {
			met = "yes"
		}
		out[i] = strings.Join([]string{
			engine, r.name, figure(small), figure(large), "/s", fmt.Sprintf("%.2f times", small/large), fmt.Sprintf("<= %d", mostRatio), met,
			figure(taken[i][0].cost()), figure(taken[i][1].cost()),
		}, "\t")
	}
	return out, nil
}
