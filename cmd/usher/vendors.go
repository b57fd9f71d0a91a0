package main

import (
	"fmt"

	"usher/internal/notify/webhook"
	"usher/internal/server"
)

// vendorFlags name what judges the factors of vendors, and the secrets of all
// webhooks; see docs/factor-webhook.md.
type vendorFlags struct {
	FactorWebhook       string   `help:"Address of the adapter that judges the factors of vendors, by a signed POST (docs/factor-webhook.md)." placeholder:"URL"`
	FactorWebhookTokens []string `help:"Vendors whose tokens it judges: rsa, symantec." placeholder:"VENDOR"`
	FactorWebhookDuo    string   `help:"Host of the page that it judges as Duo's." placeholder:"HOST"`
	WebhookSecret       []string `help:"Secret that signs the POSTs, 'whsec_' and base64; two while it changes. Better given in the environment." placeholder:"SECRET"`
}

// vendors names the adapter.
func (f vendorFlags) vendors() (server.Vendors, error) {
	v := server.Vendors{URL: f.FactorWebhook, Tokens: f.FactorWebhookTokens, DuoHost: f.FactorWebhookDuo}
	if v.URL == "" {
		return v, nil
	}
	var err error
	v.Secrets, err = f.secrets()
	return v, err
}

// secrets are those that sign the requests to webhooks.
func (f vendorFlags) secrets() ([]webhook.Secret, error) {
	var out []webhook.Secret
	for _, text := range f.WebhookSecret {
		s, err := webhook.ParseSecret(text)
		if err != nil {
			return nil, fmt.Errorf("--webhook-secret: %w", err)
		}
		out = append(out, s)
	}
	return out, nil
}
