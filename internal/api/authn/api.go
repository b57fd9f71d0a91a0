package authn

import (
	"context"
	"strings"
	"time"

	"usher/internal/api/httpkit"
	"usher/internal/env"
	"usher/internal/factor"
	"usher/internal/idp"
	"usher/internal/signin"
	"usher/openapi"
)

// API serves the operations. All members but HasApp and OnPageError are required.
type API struct {
	Engine *signin.Engine
	// Visits takes the answers of vendors' pages.
	Visits *factor.Visits
	Rand   env.Rand
	// Redirectable tells whether the organisation trusts a web origin so far
	// that browsers may be sent there.
	Redirectable func(ctx context.Context, org *idp.Org, origin string) (bool, error)
	// HasApp tells whether the organisation has an application of this identifier.
	// Nobody has any when it is nil.
	HasApp func(ctx context.Context, org *idp.Org, id string) (bool, error)
	// OnPageError writes the errors of the addresses for browsers; as JSON when
	// it is nil.
	OnPageError httpkit.ErrorWriter
}

// Mount registers the operations.
func (a *API) Mount(r *httpkit.Router) {
	r.Op(openapi.Authenticate, a.authenticate)
	r.Op(openapi.AuthIntrospect, a.introspect)
	r.Op(openapi.AuthPrevious, a.previous)
	r.Op(openapi.AuthSkip, a.skip)
	r.Op(openapi.AuthCancel, a.cancel)
	r.Op(openapi.AuthChangePassword, a.changePassword)
	a.mountRecovery(r)
	a.mountFactors(r)
	a.mountRedirects(r)
}

const (
	// tokenPrefix begins every state token.
	tokenPrefix = "00"
	// tokenLife is how long a state token lives between two requests.
	// (management reference: authentication, life times)
	tokenLife = 5 * time.Minute
)

// load returns the transaction of a state token, else KindBadToken.
func (a *API) load(r *httpkit.Request, token string) (*signin.Transaction, error) {
	if !strings.HasPrefix(token, tokenPrefix) {
		return nil, idp.Fail(idp.KindBadToken)
	}
	if err := r.Throttle(httpkit.ThrottleState, token); err != nil {
		return nil, err
	}
	return a.Engine.Load(r.Context(), r.Actor, token)
}

// apply does the actions and answers with the state that follows.
func (a *API) apply(r *httpkit.Request, t *signin.Transaction, actions ...signin.Action) error {
	step, err := a.Engine.Apply(r.Context(), r.Actor, t, actions...)
	if err != nil {
		return stateError(err)
	}
	return a.answer(r, t, step)
}

// stateError repeats the summary as the cause, as clients expect of an
// operation that does not fit the state. (management reference: state operations)
func stateError(err error) error {
	if idp.KindOf(err) == idp.KindTransactionState {
		return idp.Fail(idp.KindTransactionState, "This operation is not allowed in the current authentication state.")
	}
	return err
}

// blank is the answer to a member that must not be empty.
func blank(field string) error {
	return idp.Invalid(field, idp.Cause{Field: field, Text: "The field cannot be left blank"})
}

// tooLong is the answer to a member that is longer than it may be.
func tooLong(field string) error {
	return idp.Invalid(field, idp.Cause{Field: field, Text: "The field is too long"})
}
