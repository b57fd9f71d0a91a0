package oauth2

import (
	"usher/internal/api/httpkit"
	"usher/internal/oauth"
)

// signOutEverywhere ends all sessions and tokens of a user.
// (spec: oauth2#globalTokenRevocation)
func (a *API) signOutEverywhere(r *httpkit.Request) error {
	var body struct {
		Subject struct {
			Format string `json:"format"`
			ID     string `json:"id"`
			Issuer string `json:"iss"`
			Sub    string `json:"sub"`
		} `json:"sub_id"`
	}
	if err := r.Decode(&body); err != nil {
		return err
	}
	if err := a.Provider.SignOutEverywhere(r.Context(), r.Actor, oauth.SubjectID(body.Subject)); err != nil {
		return err
	}
	a.TokensChanged()
	return r.NoContent()
}
