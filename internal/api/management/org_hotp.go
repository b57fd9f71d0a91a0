package management

import (
	"usher/internal/api/httpkit"
	"usher/internal/factor"
	"usher/openapi"
)

func (a *PoliciesAPI) mountHOTP(r *httpkit.Router) {
	r.Op(openapi.ListHotpFactorProfiles, a.listHOTP)
	r.Op(openapi.CreateHotpFactorProfile, a.createHOTP)
	r.Op(openapi.GetHotpFactorProfile, a.getHOTP)
	r.Op(openapi.UpdateHotpFactorProfile, a.updateHOTP)
	r.Op(openapi.DeleteHotpFactorProfile, a.deleteHOTP)
}

// hotpProfileBody is a way in which bought tokens make their passwords.
// (spec: management HotpFactorProfile)
type hotpProfileBody struct {
	ID       string              `json:"id"`
	Default  bool                `json:"default"`
	Name     string              `json:"name"`
	Settings factor.HOTPSettings `json:"settings"`
	Links    *hotpProfileLinks   `json:"_links,omitempty"`
}

type hotpProfileLinks struct {
	Self httpkit.Href `json:"self"`
}

func viewHOTP(r *httpkit.Request, p factor.HOTPProfile) hotpProfileBody {
	self := r.Link("/api/v1/org/factors/hotp/profiles/" + p.ID)
	return hotpProfileBody{
		ID: p.ID, Default: p.Default, Name: p.Name, Settings: p.Settings,
		Links: &hotpProfileLinks{httpkit.Href{Href: self, Hints: httpkit.Allow("GET", "PUT", "DELETE")}},
	}
}

// listHOTP lists the profiles. (spec: management#listHotpFactorProfiles)
func (a *PoliciesAPI) listHOTP(r *httpkit.Request) error {
	list, err := a.HOTP.List(r.Context(), r.Actor)
	if err != nil {
		return err
	}
	out := make([]hotpProfileBody, 0, len(list))
	for _, p := range list {
		out = append(out, viewHOTP(r, p))
	}
	return r.OK(out)
}

// getHOTP reads one. (spec: management#getHotpFactorProfile)
func (a *PoliciesAPI) getHOTP(r *httpkit.Request) error {
	p, err := a.HOTP.Get(r.Context(), r.Actor, r.Param("profileId"))
	if err != nil {
		return err
	}
	return r.OK(viewHOTP(r, p))
}

// createHOTP adds one. (spec: management#createHotpFactorProfile)
func (a *PoliciesAPI) createHOTP(r *httpkit.Request) error {
	in, err := hotpInput(r)
	if err != nil {
		return err
	}
	p, err := a.HOTP.Create(r.Context(), r.Actor, in)
	if err != nil {
		return err
	}
	return r.OK(viewHOTP(r, p))
}

// updateHOTP renames one. (spec: management#updateHotpFactorProfile)
func (a *PoliciesAPI) updateHOTP(r *httpkit.Request) error {
	in, err := hotpInput(r)
	if err != nil {
		return err
	}
	p, err := a.HOTP.Update(r.Context(), r.Actor, r.Param("profileId"), in)
	if err != nil {
		return err
	}
	return r.OK(viewHOTP(r, p))
}

// deleteHOTP removes one. (spec: management#deleteHotpFactorProfile)
func (a *PoliciesAPI) deleteHOTP(r *httpkit.Request) error {
	if err := a.HOTP.Delete(r.Context(), r.Actor, r.Param("profileId")); err != nil {
		return err
	}
	return r.NoContent()
}

func hotpInput(r *httpkit.Request) (factor.HOTPProfile, error) {
	var body hotpProfileBody
	if err := r.Decode(&body); err != nil {
		return factor.HOTPProfile{}, err
	}
	return factor.HOTPProfile{Name: body.Name, Default: body.Default, Settings: body.Settings}, nil
}
