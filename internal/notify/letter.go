package notify

import (
	"fmt"
	"strings"
	"text/template"
	"time"
)

// Letter is the one shape of Usher's mails: a greeting, what it is about, a
// code to type or a link to open, until when that works, and what to do when
// one did not ask for it. Kinds of mail are made from it by the types beside
// it; each text stands in one place for plain text and HTML.
type Letter struct {
	To       string // the reader's mail address
	Template string // names the kind of mail, e.g. "activation"
	Subject  string
	Heading  string // of the HTML part
	Name     string // how the reader is addressed; the login when empty
	Login    string // told when ShowLogin is set
	// ShowLogin tells the reader's user name.
	ShowLogin bool
	Org       string // the organisation's name
	Lead      string // a sentence or two about what has happened
	Code      string // digits to type; may be empty
	Link      string // an address to open; may be empty
	Button    string // what opening the link does, e.g. "Activate your account"
	Token     string // the secret in Link by itself, for readers of the outbox
	// Expires is when code and link cease to work. A mail that could not be
	// sent until then is given up.
	Expires time.Time
	Note    string // the small print
}

var letterText = template.Must(template.New("letter").Funcs(template.FuncMap{"fold": fold}).Parse(`Hello {{.Name}},

{{fold .Lead}}
{{- if .ShowLogin}}

Your user name is:

    {{.Login}}
{{- end}}{{if .Code}}

Your code is:

    {{.Code}}
{{- end}}{{if .Link}}

{{.Button}}:

    {{.Link}}
{{- end}}

{{if .Limits}}{{fold .Limits}}

{{end}}{{fold .Note}}
`))

// letterData is what both texts of a letter are made from.
type letterData struct {
	Letter
	Limits string
}

// Message writes the mail.
func (l Letter) Message() (Message, error) {
	if l.Name == "" {
		l.Name = l.Login
	}
	// Foreign text stays short and on its line, so that nobody speaks through
	// our mail by giving a new user a long name.
	for _, s := range []*string{&l.Name, &l.Login, &l.Org, &l.Code} {
		*s = oneLine(*s)
	}
	l.Subject = oneLine(l.Subject)
	data := letterData{l, l.limits()}
	var text, html strings.Builder
	if err := letterText.Execute(&text, data); err != nil {
		return Message{}, fmt.Errorf("%s mail, text: %w", l.Template, err)
	}
	if err := letterHTML.Execute(&html, data); err != nil {
		return Message{}, fmt.Errorf("%s mail, HTML: %w", l.Template, err)
	}
	m := Message{
		Kind: Email, To: l.To, Template: l.Template, Subject: l.Subject, Text: text.String(), HTML: html.String(),
		Expires: l.Expires, Data: map[string]string{"login": l.Login},
	}
	for name, value := range map[string]string{DataLink: l.Link, DataToken: l.Token, DataCode: l.Code} {
		if value != "" {
			m.Data[name] = value
		}
	}
	return m, nil
}

// limits says until when the letter's code and link work; "" without either.
func (l Letter) limits() string {
	until := until(l.Expires)
	switch {
	case l.Code != "" && l.Link != "":
		return "Code and link work once, until " + until + "."
	case l.Code == "" && l.Link == "":
		return ""
	case l.Code != "":
		return "The code works once, until " + until + "."
	}
	return "The link works once, until " + until + "."
}

// until writes a time for readers in any zone.
func until(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04 MST") }

// maxForeign bounds a name in a message, in characters.
const maxForeign = 100

// oneLine drops control characters and cuts what is too long.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if control(r) {
			return -1
		}
		return r
	}, s)
	if r := []rune(s); len(r) > maxForeign {
		return string(r[:maxForeign-1]) + "…"
	}
	return s
}

// lineLength is where plain text is folded, in characters.
const lineLength = 76

// fold breaks a paragraph into lines.
func fold(s string) string {
	var b strings.Builder
	n := 0
	for i, word := range strings.Fields(s) {
		long := len([]rune(word))
		switch {
		case i == 0:
		case n+1+long > lineLength:
			b.WriteByte('\n')
			n = 0
		default:
			b.WriteByte(' ')
			n++
		}
		b.WriteString(word)
		n += long
	}
	return b.String()
}
