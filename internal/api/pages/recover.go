package pages

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"usher/internal/api/httpkit"
	"usher/internal/idp"
	"usher/internal/signin"
	"usher/openapi"
)

// The pages on which a recovery is asked for, and those that the links of mails
// open. (management reference: life cycle, tokens)
const (
	pathForgot  = "/signin/forgot-password"
	pathUnlock  = "/signin/unlock"
	pathWelcome = "/welcome"
)

// What these pages say.
const (
	textNoAnswer    = "Enter the answer to the question."
	textWrongAnswer = "That is not the answer that we have. Try again."
	textNoQuestion  = "Choose a question and enter its answer."
)

// inquiry is a page on which somebody asks for a recovery.
type inquiry struct {
	path, heading, text, button, sent string
	intent                            signin.Intent
}

func inquiries() []inquiry {
	return []inquiry{
		{
			pathForgot, "Forgot your password?", "Enter your username. We send you a mail with a link to choose a new password.", "Send me a mail",
			"If there is an account with this username that can be recovered, a mail is on its way. The link in it works once.", signin.IntentRecover,
		},
		{
			pathUnlock, "Unlock your account", "Enter your username. We send you a mail with a link that unlocks your account.", "Send me a mail",
			"If there is a locked account with this username that can be unlocked, a mail is on its way. The link in it works once.", signin.IntentUnlock,
		},
	}
}

// opening is a page that the link of a mail opens. To look at it uses nothing
// up: programs that look into mails follow links.
type opening struct {
	path, heading, text, button string
	action                      func(token string) signin.Action
}

func openings() []opening {
	recovery := func(token string) signin.Action { return signin.UseRecoveryToken{Token: token} }
	return []opening{
		{
			pathWelcome, "Welcome", "An account has been made for you. Go on to choose your password and to sign in.", "Set up my account",
			func(token string) signin.Action { return signin.UseInvitation{Token: token} },
		},
		{"/reset_password", "Choose a new password", "Go on to choose a new password for your account.", "Go on", recovery},
		{"/signin/reset-password", "Choose a new password", "Go on to choose a new password for your account.", "Go on", recovery},
		{pathUnlock, "Unlock your account", "Go on to unlock your account. Your password stays as it is.", "Go on", recovery},
	}
}

// mountRecovery registers these pages.
func (p *Pages) mountRecovery(r *httpkit.Router, get func(name, path string, h httpkit.Handler)) {
	for _, q := range inquiries() {
		name := "page.recovery"
		get(name, q.path, func(r *httpkit.Request) error { return p.inquire(&visit{Request: r, tx: &signin.Transaction{}}, q) })
		r.Page(name+".submit", openapi.BucketAuthn, http.MethodPost, q.path, p.WriteError, func(r *httpkit.Request) error { return p.submitInquiry(r, q) })
	}
	for _, o := range openings() {
		name, path := "page.link", o.path+"/{token}"
		get(name, path, func(r *httpkit.Request) error { return p.opening(r, o) })
		r.Page(name+".submit", openapi.BucketAuthn, http.MethodPost, path, p.WriteError, func(r *httpkit.Request) error { return p.open(r, o) })
	}
}

// inquire asks for whom a recovery is.
func (p *Pages) inquire(v *visit, q inquiry) error {
	return p.ask(v, "inquire", q.heading, inquireView{
		carried: v.carried(), Heading: q.heading, Text: q.text, Button: q.button, Path: q.path,
	})
}

// submitInquiry sends the mail. What it says is the same for everybody.
func (p *Pages) submitInquiry(r *httpkit.Request, q inquiry) error {
	f, err := form(r)
	if err != nil {
		return err
	}
	v := &visit{Request: r, tx: &signin.Transaction{}}
	login := strings.TrimSpace(f.Get("username"))
	switch {
	case login == "":
		v.status, v.problem = http.StatusBadRequest, textNoLogin
		return p.inquire(v, q)
	case len(login) > maxLogin:
		v.status, v.problem = http.StatusBadRequest, textLongLogin
		return p.inquire(v, q)
	}
	if err := r.ThrottleClient(); err != nil {
		return err
	}
	if err := r.Throttle(httpkit.ThrottleUser, login); err != nil {
		return err
	}
	if err := p.cfg.Engine.MailRecovery(r.Context(), r.Actor, q.intent, login); err != nil {
		return err
	}
	return p.show(r, page{status: http.StatusOK, template: "message", title: "Look into your mail", body: messageView{
		Heading: "Look into your mail", Text: []string{q.sent}, Link: &link{Text: "Back to sign in", Href: pathSignIn},
	}})
}

