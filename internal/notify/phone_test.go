package notify

import (
	"strings"
	"testing"
	"time"

	"usher/internal/idp"
)

// writer is what every kind of message can do.
type writer interface{ Message() (Message, error) }

// TestEveryMessageIsWhole writes each kind with names that try to speak
// through our messages.
func TestEveryMessageIsWhole(t *testing.T) {
	expires := time.Date(2026, 3, 1, 13, 0, 0, 0, time.UTC)
	const org, link, token, code = "<Acme>\r\nLtd", "https://id.example.com/x/tok?a=1&b=2", "tok", "271828"
	mail := Letter{Name: "Isaac\r\nBcc: all@example.com", Login: "i@example.com"}
	for name, c := range map[string]struct {
		w     writer
		kind  Kind
		says  []string // in the text
		datum map[string]string
	}{
		"activation": {
			Activation{"i@example.com", mail.Name, mail.Login, org, link, token, expires},
			Email,
			[]string{"<Acme>Ltd", link, "i@example.com", "1 March 2026, 13:00 UTC"},
			map[string]string{DataLink: link, DataToken: token},
		},
		"unlock": {
			Unlock{To: "i@example.com", Name: mail.Name, Login: mail.Login, Org: org, Link: link, Token: token, Code: code, Expires: expires},
			Email,
			[]string{link, code, "locked", "13:00 UTC"},
			map[string]string{DataLink: link, DataToken: token, DataCode: code},
		},
		"mail code": {
			MailCode{To: "i@example.com", Name: mail.Name, Login: mail.Login, Org: org, Code: code, Expires: expires},
			Email,
			[]string{code, "The code works once"},
			map[string]string{DataCode: code},
		},
		"push setup": {
			PushSetup{To: "i@example.com", Name: mail.Name, Login: mail.Login, Org: org, Link: link, Token: token, Expires: expires},
			Email,
			[]string{link, "phone"},
			map[string]string{DataLink: link},
		},
		"text code": {TextCode{To: "+15550100", Org: org, Code: code, Expires: expires}, SMS, []string{code, "<Acme>Ltd"}, map[string]string{DataCode: code}},
		"text link": {TextLink{To: "+15550100", Org: org, Link: link, Token: token, Expires: expires}, SMS, []string{link}, map[string]string{DataLink: link}},
		"call": {
			CallCode{To: "+15550100", Ext: "12", Org: org, Code: code, Expires: expires},
			Call,
			[]string{"2, 7, 1, 8, 2, 8. Again"},
			map[string]string{DataCode: code, DataExtension: "12"},
		},
		"push": {
			PushChallenge{
				Login: "i@example.com", Device: "opf1", Service: PushAPNs, Token: "ab12", Org: org, Challenge: "mst1",
				Where: "Firefox\n, 203.0.113.7", Numbers: []string{"12", "57"}, Expires: expires,
			},
			Push,
			[]string{"Firefox, 203.0.113.7", "<Acme>Ltd"},
			map[string]string{DataChallenge: "mst1", DataPushToken: "ab12", DataNumbers: "12,57", DataDevice: "opf1"},
		},
	} {
		m, err := c.w.Message()
		if err != nil || m.check() != nil {
			t.Fatal(name, err, m.check())
		}
		if m.Kind != c.kind || m.Template == "" || !m.Expires.Equal(expires) || (m.Kind == Email) != (m.HTML != "") {
			t.Errorf("%s: %+v", name, m)
		}
		for _, want := range c.says {
			if !strings.Contains(strings.Join(strings.Fields(m.Text), " "), want) {
				t.Errorf("%s lacks %q:\n%s", name, want, m.Text)
			}
		}
		for k, v := range c.datum {
			if m.Data[k] != v {
				t.Errorf("%s: %s is %q, want %q", name, k, m.Data[k], v)
			}
		}
		if strings.Contains(m.Text, "\nBcc") || strings.Contains(m.HTML, "<Acme>") || strings.Contains(m.Subject, code) {
			t.Errorf("%s: foreign text runs free, or the subject tells the code:\n%s\n%s", name, m.Text, m.HTML)
		}
	}
}

func TestTextsAreFilledOnce(t *testing.T) {
	m, err := TextCode{To: "+15550100", Org: "${code} Ltd", Code: "123456", Text: "${code} for ${org.name} ${other}"}.Message()
	if err != nil || m.Text != "123456 for ${code} Ltd ${other}" {
		t.Fatalf("%q, %v", m.Text, err)
	}
	for _, text := range []string{"no code here", "${code}" + strings.Repeat("x", MaxText)} {
		if _, err := (TextCode{To: "+15550100", Code: "123456", Text: text}).Message(); idp.KindOf(err) != idp.KindInvalid {
			t.Errorf("%.20q: %v", text, err)
		}
	}
}

func TestFoldKeepsWordsWhole(t *testing.T) {
	long := strings.Repeat("x", 90)
	for in, want := range map[string]string{
		"":                                  "",
		"  one\n two ":                      "one two",
		strings.Repeat("abc ", 20):          strings.TrimSpace(strings.Repeat("abc ", 19)) + "\nabc",
		"a " + long + " b":                  "a\n" + long + "\nb",
		strings.Repeat("é", 75) + " ü":      strings.Repeat("é", 75) + "\nü",
		strings.Repeat("é", 74) + " ü wort": strings.Repeat("é", 74) + " ü\nwort",
	} {
		if got := fold(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
