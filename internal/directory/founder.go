package directory

import (
	"context"
	"fmt"

	"usher/internal/idp"
	"usher/internal/store"
)

// Founder is the first user of an organisation that is about to be made, ready
// to be stored in the transaction that makes it.
type Founder struct {
	service *Service
	draft   draft
}

// Founder judges the first user of an organisation by the profile that every
// user has, since nobody can have changed it yet, and hashes the password.
// KindInvalid lists every fault.
func (s *Service) Founder(ctx context.Context, org *idp.Org, profile idp.Attributes, password string) (*Founder, error) {
	schema := usersOf(org, org.Settings.UserTypeID)
	a, text, err := schema.profile(profile, "newUser")
	if err != nil {
		return nil, err
	}
	n := NewUser{Profile: profile, Activate: true, Credentials: Credentials{Password: &password}}
	d := draft{schema: schema, attributes: a}
	if err := s.hash(ctx, n.Credentials, &d.hashes); err != nil {
		return nil, err
	}
	d.user = idp.User{
		OrgID: org.ID, ID: s.IDs.New(userPrefix), TypeID: schema.TypeID, Login: a.Text(AttrLogin), Profile: text,
		Status: n.status(), Provider: n.provider(), HasPassword: true,
	}
	return &Founder{service: s, draft: d}, nil
}

// Insert stores the user, and returns the identifier.
func (f *Founder) Insert(tx *store.Tx, actor idp.Actor) (id string, err error) {
	u := f.draft.user
	if err := f.service.insert(tx, actor, &u, &f.draft); err != nil {
		return "", fmt.Errorf("first user: %w", err)
	}
	return u.ID, nil
}
