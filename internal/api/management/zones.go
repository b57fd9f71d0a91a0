package management

import (
	"slices"
	"strings"

	"usher/internal/api/httpkit"
	"usher/internal/idp"
	"usher/internal/policy"
	"usher/internal/scim"
	"usher/openapi"
)

func (a *PoliciesAPI) mountZones(r *httpkit.Router) {
	r.Op(openapi.ListNetworkZones, a.listZones)
	r.Op(openapi.CreateNetworkZone, a.createZone)
	r.Op(openapi.GetNetworkZone, a.getZone)
	r.Op(openapi.ReplaceNetworkZone, a.replaceZone)
	r.Op(openapi.DeleteNetworkZone, a.deleteZone)
	r.Op(openapi.ActivateNetworkZone, a.setZone(policy.Active))
	r.Op(openapi.DeactivateNetworkZone, a.setZone(policy.Inactive))
}

// zoneBody is a network zone in a request. (spec: management IPNetworkZone)
type zoneBody struct {
	Type     policy.ZoneType  `json:"type"`
	Name     string           `json:"name"`
	Status   policy.Status    `json:"status"`
	Usage    policy.Usage     `json:"usage"`
	Gateways []policy.Address `json:"gateways"`
	Proxies  []policy.Address `json:"proxies"`
}

// zoneView is a network zone in an answer.
// (spec: management, example RetrieveAllZones)
type zoneView struct {
	Type        policy.ZoneType  `json:"type"`
	ID          string           `json:"id"`
	Name        string           `json:"name"`
	Status      policy.Status    `json:"status"`
	Usage       policy.Usage     `json:"usage"`
	Created     *string          `json:"created"`
	LastUpdated *string          `json:"lastUpdated"`
	System      bool             `json:"system"`
	Gateways    []policy.Address `json:"gateways"`
	Proxies     []policy.Address `json:"proxies"`
	Links       policyLinks      `json:"_links"`
}

func viewZone(org *idp.Org, z *policy.NetworkZone) zoneView {
	path := "/api/v1/zones/" + z.ID
	v := zoneView{
		Type: z.Type, ID: z.ID, Name: z.Name, Status: z.Status, Usage: z.Usage, Created: httpkit.Seconds(z.Created),
		LastUpdated: httpkit.Seconds(z.LastUpdated), System: z.System, Gateways: z.Gateways, Proxies: z.Proxies,
		Links: lifecycleLinks(org, path, z.System, z.Status == policy.Active),
	}
	v.Links.setLifecycle(org, path, z.Status == policy.Active)
	return v
}

// listZones lists the network zones, all of them unless a limit is given. The
// filter knows id, usage and system. (spec: management#listNetworkZones)
func (a *PoliciesAPI) listZones(r *httpkit.Request) error {
	matches, err := filterOf(r, "id", "usage", "system")
	if err != nil {
		return err
	}
	zones, err := a.Policies.Zones(r.Context(), r.Actor)
	if err != nil {
		return err
	}
	zones = slices.DeleteFunc(zones, func(z *policy.NetworkZone) bool {
		return !matches(map[string]any{"id": z.ID, "usage": string(z.Usage), "system": z.System})
	})
	zones, next, err := window(r, zones, func(z *policy.NetworkZone) string { return z.ID })
	if err != nil {
		return err
	}
	r.Links(next)
	out := make([]zoneView, 0, len(zones))
	for _, z := range zones {
		out = append(out, viewZone(r.Org, z))
	}
	return r.OK(out)
}

// filterOf reads the parameter filter, which compares some attributes for
// equality. What it returns tells whether an object matches; everything does
// where there is no filter. KindBadSearch for an expression that cannot be used.
func filterOf(r *httpkit.Request, attributes ...scim.Path) (func(map[string]any) bool, error) {
	text := strings.TrimSpace(r.Q().Get("filter"))
	if text == "" {
		return func(map[string]any) bool { return true }, nil
	}
	schema := scim.Schema{Attributes: map[scim.Path]scim.Attribute{}, Logic: scim.AllowAnd | scim.AllowOr}
	for _, name := range attributes {
		schema.Attributes[name] = scim.Attribute{Ops: scim.Ops(scim.Eq)}
	}
	e, err := scim.Parse(text, scim.Limits{})
	if err == nil {
		err = scim.Check(e, schema)
	}
	if err != nil {
		return nil, &idp.Error{Kind: idp.KindBadSearch, Causes: []idp.Cause{{Text: err.Error()}}}
	}
	return func(object map[string]any) bool { return scim.Match(e, scim.Document(object), scim.Options{}) }, nil
}

// zoneInput reads a network zone from the body. Zones of other types than
// lists of addresses are a gap.
func (a *PoliciesAPI) zoneInput(r *httpkit.Request, op openapi.ID) (policy.ZoneInput, error) {
	var body zoneBody
	if err := r.Decode(&body); err != nil {
		return policy.ZoneInput{}, err
	}
	if body.Type == "DYNAMIC" || body.Type == "DYNAMIC_V2" {
		return policy.ZoneInput{}, gap(r, op, "type="+string(body.Type))
	}
	return policy.ZoneInput(body), nil
}

// createZone adds a network zone. (spec: management#createNetworkZone)
func (a *PoliciesAPI) createZone(r *httpkit.Request) error {
	in, err := a.zoneInput(r, openapi.CreateNetworkZone)
	if err != nil {
		return err
	}
	z, err := a.Policies.CreateZone(r.Context(), r.Actor, in)
	if err != nil {
		return err
	}
	return r.OK(viewZone(r.Org, z))
}

// getZone reads one network zone. (spec: management#getNetworkZone)
func (a *PoliciesAPI) getZone(r *httpkit.Request) error {
	z, err := a.Policies.Zone(r.Context(), r.Actor, r.Param("zoneId"))
	if err != nil {
		return err
	}
	return r.OK(viewZone(r.Org, z))
}

// replaceZone replaces a network zone. (spec: management#replaceNetworkZone)
func (a *PoliciesAPI) replaceZone(r *httpkit.Request) error {
	in, err := a.zoneInput(r, openapi.ReplaceNetworkZone)
	if err != nil {
		return err
	}
	z, err := a.Policies.ReplaceZone(r.Context(), r.Actor, r.Param("zoneId"), in)
	if err != nil {
		return err
	}
	return r.OK(viewZone(r.Org, z))
}

// deleteZone removes a network zone. (spec: management#deleteNetworkZone)
func (a *PoliciesAPI) deleteZone(r *httpkit.Request) error {
	if err := a.Policies.DeleteZone(r.Context(), r.Actor, r.Param("zoneId")); err != nil {
		return err
	}
	return r.NoContent()
}

// setZone makes a network zone count or not.
// (spec: management#activateNetworkZone, management#deactivateNetworkZone)
func (a *PoliciesAPI) setZone(status policy.Status) httpkit.Handler {
	return func(r *httpkit.Request) error {
		z, err := a.Policies.SetZoneStatus(r.Context(), r.Actor, r.Param("zoneId"), status)
		if err != nil {
			return err
		}
		return r.OK(viewZone(r.Org, z))
	}
}
