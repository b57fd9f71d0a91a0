package main

import (
	"context"
	"os"
	"os/signal"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets the scripts run this very program under the name usher.
func TestMain(m *testing.M) {
	program := func() {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
		defer stop()
		os.Exit(run(ctx, os.Args[1:], streams{out: os.Stdout, err: os.Stderr}))
	}
	if os.Getenv(runEnv) != "" { // a child of a test in process_test.go
		program()
	}
	testscript.Main(m, map[string]func(){"usher": program})
}

// TestScripts runs the command line as an operator does.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata/script"})
}
