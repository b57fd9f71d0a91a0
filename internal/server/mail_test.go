package server_test

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"usher/internal/apptest"
	"usher/internal/notify"
	"usher/internal/server"
)

// sink is a mail server that keeps the first message it is given, speaking as
// much of RFC 5321 as one needs.
func sink(t *testing.T) (port int, message <-chan string) {
	t.Helper()
	ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	out := make(chan string, 1)
	go func() {
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		defer func() { _ = conn.Close() }()
		_, _ = conn.Write([]byte("220 sink\r\n"))
		var data strings.Builder
		inData := false
		for in := bufio.NewScanner(conn); in.Scan(); {
			line := in.Text()
			switch {
			case inData && line == ".":
				inData = false
				out <- data.String()
				_, _ = conn.Write([]byte("250 kept\r\n"))
			case inData:
				data.WriteString(line + "\n")
			case strings.HasPrefix(line, "DATA"):
				inData = true
				_, _ = conn.Write([]byte("354 go on\r\n"))
			case strings.HasPrefix(line, "QUIT"):
				_, _ = conn.Write([]byte("221 bye\r\n"))
				return
			default:
				_, _ = conn.Write([]byte("250 well\r\n"))
			}
		}
	}()
	_, text, err := net.SplitHostPort(ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	port, err = strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return port, out
}

// TestInvitationsLeave: with a mail server named, the server's jobs bring an
// invitation there.
func TestInvitationsLeave(t *testing.T) {
	port, message := sink(t)
	app := apptest.New(t, apptest.Configure(func(c *server.Config) {
		c.Senders = map[notify.Kind]notify.Sender{
			notify.Email: &notify.SMTP{Host: "127.0.0.1", Port: port, Security: notify.SecurityNone, From: "Usher <usher@example.com>"},
		}
	}))
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- app.Server.RunJobs(ctx) }()
	app.Post("/api/v1/users", map[string]any{"profile": map[string]string{
		"firstName": "Ann", "lastName": "Example", "email": "ann@example.com", "login": "ann@example.com",
	}}).Want(http.StatusOK)
	select {
	case m := <-message:
		if !strings.Contains(m, "To: <ann@example.com>") || !strings.Contains(m, "usher@example.com") {
			t.Errorf("the mail is another one:\n%s", m)
		}
	case <-t.Context().Done():
		t.Fatal("no mail has left")
	}
	stop()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}
