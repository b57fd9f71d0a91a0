package notify

import "time"

// Names of the mails.
const (
	TemplateActivation = "activation"    // invites a new user
	TemplateReset      = "passwordReset" // lets a user choose a new password
	TemplateUnlock     = "unlockAccount" // lets a user unlock the account
	TemplateLocked     = "accountLocked" // tells that wrong guesses have locked the account
	TemplateMailCode   = "emailCode"     // tells a code to type, or a link that does the same
	TemplatePushSetup  = "pushSetup"     // opens the app on the phone that reads it
	TemplateNotice     = "adminNotice"   // tells an administrator what has happened to a user
)

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

// Message writes the invitation.
func (a Activation) Message() (Message, error) {
	org := oneLine(a.Org)
	return Letter{
		To: a.To, Template: TemplateActivation, Name: a.Name, Login: a.Login, ShowLogin: true, Org: a.Org,
		Subject: "Activate your account at " + org, Heading: "Welcome to " + org,
		Lead: "an account has been made for you at " + org + ".",
		Link: a.Link, Button: "Activate your account", Token: a.Token, Expires: a.Expires,
		Note: "If it has run out, ask your administrator for a new one. If you do not know what this is about, " +
			"you can leave this message unanswered: without the link nobody can use the account.",
	}.Message()
}

// Reset is what the message about a new password tells.
type Reset struct {
	To      string // the user's mail address
	Name    string // how the user is addressed; the login when empty
	Login   string
	Org     string // the organisation's name
	Link    string
	Token   string // the secret in Link
	Code    string // digits that do the same; may be empty
	Expires time.Time
}

// Message writes the message.
func (r Reset) Message() (Message, error) {
	org := oneLine(r.Org)
	return Letter{
		To: r.To, Template: TemplateReset, Name: r.Name, Login: r.Login, ShowLogin: true, Org: r.Org,
		Subject: "Choose a new password for " + org, Heading: "A new password for " + org,
		Lead: "somebody has asked for a new password for your account at " + org + ".",
		Link: r.Link, Button: "Choose a new password", Token: r.Token, Code: r.Code, Expires: r.Expires,
		Note: "If you did not expect this message, tell your administrator. Without it nobody can choose a password for you.",
	}.Message()
}

// Unlock is what the message about a locked account tells.
type Unlock struct {
	To      string // the user's mail address
	Name    string // how the user is addressed; the login when empty
	Login   string
	Org     string // the organisation's name
	Link    string
	Token   string // the secret in Link
	Code    string // digits that do the same; may be empty
	Expires time.Time
}

// Message writes the message.
func (u Unlock) Message() (Message, error) {
	org := oneLine(u.Org)
	return Letter{
		To: u.To, Template: TemplateUnlock, Name: u.Name, Login: u.Login, ShowLogin: true, Org: u.Org,
		Subject: "Unlock your account at " + org, Heading: "Your account at " + org + " is locked",
		Lead: "somebody has asked to unlock your account at " + org + ", which was locked after wrong passwords or codes.",
		Link: u.Link, Button: "Unlock your account", Token: u.Token, Code: u.Code, Expires: u.Expires,
		Note: "If that was not you, tell your administrator: somebody may be guessing your password.",
	}.Message()
}

// Locked is what the mail tells whose account was locked by wrong guesses.
type Locked struct {
	To    string // the user's mail address
	Name  string // how the user is addressed; the login when empty
	Login string
	Org   string // the organisation's name
	At    time.Time
	Ends  time.Time // when the lock ends by itself; zero for not
}

// Message writes the mail. It holds nothing that opens the account: whoever has
// guessed can bring it about.
func (l Locked) Message() (Message, error) {
	org := oneLine(l.Org)
	note := "Your administrator can unlock it."
	if !l.Ends.IsZero() {
		note = "The lock ends by itself at " + until(l.Ends) + "; your administrator can unlock it earlier."
	}
	return Letter{
		To: l.To, Template: TemplateLocked, Name: l.Name, Login: l.Login, ShowLogin: true, Org: l.Org,
		Subject: "Your account at " + org + " is locked", Heading: "Your account at " + org + " is locked",
		Lead: "your account at " + org + " was locked at " + until(l.At) + ", after too many wrong passwords, codes or answers.",
		Note: note + " If these were not your own attempts, tell your administrator: somebody may be guessing your password.",
	}.Message()
}

// MailCode is what the mail with a code tells.
type MailCode struct {
	To      string // the mail address that is to be proved
	Name    string // how the user is addressed; the login when empty
	Login   string
	Org     string // the organisation's name
	Code    string
	Link    string // does the same as the code; may be empty
	Token   string // the secret in Link
	Expires time.Time
}

// Message writes the mail. The code does not stand in the subject, which locked
// screens show.
func (c MailCode) Message() (Message, error) {
	org := oneLine(c.Org)
	return Letter{
		To: c.To, Template: TemplateMailCode, Name: c.Name, Login: c.Login, Org: c.Org,
		Subject: "Your code for " + org, Heading: "Your code for " + org,
		Lead: "somebody, we hope you, wants to go on at " + org + " with this mail address.",
		Code: c.Code, Link: c.Link, Button: "Go on", Token: c.Token, Expires: c.Expires,
		Note: "Nobody from " + org + " will ever ask you for it. If you do not know what this is about, " +
			"tell your administrator: somebody may know your password.",
	}.Message()
}

// PushSetup is what the mail tells that brings the app on a phone to its
// enrolment.
type PushSetup struct {
	To      string // the user's mail address
	Name    string // how the user is addressed; the login when empty
	Login   string
	Org     string // the organisation's name
	Link    string
	Token   string // the secret in Link
	Expires time.Time
}

// Message writes the mail.
func (p PushSetup) Message() (Message, error) {
	org := oneLine(p.Org)
	return Letter{
		To: p.To, Template: TemplatePushSetup, Name: p.Name, Login: p.Login, Org: p.Org,
		Subject: "Set up your phone for " + org, Heading: "Set up your phone for " + org,
		Lead: "open this message on your phone, and there the link: it adds your account at " + org + " to the app with which you will confirm that it is you.",
		Link: p.Link, Button: "Set up this phone", Token: p.Token, Expires: p.Expires,
		Note: "If you did not ask for it, do not open the link and tell your administrator.",
	}.Message()
}

// AdminNotice is what the mail tells an administrator about a user.
type AdminNotice struct {
	To    string // the administrator's mail address
	Name  string // how the administrator is addressed; the login when empty
	Login string // the administrator's
	Org   string // the organisation's name
	User  string // the login of whom it is about
	What  string // has happened, e.g. "was deactivated"
	By    string // the login of who did it; may be empty
}

// Message writes the mail. It works for as long as it takes to be delivered.
func (n AdminNotice) Message() (Message, error) {
	user := oneLine(n.User)
	lead := user + " " + n.What + " at " + oneLine(n.Org)
	if n.By != "" {
		lead += " by " + oneLine(n.By)
	}
	return Letter{
		To: n.To, Template: TemplateNotice, Name: n.Name, Login: n.Login, Org: n.Org,
		Subject: user + " " + n.What, Heading: user + " " + n.What, Lead: lead + ".",
		Note: "You get this message because you administer " + oneLine(n.Org) + ". Accounts of this user elsewhere may have to be closed by hand.",
	}.Message()
}
