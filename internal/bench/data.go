package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"usher/internal/credential"
	"usher/internal/env"
	"usher/internal/idp"
	"usher/internal/server"
	"usher/internal/store"
	"usher/internal/store/ceiling"
)

// data is what a filled database holds for the load.
type data struct {
	orgID    string
	token    string // an API token of the administrator
	users    []string
	signers  []string // logins of users who have the password
	cheap    []string // the same, hashed at next to no cost
	proving  *proving // users who prove a one-time password as well
	password string
}

const (
	// signers is how many users sign in: enough for nobody's row to be fought over.
	signers = 64
	// batch is how many users one transaction of the loader adds.
	batch  = 1000
	mobile = "+1-555-415-1337"
	// benchPassword satisfies the default policy.
	benchPassword = "Correct-horse-7-battery"
)

// config is that of a production server on this database.
func config(databaseURL, address string, log *slog.Logger) server.Config {
	return server.Config{Database: databaseURL, Durable: true, BaseURL: "http://" + address, MasterKey: []byte(masterKey), Log: log}
}

// fill makes an organisation and its users. The users go straight into the
// store: what is measured later is reading them and adding more.
func fill(ctx context.Context, databaseURL string, users int, progress io.Writer) (*data, error) {
	s, err := server.New(ctx, config(databaseURL, "127.0.0.1:1", nil), func(string) {})
	if err != nil {
		return nil, err
	}
	made, err := s.CreateOrg(ctx, server.OrgSpec{Name: "Bench", AdminLogin: "admin@example.com"})
	if err := errors.Join(err, s.Close()); err != nil {
		return nil, err
	}
	d := &data{orgID: made.OrgID, token: made.APIToken, password: benchPassword}
	clock := env.System{}
	db, err := store.Open(ctx, databaseURL, store.Options{Clock: clock})
	if err != nil {
		return nil, err
	}
	if err := d.load(ctx, db, users, progress); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if err := db.Close(); err != nil {
		return nil, err
	}
	raw, err := ceiling.Open(ctx, databaseURL)
	if err != nil {
		return nil, err
	}
	return d, errors.Join(raw.Settle(ctx), raw.Close())
}

func (d *data) load(ctx context.Context, db *store.Store, users int, progress io.Writer) error {
	org, err := db.Read(ctx).Org(d.orgID)
	if err != nil {
		return err
	}
	var hashes [2]string
	for i, p := range []credential.Params{credential.DefaultParams(), cheapParams()} {
		if hashes[i], err = credential.NewHasher(env.SystemRand{}, p, 1).Hash(ctx, benchPassword); err != nil {
			return err
		}
	}
	if err := d.prepareProving(ctx, db, users); err != nil {
		return err
	}
	start := time.Now()
	if err := d.addAll(ctx, db, org, hashes, users, progress); err != nil {
		return fmt.Errorf("fill: %w", err)
	}
	for i := range signers {
		d.signers, d.cheap = append(d.signers, login(i)), append(d.cheap, login(signers+i))
	}
	fmt.Fprintf(progress, "  %d users in %.1f s\n", users, time.Since(start).Seconds())
	return nil
}

// addAll adds users in batches. SQLite has one writer; PostgreSQL spends most of
// a batch on round trips, so several are under way at once.
func (d *data) addAll(ctx context.Context, db *store.Store, org *idp.Org, hashes [2]string, users int, progress io.Writer) error {
	workers := 1
	if db.Engine() == "postgres" {
		workers = 4
	}
	d.users = make([]string, users)
	ids := env.TimeIDs{Clock: env.System{}, Rand: env.SystemRand{}}
	var next, done atomic.Int64
	var wg sync.WaitGroup
	failures := make([]error, workers)
	for w := range workers {
		wg.Go(func() {
			told := time.Now()
			for failures[w] == nil {
				from := int(next.Add(batch)) - batch
				if from >= users {
					return
				}
				to := min(from+batch, users)
				failures[w] = db.Write(ctx, func(tx *store.Tx) error { return d.add(tx, org, hashes, ids, from, to) })
				if n := done.Add(int64(to - from)); w == 0 && time.Since(told) > 15*time.Second {
					told = time.Now()
					fmt.Fprintf(progress, "  %d of %d users\n", n, users)
				}
			}
		})
	}
	wg.Wait()
	slices.Sort(d.users) // the last ones are to be the last of the list
	return firstOf(failures)
}

// add adds the users from one number up to another.
func (d *data) add(tx *store.Tx, org *idp.Org, hashes [2]string, ids env.IDs, from, to int) error {
	for n := from; n < to; n++ {
		u := newUser(org, ids.New("00u"), n, tx.Now())
		if d.proving.has(n) {
			u.HasPassword, u.PasswordChanged, u.Factors = true, tx.Now(), 1
		}
		d.users[n] = u.ID
		if err := tx.InsertUser(u); err != nil {
			return err
		}
		if err := tx.InsertUserAttributes(org.ID, u.ID, []store.AttributeValue{{Name: "mobilePhone", Key: mobile}}); err != nil {
			return err
		}
		if !u.HasPassword {
			continue
		}
		if err := tx.SaveCredential(&store.Credential{OrgID: org.ID, UserID: u.ID, Password: hashes[min(n/signers, 1)]}); err != nil {
			return err
		}
		if d.proving.has(n) {
			if err := d.proving.enrol(tx, &u.User, n, ids); err != nil {
				return err
			}
		}
	}
	return nil
}

func login(n int) string { return fmt.Sprintf("given%d.family%d@example.com", n, n%997) }

// cheapParams make a hash that costs nothing, to see what a sign-in costs beside it.
func cheapParams() credential.Params { return credential.Params{Memory: 8, Time: 1, Threads: 1} }

// newUser is an active user with a profile of the usual size; the first ones
// have a password.
func newUser(org *idp.Org, id string, n int, now time.Time) *store.UserRow {
	name := login(n)
	first, last := fmt.Sprintf("Given%d", n), fmt.Sprintf("Family%d", n%997)
	profile := fmt.Sprintf(`{"firstName":%q,"lastName":%q,"mobilePhone":%q,"email":%q,"login":%q}`, first, last, mobile, name, name)
	u := &store.UserRow{User: idp.User{
		OrgID: org.ID, ID: id, TypeID: org.Settings.UserTypeID, Status: idp.UserActive, Login: name, Profile: []byte(profile),
		Provider: idp.Provider{Type: idp.ProviderOkta, Name: string(idp.ProviderOkta)}, HasPassword: n < 2*signers,
		Created: now, Activated: now, StatusChanged: now, LastUpdated: now,
	}}
	if u.HasPassword {
		u.PasswordChanged = now
	}
	short, _, _ := strings.Cut(name, "@")
	u.Keys = store.UserKeys{Login: name, Short: short, Email: name, First: strings.ToLower(first), Last: strings.ToLower(last)}
	return u
}
