package main

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-chi/chi/v5"
	"golang.org/x/crypto/argon2"

	"usher/internal/credential"
	"usher/internal/env"
	"usher/internal/store"
	"usher/internal/store/ceiling"
)

// bare is a server that does only the unavoidable work: it routes, reads a row
// with the driver, and sends the stored bytes. It also runs that work without
// HTTP on request.
type bare struct {
	db     *ceiling.DB
	sqlite bool
	ids    env.IDs
	page   []byte // about 1 kB of JSON
	rsa    func() (*rsa.PrivateKey, error)
	ec     func() (*ecdsa.PrivateKey, error)
}

// runBare is the program's role as the bare server.
func runBare(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet(roleBare, flag.ContinueOnError)
	listen := flags.String("listen", "", "")
	if err := flags.Parse(args); err != nil {
		return err
	}
	url := os.Getenv(databaseEnv)
	db, err := ceiling.Open(ctx, url)
	if err != nil {
		return err
	}
	b := &bare{db: db, sqlite: !store.IsPostgres(url), ids: env.TimeIDs{Clock: env.System{}, Rand: env.SystemRand{}}}
	for b.page = []byte(`{"members":[`); len(b.page) < 1000; {
		b.page = append(b.page, `{"id":"00u0123456789abcdefg","status":"ACTIVE"},`...)
	}
	b.page = append(b.page[:len(b.page)-1], `]}`...)
	b.rsa = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(random(), 2048) })
	b.ec = sync.OnceValues(func() (*ecdsa.PrivateKey, error) { return ecdsa.GenerateKey(elliptic.P256(), random()) })
	s := &http.Server{Addr: *listen, Handler: b.routes(), ReadHeaderTimeout: 10 * time.Second}
	go func() {
		<-ctx.Done()
		_ = s.Close()
	}()
	if err := s.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return db.Close()
}

func (b *bare) routes() http.Handler {
	r := chi.NewRouter()
	r.Get("/json", func(w http.ResponseWriter, _ *http.Request) { answer(w, b.page, nil) })
	r.Get("/users/{org}/{id}", b.user)
	r.Get("/users/{org}", b.list)
	r.Get("/sessions/{org}", b.session)
	r.Get("/token/{org}", b.token)
	r.Get("/work/{kind}", func(w http.ResponseWriter, r *http.Request) {
		text, err := b.work(r.Context(), chi.URLParam(r, "kind"), r.URL.Query())
		answer(w, text, err)
	})
	return r
}

func answer(w http.ResponseWriter, body []byte, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body)
}

// user is two point reads, that of the caller's token and that of the user.
func (b *bare) user(w http.ResponseWriter, r *http.Request) {
	org := chi.URLParam(r, "org")
	hash := sha256.Sum256([]byte(r.Header.Get("Authorization")))
	if _, err := b.db.Token(r.Context(), org, hash[:]); err != nil {
		_ = err // no token has this hash: the read is what is measured
	}
	id := chi.URLParam(r, "id")
	profile, err := b.db.User(r.Context(), org, id)
	answer(w, appendUser(nil, id, profile), err)
}

func (b *bare) session(w http.ResponseWriter, r *http.Request) {
	hash := sha256.Sum256([]byte(r.Header.Get("Cookie")))
	if _, err := b.db.Session(r.Context(), chi.URLParam(r, "org"), hash[:]); err != nil {
		_ = err // no session has this hash: the read is what is measured
	}
	answer(w, b.page[:600], nil)
}

// token is a point read and a signed text of the usual size.
func (b *bare) token(w http.ResponseWriter, r *http.Request) {
	hash := sha256.Sum256([]byte(r.Header.Get("Cookie")))
	if _, err := b.db.Session(r.Context(), chi.URLParam(r, "org"), hash[:]); err != nil {
		_ = err // no session has this hash: the read is what is measured
	}
	text := base64.RawURLEncoding.EncodeToString(b.page[:400])
	sum := sha256.Sum256([]byte(text))
	key, err := b.ec()
	if err != nil {
		answer(w, nil, err)
		return
	}
	signature, err := key.Sign(random(), sum[:], crypto.SHA256)
	answer(w, []byte(`{"access_token":"`+text+"."+base64.RawURLEncoding.EncodeToString(signature)+`"}`), err)
}

