package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// The server, PostgreSQL and the ceilings have one core, the load the other.
const (
	serverCore = 0
	loadCore   = 1
)

// ticksPerSecond is the unit of CPU time in /proc, the same on every Linux.
const ticksPerSecond = 100

// pinned puts what binds a command to one core before it, where that can be done.
func pinned(core int, argv ...string) []string {
	if path, err := exec.LookPath("taskset"); err == nil {
		return append([]string{path, "-c", strconv.Itoa(core)}, argv...)
	}
	return argv
}

// process is a server that was started for the measurement.
type process struct {
	cmd     *exec.Cmd
	address string
	log     string
	exited  chan error
	// ready is the time from the start to the first answer.
	ready time.Duration
}

// freeAddress returns a loopback address that nobody listens on.
func freeAddress() (string, error) {
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// launch is how to start a server; the address is put in by the caller.
type launch struct {
	name string // of its log file
	dir  string // for the log file
	argv []string
	env  []string
	path string // answers 200 when the server is ready
}

// start runs the server on its core and waits for its first answer.
func (l launch) start(ctx context.Context, address string, prepare func(*exec.Cmd) error) (*process, error) {
	p := &process{address: address, log: filepath.Join(l.dir, l.name+".log"), exited: make(chan error, 1)}
	out, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	argv := pinned(serverCore, l.argv...)
	p.cmd = exec.CommandContext(ctx, argv[0], argv[1:]...) //nolint:gosec // our own programs
	p.cmd.Env = append(append(os.Environ(), "GOMAXPROCS=1"), l.env...)
	p.cmd.Stdout, p.cmd.Stderr = out, out
	if prepare != nil {
		if err := prepare(p.cmd); err != nil {
			return nil, err
		}
	}
	begun := time.Now()
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { p.exited <- p.cmd.Wait() }()
	if err := p.await(l.path); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", l.name, err), p.stop())
	}
	p.ready = time.Since(begun)
	return p, nil
}

// await asks until the answer is 200. It looks four times a millisecond.
func (p *process) await(path string) error {
	request := call("GET", p.address, path, "")
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(250 * time.Microsecond) {
		select {
		case err := <-p.exited:
			p.exited <- err
			return fmt.Errorf("ended before it answered: %w; its log: %s", err, p.tail())
		default:
		}
		c, err := dialClient(p.address)
		if err != nil {
			continue
		}
		status, _, err := c.do(request)
		_ = c.conn.Close()
		if err == nil && status == 200 {
			return nil
		}
	}
	return fmt.Errorf("no answer within 30 s; its log: %s", p.tail())
}

// tail is the end of the server's log.
func (p *process) tail() string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-2000):])
}

// stop ends the process as an operator would.
func (p *process) stop() error {
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case err := <-p.exited:
		if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.Sys().(syscall.WaitStatus).Signaled() {
			return nil
		}
		return err
	case <-time.After(10 * time.Second):
		return errors.Join(errors.New("the server did not stop within 10 s"), p.cmd.Process.Kill())
	}
}

// cpu is the CPU time that a process has used, in seconds.
func cpu(pid int) (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	// The command's name may hold spaces; the fields behind it do not.
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	if len(fields) < 13 {
		return 0, fmt.Errorf("/proc/%d/stat has %d fields", pid, len(fields))
	}
	user, err := strconv.ParseFloat(fields[11], 64)
	if err != nil {
		return 0, err
	}
	system, err := strconv.ParseFloat(fields[12], 64)
	return (user + system) / ticksPerSecond, err
}

// resident is the memory of a process in MB: now, and at most so far.
func resident(pid int) (now, peak float64, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, 0, err
	}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimSuffix(strings.TrimSpace(value), " kB")
		switch name {
		case "VmRSS":
			now, err = strconv.ParseFloat(value, 64)
		case "VmHWM":
			peak, err = strconv.ParseFloat(value, 64)
		}
		if err != nil {
			return 0, 0, err
		}
	}
	return now / 1024, peak / 1024, nil
}
