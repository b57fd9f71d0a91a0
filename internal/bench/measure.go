package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"usher/internal/env"
	"usher/internal/store/ceiling"
)

// bench is one run of the program.
type bench struct {
	options
	dir      string
	self     string // this program
	progress io.Writer
}

// samples are the figures of one row or ceiling, one a round.
type samples struct {
	rates []float64
	done  float64 // operations in all rounds
	cpu   float64 // seconds in all rounds
}

func (s *samples) add(rate float64, done int64, cpu float64) {
	s.rates = append(s.rates, rate)
	s.done += float64(done)
	s.cpu += cpu
}

// cost is the CPU time of one operation in microseconds.
func (s *samples) cost() float64 {
	if s.done == 0 {
		return 0
	}
	return 1e6 * s.cpu / s.done
}

// engine measures one database.
func (b *bench) engine(ctx context.Context, name, databaseURL string) (_ []line, about string, err error) {
	fmt.Fprintf(b.progress, "%s: filling\n", name)
	d, err := fill(ctx, databaseURL, b.users, b.progress)
	if err != nil {
		return nil, "", err
	}
	raw, err := ceiling.Open(ctx, databaseURL)
	if err != nil {
		return nil, "", err
	}
	about, err = raw.Describe(ctx)
	if err := errors.Join(err, raw.Close()); err != nil {
		return nil, "", err
	}
	var lines []line
	if b.wanted("start") {
		fmt.Fprintf(b.progress, "%s: %d cold starts\n", name, b.starts)
		l, err := b.coldStarts(ctx, name, databaseURL)
		if err != nil {
			return nil, "", err
		}
		lines = append(lines, l)
	}
	loaded, err := b.load(ctx, name, databaseURL, d)
	return append(lines, loaded...), about, err
}

// bareLaunch and usherLaunch tell how to start the two servers.
func (b *bench) bareLaunch(databaseURL, address string) launch {
	return launch{
		name: "bare", dir: b.dir, path: "/json", argv: []string{b.self, roleBare, "-listen", address},
		env: []string{databaseEnv + "=" + databaseURL},
	}
}

func (b *bench) usherLaunch(databaseURL, address string) launch {
	l := launch{name: "usher", dir: b.dir, path: "/healthz", env: []string{databaseEnv + "=" + databaseURL, "USHER_MASTER_KEY=" + masterKeyText()}}
	if b.inProcess {
		l.argv = []string{b.self, roleServe, "-listen", address}
	} else {
		l.argv = []string{b.usher, "serve", "--listen", address, "--base-url", "http://" + address, "--rate-limits", b.limitsFile()}
	}
	return l
}

// coldStarts measures from the start of the process to its first answer.
func (b *bench) coldStarts(ctx context.Context, engine, databaseURL string) (line, error) {
	var own, bare []float64
	for range b.starts {
		for _, one := range []struct {
			launch func(databaseURL, address string) launch
			to     *[]float64
		}{{b.usherLaunch, &own}, {b.bareLaunch, &bare}} {
			address, err := freeAddress()
			if err != nil {
				return line{}, err
			}
			p, err := one.launch(databaseURL, address).start(ctx, address, nil)
			if err != nil {
				return line{}, err
			}
			*one.to = append(*one.to, float64(p.ready.Microseconds())/1000)
			if err := p.stop(); err != nil {
				return line{}, err
			}
		}
	}
	return line{
		engine: engine, name: "cold start to the first 200", unit: "ms", value: median(own), ceiling: median(bare),
		ceilingName: "bare chi, cold start", goal: 30, atMost: true,
	}, nil
}

// servers are the processes of a measurement.
type servers struct {
	usher, bare, cheap *process
	// orders are for profiles: to usher, and to cheap.
	orders, cheapOrders io.WriteCloser
}

// start starts them and fills in their addresses. What has started is to be
// stopped even when this fails.
func (b *bench) start(ctx context.Context, databaseURL string, t *target) (s servers, err error) {
	cheap := b.usherLaunch(databaseURL, "")
	cheap.name = "cheap"
	for _, one := range []struct {
		to      **process
		address *string
		launch  func(address string) launch
		prepare func(*exec.Cmd) error
	}{
		{&s.bare, &t.bare, func(a string) launch { return b.bareLaunch(databaseURL, a) }, nil},
		{&s.cheap, &t.cheap, func(a string) launch {
			cheap.argv = []string{b.self, roleServe, "-cheap", "-listen", a}
			return cheap
		}, func(c *exec.Cmd) (err error) {
			s.cheapOrders, err = c.StdinPipe()
			return err
		}},
		{&s.usher, &t.address, func(a string) launch { return b.usherLaunch(databaseURL, a) }, func(c *exec.Cmd) (err error) {
			if b.inProcess {
				s.orders, err = c.StdinPipe()
			}
			return err
		}},
	} {
		if *one.address, err = freeAddress(); err != nil {
			return s, err
		}
		if *one.to, err = one.launch(*one.address).start(ctx, *one.address, one.prepare); err != nil {
			return s, err
		}
	}
	return s, nil
}

