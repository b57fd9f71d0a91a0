package pages

import (
	"net/http"
	"net/url"
	"strings"

	"usher/internal/api/httpkit"
	"usher/internal/factor"
	"usher/internal/idp"
	"usher/internal/signin"
)

// handlePrefix is how the identity engine's handles begin: the one in the form
// serves its callers as well. (IdX reference: stateHandle)
const handlePrefix = "02.id."

// maxLogin bounds a login, in bytes.
const maxLogin = 256

// What the pages say when something is wrong. A refused sign-in has one
// sentence for every reason.
const (
	textRefused     = "Unable to sign in. Check your username and password, then try again."
	textNoLogin     = "Enter your username."
	textLongLogin   = "That username is too long."
	textNoPassword  = "Enter your password."
	textSignedOut   = "You are signed out."
	textAddressHint = "Type your password only on a page whose address you know."
)

// visit is one request in the course of a sign-in.
type visit struct {
	*httpkit.Request
	tx      *signin.Transaction
	dest    destination
	status  int    // of the page; 200 when zero
	problem string // what the page complains of
	fault   string // the field that problem is about, where a page has several
	// enrolling is the key of the factor whose fields are asked for.
	enrolling string
}

// showSignIn shows the first page of a sign-in, with the login that an
// application hints at. The handle in it carries the beginning: nothing is
// stored until the form comes back. Whoever is signed in goes on, unless the
// sign-in shall be a new one.
func (p *Pages) showSignIn(r *httpkit.Request) error {
	dest, err := p.destination(r, r.Q().Get("fromURI"))
	if err != nil {
		return err
	}
	levels := levelsOf(r)
	switch err := r.AuthenticateSession(); {
	case err == nil && r.Q().Get("prompt") != "login" && len(levels) > 0:
		return p.stepUp(r, dest, levels)
	case err == nil && r.Q().Get("prompt") != "login":
		return redirect(r, http.StatusFound, dest.or(pathHome))
	case err != nil && idp.KindOf(err) != idp.KindNoCredentials:
		return err
	}
	if err := r.ThrottleClient(); err != nil {
		return err
	}
	v := &visit{Request: r, dest: dest, tx: p.begin(r, dest, &signin.Options{Levels: levels, Session: r.Session})}
	notice := ""
	if r.Q().Has("signedout") {
		notice = textSignedOut
	}
	login := r.Q().Get("login_hint")
	if len(login) > maxLogin || !clean([]string{login}) {
		login = ""
	}
	return p.identify(v, login, notice)
}

// options are those of a sign-in on these pages; more adds levels and the session
// of the browser, and may be nil.
func (p *Pages) options(r *httpkit.Request, dest destination, more *signin.Options) signin.Options {
	o := signin.Options{
		Prefix: handlePrefix, Carried: true, Finish: signin.FinishBrowser, Warn: true, Return: dest.address,
		Device: r.Cookie(httpkit.CookieDevice),
	}
	if more != nil {
		o.Levels, o.Session = more.Levels, more.Session
	}
	return o
}

func (p *Pages) begin(r *httpkit.Request, dest destination, more *signin.Options) *signin.Transaction {
	return p.cfg.Engine.Begin(r.Context(), r.Actor, p.options(r, dest, more))
}

// again begins anew what a visit was about.
func (p *Pages) again(v *visit) *signin.Transaction {
	more := &signin.Options{Levels: v.tx.Levels}
	if v.tx.Session != "" {
		more.Session = &idp.Session{ID: v.tx.Session, UserID: v.tx.SessionUser}
	}
	return p.begin(v.Request, v.dest, more)
}

// submitSignIn takes any form of a sign-in: it does what the form says and
// shows what comes next. A form from a page that the browser went back to
// leads to the page where the sign-in stands.
func (p *Pages) submitSignIn(r *httpkit.Request) error {
	f, err := form(r)
	if err != nil {
		return err
	}
	v := &visit{Request: r}
	if v.dest, err = p.destination(r, f.Get("fromURI")); err != nil {
		return err
	}
	asked := f.Get("step")
	if err := r.Throttle(httpkit.ThrottleState, f.Get("stateToken")); err != nil {
		return err
	}
	v.tx, err = p.cfg.Engine.Load(r.Context(), r.Actor, f.Get("stateToken"))
	switch {
	case idp.KindOf(err) == idp.KindBadToken && asked == "identify":
		v.tx = p.begin(r, v.dest, nil)
	case idp.KindOf(err) == idp.KindBadToken:
		return p.stale(v)
	case err != nil:
		return err
	default:
		if v.dest, err = p.destination(r, v.tx.Return); err != nil {
			return err
		}
	}
	login := v.tx.Login
	if asked == "identify" {
		login = f.Get("username")
	}
	if err := r.Throttle(httpkit.ThrottleUser, login); err != nil {
		return err
	}
	switch asked {
	case "identify":
		return p.giveLogin(v, f)
	case "password":
		return p.givePassword(v, f)
	case "change":
		return p.changePassword(v, f)
	case "answer":
		return p.answerQuestion(v, f)
	case "factor":
		return p.submitFactor(v, f)
	}
	return idp.Fail(idp.KindMalformed)
}

