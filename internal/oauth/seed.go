package oauth

import (
	"context"
	"errors"

	"usher/internal/idp"
	"usher/internal/keys"
	"usher/internal/store"
)

// ensureStandard makes the custom server that every organisation has from the
// start, where it is not there and was not deleted. It comes on first use, so
// that an older database gets one too and starting costs nothing.
func (s *Service) ensureStandard(ctx context.Context, org *idp.Org) error {
	if _, err := s.Store.Read(ctx).StandardOAuthServer(org.ID); !errors.Is(err, store.ErrNotFound) {
		return store.Failure("read the default authorization server", err)
	}
	return s.tx(ctx, "make the default authorization server", func(tx *store.Tx) error {
		if _, err := tx.StandardOAuthServer(org.ID); !errors.Is(err, store.ErrNotFound) {
			return err
		}
		v := &Server{
			OrgID: org.ID, ID: s.IDs.New("aus"), Name: StandardID, Description: "Default Authorization Server for your Applications",
			Audiences: []string{"api://default"}, IssuerMode: "ORG_URL", Status: Active, Standard: true, Alg: keys.RS256,
			Rotation: RotationAuto, Created: tx.Now(), LastUpdated: tx.Now(),
		}
		if err := s.insertServer(tx, v); err != nil {
			return err
		}
		return s.insertStandardPolicy(tx, v)
	})
}

// insertServer adds a server with the scopes and the claim that each has.
func (s *Service) insertServer(tx *store.Tx, v *Server) error {
	row, err := v.toStore()
	if err != nil {
		return err
	}
	if err := tx.InsertOAuthServer(row); err != nil {
		return err
	}
	v.Version = row.Version
	for _, scope := range systemScopes() {
		scope.part = part{ID: s.IDs.New("scp"), Created: tx.Now(), LastUpdated: tx.Now()}
		row, err := scope.toStore(v)
		if err != nil {
			return err
		}
		if err := tx.InsertOAuthPart(row); err != nil {
			return err
		}
	}
	claim := subjectClaim()
	claim.part = part{ID: s.IDs.New("ocl"), Created: tx.Now(), LastUpdated: tx.Now()}
	part, err := claim.toStore(v)
	if err != nil {
		return err
	}
	return tx.InsertOAuthPart(part)
}

// insertStandardPolicy lets every client of the standard server have what it
// asks for. (recorded answers)
func (s *Service) insertStandardPolicy(tx *store.Tx, v *Server) error {
	p := &Policy{
		part: part{ID: s.IDs.New("00p"), Created: tx.Now(), LastUpdated: tx.Now()}, Name: "Default Policy",
		Description: "Default policy description", Status: Active, Priority: 1, Clients: []string{AllClients},
	}
	row, err := p.toStore(v)
	if err != nil {
		return err
	}
	if err := tx.InsertOAuthPart(row); err != nil {
		return err
	}
	r := &Rule{
		part: part{ID: s.IDs.New("0pr"), Created: tx.Now(), LastUpdated: tx.Now()}, Name: "Default Policy Rule", Status: Active, Priority: 1,
		GrantTypes: standardGrants(), Scopes: []string{AnyScope}, Users: noSelection(),
		Groups: Selection{Include: []string{Everyone}, Exclude: []string{}}, Token: Lifetimes{Access: 60, Window: 7 * 24 * 60},
	}
	if row, err = r.toStore(v, p); err != nil {
		return err
	}
	return tx.InsertOAuthPart(row)
}

func noSelection() Selection { return Selection{Include: []string{}, Exclude: []string{}} }

// standardGrants are the grant types of the standard server's rule.
func standardGrants() []string {
	return []string{
		"implicit", "client_credentials", "password", "authorization_code", "interaction_code",
		"urn:ietf:params:oauth:grant-type:device_code", "urn:ietf:params:oauth:grant-type:token-exchange",
		"urn:ietf:params:oauth:grant-type:jwt-bearer", "urn:ietf:params:oauth:grant-type:saml2-bearer", "urn:openid:params:grant-type:ciba",
		"urn:okta:params:oauth:grant-type:otp", "urn:okta:params:oauth:grant-type:oob", "http://auth0.com/oauth/grant-type/mfa-otp",
		"http://auth0.com/oauth/grant-type/mfa-oob",
	}
}