func (s servers) stop() error {
	var failures []error
	for _, p := range []*process{s.usher, s.cheap, s.bare} {
		if p != nil {
			failures = append(failures, p.stop())
		}
	}
	return errors.Join(failures...)
}

// load starts the servers, looks at their memory, and takes the samples.
func (b *bench) load(ctx context.Context, engine, databaseURL string, d *data) (_ []line, err error) {
	t := &target{data: d, run: strings.ToLower(env.Alphanumeric(env.SystemRand{}, 8))}
	s, err := b.start(ctx, databaseURL, t)
	defer func() { err = errors.Join(err, s.stop()) }()
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(b.progress, "%s: idle for %v\n", engine, b.idle)
	time.Sleep(b.idle)
	idle, _, err := resident(s.usher.cmd.Process.Pid)
	if err != nil {
		return nil, err
	}
	bareIdle, _, err := resident(s.bare.cmd.Process.Pid)
	if err != nil {
		return nil, err
	}
	lines, err := b.sample(ctx, engine, t, s)
	if err != nil {
		return nil, fmt.Errorf("%w\nend of the server's log: %s", err, s.usher.tail())
	}
	after, peak, err := resident(s.usher.cmd.Process.Pid)
	if err != nil {
		return nil, err
	}
	lines = append(lines,
		line{engine: engine, name: "resident memory, idle", unit: "MB", value: idle, ceiling: bareIdle, ceilingName: "bare chi, idle", goal: 35, atMost: true},
		line{engine: engine, name: "resident memory, after the load", unit: "MB", value: after, goal: 100, atMost: true},
		line{engine: engine, name: "resident memory, highest", unit: "MB", value: peak})
	if b.profile != "" {
		err = b.profileRows(engine, t, s)
	}
	return lines, err
}

// sample interleaves all rows and ceilings, round by round, so that a slow
// moment of the machine meets them alike.
func (b *bench) sample(ctx context.Context, engine string, t *target, s servers) ([]line, error) {
	pid, barePID := s.usher.cmd.Process.Pid, s.bare.cmd.Process.Pid
	if err := b.prepare(ctx, t); err != nil {
		return nil, err
	}
	own, err := newFleet(t.address, b.connections, &t.count)
	if err != nil {
		return nil, err
	}
	defer own.close()
	bare, err := newFleet(t.bare, b.connections, &t.count)
	if err != nil {
		return nil, err
	}
	defer bare.close()
	cheap, err := newFleet(t.cheap, b.connections, &t.count)
	if err != nil {
		return nil, err
	}
	defer cheap.close()
	measured, bounds, beside := map[string]*samples{}, map[string]*samples{}, map[string]*samples{}
	for round := range b.rounds + 1 { // the first one warms up
		if round > 0 {
			fmt.Fprintf(b.progress, "%s: round %d of %d\n", engine, round, b.rounds)
		}
		for _, r := range rows() {
			if !b.wanted(r.key) {
				continue
			}
			m, c := sampleOf(measured, r.key), sampleOf(bounds, r.ceiling.name)
			at, process := own, pid
			if r.beside {
				at, process = cheap, s.cheap.cmd.Process.Pid
			}
			if err := m.take(at, b.slice(r.ceiling), r.op(t), process); err != nil {
				return nil, fmt.Errorf("%s: %w", r.name, err)
			}
			if err := c.bound(t, bare, b.slice(r.ceiling), r.ceiling, barePID); err != nil {
				return nil, fmt.Errorf("%s: %w", r.ceiling.name, err)
			}
			if r.overhead == nil {
				continue
			}
			if err := sampleOf(beside, r.key).take(cheap, b.slot, r.overhead(t), s.cheap.cmd.Process.Pid); err != nil {
				return nil, fmt.Errorf("%s, without the hash: %w", r.name, err)
			}
		}
		for _, l := range limits() {
			if err := sampleOf(bounds, l.name).bound(t, bare, b.slice(l), l, barePID); err != nil {
				return nil, fmt.Errorf("%s: %w", l.name, err)
			}
		}
		if round == 0 {
			clear(measured)
			clear(bounds)
			clear(beside)
		}
	}
	return b.lines(engine, measured, bounds, beside), nil
}

