package oauth

import (
	"context"
	"errors"
	"fmt"

	"usher/internal/idp"
	"usher/internal/keys"
)

// maxDue bounds the servers that one run gives new keys.
const maxDue = 10_000

// RotateDue gives new keys to the servers, of all organisations, whose keys
// change by themselves and have signed for 90 days. org reads an organisation.
// What fails for one server does not keep the others from it.
// (spec: management-extra AuthorizationServerCredentialsRotationMode)
func (s *Service) RotateDue(ctx context.Context, org func(context.Context, string) (*idp.Org, error)) error {
	due, err := s.Store.Read(ctx).StaleSigningKeys(s.Clock.Now().Add(-keys.RotateAfter), maxDue)
	if err != nil {
		return fmt.Errorf("look for old keys: %w", err)
	}
	var failed []error
	for _, owner := range due {
		if err := s.rotateOld(ctx, owner.OrgID, owner.ServerID, org); err != nil {
			failed = append(failed, fmt.Errorf("server %q of %s: %w", owner.ServerID, owner.OrgID, err))
		}
	}
	return errors.Join(failed...)
}

func (s *Service) rotateOld(ctx context.Context, orgID, serverID string, org func(context.Context, string) (*idp.Org, error)) error {
	o, err := org(ctx, orgID)
	if err != nil {
		return err
	}
	v := ownServer(o)
	if serverID != "" {
		if v, err = s.read(ctx, o, serverID); err != nil {
			return err
		}
	}
	if v.Rotation != RotationAuto {
		return nil
	}
	_, err = s.rotate(ctx, idp.SystemActor(o), v)
	return err
}
