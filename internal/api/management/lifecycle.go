package management

import (
	"context"

	"usher/internal/api/httpkit"
	"usher/internal/directory"
	"usher/internal/idp"
	"usher/openapi"
)

func (a *API) mountLifecycle(r *httpkit.Router) {
	r.Op(openapi.ActivateUser, func(r *httpkit.Request) error { return a.invite(r, a.Directory.Activate, true) })
	r.Op(openapi.ReactivateUser, func(r *httpkit.Request) error { return a.invite(r, a.Directory.Reactivate, false) })
	r.Op(openapi.DeactivateUser, a.deactivateUser)
	r.Op(openapi.SuspendUser, lifecycle(a.Directory.Suspend))
	r.Op(openapi.UnsuspendUser, lifecycle(a.Directory.Unsuspend))
	r.Op(openapi.UnlockUser, lifecycle(a.Directory.Unlock))
	r.Op(openapi.ExpirePassword, a.expirePassword)
}

// lifecycle answers an empty object when the change is made.
func lifecycle(change func(context.Context, idp.Actor, string) error) httpkit.Handler {
	return func(r *httpkit.Request) error {
		if err := change(r.Context(), r.Actor, userRef(r)); err != nil {
			return err
		}
		return r.Empty()
	}
}

// invite lets a user in. The caller gets the invitation only when no mail
// carries it. (spec: management#activateUser, management-extra#reactivateUser)
func (a *API) invite(r *httpkit.Request, change func(context.Context, idp.Actor, string, bool) (directory.Invitation, error), absent bool) error {
	mail, err := r.Bool("sendEmail", absent)
	if err != nil {
		return err
	}
	i, err := change(r.Context(), r.Actor, userRef(r), mail)
	if err != nil {
		return err
	}
	if mail || i.Token == "" {
		return r.Empty()
	}
	return r.OK(struct {
		URL   string `json:"activationUrl"`
		Token string `json:"activationToken"`
	}{i.Link, i.Token})
}

// deactivateUser takes a user out; sendEmail tells the administrators.
// (spec: management#deactivateUser)
func (a *API) deactivateUser(r *httpkit.Request) error {
	mail, err := r.Bool("sendEmail", false)
	if err != nil {
		return err
	}
	if err := a.Directory.Deactivate(r.Context(), r.Actor, userRef(r), mail); err != nil {
		return err
	}
	return r.Empty()
}

// expirePassword makes a user choose a new password; with tempPassword it gives
// a new one to sign in with until then. (spec: management#expirePassword)
func (a *API) expirePassword(r *httpkit.Request) error {
	temporary, err := r.Bool("tempPassword", false)
	if err != nil {
		return err
	}
	if !temporary {
		u, err := a.Directory.ExpirePassword(r.Context(), r.Actor, userRef(r))
		if err != nil {
			return err
		}
		return a.user(r, u)
	}
	password, err := a.Directory.ExpireWithTemporary(r.Context(), r.Actor, userRef(r))
	if err != nil {
		return err
	}
	return r.OK(tempPassword{password})
}
