package policy

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"usher/internal/idp"
	"usher/internal/store"
)

// ZoneType is how a network zone describes its network.
type ZoneType string

// The types. ZoneIP lists addresses. The others need knowledge about addresses
// (where they are, who owns them) that Usher does not have: they are kept, and no
// client is in them. (spec: management NetworkZoneType)
const (
	ZoneIP       ZoneType = "IP"
	ZoneDynamic  ZoneType = "DYNAMIC"
	ZoneEnhanced ZoneType = "DYNAMIC_V2"
)

// Usage is what a zone is for.
type Usage string

// The usages. (spec: management NetworkZoneUsage)
const (
	UsagePolicy    Usage = "POLICY"    // conditions of policies name it
	UsageBlocklist Usage = "BLOCKLIST" // its clients are refused whatever they ask for
)

// Names of the zones that every organisation has. (spec: management NetworkZone)
const (
	LegacyZoneName  = "LegacyIpZone"
	BlockedZoneName = "BlockedIpZone"
)

// NetworkZone is a part of the network by the addresses of clients.
type NetworkZone struct {
	OrgID    string
	ID       string // nzo...
	Type     ZoneType
	Name     string
	Status   Status
	Usage    Usage
	System   bool
	Gateways []Address // the clients; nil for none
	// Proxies are kept and given back. Which proxies are believed about the
	// client's address is the server's configuration.
	Proxies []Address
	// Dynamic describes a zone of another type than ZoneIP.
	Dynamic     *DynamicZone
	Created     time.Time
	LastUpdated time.Time
	Version     int64
}

// Address is a network or a range of addresses, both ends included.
// (spec: management NetworkZoneAddress)
type Address struct {
	Type  AddressType `json:"type"`
	Value string      `json:"value"` // 192.0.2.0/24, 192.0.2.1-192.0.2.9
}

// AddressType is the form of an address.
type AddressType string

// The forms. (spec: management NetworkZoneAddressType)
const (
	FormCIDR  AddressType = "CIDR"
	FormRange AddressType = "RANGE"
)

// zoneDocument is the stored JSON of a zone.
type zoneDocument struct {
	Gateways []Address `json:"gateways"`
	Proxies  []Address `json:"proxies"`

	Dynamic *DynamicZone `json:"dynamic,omitempty"`
}

func zoneFromStore(row *store.Zone) (*NetworkZone, error) {
	var d zoneDocument
	if err := json.Unmarshal(row.Document, &d); err != nil {
		return nil, fmt.Errorf("zone %s: %w", row.ID, err)
	}
	return &NetworkZone{
		OrgID: row.OrgID, ID: row.ID, Type: ZoneType(row.Type), Name: row.Name, Status: Status(row.Status), Usage: Usage(row.Usage),
		System: row.System, Gateways: d.Gateways, Proxies: d.Proxies, Dynamic: d.Dynamic, Created: row.Created, LastUpdated: row.LastUpdated, Version: row.Version,
	}, nil
}

func (z *NetworkZone) toStore() (*store.Zone, error) {
	doc, err := json.Marshal(zoneDocument{Gateways: z.Gateways, Proxies: z.Proxies, Dynamic: z.Dynamic})
	if err != nil {
		return nil, fmt.Errorf("zone %s: %w", z.ID, err)
	}
	return &store.Zone{
		OrgID: z.OrgID, ID: z.ID, Type: string(z.Type), Name: z.Name, Status: string(z.Status), Usage: string(z.Usage), System: z.System,
		Document: doc, Created: z.Created, LastUpdated: z.LastUpdated, Version: z.Version,
	}, nil
}

// bounds gives the first and the last address, KindInvalid where the value is
// none of its form.
func (a Address) bounds() (first, last netip.Addr, err error) {
	wrong := idp.Invalid("addresses", idp.Cause{Text: "'" + a.Value + "' is not of the form " + string(a.Type)})
	switch a.Type {
	case FormCIDR:
		p, err := netip.ParsePrefix(a.Value)
		if err != nil {
			return first, last, wrong
		}
		p = p.Masked()
		return p.Addr(), lastOf(p), nil
	case FormRange:
		from, to, isRange := strings.Cut(a.Value, "-")
		if !isRange {
			to = from
		}
		first, errFirst := netip.ParseAddr(strings.TrimSpace(from))
		last, errLast := netip.ParseAddr(strings.TrimSpace(to))
		if errFirst != nil || errLast != nil || first.Is4() != last.Is4() || last.Less(first) {
			return first, last, wrong
		}
		return first, last, nil
	}
	return first, last, idp.Invalid("addresses", idp.Cause{Field: "type", Text: "must be CIDR or RANGE"})
}

// lastOf is the last address of a network.
func lastOf(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 1 << (7 - i%8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

// holds tells whether a client's address is among the zone's gateways.
func (z *NetworkZone) holds(client netip.Addr) bool {
	if z.Status != Active || !client.IsValid() {
		return false
	}
	client = client.Unmap().WithZone("")
	return slices.ContainsFunc(z.Gateways, func(a Address) bool {
		first, last, err := a.bounds()
		return err == nil && first.Is4() == client.Is4() && !client.Less(first) && !last.Less(client)
	})
}

// zonesOf lists the zones for policies that a client's address belongs to.
func (s *Service) zonesOf(tx *store.Tx, orgID string, client idp.Client) ([]string, error) {
	zones, err := loadZones(tx, orgID)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, z := range zones {
		if z.Usage == UsagePolicy && z.holds(client.IP) {
			out = append(out, z.ID)
		}
	}
	return out, nil
}

func loadZones(tx *store.Tx, orgID string) ([]*NetworkZone, error) {
	rows, err := tx.Zones(orgID)
	if err != nil {
		return nil, fmt.Errorf("read the network zones: %w", err)
	}
	out := make([]*NetworkZone, 0, len(rows))
	for _, row := range rows {
		z, err := zoneFromStore(row)
		if err != nil {
			return nil, err
		}
		out = append(out, z)
	}
	return out, nil
}

// seedZones gives a new organisation its zones, without addresses.
func (s *Service) seedZones(tx *store.Tx, org *idp.Org) error {
	for _, z := range []*NetworkZone{{Name: LegacyZoneName, Usage: UsagePolicy}, {Name: BlockedZoneName, Usage: UsageBlocklist}} {
		z.OrgID, z.ID, z.Type, z.Status, z.System, z.Created, z.LastUpdated = org.ID, s.IDs.New(zonePrefix), ZoneIP, Active, true, tx.Now(), tx.Now()
		row, err := z.toStore()
		if err != nil {
			return err
		}
		if err := tx.InsertZone(row); err != nil {
			return fmt.Errorf("seed zone %s: %w", z.Name, err)
		}
	}
	return nil
}
