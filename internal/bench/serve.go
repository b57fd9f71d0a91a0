package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"runtime/pprof"
	"strings"

	"golang.org/x/sync/errgroup"

	"usher/internal/server"
)

// runServe is the program's role as Usher itself, for profiles: it obeys
// "start FILE" and "stop" on its standard input.
func runServe(ctx context.Context, args []string) (err error) {
	flags := flag.NewFlagSet(roleServe, flag.ContinueOnError)
	listen := flags.String("listen", "", "")
	cheap := flags.Bool("cheap", false, "")
	if err := flags.Parse(args); err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	cfg := config(os.Getenv(databaseEnv), *listen, log)
	if *cheap {
		cfg.Hashing = cheapParams()
	}
	s, err := server.New(ctx, cfg, func(string) {})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	l, err := server.Listen(ctx, *listen, nil, log)
	if err != nil {
		return err
	}
	go profiles(log)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return l.Serve(ctx, s.Handler()) })
	group.Go(func() error { return s.RunJobs(ctx) })
	return group.Wait()
}

// profiles starts and stops CPU profiles as it is told.
func profiles(log *slog.Logger) {
	var out *os.File
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		verb, file, _ := strings.Cut(in.Text(), " ")
		var err error
		switch verb {
		case "start":
			if out, err = os.Create(file); err == nil {
				err = pprof.StartCPUProfile(out)
			}
		case "stop":
			pprof.StopCPUProfile()
			err = out.Close()
		default:
			err = fmt.Errorf("no command: %q", verb)
		}
		if err != nil {
			log.Error("profile", "error", err)
		}
	}
}
