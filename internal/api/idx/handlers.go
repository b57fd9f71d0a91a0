package idx

import (
	"net/http"
	"strings"

	"usher/internal/api/httpkit"
	"usher/internal/factor"
	"usher/internal/idp"
	"usher/internal/signin"
)

// introspect shows the step where a transaction stands. It settles the dialect.
// (spec: idx#idxIntrospect, idx#idxContext)
func (a *API) introspect(r *httpkit.Request) error {
	var b body
	if err := r.Decode(&b); err != nil {
		return err
	}
	d, err := asked(r)
	if err != nil {
		return err
	}
	handle := b.StateHandle
	for _, other := range []string{b.StateToken, b.InteractionHandle} {
		if handle == "" {
			handle = other
		}
	}
	if handle == "" {
		return required(fieldStateHandle)
	}
	t, err := a.load(r, handle)
	if err != nil {
		return err
	}
	if err := a.Engine.Note(r.Context(), r.Actor, t, noteDialect, string(d)); err != nil {
		return err
	}
	return a.next(r, t, nil)
}

// identifyActions names the user, and proves the password when it comes along.
// (spec: idx#idxIdentify)
func identifyActions(c *call) ([]signin.Action, error) {
	if strings.TrimSpace(c.body.Identifier) == "" {
		return nil, required(fieldIdentifier)
	}
	out := []signin.Action{signin.GiveLogin{Login: c.body.Identifier, Remember: c.body.RememberMe}}
	if c.body.Credentials.Passcode != "" {
		out = append(out, byPassword(string(c.body.Credentials.Passcode)))
	}
	return out, nil
}

func byPassword(passcode string) signin.Action {
	return signin.VerifyFactor{Method: factor.Password, Answer: map[string]string{factorField: passcode}}
}

// factorField is the field of the password method.
const factorField = "password"

// chooseActions picks a method to prove. (spec: idx#idxChallenge)
func (a *API) chooseActions(c *call) ([]signin.Action, error) {
	chosen := c.body.Authenticator
	if chosen.ID == "" {
		return nil, required(fieldAuthenticator)
	}
	if c.tx.Recovering() {
		return wayActions(c)
	}
	if chosen.MethodType != "" && chosen.MethodType != catalogue[factor.Password].method {
		return nil, idp.Invalid("method")
	}
	// A further factor, for which there are no forms here, must not be begun.
	step, _, err := a.Engine.Next(c.Context(), c.Actor, c.tx)
	if err != nil {
		return nil, err
	}
	if v, ok := step.(signin.Verify); ok && !v.Primary {
		return nil, idp.Fail(idp.KindTransactionState)
	}
	return []signin.Action{signin.Choose{Method: chosen.ID}}, nil
}

// answerActions proves the password, or sets a new one: whatever the step asks
// for. (spec: idx#idxAnswerChallenge)
func (a *API) answerActions(c *call) ([]signin.Action, error) {
	step, _, err := a.Engine.Next(c.Context(), c.Actor, c.tx)
	if err != nil {
		return nil, err
	}
	passcode := string(c.body.Credentials.Passcode)
	if c.tx.Recovering() {
		if _, reset := step.(signin.ChangePassword); !reset {
			act, err := answerRecovery(c, step)
			return []signin.Action{act}, err
		}
	}
	var out signin.Action
	switch step.(type) {
	case signin.Verify:
		out = byPassword(passcode)
	case signin.ChangePassword:
		out = signin.SetPassword{New: passcode, RevokeSessions: c.body.Credentials.RevokeSessions}
	case signin.Identify, signin.Challenge, signin.Enroll, signin.Activate, signin.Recover, signin.Unlock, signin.EnrollProfile,
		signin.Consent, signin.Locked, signin.Denied, signin.Done:
		return nil, idp.Fail(idp.KindTransactionState)
	}
	if passcode == "" {
		return nil, required(fieldPasscode)
	}
	return []signin.Action{out}, nil
}

// cancel ends a transaction and begins another that leads to the same place.
// (spec: idx#idxCancel)
func (a *API) cancel(r *httpkit.Request) error {
	var b body
	if err := r.Decode(&b); err != nil {
		return err
	}
	if b.StateHandle == "" {
		return required(fieldStateHandle)
	}
	t, err := a.load(r, b.StateHandle)
	if err != nil {
		return err
	}
	if err := a.Engine.Cancel(r.Context(), r.Actor, t); err != nil && idp.KindOf(err) != idp.KindConflict {
		return err
	}
	fresh := a.Engine.Begin(r.Context(), r.Actor, signin.Options{
		Prefix: HandlePrefix, Carried: true, Warn: true, Return: t.Return, Notes: map[string]string{noteDialect: string(spoken(r, t))},
	})
	return a.next(r, fresh, nil)
}

// Addresses for browsers.
const (
	pathFinish = "/login/token/redirect"
	pathSignIn = "/login/login.htm"
)

// finish gives a browser the session of its completed transaction and sends it
// on. One that brings none goes to the sign-in page.
// (spec: idx#idxTokenRedirect)
func (a *API) finish(r *httpkit.Request) error {
	handle, _, _ := strings.Cut(r.Q().Get("stateToken"), "~")
	to := r.Link(pathSignIn)
	var issued *signin.Issued
	err := error(idp.Fail(idp.KindBadToken))
	if strings.HasPrefix(handle, HandlePrefix) {
		issued, err = a.Engine.Redeem(r.Context(), r.Actor, handle)
	}
	switch idp.KindOf(err) {
	case idp.KindBadToken, idp.KindTransactionState, idp.KindUnauthenticated:
	default:
		if err != nil {
			return err
		}
		r.SetSession(issued.Secret, issued.Session)
		// What was trusted when the sign-in began may not be by now.
		if to, err = r.Destination(issued.Return, a.Redirectable); err != nil {
			return err
		}
		if to == "" {
			to = r.Link("/")
		}
	}
	h := r.W.Header()
	h.Set("Location", to)
	// The handle stands in the address that the browser comes from.
	h.Set("Referrer-Policy", "no-referrer")
	r.W.WriteHeader(http.StatusFound)
	return nil
}