// prepare makes what the wanted rows need at the servers.
func (b *bench) prepare(ctx context.Context, t *target) error {
	oauth := slices.ContainsFunc(rows(), func(r row) bool { return r.oauth && b.wanted(r.key) })
	factors := slices.ContainsFunc(rows(), func(r row) bool { return r.factors && b.wanted(r.key) })
	if oauth || factors || b.wanted("session") {
		if err := t.beginSessions(b.connections); err != nil {
			return fmt.Errorf("sessions: %w", err)
		}
	}
	if factors {
		if err := t.prepareFactors(ctx, b.connections); err != nil {
			return fmt.Errorf("factors: %w", err)
		}
	}
	if !oauth {
		return nil
	}
	if err := t.prepareOAuth(b.connections); err != nil {
		return fmt.Errorf("clients and tokens: %w", err)
	}
	return nil
}

// slice is how long one sample takes. Hashes are few a second and need longer.
func (b *bench) slice(l limit) time.Duration {
	if l.work == "argon2id" {
		return 2 * b.slot
	}
	return b.slot
}

func sampleOf(m map[string]*samples, key string) *samples {
	if m[key] == nil {
		m[key] = &samples{}
	}
	return m[key]
}

// take measures an operation and the CPU time of the process that does it.
func (s *samples) take(f *fleet, d time.Duration, op operation, pid int) error {
	before, err := cpu(pid)
	if err != nil {
		return err
	}
	rate, done, err := f.run(d, op)
	if err != nil {
		return err
	}
	after, err := cpu(pid)
	s.add(rate, int64(done), after-before)
	return err
}

// bound measures a ceiling.
func (s *samples) bound(t *target, f *fleet, d time.Duration, l limit, pid int) error {
	if l.op != nil {
		return s.take(f, d, l.op(t), pid)
	}
	if err := f.dial(); err != nil {
		return err
	}
	w, err := t.work(f.clients[0], l.work, d)
	if err == nil {
		s.add(float64(w.Done)/w.Seconds, w.Done, w.CPU)
	}
	return err
}

// lines makes the table's lines of the samples.
func (b *bench) lines(engine string, measured, bounds, beside map[string]*samples) []line {
	var out []line
	for _, r := range rows() {
		m, c := measured[r.key], bounds[r.ceiling.name]
		if m == nil {
			continue
		}
		out = append(out, line{
			engine: engine, name: r.name, unit: r.unit, value: r.per * median(m.rates), cost: m.cost(),
			ceiling: r.ceiling.per * median(c.rates), ceilingCost: c.cost(), ceilingName: r.ceiling.name, goal: r.goal[engine],
		})
		if r.beside {
			out = append(out, line{engine: engine, name: "- its CPU beside the hash", unit: "ms", value: m.cost() / 1000, goal: 2, atMost: true})
		}
		if o := beside[r.key]; o != nil && c.cost() > 0 {
			out = append(out,
				line{engine: engine, name: "- its CPU beside the hash", unit: "ms", value: o.cost() / 1000, ceiling: c.cost() / 1000, ceilingName: "CPU of the hash alone"},
				line{engine: engine, name: "- the hash's part of its CPU", unit: "%", value: 100 * c.cost() / (c.cost() + o.cost()), goal: 97})
		}
	}
	for _, l := range limits() {
		out = append(out, line{engine: engine, name: "(ceiling alone)", unit: "/s", ceiling: median(bounds[l.name].rates), ceilingCost: bounds[l.name].cost(), ceilingName: l.name})
	}
	return out
}

// profileRows repeats each row under a CPU profile of the server.
func (b *bench) profileRows(engine string, t *target, s servers) error {
	f, err := newFleet(t.address, b.connections, &t.count)
	if err != nil {
		return err
	}
	defer f.close()
	cheap, err := newFleet(t.cheap, b.connections, &t.count)
	if err != nil {
		return err
	}
	defer cheap.close()
	if err := os.MkdirAll(b.profile, 0o755); err != nil {
		return err
	}
	for _, r := range rows() {
		if !b.wanted(r.key) {
			continue
		}
		at, orders := f, s.orders
		if r.beside {
			at, orders = cheap, s.cheapOrders
		}
		if err := b.profileRow(engine+"-"+r.key, at, r.op(t), orders); err != nil {
			return err
		}
		if r.overhead == nil {
			continue
		}
		if err := b.profileRow(engine+"-"+r.key+"-beside", cheap, r.overhead(t), s.cheapOrders); err != nil {
			return err
		}
	}
	fmt.Fprintf(b.progress, "%s: profiles are in %s\n", engine, b.profile)
	return nil
}

// profileRow repeats an operation while the server that obeys orders writes a
// profile of this name.
func (b *bench) profileRow(name string, f *fleet, op operation, orders io.Writer) error {
	file, err := filepath.Abs(filepath.Join(b.profile, name+".pprof"))
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(orders, "start", file); err != nil {
		return err
	}
	if _, _, err := f.run(5*b.slot, op); err != nil {
		return err
	}
	_, err = fmt.Fprintln(orders, "stop")
	return err
}
