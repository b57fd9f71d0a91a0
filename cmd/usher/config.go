package main

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"go.yaml.in/yaml/v3"

	"usher/internal/api/httpkit"
	"usher/internal/server"
)

// loadYAML resolves flags from a YAML file whose keys are flag names. A key
// that is no flag is refused: a misspelt setting must not go unnoticed.
func loadYAML(r io.Reader) (kong.Resolver, error) {
	values := map[string]any{}
	if err := yaml.NewDecoder(io.LimitReader(r, 1<<20)).Decode(&values); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("configuration file: %w", err)
	}
	return &yamlResolver{values: values}, nil
}

type yamlResolver struct{ values map[string]any }

// Validate implements kong.Resolver.
func (y *yamlResolver) Validate(app *kong.Application) error {
	known := map[string]bool{}
	var walk func(n *kong.Node)
	walk = func(n *kong.Node) {
		for _, f := range n.Flags {
			known[f.Name] = true
		}
		for _, c := range n.Children {
			walk(c)
		}
	}
	walk(app.Node)
	for name := range y.values {
		if !known[name] {
			return fmt.Errorf("configuration file: %q is no setting", name)
		}
	}
	return nil
}

// Resolve implements kong.Resolver.
func (y *yamlResolver) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	v, ok := y.values[flag.Name]
	if !ok {
		return nil, nil
	}
	return v, nil
}

// logFlags choose what is logged to stderr.
type logFlags struct {
	LogLevel  string `help:"Least level to log: ${enum}." enum:"debug,info,warn,error" default:"info"`
	LogFormat string `help:"Form of the log: ${enum}." enum:"text,json" default:"text"`
}

func (f logFlags) logger(w io.Writer) (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(f.LogLevel)); err != nil {
		return nil, err
	}
	o := &slog.HandlerOptions{Level: level}
	if f.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, o)), nil
	}
	return slog.New(slog.NewTextHandler(w, o)), nil
}

// databaseFlags say where the data is and by which key it is sealed.
type databaseFlags struct {
	Database         string   `help:"Database: postgres://USER@HOST/NAME, or sqlite:PATH." placeholder:"URL"`
	MaxConns         int      `help:"Most connections to the database; 0 for the default." default:"0"`
	MasterKey        string   `help:"Master key in base64, 32 bytes or more; better given in the environment or a file." placeholder:"KEY"`
	MasterKeyFile    string   `help:"File that holds the master key." placeholder:"FILE" type:"existingfile"`
	OldMasterKeyFile []string `help:"Files of earlier master keys, which still open what they sealed." placeholder:"FILE" type:"existingfile"`
}

// apply fills in the part of the configuration that the flags are about.
func (f databaseFlags) apply(c *server.Config) error {
	c.Database, c.MaxConns = f.Database, f.MaxConns
	text := f.MasterKey
	if f.MasterKeyFile != "" {
		if text != "" {
			return errors.New("give the master key once: --master-key or --master-key-file")
		}
		raw, err := os.ReadFile(f.MasterKeyFile)
		if err != nil {
			return err
		}
		text = string(raw)
	}
	var err error
	if c.MasterKey, err = decodeKey(text); err != nil {
		return fmt.Errorf("master key: %w", err)
	}
	for _, path := range f.OldMasterKeyFile {
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		key, err := decodeKey(string(raw))
		if err != nil {
			return fmt.Errorf("master key in %s: %w", path, err)
		}
		c.OldMasterKeys = append(c.OldMasterKeys, key)
	}
	return nil
}

// decodeKey reads base64 of either alphabet, padded or not. Empty is no key.
func decodeKey(text string) ([]byte, error) {
	text = strings.TrimRight(strings.TrimSpace(text), "=")
	text = strings.NewReplacer("-", "+", "_", "/").Replace(text)
	key, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil {
		return nil, errors.New("it is no base64 text")
	}
	return key, nil
}

// rateLimits reads the value of --rate-limits: off, abuse, okta, or a YAML file
// of limits by bucket and throttle.
func rateLimits(value string) (map[string]int, error) {
	switch value {
	case "", "off":
		return nil, nil
	case "abuse":
		return httpkit.AbuseLimits(), nil
	case "okta":
		return httpkit.OktaLimits(), nil
	}
	text, err := os.ReadFile(value)
	if err != nil {
		return nil, fmt.Errorf("--rate-limits takes off, abuse, okta or a file: %w", err)
	}
	limits := map[string]int{}
	dec := yaml.NewDecoder(bytes.NewReader(text))
	if err := dec.Decode(&limits); err != nil {
		return nil, fmt.Errorf("%s: %w", value, err)
	}
	known := httpkit.OktaLimits()
	for bucket, n := range limits {
		if _, ok := known[bucket]; !ok || n < 1 {
			return nil, fmt.Errorf("%s: %q: %d is no limit: give at least 1 request to one of %s", value, bucket, n, strings.Join(slices.Sorted(maps.Keys(known)), ", "))
		}
	}
	return limits, nil
}
