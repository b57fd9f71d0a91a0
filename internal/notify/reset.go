package notify

import (
	"fmt"
	"strings"
	"text/template"
	"time"
)

// TemplateReset names the message by which a user chooses a new password.
const TemplateReset = "passwordReset"

// Reset is what the message about a new password tells.
type Reset struct {
	To      string // the user's mail address
	Name    string // how the user is addressed; the login when empty
	Login   string
	Org     string // the organisation's name
	Link    string
	Token   string // the secret in Link
	Expires time.Time
}

var resetText = template.Must(template.New(TemplateReset).Parse(`Hello {{.Name}},

somebody has asked for a new password for your account at {{.Org}}. Your user
name is:

    {{.Login}}

To choose a new password, open this link:

    {{.Link}}

The link works once, until {{.Until}}.

If you did not expect this message, tell your administrator. Without the link
nobody can choose a password for you.
`))

// Message writes the message.
func (r Reset) Message() (Message, error) {
	data := struct {
		Reset
		Subject, Until string
	}{r, "Choose a new password for " + r.Org, r.Expires.UTC().Format("2 January 2006, 15:04 MST")}
	if data.Name == "" {
		data.Name = r.Login
	}
	for _, s := range []*string{&data.Name, &data.Login, &data.Org, &data.Subject} {
		*s = oneLine(*s)
	}
	var text, html strings.Builder
	if err := resetText.Execute(&text, data); err != nil {
		return Message{}, fmt.Errorf("reset text: %w", err)
	}
	if err := resetHTML.Execute(&html, data); err != nil {
		return Message{}, fmt.Errorf("reset HTML: %w", err)
	}
	return Message{
		Kind: Email, To: r.To, Template: TemplateReset, Subject: data.Subject, Text: text.String(), HTML: html.String(),
		Data: map[string]string{DataLink: r.Link, DataToken: r.Token, "login": r.Login},
	}, nil
}
