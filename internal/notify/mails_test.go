package notify

import (
	"strings"
	"testing"
	"time"
)

func TestReset(t *testing.T) {
	r := Reset{
		To: "i@example.com", Name: "Isaac\r\nBcc: all@example.com " + strings.Repeat("x", 200), Login: "i@example.com", Org: "<Acme>",
		Link: "https://id.example.com/reset_password/abc?a=1&b=2", Token: "abc", Expires: time.Date(2026, 3, 1, 13, 0, 0, 0, time.UTC),
	}
	m, err := r.Message()
	if err != nil || m.check() != nil {
		t.Fatal(err, m.check())
	}
	if m.Template != TemplateReset || m.Data[DataLink] != r.Link || m.Data[DataToken] != "abc" || strings.ContainsAny(m.Subject, "\r\n") {
		t.Errorf("%+v", m)
	}
	for _, want := range []string{r.Link, "1 March 2026, 13:00 UTC", "<Acme>", "i@example.com"} {
		if !strings.Contains(m.Text, want) {
			t.Errorf("the text lacks %q:\n%s", want, m.Text)
		}
	}
	if strings.Contains(m.Text, "\nBcc") || strings.Contains(m.Text, strings.Repeat("x", 150)) {
		t.Errorf("foreign text runs free:\n%s", m.Text)
	}
	if !strings.Contains(m.HTML, "&lt;Acme&gt;") || strings.Contains(m.HTML, "<Acme>") || !strings.Contains(m.HTML, `href="https://id.example.com/reset_password/abc?a=1&amp;b=2"`) {
		t.Errorf("%s", m.HTML)
	}
}

func TestUnlock(t *testing.T) {
	u := Unlock{To: "i@example.com", Login: "i@example.com", Org: "Acme\r\nBcc: x", Link: "https://id.example.com/signin/unlock/abc", Token: "abc", Expires: time.Date(2026, 3, 1, 13, 0, 0, 0, time.UTC)}
	m, err := u.Message()
	if err != nil || m.check() != nil {
		t.Fatal(err, m.check())
	}
	if m.Template != TemplateUnlock || m.Data[DataLink] != u.Link || m.Data[DataToken] != "abc" || strings.ContainsAny(m.Subject, "\r\n") {
		t.Errorf("%+v", m)
	}
	for _, want := range []string{u.Link, "1 March 2026, 13:00 UTC", "Hello i@example.com", "locked"} {
		if !strings.Contains(m.Text, want) || !strings.Contains(m.HTML, want) {
			t.Errorf("%q is missing:\n%s\n%s", want, m.Text, m.HTML)
		}
	}
}

func TestLocked(t *testing.T) {
	l := Locked{To: "i@example.com", Login: "i@example.com", Org: "Acme\r\nBcc: x", At: time.Date(2026, 3, 1, 13, 0, 0, 0, time.UTC)}
	for _, ends := range []time.Time{{}, l.At.Add(time.Hour)} {
		l.Ends = ends
		m, err := l.Message()
		if err != nil || m.check() != nil {
			t.Fatal(err, m.check())
		}
		if m.Template != TemplateLocked || m.Data[DataLink] != "" || m.Data[DataCode] != "" || strings.ContainsAny(m.Subject, "\r\n") {
			t.Errorf("%+v", m)
		}
		text := strings.Join(strings.Fields(m.Text), " ")
		if !strings.Contains(text, "1 March 2026, 13:00 UTC") || strings.Contains(text, "14:00 UTC") == ends.IsZero() {
			t.Errorf("ends %v: %s", ends, text)
		}
	}
}
