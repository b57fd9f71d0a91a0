package notify_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"usher/internal/env"
	"usher/internal/notify"
)

// sink is a mail server that keeps what it receives.
type sink struct {
	mu    sync.Mutex
	mails []received
}

type received struct {
	from string
	to   []string
	data string
	tls  bool
	user string
}

func (s *sink) NewSession(c *smtp.Conn) (smtp.Session, error) {
	_, isTLS := c.TLSConnectionState()
	return &sinkSession{sink: s, mail: received{tls: isTLS}}, nil
}

type sinkSession struct {
	sink *sink
	mail received
}

func (s *sinkSession) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *sinkSession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != "usher" || password != "letmein" {
			return errors.New("unknown user or password")
		}
		s.mail.user = user
		return nil
	}), nil
}

func (s *sinkSession) Mail(from string, _ *smtp.MailOptions) error {
	s.mail.from = from
	return nil
}

func (s *sinkSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	switch {
	case strings.HasPrefix(to, "nobody@"):
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such mailbox"}
	case strings.HasPrefix(to, "busy@"):
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "try later"}
	}
	s.mail.to = append(s.mail.to, to)
	return nil
}

func (s *sinkSession) Data(r io.Reader) error {
	b, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.mail.data = string(b)
	s.sink.mu.Lock()
	defer s.sink.mu.Unlock()
	s.sink.mails = append(s.sink.mails, s.mail)
	return nil
}

func (s *sinkSession) Reset()        {}
func (s *sinkSession) Logout() error { return nil }

// certificate makes a key for 127.0.0.1 and a pool that trusts it.
func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), randReader{})
	if err != nil {
		t.Fatal(err)
	}
	now := env.System{}.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(randReader{}, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

type randReader struct{}

func (randReader) Read(p []byte) (int, error) { env.SystemRand{}.Read(p); return len(p), nil }

// start runs a sink and returns it with the settings to reach it.
func start(t *testing.T, security notify.Security) (*sink, *notify.SMTP) {
	t.Helper()
	s := &sink{}
	server := smtp.NewServer(s)
	server.Domain = "sink.example"
	settings := &notify.SMTP{Host: "127.0.0.1", From: "Example Id <id@example.com>", Security: security}
	var listen net.ListenConfig
	l, err := listen.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	settings.Port = l.Addr().(*net.TCPAddr).Port
	if security != notify.SecurityNone {
		cert, pool := certificate(t)
		config := &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
		settings.TLS = &tls.Config{RootCAs: pool, ServerName: "127.0.0.1", MinVersion: tls.VersionTLS12}
		settings.Username, settings.Password = "usher", "letmein"
		if security == notify.SecurityTLS {
			l = tls.NewListener(l, config)
		} else {
			server.TLSConfig = config
		}
	}
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		if err := <-done; err != nil && !errors.Is(err, smtp.ErrServerClosed) {
			t.Error(err)
		}
	})
	return s, settings
}

func TestSMTPReachesTheMailbox(t *testing.T) {
	for _, security := range []notify.Security{notify.SecurityNone, notify.SecuritySTARTTLS, notify.SecurityTLS} {
		t.Run(string(security), func(t *testing.T) {
			s, settings := start(t, security)
			if err := settings.Check(); err != nil {
				t.Fatal(err)
			}
			activation, err := notify.Activation{To: "zoë@example.com", Name: "Zoë", Login: "zoe", Org: "Éxample", Link: "https://id.example/w/1", Token: "1", Expires: noon}.Message()
			if err != nil {
				t.Fatal(err)
			}
			activation.To, activation.ID, activation.Created = "zoe@example.com", "msg1", noon
			if err := settings.Send(t.Context(), activation); err != nil {
				t.Fatal(err)
			}
			if len(s.mails) != 1 {
				t.Fatalf("%d mails", len(s.mails))
			}
			got := s.mails[0]
			if got.from != "id@example.com" || len(got.to) != 1 || got.to[0] != "zoe@example.com" {
				t.Errorf("envelope: %q to %v", got.from, got.to)
			}
			if got.tls != (security != notify.SecurityNone) || (got.user == "usher") != got.tls {
				t.Errorf("TLS %v, user %q", got.tls, got.user)
			}
			checkMail(t, got.data, activation)
		})
	}
}