// giveLogin says who signs in. A name given anew, from a page gone back to,
// begins a new sign-in.
func (p *Pages) giveLogin(v *visit, f url.Values) error {
	login := strings.TrimSpace(f.Get("username"))
	switch {
	case login == "":
		v.status, v.problem = http.StatusBadRequest, textNoLogin
		return p.identify(v, "", "")
	case len(login) > maxLogin:
		v.status, v.problem = http.StatusBadRequest, textLongLogin
		return p.identify(v, "", "")
	case v.tx.Identified:
		v.tx = p.again(v)
	}
	return p.apply(v, signin.GiveLogin{Login: login})
}

func (p *Pages) givePassword(v *visit, f url.Values) error {
	if f.Get("password") == "" {
		v.status, v.problem = http.StatusBadRequest, textNoPassword
		return p.current(v)
	}
	return p.apply(v, signin.VerifyFactor{Method: factor.Password, Answer: map[string]string{factor.Password: f.Get("password")}})
}

// apply does one thing and shows what comes of it.
func (p *Pages) apply(v *visit, a signin.Action) error {
	step, err := p.cfg.Engine.Apply(v.Context(), v.Actor, v.tx, a)
	switch idp.KindOf(err) {
	case idp.KindUnauthenticated:
		v.status, v.problem = http.StatusUnauthorized, textRefused
		return p.current(v)
	case idp.KindPolicyDenied:
		return p.denied(v)
	case idp.KindTransactionState, idp.KindConflict:
		return p.current(v)
	case idp.KindBadToken:
		return p.stale(v)
	case idp.KindUserLocked:
		return p.locked(v)
	default:
		if status, text := factorProblem(err); status != 0 {
			v.status, v.problem = status, text
			return p.current(v)
		}
		if err != nil {
			return err
		}
	}
	return p.step(v, step)
}

// current shows the step at which the sign-in stands by now.
func (p *Pages) current(v *visit) error {
	tx, err := p.cfg.Engine.Load(v.Context(), v.Actor, v.tx.Handle)
	if idp.KindOf(err) == idp.KindBadToken && v.problem == "" {
		return p.stale(v)
	}
	if idp.KindOf(err) == idp.KindBadToken {
		// The refusal has ended it: the way back is its beginning.
		login := v.tx.Login
		v.tx = p.again(v)
		return p.identify(v, login, "")
	}
	if err != nil {
		return err
	}
	v.tx = tx
	step, _, err := p.cfg.Engine.Next(v.Context(), v.Actor, tx)
	if idp.KindOf(err) == idp.KindUserLocked {
		return p.locked(v)
	}
	if err != nil {
		return err
	}
	return p.step(v, step)
}

// finish fetches the session of a sign-in that is done and sends the browser
// on its way with it.
func (p *Pages) finish(v *visit) error {
	issued, err := p.cfg.Engine.Redeem(v.Context(), v.Actor, v.tx.Handle)
	switch idp.KindOf(err) {
	case idp.KindBadToken:
		return p.stale(v)
	case idp.KindUnauthenticated:
		v.status, v.problem = http.StatusUnauthorized, textRefused
		login := v.tx.Login
		v.tx = p.again(v)
		return p.identify(v, login, "")
	default:
		if err != nil {
			return err
		}
	}
	v.SetSession(issued.Secret, issued.Session)
	return redirect(v.Request, http.StatusSeeOther, v.dest.or(pathHome))
}

// stale answers a form whose sign-in is over: whoever is signed in by now goes
// on, everybody else may begin anew.
func (p *Pages) stale(v *visit) error {
	switch err := v.AuthenticateSession(); {
	case err == nil:
		return redirect(v.Request, http.StatusSeeOther, v.dest.or(pathHome))
	case idp.KindOf(err) != idp.KindNoCredentials:
		return err
	}
	return p.expired(v)
}

// expired offers to begin anew.
func (p *Pages) expired(v *visit) error {
	const heading = "This sign-in has expired"
	return p.show(v.Request, page{status: http.StatusBadRequest, template: "message", title: heading, problem: true, body: messageView{
		Heading: heading, Text: []string{"It was left open for too long, or it was finished in another window. Nothing is lost: just begin again."},
		Link: &link{Text: "Start again", Href: restart(v.dest)},
	}})
}

// restart is the address of a new sign-in that leads to the same destination.
func restart(d destination) string {
	if d.address == "" {
		return pathSignIn
	}
	return pathSignIn + "?" + url.Values{"fromURI": {d.address}}.Encode()
}

// redirect sends the browser to an address that destination has checked, or to
// a page of ours.
func redirect(r *httpkit.Request, status int, address string) error {
	fence(r, "", nil)
	r.W.Header().Set("Location", address)
	r.W.WriteHeader(status)
	return nil
}
