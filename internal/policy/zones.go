package policy

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/store"
)

// ZoneInput is a network zone as somebody wants it to be.
type ZoneInput struct {
	Type     ZoneType
	Name     string
	Status   Status // empty for active, or as it is
	Usage    Usage  // empty for policies
	Gateways []Address
	Proxies  []Address
	Dynamic  *DynamicZone // of another type than ZoneIP
}

// Bounds on zones. (spec: management IPNetworkZone.gateways)
const (
	maxZones         = 100
	maxZoneName      = 128
	maxAddresses     = 150
	maxBlocked       = 1000
	maxSystemAddress = 5000
)

// Zones lists the network zones in the order of their creation.
// (spec: management#listNetworkZones)
func (s *Service) Zones(ctx context.Context, a idp.Actor) ([]*NetworkZone, error) {
	zones, err := loadZones(s.Store.Read(ctx), a.OrgID())
	return zones, store.Failure("list network zones", err)
}

// Zone returns a network zone, else KindNotFound.
// (spec: management#getNetworkZone)
func (s *Service) Zone(ctx context.Context, a idp.Actor, id string) (*NetworkZone, error) {
	z, err := findZone(s.Store.Read(ctx), a.OrgID(), id)
	return z, store.Failure("read network zone", err)
}

func findZone(tx *store.Tx, orgID, id string) (*NetworkZone, error) {
	if !idp.PlainID(id) {
		return nil, idp.NotFound(TypeZone, id)
	}
	row, err := tx.Zone(orgID, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, idp.NotFound(TypeZone, id)
	}
	if err != nil {
		return nil, fmt.Errorf("read network zone %s: %w", id, err)
	}
	return zoneFromStore(row)
}

// checkType tells whether a zone can be of the type. KindUnsupported for a
// dynamic blocklist: who asks for one would believe to be protected.
func (z *NetworkZone) checkType(in ZoneInput) error {
	switch in.Type {
	case ZoneIP, ZoneDynamic, ZoneEnhanced:
	default:
		return idp.Invalid("type", idp.Cause{Field: "type", Text: "must be IP, DYNAMIC or DYNAMIC_V2"})
	}
	switch {
	case z.Type != "" && in.Type != z.Type:
		return idp.Invalid("type", idp.Cause{Field: "type", Text: "does not change"})
	case in.Type != ZoneIP && in.Usage == UsageBlocklist:
		return idp.Fail(idp.KindUnsupported, "It is not known here where an address is: a blocklist is of type IP")
	}
	return nil
}

// take gives a zone what somebody wants.
func (z *NetworkZone) take(tx *store.Tx, a idp.Actor, in ZoneInput) error {
	if err := z.checkType(in); err != nil {
		return err
	}
	if err := checkName(in.Name, maxZoneName); err != nil {
		return err
	}
	switch in.Usage {
	case "":
		in.Usage = UsagePolicy
	case UsagePolicy, UsageBlocklist:
	default:
		return idp.Invalid("usage", idp.Cause{Field: "usage", Text: "must be POLICY or BLOCKLIST"})
	}
	switch in.Status {
	case "":
		in.Status = z.Status
	case Active, Inactive:
	default:
		return idp.Invalid("status", idp.Cause{Field: "status", Text: "must be ACTIVE or INACTIVE"})
	}
	if in.Type != ZoneIP {
		if err := in.Dynamic.check(in.Type); err != nil {
			return err
		}
		in.Gateways, in.Proxies = nil, nil
	} else {
		in.Dynamic = nil
	}
	most := maxAddresses
	switch {
	case in.Type != ZoneIP:
	case z.System:
		most = maxSystemAddress
	case in.Usage == UsageBlocklist:
		most = maxBlocked
	case len(in.Gateways)+len(in.Proxies) == 0:
		return idp.Invalid("gateways", idp.Cause{Field: "gateways", Text: "a zone needs gateways or proxies"})
	}
	if err := errors.Join(checkAddresses("gateways", in.Gateways, most), checkAddresses("proxies", in.Proxies, most)); err != nil {
		return err
	}
	z.Type, z.Name, z.Usage, z.Status, z.Gateways, z.Proxies, z.LastUpdated = in.Type, in.Name, in.Usage, in.Status, in.Gateways, in.Proxies, tx.Now()
	z.Dynamic = in.Dynamic
	return z.guard(a)
}

// checkAddresses finds the first address that is none.
func checkAddresses(field string, list []Address, most int) error {
	if len(list) > most {
		return idp.Invalid(field, idp.Cause{Field: field, Text: fmt.Sprintf("must not have more than %d elements", most)})
	}
	for _, address := range list {
		if _, _, err := address.bounds(); err != nil {
			return err
		}
	}
	return nil
}

// guard keeps the caller from being locked out: an active blocklist must not
// hold the caller's own address.
func (z *NetworkZone) guard(a idp.Actor) error {
	if z.Usage == UsageBlocklist && z.holds(a.Client.IP) {
		return idp.Invalid("gateways", idp.Cause{Field: "gateways", Text: "the zone would block your own address"})
	}
	return nil
}

