package policy

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"

	"usher/internal/idp"
)

// DynamicZone describes a part of the network by what is known about its
// addresses. A client is in it when what is included holds and nothing that is
// excluded does. A zone of type ZoneDynamic includes only.
// (spec: management DynamicNetworkZone, EnhancedDynamicNetworkZone)
type DynamicZone struct {
	ASNs      Choice[string]   `json:"asns"`
	Locations Choice[Location] `json:"locations"`
	// Services names kinds of proxies and networks that hide who one is, of a
	// zone of type ZoneEnhanced.
	Services Choice[string] `json:"services"`
	// ProxyType is that of a zone of type ZoneDynamic, empty for any address.
	ProxyType string `json:"proxyType,omitempty"`
}

// Choice is what belongs to a zone and what does not; nil lists name nothing.
type Choice[T any] struct {
	Include []T `json:"include"`
	Exclude []T `json:"exclude"`
}

func (c Choice[T]) size() int { return len(c.Include) + len(c.Exclude) }

// Location is a country or a region of one.
// (spec: management NetworkZoneLocation)
type Location struct {
	Country string  `json:"country"` // ISO 3166-1, two letters
	Region  *string `json:"region"`  // ISO 3166-2, nil for the whole country
}

// Bounds of dynamic zones. (spec: management NetworkZoneAsns,
// NetworkZoneLocationArray, EnhancedDynamicNetworkZone)
const (
	maxNetworks  = 75
	maxLocations = 75
	maxServices  = 75
	maxService   = 64 // characters of a name
)

var (
	countryCode = regexp.MustCompile(`^[A-Z]{2}$`)
	regionCode  = regexp.MustCompile(`^[A-Z]{2}-[A-Z0-9]{1,3}$`)
	serviceName = regexp.MustCompile(`^[A-Z][A-Z0-9_]*$`)
)

// check holds the zone to the rules. KindInvalid names the member at fault.
func (d *DynamicZone) check(t ZoneType) error {
	bad := func(field, text string) error { return idp.Invalid(field, idp.Cause{Field: field, Text: text}) }
	if d == nil || d.ASNs.size()+d.Locations.size()+d.Services.size() == 0 && d.ProxyType == "" {
		return bad("locations", "a zone needs locations, asns or a kind of proxy")
	}
	switch {
	case d.ASNs.size() > maxNetworks:
		return bad("asns", fmt.Sprintf("must not have more than %d elements", maxNetworks))
	case d.Locations.size() > maxLocations:
		return bad("locations", fmt.Sprintf("must not have more than %d elements", maxLocations))
	case d.Services.size() > maxServices:
		return bad("ipServiceCategories", fmt.Sprintf("must not have more than %d elements", maxServices))
	case !slices.Contains([]string{"", "Any", "Tor", "NotTorAnonymizer"}, d.ProxyType) || t == ZoneEnhanced && d.ProxyType != "":
		return bad("proxyType", "must be Any, Tor or NotTorAnonymizer, of a zone of type DYNAMIC")
	}
	for _, asn := range slices.Concat(d.ASNs.Include, d.ASNs.Exclude) {
		if n, err := strconv.ParseUint(asn, 10, 32); err != nil || n == 0 {
			return bad("asns", "must be numbers of autonomous systems")
		}
	}
	for _, l := range slices.Concat(d.Locations.Include, d.Locations.Exclude) {
		if !countryCode.MatchString(l.Country) {
			return bad("locations", "a country has two capital letters")
		}
		if l.Region != nil && (!regionCode.MatchString(*l.Region) || (*l.Region)[:2] != l.Country) {
			return bad("locations", "a region is written as its country, a hyphen and its own code")
		}
	}
	for _, s := range slices.Concat(d.Services.Include, d.Services.Exclude) {
		if len(s) > maxService || !serviceName.MatchString(s) {
			return bad("ipServiceCategories", "are names in capitals, as ALL_ANONYMIZERS")
		}
	}
	return nil
}
