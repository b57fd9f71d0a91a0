package management

import (
	"encoding/json"
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
	// Of dynamic zones; lists for one type, what is included and excluded for the
	// other.
	ASNs      json.RawMessage        `json:"asns"`
	Locations json.RawMessage        `json:"locations"`
	Services  *policy.Choice[string] `json:"ipServiceCategories"`
	ProxyType *string                `json:"proxyType"`
}

// zoneView is a network zone in an answer.
// (spec: management, example RetrieveAllZones)
type zoneView struct {
	Type        policy.ZoneType `json:"type"`
	ID          string          `json:"id"`
	Name        string          `json:"name"`
	Status      policy.Status   `json:"status"`
	Usage       policy.Usage    `json:"usage"`
	Created     *string         `json:"created"`
	LastUpdated *string         `json:"lastUpdated"`
	System      bool            `json:"system"`
	*zoneAddresses
	*zonePlaces
	Links policyLinks `json:"_links"`
}

// zoneAddresses are the members of a zone of type IP.
type zoneAddresses struct {
	Gateways []policy.Address `json:"gateways"`
	Proxies  []policy.Address `json:"proxies"`
}

// zonePlaces are the members of dynamic zones.
// (spec: management DynamicNetworkZone, EnhancedDynamicNetworkZone)
type zonePlaces struct {
	ASNs      any                    `json:"asns"`
	Locations any                    `json:"locations"`
	Services  *policy.Choice[string] `json:"ipServiceCategories,omitempty"`
	ProxyType *string                `json:"proxyType,omitempty"`
}

func viewPlaces(z *policy.NetworkZone) *zonePlaces {
	d := z.Dynamic
	if z.Type == policy.ZoneEnhanced {
		return &zonePlaces{ASNs: d.ASNs, Locations: d.Locations, Services: &d.Services}
	}
	return &zonePlaces{ASNs: d.ASNs.Include, Locations: d.Locations.Include, ProxyType: orNull(d.ProxyType)}
}

// dynamic reads the members of dynamic zones.
func (b *zoneBody) dynamic() (*policy.DynamicZone, error) {
	d := &policy.DynamicZone{}
	if b.Services != nil {
		d.Services = *b.Services
	}
	if b.ProxyType != nil && *b.ProxyType != "null" {
		d.ProxyType = *b.ProxyType
	}
	for _, m := range []struct {
		name         string
		text         json.RawMessage
		list, choice any
	}{{"asns", b.ASNs, &d.ASNs.Include, &d.ASNs}, {"locations", b.Locations, &d.Locations.Include, &d.Locations}} {
		into := m.list
		if b.Type == policy.ZoneEnhanced {
			into = m.choice
		}
		if len(m.text) > 0 && json.Unmarshal(m.text, into) != nil {
			return nil, idp.Invalid(m.name, idp.Cause{Field: m.name, Text: "is malformed"})
		}
	}
	return d, nil
}

func viewZone(org *idp.Org, z *policy.NetworkZone) zoneView {
	path := "/api/v1/zones/" + z.ID
	v := zoneView{
		Type: z.Type, ID: z.ID, Name: z.Name, Status: z.Status, Usage: z.Usage, Created: httpkit.Seconds(z.Created),
		LastUpdated: httpkit.Seconds(z.LastUpdated), System: z.System,
		Links: lifecycleLinks(org, path, z.System, z.Status == policy.Active),
	}
	if z.Type == policy.ZoneIP {
		v.zoneAddresses = &zoneAddresses{z.Gateways, z.Proxies}
	} else {
		v.zonePlaces = viewPlaces(z)
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
		return nil, &idp.Error{Kind: idp.KindBadSearch, Causes: []idp.Cause{{Field: "filter", Text: err.Error()}}}
	}
	return func(object map[string]any) bool { return scim.Match(e, scim.Document(object), scim.Options{}) }, nil
}

// zoneInput reads a network zone from the body.
func (a *PoliciesAPI) zoneInput(r *httpkit.Request) (policy.ZoneInput, error) {
	var body zoneBody
	if err := r.Decode(&body); err != nil {
		return policy.ZoneInput{}, err
	}
	in := policy.ZoneInput{Type: body.Type, Name: body.Name, Status: body.Status, Usage: body.Usage, Gateways: body.Gateways, Proxies: body.Proxies}
	if body.Type == policy.ZoneIP {
		return in, nil
	}
	var err error
	in.Dynamic, err = body.dynamic()
	return in, err
}

// createZone adds a network zone. (spec: management#createNetworkZone)
func (a *PoliciesAPI) createZone(r *httpkit.Request) error {
	in, err := a.zoneInput(r)
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
	in, err := a.zoneInput(r)
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
