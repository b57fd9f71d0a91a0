package authn

import (
	"usher/internal/api/httpkit"
	"usher/internal/idp"
	"usher/internal/signin"
)

// stateRequest is the body of the operations on a state. (spec: authn StateTokenRequest)
type stateRequest struct {
	StateToken string `json:"stateToken"`
}

// decode reads the state token and loads its transaction.
func (a *API) decode(r *httpkit.Request) (*signin.Transaction, error) {
	var body stateRequest
	if err := r.Decode(&body); err != nil {
		return nil, err
	}
	return a.load(r, body.StateToken)
}

// introspect tells the state. (spec: authn#authIntrospect)
func (a *API) introspect(r *httpkit.Request) error {
	var body stateRequest
	if err := r.Decode(&body); err != nil {
		return err
	}
	return a.state(r, body.StateToken)
}

// state answers with the present state and lets it live on.
func (a *API) state(r *httpkit.Request, token string) error {
	t, err := a.load(r, token)
	if err != nil {
		return err
	}
	step, _, err := a.Engine.Next(r.Context(), r.Actor, t)
	if err != nil {
		return err
	}
	if err := a.Engine.Renew(r.Context(), r.Actor, t); err != nil {
		return err
	}
	return a.answer(r, t, step)
}

// previous goes back from a challenge or a pending enrolment. (spec: authn#authPrevious)
func (a *API) previous(r *httpkit.Request) error {
	t, err := a.decode(r)
	if err != nil {
		return err
	}
	return a.apply(r, t, signin.Previous{})
}

// skip leaves out what may be left out. (spec: authn#authSkip)
func (a *API) skip(r *httpkit.Request) error {
	t, err := a.decode(r)
	if err != nil {
		return err
	}
	return a.apply(r, t, signin.Skip{})
}

// cancelled is the answer of cancel. (spec: authn CancelledTransaction)
type cancelled struct {
	RelayState string `json:"relayState,omitempty"`
}

// cancel ends the transaction: its token is void. (spec: authn#authCancel)
func (a *API) cancel(r *httpkit.Request) error {
	t, err := a.decode(r)
	if err != nil {
		return err
	}
	if err := a.Engine.Cancel(r.Context(), r.Actor, t); err != nil {
		return err
	}
	return r.OK(cancelled{RelayState: t.RelayState})
}

// changeRequest is the body of changePassword. (spec: authn AuthChangePasswordRequest)
type changeRequest struct {
	StateToken  string `json:"stateToken"`
	OldPassword string `json:"oldPassword"`
	NewPassword string `json:"newPassword"`
	// Revoke ends all sessions of the user.
	Revoke bool `json:"revokeSessions"`
}

// changePassword replaces a password that has expired or soon will.
// (spec: authn#authChangePassword)
func (a *API) changePassword(r *httpkit.Request) error {
	var body changeRequest
	if err := r.Decode(&body); err != nil {
		return err
	}
	t, err := a.load(r, body.StateToken)
	if err != nil {
		return err
	}
	switch {
	case t.Recovering():
		return stateError(idp.Fail(idp.KindTransactionState))
	case body.OldPassword == "":
		return blank("oldPassword")
	case body.NewPassword == "":
		return blank("newPassword")
	}
	return a.apply(r, t, signin.SetPassword{Old: body.OldPassword, New: body.NewPassword, RevokeSessions: body.Revoke})
}
