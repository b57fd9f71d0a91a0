package idx

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"usher/internal/api/httpkit"
	"usher/internal/idp"
	"usher/internal/oauth"
	"usher/internal/signin"
	"usher/openapi"
)

// API serves the operations. All members are required.
type API struct {
	Engine *signin.Engine
	// Redirectable tells whether the organisation trusts a web origin so far
	// that browsers may be sent there.
	Redirectable func(ctx context.Context, org *idp.Org, origin string) (bool, error)
	// OAuth ends the sign-ins that clients have begun; nil where none can.
	OAuth *oauth.Provider
}

// HandlePrefix begins every state handle of this protocol. Whoever begins a
// transaction that it shall go on with takes this prefix.
const HandlePrefix = "02.id."

// Mount registers the operations, and makes the errors of all of this
// document's operations, built or not, answers of this protocol.
func (a *API) Mount(r *httpkit.Router) {
	r.OnError(openapi.DocumentIdX, a.WriteError)
	r.Op(openapi.IdxIntrospect, a.introspect)
	r.Op(openapi.IdxContext, a.introspect)
	r.Op(openapi.IdxIdentify, a.on(identifyActions))
	r.Op(openapi.IdxChallenge, a.on(a.chooseActions))
	r.Op(openapi.IdxAnswerChallenge, a.on(a.answerActions))
	r.Op(openapi.IdxRecover, a.on(a.recoverActions))
	r.Op(openapi.IdxUnlockAccount, a.on(a.unlockActions))
	r.Op(openapi.IdxResendChallenge, a.on(func(*call) ([]signin.Action, error) { return []signin.Action{signin.SendAgain{}}, nil }))
	r.Op(openapi.IdxSkip, a.on(func(*call) ([]signin.Action, error) { return []signin.Action{signin.Skip{}}, nil }))
	r.Op(openapi.IdxCancel, a.cancel)
	r.Op(openapi.IdxTokenRedirect, a.finish)
}

// body is what the forms of this protocol send back. Members that are unknown
// are ignored, and flags may come as null. (spec: idx, the request schemas)
type body struct {
	StateHandle       string `json:"stateHandle"`
	StateToken        string `json:"stateToken"`
	InteractionHandle string `json:"interactionHandle"`
	Identifier        string `json:"identifier"`
	RememberMe        bool   `json:"rememberMe"`
	Credentials       struct {
		Passcode       httpkit.Text `json:"passcode"`
		Answer         httpkit.Text `json:"answer"`
		RevokeSessions bool         `json:"revokeSessions"`
	} `json:"credentials"`
	Authenticator struct {
		ID         string `json:"id"`
		MethodType string `json:"methodType"`
	} `json:"authenticator"`
}

// call is one request on a transaction.
type call struct {
	*httpkit.Request
	body body
	tx   *signin.Transaction
}

// load reads the transaction of a handle, else KindBadToken. What follows a
// tilde does not belong to the handle.
func (a *API) load(r *httpkit.Request, handle string) (*signin.Transaction, error) {
	handle, _, _ = strings.Cut(handle, "~")
	if !strings.HasPrefix(handle, HandlePrefix) {
		return nil, idp.Fail(idp.KindBadToken)
	}
	if err := r.Throttle(httpkit.ThrottleState, handle); err != nil {
		return nil, err
	}
	return a.Engine.Load(r.Context(), r.Actor, handle)
}

// on makes a handler that does the actions of a request and answers with the
// step that follows.
func (a *API) on(actions func(*call) ([]signin.Action, error)) httpkit.Handler {
	return func(r *httpkit.Request) error {
		c := &call{Request: r}
		if err := r.Decode(&c.body); err != nil {
			return err
		}
		if c.body.StateHandle == "" {
			return required(fieldStateHandle)
		}
		var err error
		if c.tx, err = a.load(r, c.body.StateHandle); err != nil {
			return err
		}
		login := c.tx.Login
		if c.body.Identifier != "" {
			login = c.body.Identifier
		}
		if err := r.Throttle(httpkit.ThrottleUser, login); err != nil {
			return err
		}
		if c.tx.Notes[noteDialect] == "" {
			if err := a.Engine.Note(r.Context(), r.Actor, c.tx, noteDialect, string(spoken(r, c.tx))); err != nil {
				return err
			}
		}
		list, err := actions(c)
		if err != nil {
			return a.fail(r, c.tx, err)
		}
		step, err := a.Engine.Apply(r.Context(), r.Actor, c.tx, list...)
		if err != nil {
			return a.fail(r, c.tx, err)
		}
		return a.show(r, c.tx, step, nil)
	}
}

// fail answers with what went wrong, on the view of the step where the
// transaction stands.
func (a *API) fail(r *httpkit.Request, t *signin.Transaction, err error) error {
	if idp.KindOf(err) == idp.KindConflict {
		// Another request came first: what follows on it is the answer.
		if t, err = a.load(r, t.Handle); err != nil {
			return err
		}
		return a.next(r, t, nil)
	}
	if _, own := errors.AsType[problem](err); !own && httpkit.Unexpected(err) {
		return err
	}
	p := a.told(err)
	if p.terminal {
		return err
	}
	return a.next(r, t, &p)
}

// next shows the step where the transaction stands.
func (a *API) next(r *httpkit.Request, t *signin.Transaction, p *problem) error {
	step, _, err := a.Engine.Next(r.Context(), r.Actor, t)
	if err != nil {
		return err
	}
	return a.show(r, t, step, p)
}

// show answers with the view of a step, and what is wrong on it.
func (a *API) show(r *httpkit.Request, t *signin.Transaction, step signin.Step, p *problem) error {
	v, err := a.see(r, t)
	if err != nil {
		return err
	}
	out, err := v.render(step)
	if end, ok := errors.AsType[problem](err); ok {
		// The end of this attempt: there is nothing to fill in, but a way back.
		if out, err = v.frame(); err != nil {
			return err
		}
		out.Step, p = stepAuthenticate, &end
	}
	if err != nil {
		return err
	}
	if _, done := step.(signin.Done); done && p == nil && out.Success != nil {
		if p, err = a.interacted(r, t, out); err != nil {
			return err
		}
	}
	if p == nil {
		return write(r, http.StatusOK, v.dialect.media(), out)
	}
	out.tell(*p)
	return write(r, p.status, mediaError, out)
}

// WriteError answers with an error for which there is no view.
func (a *API) WriteError(r *httpkit.Request, err error) {
	if se, ok := errors.AsType[*httpkit.StatusError](err); ok {
		for name, values := range se.Header {
			r.W.Header()[name] = values
		}
	}
	p := a.told(err)
	_ = write(r, p.status, mediaError, &envelope{Version: protocolVersion, Messages: list([]message{p.message()})})
}

// write sends a body.
func write(r *httpkit.Request, status int, media string, out *envelope) error {
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(out); err != nil {
		return err
	}
	return r.Bytes(status, media, bytes.TrimRight(text.Bytes(), "\n"))
}