func checkMail(t *testing.T, data string, want notify.Message) {
	t.Helper()
	m, err := mail.ReadMessage(strings.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil || subject != want.Subject {
		t.Errorf("subject %q, %v", subject, err)
	}
	if at, err := m.Header.Date(); err != nil || !at.Equal(noon) {
		t.Errorf("date %v, %v", at, err)
	}
	if id := m.Header.Get("Message-ID"); id != "<msg1@example.com>" {
		t.Errorf("identifier %q", id)
	}
	if m.Header.Get("Auto-Submitted") != "auto-generated" || !strings.Contains(m.Header.Get("From"), "id@example.com") {
		t.Errorf("header %v", m.Header)
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("%s, %v", kind, err)
	}
	parts := multipart.NewReader(m.Body, params["boundary"])
	for _, wanted := range []string{want.Text, want.HTML} {
		part, err := parts.NextRawPart()
		if err != nil {
			t.Fatal(err)
		}
		if encoding := part.Header.Get("Content-Transfer-Encoding"); encoding != "quoted-printable" {
			t.Fatalf("encoding %q", encoding)
		}
		b, err := io.ReadAll(quotedprintable.NewReader(part))
		if err != nil || strings.TrimSpace(strings.ReplaceAll(string(b), "\r\n", "\n")) != strings.TrimSpace(wanted) {
			t.Errorf("part: %v\n%s", err, b)
		}
	}
}

func TestSMTPTellsForeverFromNow(t *testing.T) {
	_, settings := start(t, notify.SecurityNone)
	w := newWorld(t, "sqlite:"+t.TempDir()+"/usher.db")
	for _, to := range []string{"nobody@example.com", "busy@example.com", "not an address", "fine@example.com"} {
		w.enqueue(t, mailTo(to))
	}
	run(t, w.worker(settings))
	for _, m := range w.list(t, notify.Query{}) {
		want := map[string]notify.Status{
			"nobody@example.com": notify.Dead, "busy@example.com": notify.Queued,
			"not an address": notify.Dead, "fine@example.com": notify.Sent,
		}[m.To]
		if m.Status != want {
			t.Errorf("%s: %s, want %s\n%s", m.To, m.Status, want, w.logs)
		}
	}
}

func TestSMTPNeverSendsInTheClearWhenTLSIsWanted(t *testing.T) {
	s, settings := start(t, notify.SecurityNone)
	settings.Security = notify.SecuritySTARTTLS
	if err := settings.Send(t.Context(), mailTo("ann@example.com")); err == nil || len(s.mails) != 0 {
		t.Fatalf("%v, %d mails", err, len(s.mails))
	}
	s, settings = start(t, notify.SecuritySTARTTLS)
	settings.TLS = nil // the system does not know the certificate
	if err := settings.Send(t.Context(), mailTo("ann@example.com")); err == nil || len(s.mails) != 0 {
		t.Fatalf("%v, %d mails", err, len(s.mails))
	}
}

func TestSMTPIsAwayOrForbidsUs(t *testing.T) {
	_, settings := start(t, notify.SecurityTLS)
	settings.Password = "not-the-one"
	err := settings.Send(t.Context(), mailTo("ann@example.com"))
	if err == nil || strings.Contains(err.Error(), "not-the-one") {
		t.Fatalf("a wrong password: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := settings.Send(ctx, mailTo("ann@example.com")); err == nil {
		t.Fatal("sent in a context that has ended")
	}
	for name, bad := range map[string]notify.SMTP{
		"no host":     {From: "a@example.com", Security: notify.SecurityTLS},
		"no sender":   {Host: "mail.example", Security: notify.SecurityTLS},
		"no security": {Host: "mail.example", From: "a@example.com"},
		"a bad port":  {Host: "mail.example", From: "a@example.com", Security: notify.SecurityTLS, Port: 99999},
	} {
		if err := bad.Check(); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}
