package authn

import (
	"mime"
	"net/http"

	"usher/internal/api/httpkit"
	"usher/internal/factor"
	"usher/internal/idp"
	"usher/internal/signin"
)

// poll looks whether the answer has come that the transaction waits for, whatever
// it is. (spec: authn#authPoll)
func (a *API) poll(r *httpkit.Request) error {
	t, err := a.decode(r)
	if err != nil {
		return err
	}
	s, ok, err := a.awaited(r, t)
	if err != nil {
		return err
	}
	if !ok {
		return stateError(idp.Fail(idp.KindTransactionState))
	}
	if over(s.result) {
		if err := a.Engine.Note(r.Context(), r.Actor, t, noteTold, s.challenge); err != nil {
			return err
		}
	}
	return a.apply(r, t, signin.Poll{FactorID: s.method.FactorID})
}

// awaited is an answer that comes from elsewhere.
type awaited struct {
	method    signin.Method
	challenge string
	result    factor.Result
}

// awaited finds what the transaction waits for, false for nothing.
func (a *API) awaited(r *httpkit.Request, t *signin.Transaction) (awaited, bool, error) {
	step, _, err := a.Engine.Next(r.Context(), r.Actor, t)
	if err != nil {
		return awaited{}, false, err
	}
	switch s := step.(type) {
	case signin.Challenge:
		return awaited{s.Method, s.ID, s.Result}, s.Waiting && !t.Recovering(), nil
	case signin.Activate:
		return awaited{s.Method, s.ID, s.Result}, s.Waiting, nil
	case signin.ChangePassword, signin.Consent, signin.Denied, signin.Done, signin.Enroll, signin.EnrollProfile, signin.Identify,
		signin.Locked, signin.Recover, signin.Unlock, signin.Verify:
	}
	return awaited{}, false, nil
}

// callbackRequest is the body of duoCallback. (spec: authn DuoCallbackRequest)
type callbackRequest struct {
	ID       string `json:"id"`
	State    string `json:"stateToken"`
	Response string `json:"sig_response"`
}

// decodeCallback reads it, as JSON or as a form: the official page sends a form.
func decodeCallback(r *httpkit.Request) (callbackRequest, error) {
	var body callbackRequest
	if media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); media != "application/x-www-form-urlencoded" {
		return body, r.Decode(&body)
	}
	r.Request.Body = http.MaxBytesReader(r.W, r.Request.Body, httpkit.MaxBody)
	if err := r.ParseForm(); err != nil {
		return body, idp.Fail(idp.KindMalformed)
	}
	form := r.PostForm
	return callbackRequest{ID: form.Get("id"), State: form.Get("stateToken"), Response: form.Get("sig_response")}, nil
}

// duoCallback takes what the page of a factor's vendor has answered. The
// transaction goes on when it is polled. (spec: authn#authDuoCallback)
func (a *API) duoCallback(r *httpkit.Request) error {
	body, err := decodeCallback(r)
	if err != nil {
		return err
	}
	t, err := a.load(r, body.State)
	if err != nil {
		return err
	}
	s, ok, err := a.awaited(r, t)
	if err != nil {
		return err
	}
	id := r.Param("factorId")
	if !ok || !s.method.About.Hosted || s.method.FactorID != id || body.ID != "" && body.ID != id {
		return stateError(idp.Fail(idp.KindTransactionState))
	}
	if body.Response == "" {
		return blank("sig_response")
	}
	if err := a.Visits.Bring(r.Context(), r.Actor, t.UserID, id, s.challenge, body.Response); err != nil {
		return err
	}
	return r.Empty()
}
