package signin

import (
	"context"

	"usher/internal/factor"
	"usher/internal/idp"
	"usher/internal/policy"
	"usher/internal/roles"
	"usher/internal/store"
)

// MailRecovery sends a link to a user who has asked for a recovery
// (IntentRecover, IntentUnlock). Whether one has gone out, and whether there is
// such a user, is told by the system log alone: neither the outcome nor its time
// depends on it. (spec: authn#authRecoverPassword, authn#authUnlockAccount)
func (e *Engine) MailRecovery(ctx context.Context, a idp.Actor, i Intent, login string) error {
	if login = clean(login); login == "" {
		return idp.Invalid(FieldLogin, idp.Cause{Field: FieldLogin, Text: "The field cannot be left blank"})
	}
	return e.explained(ctx, a, e.Store.Tx, func(tx *store.Tx) error {
		u, pw, refusal, err := e.mayRecover(tx, a, i, login, ByEmail)
		if err != nil {
			return err
		}
		if refusal, err = e.spare(tx, a, u, login, refusal); err != nil {
			return err
		}
		token := e.Directory.NewRecoveryToken(a.Org, pw, i.recovery())
		if refusal != nil {
			if err := reachNobody(tx, a.OrgID()); err != nil {
				return err
			}
			return e.Directory.RefuseRecovery(tx, a, u, login, token, reasonOf(refusal))
		}
		return e.Directory.KeepRecoveryToken(tx, acting(a, u), u, token, true)
	})
}

// TrustedRecovery gives the token for a recovery to an application that has
// proved itself as an administrator who may reset passwords. It fails with
// KindForbidden for any other caller, KindRecoveryUnknown for a login that is
// nobody's, KindForgotNotAllowed or KindNotLocked where the user may not.
// (spec: authn#authRecoverPassword, authn#authUnlockAccount)
func (e *Engine) TrustedRecovery(ctx context.Context, a idp.Actor, i Intent, login string) (*Ticket, error) {
	helpers := []idp.RoleType{idp.RoleSuperAdmin, idp.RoleOrgAdmin, idp.RoleUserAdmin, idp.RoleHelpDeskAdmin}
	if !roles.Can(a, helpers...) {
		return nil, idp.Fail(idp.KindForbidden)
	}
	// What another role of the caller is limited to is no matter here.
	var held []idp.RoleType
	for _, role := range helpers {
		if a.Has(role) {
			held = append(held, role)
		}
	}
	a.Roles = held
	out := new(Ticket)
	err := e.explained(ctx, a, e.Store.Tx, func(tx *store.Tx) error {
		u, pw, refusal, err := e.mayRecover(tx, a, i, clean(login), "")
		if err != nil {
			return err
		}
		if g := e.Directory.Guard; u != nil && g != nil && a.Limitable() {
			if err := g.User(tx, a, u); err != nil {
				return err
			}
		}
		if refusal != nil {
			return refusal
		}
		token := e.Directory.NewRecoveryToken(a.Org, pw, i.recovery())
		*out = Ticket{User: u, Token: token.Secret, Expires: token.Expires}
		return e.Directory.KeepRecoveryToken(tx, a, u, token, false)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// Offered tells what users of the organisation may do alone, as far as that can
// be told before one is known.
func (e *Engine) Offered(ctx context.Context, a idp.Actor) (policy.Offered, error) {
	return e.Policies.SelfServiceOffered(e.Store.Read(ctx), a.OrgID())
}

// first asks for the password, or, while nobody is named, for a name. What it
// offers besides is the same for every login, whosever it is.
func (e *Engine) first(tx *store.Tx, a idp.Actor, t *Transaction) (decision, error) {
	o, err := e.Policies.SelfServiceOffered(tx, a.OrgID())
	if err != nil {
		return decision{}, err
	}
	if !t.Identified {
		return decision{step: Identify{Login: t.Login, Registration: a.Org.Settings.Registration, Unlock: o.Unlock && o.Email}}, nil
	}
	return decision{step: Verify{Primary: true, Options: []Method{e.offer(a, factor.Password)}, Recoverable: o.Reset && o.Email}}, nil
}

// reasonOf is how the system log tells why a recovery was not begun.
func reasonOf(refusal error) string {
	switch idp.KindOf(refusal) {
	case idp.KindRecoveryUnknown:
		return "UNKNOWN_USER"
	case idp.KindNotLocked:
		return "NOT_LOCKED"
	case idp.KindTooManyRequests:
		return "TOO_MANY_REQUESTS"
	default:
		return "NOT_ALLOWED"
	}
}
