package main

import (
	"context"
	"errors"
	"fmt"

	"usher/internal/server"
)

// adminFlags are what a command needs that works on the data itself.
type adminFlags struct {
	logFlags      `embed:""`
	databaseFlags `embed:""`
}

// open builds the services without listening.
func (f *adminFlags) open(ctx context.Context, io streams, baseURL string) (*server.Server, error) {
	log, err := f.logger(io.err)
	if err != nil {
		return nil, err
	}
	if baseURL == "" {
		baseURL = "http://localhost"
	}
	cfg := server.Config{BaseURL: baseURL, Log: log, Durable: true, Version: programVersion()}
	if err := f.apply(&cfg); err != nil {
		return nil, err
	}
	return server.New(ctx, cfg, func(step string) { fmt.Fprintln(io.err, "usher:", step) })
}

type migrateCmd struct {
	adminFlags `embed:""`
}

// Run migrates; opening does the work.
func (c *migrateCmd) Run(ctx context.Context, io streams) error {
	s, err := c.open(ctx, io, "")
	if err != nil {
		return err
	}
	fmt.Fprintln(io.out, "The database schema is current.")
	return s.Close()
}

type orgCmd struct {
	Create orgCreateCmd `cmd:"" help:"Create an organisation with its first administrator and an API token."`
}

type orgCreateCmd struct {
	adminFlags  `embed:""`
	Name        string `help:"Name of the organisation." required:""`
	Subdomain   string `help:"Short name; by default made from the name." placeholder:"NAME"`
	Host        string `help:"Host name by which requests choose it; leave out for the default organisation." placeholder:"HOST"`
	BaseURL     string `help:"Public address, needed with --host." placeholder:"URL"`
	Pipeline    string `help:"Sign-in pipeline to announce: ${enum}." enum:"idx,v1" default:"idx"`
	PushNumbers bool   `help:"Have phones ask for the number that the sign-in shows before they approve."`
	AdminLogin  string `help:"Login of the first administrator, an e-mail address." required:"" placeholder:"LOGIN"`
}

// Run creates the organisation and shows the secrets once.
func (c *orgCreateCmd) Run(ctx context.Context, io streams) (err error) {
	if (c.Host == "") != (c.BaseURL == "") {
		return errors.New("--host and --base-url belong together: the default organisation takes the base URL of `usher serve`")
	}
	s, err := c.open(ctx, io, "")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	made, err := s.CreateOrg(ctx, server.OrgSpec{
		Name: c.Name, Subdomain: c.Subdomain, Host: c.Host, BaseURL: c.BaseURL, Pipeline: c.Pipeline, PushNumbers: c.PushNumbers, AdminLogin: c.AdminLogin,
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(io.out, `Organisation %s is created. This is shown once:

  Administrator  %s
  Password       %s
  API token      %s
`, made.OrgID, made.Admin.Login, made.Admin.Password, made.APIToken)
	return err
}

type tokenCmd struct {
	Create tokenCreateCmd `cmd:"" help:"Create an API token that acts for a user."`
	Revoke tokenRevokeCmd `cmd:"" help:"Revoke an API token by its id."`
}

type tokenCreateCmd struct {
	adminFlags `embed:""`
	Org        string `help:"Id of the organisation; the default one when left out." placeholder:"ID"`
	User       string `help:"Login of the user for whom the token acts." required:"" placeholder:"LOGIN"`
	Name       string `help:"Name of the token, to know it by." required:""`
}

// Run creates the token and shows it once.
func (c *tokenCreateCmd) Run(ctx context.Context, io streams) (err error) {
	s, err := c.open(ctx, io, "")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	id, secret, err := s.CreateToken(ctx, c.Org, c.User, c.Name)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(io.out, "Token %s is created. It is shown once:\n\n  %s\n", id, secret)
	return err
}

type tokenRevokeCmd struct {
	adminFlags `embed:""`
	Org        string `help:"Id of the organisation; the default one when left out." placeholder:"ID"`
	ID         string `arg:"" help:"Id of the token (00T...)."`
}

// Run revokes the token.
func (c *tokenRevokeCmd) Run(ctx context.Context, io streams) (err error) {
	s, err := c.open(ctx, io, "")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := s.RevokeToken(ctx, c.Org, c.ID); err != nil {
		return err
	}
	_, err = fmt.Fprintf(io.out, "Token %s is revoked.\n", c.ID)
	return err
}
