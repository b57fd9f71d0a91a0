package policy

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"usher/internal/env"
	"usher/internal/store"
)

// blocklistLife bounds how old a node's knowledge of the blocklists may be.
const blocklistLife = time.Second

// maxBlocklists bounds the organisations whose blocklists are remembered.
const maxBlocklists = 1024

// Blocklist tells which clients are refused whatever they ask for: those of the
// active zones that are for blocking. What it says may be a second old.
type Blocklist struct {
	Store *store.Store
	Clock env.Clock

	mu   sync.Mutex
	orgs map[string]blockedZones
}

type blockedZones struct {
	zones []*NetworkZone
	at    time.Time
}

// Blocks tells whether an organisation refuses a client's address.
func (b *Blocklist) Blocks(ctx context.Context, orgID string, client netip.Addr) (bool, error) {
	now := b.Clock.Now()
	b.mu.Lock()
	known, ok := b.orgs[orgID]
	b.mu.Unlock()
	if age := now.Sub(known.at); !ok || age < 0 || age >= blocklistLife {
		zones, err := loadZones(b.Store.Read(ctx), orgID)
		if err != nil {
			return false, err
		}
		known = blockedZones{at: now}
		for _, z := range zones {
			if z.Usage == UsageBlocklist && z.Status == Active && len(z.Gateways) > 0 {
				known.zones = append(known.zones, z)
			}
		}
		b.remember(orgID, known)
	}
	for _, z := range known.zones {
		if z.holds(client) {
			return true, nil
		}
	}
	return false, nil
}

func (b *Blocklist) remember(orgID string, z blockedZones) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.orgs == nil || len(b.orgs) >= maxBlocklists {
		b.orgs = map[string]blockedZones{}
	}
	b.orgs[orgID] = z
}
