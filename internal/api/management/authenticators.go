package management

import (
	"usher/internal/api/httpkit"
	"usher/internal/factor"
	"usher/internal/idp"
	"usher/internal/policy"
	"usher/openapi"
)

func (a *PoliciesAPI) mountAuthenticators(r *httpkit.Router) {
	r.Op(openapi.ManagementListAuthenticators, a.listAuthenticators)
	r.Op(openapi.ManagementGetAuthenticator, a.getAuthenticator)
	r.Op(openapi.ActivateAuthenticator, a.setAuthenticator(true))
	r.Op(openapi.DeactivateAuthenticator, a.setAuthenticator(false))
	r.Op(openapi.ListOrgFactors, a.listOrgFactors)
	r.Op(openapi.GetOrgFactor, a.getOrgFactor)
	r.Op(openapi.ActivateOrgFactor, a.setOrgFactor(true))
	r.Op(openapi.DeactivateOrgFactor, a.setOrgFactor(false))
	r.Op(openapi.UploadYubikeyOtpTokenSeed, a.uploadYubiKey)
	r.Op(openapi.GetYubikeyOtpTokenById, a.getYubiKey)
	r.Op(openapi.ListYubikeyOtpTokens, a.listYubiKeys)
	r.Op(openapi.DeleteYubikeyOtpToken, a.deleteYubiKey)
	a.mountHOTP(r)
}

// authenticatorView is an authenticator in an answer.
// (spec: management, example AuthenticatorsResponse)
type authenticatorView struct {
	Type        string        `json:"type"`
	ID          string        `json:"id"`
	Key         string        `json:"key"`
	Status      policy.Status `json:"status"`
	Name        string        `json:"name"`
	Created     *string       `json:"created"`
	LastUpdated *string       `json:"lastUpdated"`
	Links       policyLinks   `json:"_links"`
}

func viewAuthenticator(org *idp.Org, v factor.Authenticator) authenticatorView {
	path := "/api/v1/authenticators/" + v.ID
	out := authenticatorView{
		Type: v.Type, ID: v.ID, Key: v.Key, Status: policy.Inactive, Name: v.Name, Created: httpkit.Seconds(v.Created), LastUpdated: httpkit.Seconds(v.LastUpdated),
		Links: policyLinks{Self: httpkit.Href{Href: org.BaseURL + path, Hints: httpkit.Allow("GET")}},
	}
	if v.Active {
		out.Status = policy.Active
	}
	if v.Key != factor.KeyPassword {
		out.Links.setLifecycle(org, path, v.Active)
	}
	return out
}

// listAuthenticators lists what the organisation offers to sign in with.
// (spec: management#listAuthenticators)
func (a *PoliciesAPI) listAuthenticators(r *httpkit.Request) error {
	list, err := a.Authenticators.List(r.Context(), r.Actor)
	if err != nil {
		return err
	}
	out := make([]authenticatorView, 0, len(list))
	for _, v := range list {
		out = append(out, viewAuthenticator(r.Org, v))
	}
	return r.OK(out)
}

// getAuthenticator reads one. (spec: management#getAuthenticator)
func (a *PoliciesAPI) getAuthenticator(r *httpkit.Request) error {
	v, err := a.Authenticators.Get(r.Context(), r.Actor, r.Param("authenticatorId"))
	if err != nil {
		return err
	}
	return r.OK(viewAuthenticator(r.Org, v))
}

// setAuthenticator offers all methods of one or none.
// (spec: management#activateAuthenticator, management#deactivateAuthenticator)
func (a *PoliciesAPI) setAuthenticator(active bool) httpkit.Handler {
	return func(r *httpkit.Request) error {
		v, err := a.Authenticators.Set(r.Context(), r.Actor, r.Param("authenticatorId"), active)
		if err != nil {
			return err
		}
		return r.OK(viewAuthenticator(r.Org, v))
	}
}
