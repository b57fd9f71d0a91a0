package main

import (
	"context"
	"encoding/base64"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"usher/internal/env"
	"usher/internal/store/ceiling"
)

// The roles of the program besides the load: its first argument.
const (
	roleBare  = "bare"
	roleServe = "serve"
)

// databaseEnv carries the database's URL to the servers: a command line would
// show its password to everybody on the machine.
const databaseEnv = "USHER_DATABASE"

// masterKey seals what the measured server keeps. It protects nothing.
const masterKey = "a key that measurements use, only"

func masterKeyText() string { return base64.StdEncoding.EncodeToString([]byte(masterKey)) }

// pinnedEnv tells the program that it is on its core already.
const pinnedEnv = "USHER_BENCH_PINNED"

// options are the flags.
type options struct {
	users, rounds, starts int
	connections           int
	slot, idle            time.Duration
	only, engines         string
	usher, profile        string
	postgres              string
	inProcess, scale      bool
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run plays the role that the first argument names, by default the load.
func run(ctx context.Context, args []string, out, progress io.Writer) error {
	if len(args) > 0 {
		switch args[0] {
		case roleBare:
			return runBare(ctx, args[1:])
		case roleServe:
			return runServe(ctx, args[1:])
		}
	}
	o, err := parse(args)
	if err != nil {
		return err
	}
	if err := moveToCore(); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "usher-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	b := &bench{options: o, dir: dir, progress: progress}
	if err := os.WriteFile(b.limitsFile(), []byte(generous), 0o600); err != nil {
		return err
	}
	if b.self, err = os.Executable(); err != nil {
		return err
	}
	return b.run(ctx, out)
}

// generous are throttles that count as ever and refuse nobody: a few users do
// here what many do elsewhere.
const generous = "username: 1000000000\nuser: 1000000000\nstate-token: 1000000000\n"

func (b *bench) limitsFile() string { return filepath.Join(b.dir, "limits.yaml") }

func parse(args []string) (options, error) {
	var o options
	var quick bool
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.IntVar(&o.users, "users", 100_000, "users to fill each database with")
	flags.IntVar(&o.connections, "connections", ceiling.Connections, "clients of the closed loop")
	flags.IntVar(&o.rounds, "rounds", 7, "samples of each row; their median is printed")
	flags.IntVar(&o.starts, "starts", 20, "cold starts; their median is printed")
	flags.DurationVar(&o.slot, "slot", time.Second, "length of one sample")
	flags.DurationVar(&o.idle, "idle", 10*time.Second, "wait before idle memory is read")
	flags.StringVar(&o.only, "only", "", "rows to measure, by comma: "+strings.Join(rowKeys(), ", "))
	flags.StringVar(&o.engines, "engine", "both", "sqlite, postgres or both")
	flags.StringVar(&o.usher, "usher", usherBinary(), "program to measure (USHER_BIN)")
	flags.StringVar(&o.postgres, "postgres", os.Getenv("USHER_TEST_POSTGRES"), "URL of a PostgreSQL server whose user may create databases (USHER_TEST_POSTGRES)")
	flags.StringVar(&o.profile, "profile", "", "folder for CPU profiles of the server, one a row; implies -inprocess")
	flags.BoolVar(&o.inProcess, "inprocess", false, "serve from this program, not from the built one")
	flags.BoolVar(&o.scale, "scale", false, "compare a database of 10,000 users with one of -users users, in place of the table")
	flags.BoolVar(&quick, "quick", false, "few users and short samples: shows that it works, measures nothing")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if quick {
		o.users, o.rounds, o.starts, o.connections, o.slot, o.idle = 500, 1, 2, 2, 50*time.Millisecond, 50*time.Millisecond
	}
	o.inProcess = o.inProcess || o.profile != ""
	switch {
	case flags.NArg() > 0:
		return o, fmt.Errorf("%q is no flag", flags.Arg(0))
	case o.users < listSize || o.rounds < 1 || o.starts < 1 || o.connections < 1:
		return o, fmt.Errorf("at least %d users, one round, one start and one connection are needed", listSize)
	case o.engines != "sqlite" && o.engines != "postgres" && o.engines != "both":
		return o, fmt.Errorf("-engine %s: it is sqlite, postgres or both", o.engines)
	}
	return o, o.known()
}

func usherBinary() string {
	if path := os.Getenv("USHER_BIN"); path != "" {
		return path
	}
	return filepath.Join("bin", "usher")
}

// rowKeys are the names of what can be measured.
func rowKeys() []string {
	out := []string{"start"}
	for _, r := range rows() {
		out = append(out, r.key)
	}
	return out
}

// known checks the names given to -only.
func (o options) known() error {
	for key := range strings.SplitSeq(o.only, ",") {
		if key != "" && !slices.Contains(rowKeys(), key) {
			return fmt.Errorf("-only %s: there is no such row", key)
		}
	}
	return nil
}

// wanted tells whether a row is to be measured.
func (o options) wanted(key string) bool {
	if o.only == "" {
		return true
	}
	for k := range strings.SplitSeq(o.only, ",") {
		if k == key {
			return true
		}
	}
	return false
}

// moveToCore begins the program anew on the load's core, so that it leaves the
// server's alone.
func moveToCore() error {
	if os.Getenv(pinnedEnv) != "" || runtime.NumCPU() < 2 {
		return nil
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	argv := pinned(loadCore, append([]string{self}, os.Args[1:]...)...)
	if argv[0] == self {
		fmt.Fprintln(os.Stderr, "bench: taskset is not here: server and load share all cores, and the figures say little")
		return nil
	}
	return syscall.Exec(argv[0], argv, append(os.Environ(), pinnedEnv+"=1")) //nolint:gosec // ourselves
}

// run measures each database and prints the table.
func (b *bench) run(ctx context.Context, out io.Writer) error {
	if _, err := exec.LookPath(b.usher); err != nil && !b.inProcess {
		return fmt.Errorf("%w: build it first (make build), or give -inprocess", err)
	}
	if b.scale {
		return b.compareSizes(ctx, out)
	}
	var lines []line
	var about []string
	if b.engines != "postgres" {
		l, text, err := b.engine(ctx, "sqlite", "sqlite:"+filepath.Join(b.dir, "usher.db"))
		if err != nil {
			return err
		}
		lines, about = append(lines, l...), append(about, text)
	}
	if b.engines != "sqlite" {
		l, text, err := b.onPostgres(ctx)
		if err != nil {
			return err
		}
		lines, about = append(lines, l...), append(about, text)
	}
	head := fmt.Sprintf("%s; %s. Server on one core, load on another, %d connections, %d users, medians of %d samples of %v.",
		machine(), strings.Join(about, "; "), b.connections, b.users, b.rounds, b.slot)
	return printTable(out, head, lines)
}

func (b *bench) onPostgres(ctx context.Context) (_ []line, about string, err error) {
	if b.postgres == "" {
		if b.engines == "both" {
			return nil, "PostgreSQL: skipped, no server was named", nil
		}
		return nil, "", errors.New("-engine postgres needs -postgres or USHER_TEST_POSTGRES")
	}
	url, drop, err := ceiling.CreateDatabase(ctx, b.postgres, "usher_bench_"+strings.ToLower(env.Alphanumeric(env.SystemRand{}, 12)))
	if err != nil {
		return nil, "", err
	}
	defer func() { err = errors.Join(err, drop(context.WithoutCancel(ctx))) }()
	return b.engine(ctx, "postgres", url)
}
