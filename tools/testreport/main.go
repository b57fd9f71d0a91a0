// Command testreport reads the events of `go test -json` on its standard
// input, says how far the run has come, shows the output of what failed, and
// adds one line of counts to a file.
//
//	go test -json ./... | testreport -suite unit -counts FILE
//
// The line is "SUITE PASSED FAILED SKIPPED". A test counts once, and so does
// each of its subtests; a package that fails without a failing test (it did
// not build, or it panicked) counts as one failure. A run in which no test
// was executed counts as one failure too.
//
// It owns no decision about what to run and exits 1 when anything failed.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"os"
	"time"
)

func main() {
	suite := flag.String("suite", "go", "name of the suite in the line of counts")
	counts := flag.String("counts", "", "file to which the line of counts is added")
	flag.Parse()
	failed, err := run(os.Stdin, os.Stdout, *suite, *counts)
	if err != nil {
		fmt.Fprintln(os.Stderr, "testreport:", err)
		os.Exit(2)
	}
	if failed {
		os.Exit(1)
	}
}

// quiet is how long a run may say nothing before it is told what it is doing.
const quiet = 15 * time.Second

func run(in io.Reader, out io.Writer, suite, counts string) (failed bool, err error) {
	lines := make(chan []byte)
	readErr := make(chan error, 1)
	go func() {
		defer close(lines)
		scanner := bufio.NewScanner(in)
		scanner.Buffer(make([]byte, 64<<10), 16<<20)
		for scanner.Scan() {
			lines <- append([]byte(nil), scanner.Bytes()...)
		}
		readErr <- scanner.Err()
	}()
	r := newReport(out)
	timer := time.NewTicker(quiet)
	defer timer.Stop()
	for open := true; open; {
		select {
		case line, ok := <-lines:
			if !ok {
				open = false
				break
			}
			if r.line(line) {
				timer.Reset(quiet)
			}
		case <-timer.C:
			r.waiting()
		}
	}
	if err := <-readErr; err != nil {
		return true, fmt.Errorf("read events: %w", err)
	}
	passed, bad, skipped := r.finish()
	fmt.Fprintf(out, "%s: %d passed, %d failed, %d skipped in %s\n", suite, passed, bad, skipped, time.Since(r.started).Round(time.Second))
	if counts == "" {
		return bad > 0, nil
	}
	return bad > 0, appendLine(counts, fmt.Sprintf("%s %d %d %d\n", suite, passed, bad, skipped))
}

func appendLine(path, line string) error {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(line)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	return err
}
