package notify

import (
	"fmt"
	"html/template"
	"strings"
	texttemplate "text/template"
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

var resetText = texttemplate.Must(texttemplate.New(TemplateReset).Parse(`Hello {{.Name}},

somebody has asked for a new password for your account at {{.Org}}. Your user
name is:

    {{.Login}}

To choose a new password, open this link:

    {{.Link}}

The link works once, until {{.Until}}.

If you did not expect this message, tell your administrator. Without the link
nobody can choose a password for you.
`))

var resetHTML = template.Must(template.New(TemplateReset).Parse(`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{{.Subject}}</title></head>
<body style="margin:0;padding:24px;background:#f4f5f7;color:#1d2733;font:16px/1.5 sans-serif">
<div style="max-width:520px;margin:0 auto;padding:32px;background:#ffffff;border-radius:8px">
<h1 style="margin:0 0 16px;font-size:22px">A new password for {{.Org}}</h1>
<p>Hello {{.Name}},</p>
<p>somebody has asked for a new password for your account. Your user name is <strong>{{.Login}}</strong>.</p>
<p style="margin:24px 0"><a href="{{.Link}}" style="display:inline-block;padding:12px 20px;background:#1f5fbf;color:#ffffff;border-radius:6px;text-decoration:none">Choose a new password</a></p>
<p>Does the button not work? Copy this address into your browser:<br><span style="word-break:break-all">{{.Link}}</span></p>
<p style="color:#55606e;font-size:14px">The link works once, until {{.Until}}. If you did not expect this message, tell your administrator.
Without the link nobody can choose a password for you.</p>
</div>
</body>
</html>
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
