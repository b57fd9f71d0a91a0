package management

import (
	"net/http"

	"usher/internal/api/httpkit"
	"usher/internal/directory"
	"usher/internal/idp"
	"usher/openapi"
)

func (a *API) mountCredentials(r *httpkit.Router) {
	r.Op(openapi.ChangePassword, a.changePassword)
	r.Op(openapi.ChangeRecoveryQuestion, a.changeQuestion)
	r.Op(openapi.ForgotPassword, a.forgotPassword)
	r.Op(openapi.ForgotPasswordSetNewPassword, a.recoverPassword)
	r.Op(openapi.ResetPassword, a.resetPassword)
	r.Op(openapi.ExpirePasswordWithTempPassword, a.expireWithTemporary)
}

// secretBody is a secret in a request.
type secretBody struct {
	Value string `json:"value"`
}

// questionBody is a recovery question in a request.
type questionBody struct {
	Question string `json:"question"`
	Answer   string `json:"answer"`
}

// credentials answers with what may be told of a user's credentials.
func (a *API) credentials(r *httpkit.Request, u *idp.User) error {
	return r.Bytes(http.StatusOK, jsonType, appendCredentials(nil, u))
}

// changePassword replaces a password by a new one.
// (spec: management#changePassword)
func (a *API) changePassword(r *httpkit.Request) error {
	var body struct {
		Old    secretBody `json:"oldPassword"`
		New    secretBody `json:"newPassword"`
		Revoke bool       `json:"revokeSessions"`
	}
	if err := r.Decode(&body); err != nil {
		return err
	}
	strict, err := r.Bool("strict", false)
	if err != nil {
		return err
	}
	u, err := a.Directory.ChangePassword(r.Context(), r.Actor, userRef(r), directory.PasswordChange{
		Old: body.Old.Value, New: body.New.Value, Strict: strict, RevokeSessions: body.Revoke,
	})
	if err != nil {
		return err
	}
	return a.credentials(r, u)
}

// changeQuestion replaces a recovery question.
// (spec: management#changeRecoveryQuestion)
func (a *API) changeQuestion(r *httpkit.Request) error {
	var body struct {
		Password secretBody   `json:"password"`
		Question questionBody `json:"recovery_question"`
	}
	if err := r.Decode(&body); err != nil {
		return err
	}
	u, err := a.Directory.ChangeQuestion(r.Context(), r.Actor, userRef(r), body.Password.Value, directory.Question(body.Question))
	if err != nil {
		return err
	}
	return a.credentials(r, u)
}

// recoverBody answers a recovery question.
type recoverBody struct {
	Password *secretBody   `json:"password"`
	Question *questionBody `json:"recovery_question"`
}

// forgotPassword gives a link to choose a new password or, when the recovery
// question is answered, sets one. The caller gets the link only when no mail
// carries it. (spec: management#forgotPassword)
func (a *API) forgotPassword(r *httpkit.Request) error {
	var body recoverBody
	if err := r.Decode(&body); err != nil {
		return err
	}
	mail, err := r.Bool("sendEmail", true)
	if err != nil {
		return err
	}
	if body.Password != nil || body.Question != nil {
		return a.recover(r, body)
	}
	link, err := a.Directory.ForgotPassword(r.Context(), r.Actor, userRef(r), mail)
	if err != nil {
		return err
	}
	return resetLink(r, link, mail)
}

// recoverPassword sets a password for whoever answers the recovery question.
// (spec: management-extra#forgotPasswordSetNewPassword)
func (a *API) recoverPassword(r *httpkit.Request) error {
	var body recoverBody
	if err := r.Decode(&body); err != nil {
		return err
	}
	if _, err := r.Bool("sendEmail", true); err != nil {
		return err
	}
	return a.recover(r, body)
}

func (a *API) recover(r *httpkit.Request, body recoverBody) error {
	const blank = "The field cannot be left blank"
	switch {
	case body.Password == nil:
		return idp.Invalid("password", idp.Cause{Field: "password", Text: blank})
	case body.Question == nil:
		return idp.Invalid("recovery_question", idp.Cause{Field: "recovery_question", Text: blank})
	}
	u, err := a.Directory.RecoverPassword(r.Context(), r.Actor, userRef(r), body.Password.Value, body.Question.Answer)
	if err != nil {
		return err
	}
	return a.credentials(r, u)
}

// resetLink answers with a link, unless a mail carries it.
func resetLink(r *httpkit.Request, link string, mail bool) error {
	if mail {
		return r.Empty()
	}
	return r.OK(struct {
		URL string `json:"resetPasswordUrl"`
	}{link})
}

// resetPassword makes a password useless and gives a link to choose another, or
// hands the user over to a foreign provider. (spec: management#resetPassword)
func (a *API) resetPassword(r *httpkit.Request) error {
	mail, err := r.Bool("sendEmail", true)
	if err != nil {
		return err
	}
	revoke, err := r.Bool("revokeSessions", false)
	if err != nil {
		return err
	}
	switch provider := idp.ProviderType(r.Q().Get("provider")); provider {
	case idp.ProviderFederation:
		if err := a.Directory.Federate(r.Context(), r.Actor, userRef(r), revoke); err != nil {
			return err
		}
		return r.Empty()
	case "", idp.ProviderOkta:
	case idp.ProviderImport, idp.ProviderActiveDirectory, idp.ProviderLDAP, idp.ProviderSocial:
		return idp.Fail(idp.KindResetFailed, "Users cannot be handed over to this provider here.")
	default:
		return &idp.Error{Kind: idp.KindBadRequest, Object: "provider"}
	}
	link, err := a.Directory.ResetPassword(r.Context(), r.Actor, userRef(r), mail, revoke)
	if err != nil {
		return err
	}
	return resetLink(r, link, mail)
}

// expireWithTemporary gives a password to sign in with until the user chooses
// another. (spec: management-extra#expirePasswordWithTempPassword)
func (a *API) expireWithTemporary(r *httpkit.Request) error {
	revoke, err := r.Bool("revokeSessions", false)
	if err != nil {
		return err
	}
	expire := a.Directory.ExpireWithTemporary
	if revoke {
		expire = a.Directory.ExpireAndRevoke
	}
	password, err := expire(r.Context(), r.Actor, userRef(r))
	if err != nil {
		return err
	}
	return r.OK(tempPassword{password})
}

// tempPassword is a password that is told once. (spec: management TempPassword)
type tempPassword struct {
	Password string `json:"tempPassword"`
}
