package management

import (
	"usher/internal/api/httpkit"
	"usher/internal/directory"
	"usher/internal/idp"
	"usher/openapi"
)

func (a *API) mountOrg(r *httpkit.Router) {
	a.mountPreferences(r)
	a.mountFeatures(r)
	r.Op(openapi.GetOrgSettings, a.getOrg)
	r.Op(openapi.UpdateOrgSettings, func(r *httpkit.Request) error { return a.changeOrg(r, false) })
	r.Op(openapi.ReplaceOrgSettings, func(r *httpkit.Request) error { return a.changeOrg(r, true) })
}

// orgBody is what an organisation says about itself.
// (spec: management-extra OrgSetting)
type orgBody struct {
	Address1     *string `json:"address1"`
	Address2     *string `json:"address2"`
	City         *string `json:"city"`
	CompanyName  *string `json:"companyName"`
	Country      *string `json:"country"`
	Created      *string `json:"created"`
	HelpURL      *string `json:"endUserSupportHelpURL"`
	ExpiresAt    *string `json:"expiresAt"`
	ID           string  `json:"id"`
	LastUpdated  *string `json:"lastUpdated"`
	Phone        *string `json:"phoneNumber"`
	PostalCode   *string `json:"postalCode"`
	State        *string `json:"state"`
	Status       string  `json:"status"`
	Subdomain    string  `json:"subdomain"`
	SupportPhone *string `json:"supportPhoneNumber"`
	Website      *string `json:"website"`
}

func orgOf(o *idp.Org) orgBody {
	d := o.Settings.Details
	updated := d.Updated
	if updated.IsZero() {
		updated = o.Created
	}
	return orgBody{
		Address1: optional(d.Address1), Address2: optional(d.Address2), City: optional(d.City), CompanyName: &o.Name, Country: optional(d.Country),
		Created: httpkit.Seconds(o.Created), HelpURL: optional(d.HelpURL), ID: o.ID, LastUpdated: httpkit.Seconds(updated), Phone: optional(d.Phone),
		PostalCode: optional(d.PostalCode), State: optional(d.State), Status: "ACTIVE", Subdomain: o.Subdomain,
		SupportPhone: optional(d.SupportPhone), Website: optional(d.Website),
	}
}

// getOrg reads what the organisation says about itself.
// (spec: management-extra#getOrgSettings)
func (a *API) getOrg(r *httpkit.Request) error { return r.OK(orgOf(r.Org)) }

// changeOrg changes what the body names or, with replace, everything.
// (spec: management-extra#updateOrgSettings, management-extra#replaceOrgSettings)
func (a *API) changeOrg(r *httpkit.Request, replace bool) error {
	var b orgBody
	if err := r.Decode(&b); err != nil {
		return err
	}
	o, err := a.Directory.ChangeOrg(r.Context(), r.Actor, directory.OrgChange{
		Name: b.CompanyName, Address1: b.Address1, Address2: b.Address2, City: b.City, State: b.State, PostalCode: b.PostalCode,
		Country: b.Country, Website: b.Website, Phone: b.Phone, SupportPhone: b.SupportPhone, HelpURL: b.HelpURL,
	}, replace)
	if err != nil {
		return err
	}
	a.OrgChanged()
	return r.OK(orgOf(o))
}
