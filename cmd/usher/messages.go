package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"
)

type messagesCmd struct {
	Dead  messagesDeadCmd  `cmd:"" help:"List the newest messages that were given up, and why."`
	Retry messagesRetryCmd `cmd:"" help:"Queue messages again that were given up; a running server sends them."`
}

type messagesDeadCmd struct {
	adminFlags `embed:""`
	Org        string `help:"Id of the organisation; the default one when left out." placeholder:"ID"`
}

// Run lists them, without what they say.
func (c *messagesDeadCmd) Run(ctx context.Context, io streams) (err error) {
	s, err := c.open(ctx, io, "")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	list, err := s.DeadMessages(ctx, c.Org)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		_, err = fmt.Fprintln(io.out, "No message was given up.")
		return err
	}
	w := tabwriter.NewWriter(io.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tKIND\tTO\tABOUT\tGIVEN UP\tGOOD UNTIL\tWHY")
	for i := range list {
		m := &list[i]
		until := "-"
		if !m.Expires.IsZero() {
			until = m.Expires.UTC().Format(time.DateTime)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", m.ID, m.Kind, m.To, m.Template, m.Due.UTC().Format(time.DateTime), until, m.Problem)
	}
	return w.Flush()
}

type messagesRetryCmd struct {
	adminFlags `embed:""`
	Org        string   `help:"Id of the organisation; the default one when left out." placeholder:"ID"`
	All        bool     `help:"All that 'usher messages dead' lists."`
	IDs        []string `arg:"" optional:"" name:"id" help:"Ids of the messages (msg...)."`
}

// Run queues them.
func (c *messagesRetryCmd) Run(ctx context.Context, io streams) (err error) {
	if c.All == (len(c.IDs) > 0) {
		return errors.New("name the messages, or say --all")
	}
	s, err := c.open(ctx, io, "")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if c.All {
		list, err := s.DeadMessages(ctx, c.Org)
		if err != nil {
			return err
		}
		for i := range list {
			c.IDs = append(c.IDs, list[i].ID)
		}
	}
	n, err := s.RetryMessages(ctx, c.Org, c.IDs)
	if err != nil {
		return err
	}
	if n < len(c.IDs) {
		err = fmt.Errorf("%d of %d are no messages that were given up", len(c.IDs)-n, len(c.IDs))
	}
	_, said := fmt.Fprintf(io.out, "Messages that are queued again: %d.\n", n)
	return errors.Join(err, said)
}
