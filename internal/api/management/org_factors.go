package management

import (
	"usher/internal/api/httpkit"
	"usher/internal/factor"
	"usher/internal/idp"
)

// orgFactorView is a factor of the organisation.
// (reference: user factors, organisation factors)
type orgFactorView struct {
	ID         string         `json:"id"` // the key in policies
	Provider   string         `json:"provider"`
	FactorType string         `json:"factorType"`
	Status     string         `json:"status"`
	Links      orgFactorLinks `json:"_links"`
}

type orgFactorLinks struct {
	Self       httpkit.Href  `json:"self"`
	Activate   *httpkit.Href `json:"activate,omitempty"`
	Deactivate *httpkit.Href `json:"deactivate,omitempty"`
}

func viewOrgFactor(org *idp.Org, f factor.OrgFactor) orgFactorView {
	at := org.BaseURL + "/api/v1/org/factors/" + f.Key
	v := orgFactorView{ID: f.Key, Provider: f.Provider, FactorType: f.Type, Status: f.Status}
	v.Links.Self = httpkit.Href{Href: at, Hints: httpkit.Allow("GET")}
	switch f.Status {
	case factor.AuthenticatorActive:
		v.Links.Deactivate = &httpkit.Href{Href: at + "/lifecycle/deactivate", Hints: httpkit.Allow("POST")}
	case factor.AuthenticatorInactive:
		v.Links.Activate = &httpkit.Href{Href: at + "/lifecycle/activate", Hints: httpkit.Allow("POST")}
	}
	return v
}

// listOrgFactors lists the factors of the organisation.
// (spec: management#listOrgFactors)
func (a *PoliciesAPI) listOrgFactors(r *httpkit.Request) error {
	list, err := a.Authenticators.Factors(r.Context(), r.Actor)
	if err != nil {
		return err
	}
	out := make([]orgFactorView, 0, len(list))
	for _, f := range list {
		out = append(out, viewOrgFactor(r.Org, f))
	}
	return r.OK(out)
}

// getOrgFactor reads one. (spec: management#getOrgFactor)
func (a *PoliciesAPI) getOrgFactor(r *httpkit.Request) error {
	f, err := a.Authenticators.Factor(r.Context(), r.Actor, r.Param("factorId"))
	if err != nil {
		return err
	}
	return r.OK(viewOrgFactor(r.Org, f))
}

// setOrgFactor has the factor or not. (spec: management#activateOrgFactor,
// management#deactivateOrgFactor)
func (a *PoliciesAPI) setOrgFactor(on bool) httpkit.Handler {
	return func(r *httpkit.Request) error {
		f, err := a.Authenticators.SetFactor(r.Context(), r.Actor, r.Param("factorId"), on)
		if err != nil {
			return err
		}
		return r.OK(viewOrgFactor(r.Org, f))
	}
}
