package notify

import (
	"fmt"
	"strings"
	"text/template"
	"time"
)

// TemplateActivation names the message that invites a new user.
const TemplateActivation = "activation"

// Activation is what the invitation of a new user tells.
type Activation struct {
	To      string // the user's mail address
	Name    string // how the user is addressed; the login when empty
	Login   string
	Org     string // the organisation's name
	Link    string
	Token   string // the secret in Link
	Expires time.Time
}

var activationText = template.Must(template.New(TemplateActivation).Parse(`Hello {{.Name}},

an account has been made for you at {{.Org}}. Your user name is:

    {{.Login}}

To start using it, open this link and follow the steps:

    {{.Link}}

The link works once, until {{.Until}}. If it has run out, ask your
administrator for a new one.

If you do not know what this is about, you can leave this message
unanswered: without the link nobody can use the account.
`))

// Message writes the invitation.
func (a Activation) Message() (Message, error) {
	data := struct {
		Activation
		Subject, Until string
	}{a, "Activate your account at " + a.Org, a.Expires.UTC().Format("2 January 2006, 15:04 MST")}
	if data.Name == "" {
		data.Name = a.Login
	}
	// Foreign text stays short and on its line, so that nobody speaks through
	// our mail by giving a new user a long name.
	for _, s := range []*string{&data.Name, &data.Login, &data.Org, &data.Subject} {
		*s = oneLine(*s)
	}
	var text, html strings.Builder
	if err := activationText.Execute(&text, data); err != nil {
		return Message{}, fmt.Errorf("activation text: %w", err)
	}
	if err := activationHTML.Execute(&html, data); err != nil {
		return Message{}, fmt.Errorf("activation HTML: %w", err)
	}
	return Message{
		Kind: Email, To: a.To, Template: TemplateActivation, Subject: data.Subject, Text: text.String(), HTML: html.String(),
		Data: map[string]string{DataLink: a.Link, DataToken: a.Token, "login": a.Login},
	}, nil
}

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
