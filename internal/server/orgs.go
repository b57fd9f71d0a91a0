package server

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"time"

	"usher/internal/env"
	"usher/internal/idp"
	"usher/internal/store"
)

// orgCacheLife bounds how old an organisation's settings may be on a node.
const orgCacheLife = time.Second

// maxOrgCache bounds the hosts that are remembered.
const maxOrgCache = 1024

// orgResolver finds the organisation that a host name chooses: one that has
// this host, else the default one. What it says may be a second old.
type orgResolver struct {
	store   *store.Store
	clock   env.Clock
	baseURL string // of the default organisation

	mu    sync.Mutex
	hosts map[string]cachedOrg
}

type cachedOrg struct {
	org *idp.Org
	at  time.Time
}

func (o *orgResolver) byHost(ctx context.Context, host string) (*idp.Org, error) {
	host = strings.ToLower(host)
	now := o.clock.Now()
	o.mu.Lock()
	c, ok := o.hosts[host]
	o.mu.Unlock()
	if age := now.Sub(c.at); ok && age >= 0 && age < orgCacheLife {
		return c.org, nil
	}
	org, err := o.read(ctx, host)
	if err != nil {
		return nil, err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.hosts) >= maxOrgCache {
		clear(o.hosts)
	}
	o.hosts[host] = cachedOrg{org: org, at: now}
	return org, nil
}

func (o *orgResolver) read(ctx context.Context, host string) (*idp.Org, error) {
	tx := o.store.Read(ctx)
	names := []string{host}
	if name, _, err := net.SplitHostPort(host); err == nil {
		names = append(names, name)
	}
	for _, name := range names {
		org, err := tx.OrgByHost(name)
		if err == nil {
			return o.complete(org), nil
		}
		if !errors.Is(err, store.ErrNotFound) {
			return nil, err
		}
	}
	org, err := tx.DefaultOrg()
	if err != nil {
		return nil, err
	}
	return o.complete(org), nil
}

// complete gives the default organisation its base URL.
func (o *orgResolver) complete(org *idp.Org) *idp.Org {
	if org.BaseURL == "" {
		org.BaseURL = o.baseURL
	}
	return org
}

// forget drops everything that is remembered, e.g. after a restore.
func (o *orgResolver) forget() {
	o.mu.Lock()
	defer o.mu.Unlock()
	clear(o.hosts)
}