// CreateZone adds a network zone. KindInvalid names the member at fault.
// (spec: management#createNetworkZone)
func (s *Service) CreateZone(ctx context.Context, a idp.Actor, in ZoneInput) (*NetworkZone, error) {
	id := s.IDs.New(zonePrefix)
	var out *NetworkZone
	err := s.tx(ctx, "create network zone", func(tx *store.Tx) error {
		list, err := tx.Zones(a.OrgID())
		if err != nil {
			return fmt.Errorf("read the network zones: %w", err)
		}
		if len(list) >= maxZones {
			return idp.Invalid("zone", idp.Cause{Text: fmt.Sprintf("There are %d network zones already", maxZones)})
		}
		z := &NetworkZone{OrgID: a.OrgID(), ID: id, Status: Active, Created: tx.Now()}
		if err := z.take(tx, a, in); err != nil {
			return err
		}
		row, err := z.toStore()
		if err != nil {
			return err
		}
		if err := zoneNameTaken(tx.InsertZone(row)); err != nil {
			return err
		}
		out = z
		return s.record(tx, a, eventlog.ZoneCreate, z.target())
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// zoneNameTaken tells a clash of names apart.
func zoneNameTaken(err error) error {
	if store.Exists(err, "network_zones.name") {
		return taken("name")
	}
	return err
}

func (z *NetworkZone) target() idp.Target {
	return idp.Target{ID: z.ID, Type: "NetworkZone", AlternateID: "unknown", DisplayName: z.Name}
}

// ReplaceZone gives a zone new contents; its type does not change. KindInvalid
// names the member at fault. (spec: management#replaceNetworkZone)
func (s *Service) ReplaceZone(ctx context.Context, a idp.Actor, id string, in ZoneInput) (*NetworkZone, error) {
	return s.changeZone(ctx, a, id, eventlog.ZoneUpdate, func(tx *store.Tx, z *NetworkZone) (bool, error) {
		return true, z.take(tx, a, in)
	})
}

// SetZoneStatus makes a zone count or not. Setting what is set changes nothing.
// (spec: management#activateNetworkZone, management#deactivateNetworkZone)
func (s *Service) SetZoneStatus(ctx context.Context, a idp.Actor, id string, status Status) (*NetworkZone, error) {
	event := eventlog.ZoneActivate
	if status == Inactive {
		event = eventlog.ZoneDeactivate
	}
	return s.changeZone(ctx, a, id, event, func(tx *store.Tx, z *NetworkZone) (bool, error) {
		changed := z.Status != status
		z.Status = status
		if changed {
			z.LastUpdated = tx.Now()
		}
		return changed, z.guard(a)
	})
}

// changeZone does a read-modify-write of a zone.
func (s *Service) changeZone(
	ctx context.Context, a idp.Actor, id string, event idp.EventType, change func(*store.Tx, *NetworkZone) (bool, error),
) (*NetworkZone, error) {
	var out *NetworkZone
	err := s.tx(ctx, "change network zone", func(tx *store.Tx) error {
		z, err := findZone(tx, a.OrgID(), id)
		if err != nil {
			return err
		}
		out = z
		changed, err := change(tx, z)
		if err != nil || !changed {
			return err
		}
		row, err := z.toStore()
		if err != nil {
			return err
		}
		if err := zoneNameTaken(tx.UpdateZone(row)); err != nil {
			return err
		}
		return s.record(tx, a, event, z.target())
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// DeleteZone removes a zone. KindForbidden for a zone of the system,
// KindInvalid while a policy or rule names it.
// (spec: management#deleteNetworkZone)
func (s *Service) DeleteZone(ctx context.Context, a idp.Actor, id string) error {
	return s.tx(ctx, "delete network zone", func(tx *store.Tx) error {
		z, err := findZone(tx, a.OrgID(), id)
		if err != nil {
			return err
		}
		if z.System {
			return idp.Fail(idp.KindForbidden)
		}
		user, err := s.whoNames(tx, a.OrgID(), id)
		if err != nil {
			return err
		}
		if user != "" {
			return idp.Invalid("zone", idp.Cause{Text: "The zone is used by the policy '" + user + "'"})
		}
		if err := tx.DeleteZone(z.OrgID, z.ID); err != nil {
			return fmt.Errorf("delete network zone %s: %w", z.ID, err)
		}
		return s.record(tx, a, eventlog.ZoneDelete, z.target())
	})
}

// whoNames gives the name of a policy that names a zone, "" for none.
func (s *Service) whoNames(tx *store.Tx, orgID, zone string) (string, error) {
	names := func(c *Conditions) bool {
		return slices.ContainsFunc(c.selected(), func(l selectedList) bool { return l.kind == kindZone && slices.Contains(l.ids, zone) })
	}
	for _, t := range KnownTypes() {
		policies, err := s.Load(tx, orgID, t)
		if err != nil {
			return "", err
		}
		for _, p := range policies {
			if names(p.Conditions) || slices.ContainsFunc(p.Rules, func(r *Rule) bool { return names(r.Conditions) }) {
				return p.Name, nil
			}
		}
	}
	return "", nil
}
