package management

import (
	"context"
	"time"

	"usher/internal/api/httpkit"
	"usher/internal/directory"
	"usher/internal/idp"
	"usher/openapi"
)

func (a *API) mountPreferences(r *httpkit.Router) {
	d := a.Directory
	r.Op(openapi.ListOrgContactTypes, a.listContactTypes)
	r.Op(openapi.GetOrgContactUser, a.getContact)
	r.Op(openapi.ReplaceOrgContactUser, a.setContact)
	r.Op(openapi.GetOrgPreferences, func(r *httpkit.Request) error { return r.OK(preferencesOf(r, r.Org)) })
	r.Op(openapi.SetOrgShowOktaUIFooter, a.setPreference(d.SetFooter, true, preferencesOf))
	r.Op(openapi.SetOrgHideOktaUIFooter, a.setPreference(d.SetFooter, false, preferencesOf))
	r.Op(openapi.GetOktaCommunicationSettings, func(r *httpkit.Request) error { return r.OK(mailingOf(r, r.Org)) })
	r.Op(openapi.OptInUsersToOktaCommunicationEmails, a.setPreference(d.SetMailing, true, mailingOf))
	r.Op(openapi.OptOutUsersFromOktaCommunicationEmails, a.setPreference(d.SetMailing, false, mailingOf))
	r.Op(openapi.GetOrgOktaSupportSettings, func(r *httpkit.Request) error { return r.OK(a.supportOf(r, r.Org)) })
	r.Op(openapi.GrantOktaSupport, a.setPreference(d.GrantSupport, false, a.supportOf))
	r.Op(openapi.ExtendOktaSupport, a.setPreference(d.GrantSupport, true, a.supportOf))
	r.Op(openapi.RevokeOktaSupport, a.setPreference(func(ctx context.Context, actor idp.Actor, _ bool) (*idp.Org, error) {
		return d.RevokeSupport(ctx, actor)
	}, false, a.supportOf))
}

// setPreference changes a setting of the organisation and shows it.
func (a *API) setPreference(
	set func(context.Context, idp.Actor, bool) (*idp.Org, error), value bool, view func(*httpkit.Request, *idp.Org) preference,
) httpkit.Handler {
	return func(r *httpkit.Request) error {
		o, err := set(r.Context(), r.Actor, value)
		if err != nil {
			return err
		}
		a.OrgChanged()
		return r.OK(view(r, o))
	}
}

// preference is a setting of the organisation in an answer.
type preference struct {
	ShowFooter *bool                   `json:"showEndUserFooter,omitempty"`
	OptOut     *bool                   `json:"optOutEmailUsers,omitempty"`
	Support    string                  `json:"support,omitempty"`
	Expiration *string                 `json:"expiration,omitempty"`
	Links      map[string]httpkit.Href `json:"_links"`
}

func post(r *httpkit.Request, path string) httpkit.Href {
	return httpkit.Href{Href: r.Link(path), Hints: httpkit.Allow("POST")}
}

// preferencesOf shows the preferences. (spec: management OrgPreferences)
func preferencesOf(r *httpkit.Request, o *idp.Org) preference {
	shown := !o.Settings.HideFooter
	v := preference{ShowFooter: &shown, Links: map[string]httpkit.Href{}}
	if shown {
		v.Links["hideEndUserFooter"] = post(r, "/api/v1/org/preferences/hideEndUserFooter")
	} else {
		v.Links["showEndUserFooter"] = post(r, "/api/v1/org/preferences/showEndUserFooter")
	}
	return v
}

// mailingOf shows whether users get the vendor's mails.
// (spec: management OrgOktaCommunicationSetting)
func mailingOf(r *httpkit.Request, o *idp.Org) preference {
	out := o.Settings.NoMailing
	v := preference{OptOut: &out, Links: map[string]httpkit.Href{}}
	if out {
		v.Links["optIn"] = post(r, "/api/v1/org/privacy/oktaCommunication/optIn")
	} else {
		v.Links["optOut"] = post(r, "/api/v1/org/privacy/oktaCommunication/optOut")
	}
	return v
}

// supportOf shows whether the vendor's support may look in.
// (spec: management OrgOktaSupportSettingsObj)
func (a *API) supportOf(r *httpkit.Request, o *idp.Org) preference {
	const at = "/api/v1/org/privacy/oktaSupport/"
	v := preference{Support: "DISABLED", Links: map[string]httpkit.Href{}}
	if until := o.Settings.SupportUntil; until.After(a.Clock.Now()) {
		v.Support, v.Expiration = "ENABLED", httpkit.Seconds(until.Truncate(time.Second))
		v.Links["extend"], v.Links["revoke"] = post(r, at+"extend"), post(r, at+"revoke")
	} else {
		v.Links["grant"] = post(r, at+"grant")
	}
	return v
}

// contactType is a role of contacts. (spec: management OrgContactTypeObj)
type contactType struct {
	ContactType string                  `json:"contactType"`
	Links       map[string]httpkit.Href `json:"_links"`
}

const contactsPath = "/api/v1/org/contacts/"

// listContactTypes lists what contacts are asked about.
// (spec: management#listOrgContactTypes)
func (a *API) listContactTypes(r *httpkit.Request) error {
	var out []contactType
	for _, t := range directory.ContactTypes() {
		link := httpkit.Href{Href: r.Link(contactsPath + t), Hints: httpkit.Allow("GET", "PUT")}
		out = append(out, contactType{t, map[string]httpkit.Href{"self": link}})
	}
	return r.OK(out)
}

// contactView is a contact. (spec: management OrgContactUser)
type contactView struct {
	UserID string                  `json:"userId"`
	Links  map[string]httpkit.Href `json:"_links"`
}

func (a *API) contact(r *httpkit.Request) error {
	id, err := a.Directory.Contact(r.Context(), r.Actor, r.Param("contactType"))
	if err != nil {
		return err
	}
	return r.OK(contactView{id, map[string]httpkit.Href{"user": {Href: r.Link("/api/v1/users/" + id)}}})
}

// getContact reads a contact. (spec: management#getOrgContactUser)
func (a *API) getContact(r *httpkit.Request) error { return a.contact(r) }

// setContact makes a user a contact. (spec: management#replaceOrgContactUser)
func (a *API) setContact(r *httpkit.Request) error {
	var body struct {
		UserID string `json:"userId"`
	}
	if err := r.Decode(&body); err != nil {
		return err
	}
	o, err := a.Directory.SetContact(r.Context(), r.Actor, r.Param("contactType"), body.UserID)
	if err != nil {
		return err
	}
	a.OrgChanged()
	r.Actor.Org = o
	return a.contact(r)
}
