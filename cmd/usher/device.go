package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"usher/internal/env"
	"usher/internal/phone"
)

// deviceCmd is a phone without a phone.
type deviceCmd struct {
	Enroll  deviceEnrollCmd  `cmd:"" help:"Scan what an enrolment shows: its picture's address or text, or the link of a mail or text message."`
	List    deviceListCmd    `cmd:"" help:"Show what the phone is enrolled for and what waits for its answer."`
	Approve deviceApproveCmd `cmd:"" help:"Approve a sign-in that waits for the phone."`
	Deny    deviceDenyCmd    `cmd:"" help:"Deny a sign-in that waits for the phone."`
	Code    deviceCodeCmd    `cmd:"" help:"Print the one-time password of now."`
	Remove  deviceRemoveCmd  `cmd:"" help:"Take the phone back from what it is enrolled for."`
}

// phoneFlags say which phone it is.
type phoneFlags struct {
	Phone string `help:"File that holds the phone's keys. Who has it can approve sign-ins." default:"${state}/phone.json" placeholder:"FILE" type:"path"`
}

// answerTime bounds how long a server may take.
const answerTime = 20 * time.Second

// open reads the phone's file; without one it is new.
func (f *phoneFlags) open() (*phone.Phone, error) {
	p := &phone.Phone{HTTP: &http.Client{Timeout: answerTime}, Rand: env.SystemRand{}, Clock: env.System{}, Changed: f.save}
	text, err := os.ReadFile(f.Phone)
	if errors.Is(err, fs.ErrNotExist) {
		return p, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the phone: %w", err)
	}
	var m phone.Memory
	if err := json.Unmarshal(text, &m); err != nil {
		return nil, fmt.Errorf("%s is no phone of this program: %w", f.Phone, err)
	}
	p.Remember(m)
	return p, nil
}

// save writes the file anew beside the old one and puts it in its place, so
// that no crash loses keys.
func (f *phoneFlags) save(m phone.Memory) error {
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return fmt.Errorf("write the phone: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(f.Phone), 0o700); err != nil {
		return fmt.Errorf("write the phone: %w", err)
	}
	beside := f.Phone + ".new"
	if err := os.WriteFile(beside, append(text, '\n'), 0o600); err != nil {
		return fmt.Errorf("write the phone: %w", err)
	}
	if err := os.Rename(beside, f.Phone); err != nil {
		return fmt.Errorf("write the phone: %w", err)
	}
	return nil
}

type deviceEnrollCmd struct {
	phoneFlags `embed:""`
	Address    string `arg:"" help:"E.g. the qrcode link of a factor, usher://enroll?... or otpauth://totp/..."`
}

// Run enrols.
func (c *deviceEnrollCmd) Run(ctx context.Context, io streams) error {
	p, err := c.open()
	if err != nil {
		return err
	}
	login, err := p.Scan(ctx, c.Address)
	var refused *phone.Refused
	if errors.As(err, &refused) && refused.Status == http.StatusUnauthorized {
		return errors.New("the server does not take this: it has been scanned already or is too old; begin the enrolment again and scan what it shows then")
	}
	if err != nil {
		return err
	}
	fmt.Fprintln(io.out, "Enrolled for", login+".")
	return nil
}

type deviceListCmd struct {
	phoneFlags `embed:""`
}

// Run lists.
func (c *deviceListCmd) Run(ctx context.Context, io streams) error {
	p, err := c.open()
	if err != nil {
		return err
	}
	m := p.Memory()
	if len(m.Devices)+len(m.Accounts) == 0 {
		fmt.Fprintln(io.out, "The phone is not enrolled. Begin with `usher device enroll ADDRESS`.")
		return nil
	}
	for _, d := range m.Devices {
		fmt.Fprintf(io.out, "answers for  %s at %s\n", d.Login, d.Org)
	}
	for _, a := range m.Accounts {
		fmt.Fprintf(io.out, "makes codes  for %s at %s\n", a.Login, a.Issuer)
	}
	waiting, err := p.Requests(ctx)
	if err != nil {
		return err
	}
	for _, r := range waiting {
		fmt.Fprintf(io.out, "waits        %s  %s from %s until %s%s%s\n", r.ID, r.Login, r.IP, r.Expires.Format(time.TimeOnly), choices(r.Numbers), wants(r.App, r.Message))
	}
	return nil
}

// choices tells the numbers to choose from.
func choices(numbers []int) string {
	if len(numbers) == 0 {
		return ""
	}
	var out []string
	for _, n := range numbers {
		out = append(out, strconv.Itoa(n))
	}
	return ", shows " + strings.Join(out, ", ")
}

// wants tells what an application asks apart from a sign-in.
func wants(app, message string) string {
	switch {
	case app == "":
		return ""
	case message == "":
		return fmt.Sprintf(", for %q", app)
	}
	return fmt.Sprintf(", for %q: %q", app, message)
}

type deviceApproveCmd struct {
	phoneFlags `embed:""`
	Request    string `arg:"" optional:"" help:"Which one, as list shows it; the newest by default."`
	Number     *int   `help:"The number that the sign-in shows, where it shows one." placeholder:"N"`
}

// Run approves.
func (c *deviceApproveCmd) Run(ctx context.Context, io streams) error {
	return decide(ctx, io, &c.phoneFlags, c.Request, true, c.Number)
}

type deviceDenyCmd struct {
	phoneFlags `embed:""`
	Request    string `arg:"" optional:"" help:"Which one, as list shows it; the newest by default."`
}

// Run denies.
func (c *deviceDenyCmd) Run(ctx context.Context, io streams) error {
	return decide(ctx, io, &c.phoneFlags, c.Request, false, nil)
}

func decide(ctx context.Context, io streams, f *phoneFlags, id string, approve bool, number *int) error {
	p, err := f.open()
	if err != nil {
		return err
	}
	r, err := p.Answer(ctx, id, approve, number)
	if errors.Is(err, phone.ErrNone) {
		return errors.New("nothing waits for this phone: ask for a push first, and look with `usher device list`")
	}
	if err != nil {
		return err
	}
	word := "Denied"
	if approve {
		word = "Approved"
	}
	if approve && len(r.Numbers) > 0 && number == nil {
		return errors.New("the sign-in asks for a number, so this was taken for a denial: say --number with the one it shows")
	}
	fmt.Fprintf(io.out, "%s the sign-in of %s.\n", word, r.Login)
	return nil
}

type deviceCodeCmd struct {
	phoneFlags `embed:""`
	Login      string `arg:"" optional:"" help:"Whose; the one enrolled last by default."`
}

// Run prints a code.
func (c *deviceCodeCmd) Run(_ context.Context, io streams) error {
	p, err := c.open()
	if err != nil {
		return err
	}
	code, err := p.Code(c.Login)
	if errors.Is(err, phone.ErrNone) {
		return errors.New("the phone makes no codes for this: scan an otpauth:// address with `usher device enroll` first")
	}
	if err != nil {
		return err
	}
	fmt.Fprintln(io.out, code)
	return nil
}

type deviceRemoveCmd struct {
	phoneFlags `embed:""`
	Login      string `arg:"" optional:"" help:"Whose; all by default."`
}

// Run removes.
func (c *deviceRemoveCmd) Run(ctx context.Context, io streams) error {
	p, err := c.open()
	if err != nil {
		return err
	}
	if err := p.Remove(ctx, c.Login); err != nil {
		return err
	}
	fmt.Fprintln(io.out, "The phone is enrolled no longer.")
	return nil
}
