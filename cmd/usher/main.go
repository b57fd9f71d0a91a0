// Command usher is the identity provider: a development server in one command,
// a production server, and the few operator's commands that must work without
// one running.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
)

// cli is the whole command line. Every flag can also be given in the
// environment (USHER_...) or in the file named by --config.
type cli struct {
	Config kong.ConfigFlag `help:"YAML file with any of the flags, e.g. 'base-url: https://id.example.com'." placeholder:"FILE" type:"existingfile"`

	Dev      devCmd      `cmd:"" help:"Run on this machine with an organisation, users and an API token ready to use."`
	Serve    serveCmd    `cmd:"" help:"Run in production."`
	Migrate  migrateCmd  `cmd:"" help:"Bring the database schema to this version."`
	Org      orgCmd      `cmd:"" help:"Manage organisations."`
	Token    tokenCmd    `cmd:"" help:"Manage API tokens."`
	Messages messagesCmd `cmd:"" help:"Look at the messages that could not be delivered."`
	Device   deviceCmd   `cmd:"" help:"A phone without a phone: enrol it, answer its questions, make its codes."`
	Version  versionCmd  `cmd:"" help:"Print the version."`
}

// streams are where commands write; tests replace them.
type streams struct {
	out, err io.Writer
}

func main() { program() }

// program runs the command line until it ends or is told to, by Ctrl-C, by
// whoever looks after processes, or by a terminal that closes.
func program() {
	collectLater()
	dropEmpty()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], streams{out: os.Stdout, err: os.Stderr}))
}

// dropEmpty has a variable of ours that is set and empty count as not set, which
// is what whoever passes on `${USHER_CONFIG:-}` means.
func dropEmpty() {
	for _, v := range os.Environ() {
		if name, value, _ := strings.Cut(v, "="); value == "" && strings.HasPrefix(name, "USHER_") {
			_ = os.Unsetenv(name) // fails for names that cannot be set either
		}
	}
}

// run parses and runs one command line and returns the exit status: 0 well, 1
// failed, 2 not understood.
func run(ctx context.Context, args []string, io streams) (status int) {
	var c cli
	exited := -1
	parser, err := kong.New(&c,
		kong.Name("usher"),
		kong.Description("Usher is an identity provider that speaks Okta's wire protocols.\n\nBegin with `usher dev`; every command explains itself with --help."),
		kong.UsageOnError(), kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
		kong.DefaultEnvars("USHER"), kong.Configuration(loadYAML),
		kong.Writers(io.out, io.err), kong.Exit(func(code int) { exited = code }),
		kong.Bind(io), kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Vars{"state": ".usher"},
	)
	if err != nil {
		fmt.Fprintln(io.err, "usher:", err)
		return 2
	}
	command, err := parser.Parse(args)
	if exited >= 0 { // --help has answered
		return exited
	}
	if err != nil {
		if pe, ok := errors.AsType[*kong.ParseError](err); ok && pe.Context != nil {
			fmt.Fprintf(io.err, "usher: %s\nRun `usher --help`, or a command with --help, to see what it takes.\n", err)
		} else {
			fmt.Fprintln(io.err, "usher:", err)
		}
		return 2
	}
	if err := command.Run(); err != nil {
		fmt.Fprintln(io.err, "usher:", err)
		return 1
	}
	return 0
}
