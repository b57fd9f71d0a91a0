package notify

import (
	"fmt"
	"strings"
	"text/template"
	"time"
)

// TemplateUnlock names the message by which a user ends a lock.
const TemplateUnlock = "accountUnlock"

// Unlock is what the message about a locked account tells.
type Unlock struct {
	To      string // the user's mail address
	Name    string // how the user is addressed; the login when empty
	Login   string
	Org     string // the organisation's name
	Link    string
	Token   string // the secret in Link
	Expires time.Time
}

var unlockText = template.Must(template.New(TemplateUnlock).Parse(`Hello {{.Name}},

your account at {{.Org}} is locked after too many wrong guesses, and somebody
has asked to unlock it. Your user name is:

    {{.Login}}

To unlock it, open this link:

    {{.Link}}

The link works once, until {{.Until}}. Your password stays as it is.

If you did not expect this message, you can leave it unanswered: the account
stays locked.
`))

// Message writes the message.
func (u Unlock) Message() (Message, error) {
	data := struct {
		Unlock
		Subject, Until string
	}{u, "Unlock your account at " + u.Org, u.Expires.UTC().Format("2 January 2006, 15:04 MST")}
	if data.Name == "" {
		data.Name = u.Login
	}
	for _, s := range []*string{&data.Name, &data.Login, &data.Org, &data.Subject} {
		*s = oneLine(*s)
	}
	var text, html strings.Builder
	if err := unlockText.Execute(&text, data); err != nil {
		return Message{}, fmt.Errorf("unlock text: %w", err)
	}
	if err := unlockHTML.Execute(&html, data); err != nil {
		return Message{}, fmt.Errorf("unlock HTML: %w", err)
	}
	return Message{
		Kind: Email, To: u.To, Template: TemplateUnlock, Subject: data.Subject, Text: text.String(), HTML: html.String(),
		Data: map[string]string{DataLink: u.Link, DataToken: u.Token, "login": u.Login},
	}, nil
}
