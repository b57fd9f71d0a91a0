package management

import (
	"usher/internal/api/httpkit"
	"usher/internal/idp"
)

// organization is what anybody may know of an organisation.
// (spec: management WellKnownOrgMetadata)
type organization struct {
	ID    string `json:"id"`
	Cell  string `json:"cell"`
	Links struct {
		Organization httpkit.Href `json:"organization"`
	} `json:"_links"`
	Pipeline idp.Pipeline `json:"pipeline"`
	Settings struct {
		Analytics  bool `json:"analyticsCollectionEnabled"`
		BugReports bool `json:"bugReportingEnabled"`
		OM         bool `json:"omEnabled"`
		PSSO       bool `json:"pssoEnabled"`
		DesktopMFA bool `json:"desktopMFAEnabled"`
		ITP        bool `json:"itpEnabled"`
	} `json:"settings"`
}

// cell is the name of the installation. There is only one.
const cell = "usher"

// getOrganization tells clients which pipeline the organisation has. The
// features that its settings name are none of ours.
// (spec: management#getWellknownOrgMetadata)
func (a *API) getOrganization(r *httpkit.Request) error {
	o := organization{ID: r.Org.ID, Cell: cell, Pipeline: r.Org.Settings.Pipeline}
	o.Links.Organization.Href = r.Org.BaseURL
	return r.OK(o)
}
