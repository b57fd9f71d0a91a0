package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"usher/internal/egress"
)

// fetch reads a small document at an address that somebody has configured.
func fetch(ctx context.Context, cfg egress.Config, client *egress.Client, address string) ([]byte, error) {
	u, err := cfg.Target(address)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, fmt.Errorf("fetch: %w", err)
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "usher")
	a, err := client.Do(req)
	switch {
	case err != nil:
		return nil, err
	case a.Status != http.StatusOK:
		return nil, fmt.Errorf("fetch: the other side answers %d", a.Status)
	case len(a.Body) >= egress.MaxAnswer:
		return nil, errors.New("fetch: the document is too long")
	}
	return a.Body, nil
}