func (b *bare) list(w http.ResponseWriter, r *http.Request) {
	body := []byte("[")
	err := b.db.Profiles(r.Context(), chi.URLParam(r, "org"), r.URL.Query().Get("after"), listSize, func(id string, profile []byte) {
		body = append(appendUser(body, id, profile), ',')
	})
	body[len(body)-1] = ']'
	answer(w, body, err)
}

// appendUser wraps stored bytes as the interface does.
func appendUser(to []byte, id string, profile []byte) []byte {
	to = append(append(append(to, `{"id":"`...), id...), `","status":"ACTIVE","created":"2026-03-01T12:00:00.000Z","activated":null,"statusChanged":null,"lastLogin":null,"profile":`...)
	to = append(to, profile...)
	to = append(to, `,"credentials":{"provider":{"type":"OKTA","name":"OKTA"}},"_links":{"self":{"href":"http://127.0.0.1/api/v1/users/`...)
	return append(append(to, id...), `"}}}`...)
}

func random() env.Reader { return env.Reader{Rand: env.SystemRand{}} }

// worked is what a piece of work came to.
type worked struct {
	Done    int64   `json:"done"`
	Seconds float64 `json:"seconds"`
	CPU     float64 `json:"cpu"`
}

// work does one kind of work for the time asked for.
func (b *bare) work(ctx context.Context, kind string, q map[string][]string) ([]byte, error) {
	get := func(name string) string { return append(q[name], "")[0] }
	limit, err := time.ParseDuration(get("for"))
	if err != nil {
		return nil, err
	}
	workers, each := 1, int64(1)
	var once func(n int64) error
	switch kind {
	case "argon2id":
		p := credential.DefaultParams()
		password, salt := []byte("a password of some length"), make([]byte, 16)
		once = func(int64) error { argon2.IDKey(password, salt, p.Time, p.Memory, p.Threads, 32); return nil }
	case "sha256":
		each = 1000
		token := []byte("102" + hex.EncodeToString(make([]byte, 21)))
		once = func(int64) error {
			for range each {
				token[0] = sha256.Sum256(token)[0]
			}
			return nil
		}
	case "rs256":
		key, err := b.rsa()
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(b.page)
		once = func(int64) error {
			_, err := key.Sign(random(), sum[:], crypto.SHA256)
			return err
		}
	case "read":
		workers = ceiling.Connections
		org, ids := get("org"), q["id"]
		once = func(n int64) error {
			_, err := b.db.User(ctx, org, ids[n%int64(len(ids))])
			return err
		}
	case "insert":
		workers = ceiling.Connections
		if b.sqlite { // one writer, which shares a commit among those who wait
			workers, each = 1, ceiling.Connections
		}
		once = func(int64) error { return b.db.Insert(ctx, b.ids, int(each)) }
	default:
		return nil, fmt.Errorf("no work is called %q", kind)
	}
	out, err := loop(limit, workers, once)
	if err != nil {
		return nil, err
	}
	out.Done *= each
	return json.Marshal(out)
}

// loop repeats once until the time is over.
func loop(limit time.Duration, workers int, once func(n int64) error) (worked, error) {
	var wg sync.WaitGroup
	var n atomic.Int64
	failures := make([]error, workers)
	before, err := cpu(os.Getpid())
	if err != nil {
		return worked{}, err
	}
	start := time.Now()
	for w := range workers {
		wg.Go(func() {
			for failures[w] == nil && time.Since(start) < limit {
				failures[w] = once(n.Add(1))
			}
		})
	}
	wg.Wait()
	out := worked{Done: n.Load(), Seconds: time.Since(start).Seconds()}
	after, err := cpu(os.Getpid())
	out.CPU = after - before
	return out, firstOf(append(failures, err))
}
