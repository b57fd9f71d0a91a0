package main

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets the scripts run this very program under the name usher.
func TestMain(m *testing.M) {
	if os.Getenv(runEnv) != "" { // a child of a test in process_test.go
		program()
	}
	testscript.Main(m, map[string]func(){"usher": program})
}

// TestScripts runs the command line as an operator does.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata/script"})
}
