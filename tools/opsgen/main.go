package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

const output = "operations_gen.go"

// documents returns the names of the documents in the order of the table.
func documents() []string {
	return []string{"management", "authn", "idx", "myaccount", "oauth2", "management-extra"}
}

func main() {
	dir := flag.String("dir", "../openapi", "directory of the documents and of the generated file")
	check := flag.Bool("check", false, "fail when the generated file is stale, write nothing")
	flag.Parse()
	if err := run(*dir, *check); err != nil {
		fmt.Fprintln(os.Stderr, "opsgen:", err)
		os.Exit(1)
	}
}

// run reads the documents in dir and writes the table, or with check compares it.
func run(dir string, check bool) error {
	var ops []operation
	for _, name := range documents() {
		text, err := os.ReadFile(filepath.Join(dir, name+".yaml"))
		if err != nil {
			return fmt.Errorf("read document: %w", err)
		}
		more, err := parse(name, text)
		if err != nil {
			return err
		}
		ops = append(ops, more...)
	}
	if err := validate(ops); err != nil {
		return err
	}
	want, err := render(ops)
	if err != nil {
		return err
	}
	file := filepath.Join(dir, output)
	if !check {
		if err := os.WriteFile(file, want, 0o644); err != nil {
			return fmt.Errorf("write table: %w", err)
		}
		return nil
	}
	have, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("read table: %w", err)
	}
	if !bytes.Equal(have, want) {
		return fmt.Errorf("%s is stale: run go generate ./openapi", file)
	}
	return nil
}
