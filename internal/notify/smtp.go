package notify

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/mail"
	"strings"

	gomail "github.com/wneessen/go-mail"
)

// Security is how the connection to a mail server is protected.
type Security string

// The ways of protection.
const (
	SecuritySTARTTLS Security = "starttls" // TLS begins inside the connection, or nothing is sent (RFC 3207)
	SecurityTLS      Security = "tls"      // TLS from the first byte (RFC 8314 section 3.3)
	SecurityNone     Security = "none"     // for a mail server on the same machine
)

// SMTP sends mail through one mail server, one connection a message.
type SMTP struct {
	Host string
	Port int // 0 for the usual one: 587, 465 or 25 by Security
	// Username and Password sign in; nobody does when Username is empty.
	Username, Password string
	From               string // e.g. "Example <id@example.com>"
	Security           Security
	TLS                *tls.Config // nil for the system's certificates
}

// Check tells what is wrong with the settings, before the first message does.
func (s *SMTP) Check() error {
	_, err := mail.ParseAddress(s.From)
	if err != nil {
		return fmt.Errorf("mail sender %q: %w", s.From, err)
	}
	if s.Host == "" {
		return errors.New("the mail server has no name")
	}
	_, err = s.client()
	return err
}

func (s *SMTP) client() (*gomail.Client, error) {
	var opts []gomail.Option
	switch s.Security {
	case SecuritySTARTTLS:
		opts = append(opts, gomail.WithTLSPortPolicy(gomail.TLSMandatory))
	case SecurityTLS:
		opts = append(opts, gomail.WithSSLPort(false))
	case SecurityNone:
		opts = append(opts, gomail.WithTLSPortPolicy(gomail.NoTLS))
	default:
		return nil, fmt.Errorf("mail security %q is none of starttls, tls, none", s.Security)
	}
	if s.TLS != nil {
		opts = append(opts, gomail.WithTLSConfig(s.TLS))
	}
	if s.Port != 0 {
		opts = append(opts, gomail.WithPort(s.Port))
	}
	if s.Username != "" {
		opts = append(opts, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(s.Username), gomail.WithPassword(s.Password))
	}
	c, err := gomail.NewClient(s.Host, opts...)
	if err != nil {
		return nil, fmt.Errorf("mail server: %w", err)
	}
	return c, nil
}

// Send implements Sender. The identifier of the mail is made from the
// message's, so that a mail that is sent twice can be known as one.
func (s *SMTP) Send(ctx context.Context, m Message) error {
	from, err := mail.ParseAddress(s.From)
	if err != nil {
		return fmt.Errorf("mail sender %q: %w", s.From, err)
	}
	out := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	out.FromMailAddress(from)
	if err := out.To(m.To); err != nil {
		return Refused(fmt.Errorf("mail recipient: %w", err))
	}
	out.Subject(m.Subject)
	out.SetDateWithValue(m.Created)
	_, domain, _ := strings.Cut(from.Address, "@")
	out.SetMessageIDWithValue(m.ID + "@" + domain)
	out.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834 section 5
	out.SetBodyString(gomail.TypeTextPlain, m.Text)
	if m.HTML != "" {
		out.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	}
	c, err := s.client()
	if err != nil {
		return err
	}
	if err := c.DialAndSendWithContext(ctx, out); err != nil {
		if noSuch(err) {
			return Refused(err)
		}
		return err
	}
	return nil
}

// noSuch tells whether the server has refused this very message for good (RFC
// 5321 section 4.2.1: 5yz), rather than us or the moment.
func noSuch(err error) bool {
	var e *gomail.SendError
	if !errors.As(err, &e) || e.ErrorCode() < 500 {
		return false
	}
	return e.Reason == gomail.ErrSMTPRcptTo || e.Reason == gomail.ErrSMTPData || e.Reason == gomail.ErrSMTPDataClose
}