// opening shows what the link of a mail is about.
func (p *Pages) opening(r *httpkit.Request, o opening) error {
	return p.show(r, page{status: http.StatusOK, template: "open", title: o.heading, hint: textAddressHint, body: openView{
		Heading: o.heading, Text: o.text, Button: o.button, Path: r.URL.EscapedPath(),
	}})
}

// open uses the token of a link.
func (p *Pages) open(r *httpkit.Request, o opening) error {
	if _, err := form(r); err != nil {
		return err
	}
	v := &visit{Request: r}
	v.tx = p.cfg.Engine.Begin(r.Context(), r.Actor, signin.Options{Prefix: handlePrefix, Finish: signin.FinishBrowser})
	step, err := p.cfg.Engine.Apply(r.Context(), r.Actor, v.tx, o.action(r.Param("token")))
	switch idp.KindOf(err) {
	case idp.KindUnauthenticated, idp.KindBadToken:
		return p.stop(v, http.StatusForbidden, messageView{
			Heading: "This link does not work",
			Alert:   "It was used before, a newer one has been sent, or its time is over.",
			Text:    []string{"Ask for a new one on the sign-in page, or ask your administrator."},
		})
	default:
		if err != nil {
			return err
		}
	}
	return p.step(v, step)
}

// question asks the recovery question.
func (p *Pages) question(v *visit) error {
	s, err := p.cfg.Engine.Subject(v.Context(), v.Actor, v.tx)
	if err != nil {
		return err
	}
	text := ""
	if s.User != nil {
		text = s.User.RecoveryQuestion
	}
	return p.showQuestion(v, text)
}

func (p *Pages) showQuestion(v *visit, text string) error {
	return p.ask(v, "answer", "Answer your question", answerView{carried: v.carried(), Question: text})
}

// answerQuestion answers it.
func (p *Pages) answerQuestion(v *visit, f url.Values) error {
	if f.Get("answer") == "" {
		v.status, v.problem = http.StatusBadRequest, textNoAnswer
		return p.current(v)
	}
	step, err := p.cfg.Engine.Apply(v.Context(), v.Actor, v.tx, signin.AnswerRecovery{Answer: f.Get("answer")})
	switch idp.KindOf(err) {
	case idp.KindWrongAnswer:
		v.status, v.problem = http.StatusForbidden, textWrongAnswer
		return p.current(v)
	case idp.KindUserLocked:
		return p.stop(v, http.StatusForbidden, messageView{
			Heading: "Too many wrong answers", Alert: "This link is used up.", Text: []string{"Ask for a new one, or ask your administrator."},
		})
	case idp.KindTransactionState, idp.KindConflict:
		return p.current(v)
	case idp.KindBadToken:
		return p.stale(v)
	default:
		if err != nil {
			return err
		}
	}
	return p.step(v, step)
}

// unlocked tells that the lock is gone.
func (p *Pages) unlocked(v *visit) error {
	const heading = "Your account is unlocked"
	return p.show(v.Request, page{status: http.StatusOK, template: "message", title: heading, body: messageView{
		Heading: heading, Text: []string{"You can sign in with your password."}, Link: &link{Text: "Sign in", Href: pathSignIn},
	}})
}

// offered tells which of the inquiries the sign-in page leads to.
func (p *Pages) offered(r *httpkit.Request) (forgot, unlock string, err error) {
	if p.cfg.Offered == nil || r.Org == nil {
		return "", "", nil
	}
	reset, free, err := p.cfg.Offered(r.Context(), r.Org)
	if err != nil {
		return "", "", err
	}
	if reset {
		forgot = pathForgot
	}
	if free {
		unlock = pathUnlock
	}
	return forgot, unlock, nil
}

// aboutQuestion tells whether a new password was refused for the recovery
// question beside it.
func aboutQuestion(err error) bool {
	e, ok := errors.AsType[*idp.Error](err)
	return ok && e.Kind == idp.KindInvalid && e.Object == "recovery_question"
}
