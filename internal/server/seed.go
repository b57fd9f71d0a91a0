package server

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"unicode"

	"usher/internal/directory"
	"usher/internal/env"
	"usher/internal/idp"
	"usher/internal/store"
)

// Login is a user whom somebody can sign in as.
type Login struct {
	Login    string `json:"login"`
	Password string `json:"password"`
}

// SeedSpec is what a development server begins with. Its YAML form is
// documented in docs/howto/seed.md.
type SeedSpec struct {
	Org struct {
		Name     string `yaml:"name"`
		Pipeline string `yaml:"pipeline"`
		// PushNumbers has phones ask for the number that the sign-in shows.
		PushNumbers bool `yaml:"pushNumbers"`
		// UserVerification is whether security keys must make sure who uses them.
		UserVerification string `yaml:"userVerification"`
	} `yaml:"org"`
	Admin          SeedUser     `yaml:"admin"`
	Users          []SeedUser   `yaml:"users"`
	Groups         []SeedGroup  `yaml:"groups"`
	TrustedOrigins []SeedOrigin `yaml:"trustedOrigins"`
	Apps           []SeedApp    `yaml:"apps"`
}

// SeedUser is a user of a seed. The e-mail address is the login when absent.
type SeedUser struct {
	Login    string         `yaml:"login"`
	Password *string        `yaml:"password"`
	Profile  idp.Attributes `yaml:"profile"`
	Groups   []string       `yaml:"groups"`
	// Invited users have no password and wait for their activation.
	Invited bool `yaml:"invited"`
}

// SeedGroup is a group of a seed.
type SeedGroup struct {
	Name        string `yaml:"name"`
	Description string `yaml:"description"`
}

// SeedOrigin is a trusted origin of a seed.
type SeedOrigin struct {
	Name     string `yaml:"name"`
	Origin   string `yaml:"origin"`
	CORS     bool   `yaml:"cors"`
	Redirect bool   `yaml:"redirect"`
}

// DefaultSeed is an organisation with an administrator and two users, one of
// them the one of the interface's examples.
func DefaultSeed() SeedSpec {
	return SeedSpec{Users: []SeedUser{
		{Login: "isaac.brock@example.com", Profile: idp.Attributes{"firstName": "Isaac", "lastName": "Brock", "mobilePhone": "+1-555-415-1337"}},
		{Login: "ada.example@example.com", Profile: idp.Attributes{"firstName": "Ada", "lastName": "Example"}},
	}}
}

// Seeded tells what a seed has made.
type Seeded struct {
	OrgID    string
	APIToken string
	Admin    Login
	Users    []Login
	Apps     []SeededApp
}

// Seed brings the default organisation to what spec says. What is there
// already stays; passwords that spec does not give are made up anew, so that
// they can be told.
func (s *Server) Seed(ctx context.Context, spec SeedSpec) (Seeded, error) {
	if spec.Admin.Login == "" {
		spec.Admin.Login = "admin@example.com"
	}
	if spec.Org.Name == "" {
		spec.Org.Name = "Usher Development"
	}
	org, err := s.org(ctx, "")
	if errors.Is(err, errNoOrg) {
		org, err = s.makeOrg(ctx, OrgSpec{
			Name: spec.Org.Name, Pipeline: spec.Org.Pipeline, PushNumbers: spec.Org.PushNumbers, UserVerification: spec.Org.UserVerification,
		})
	}
	if err != nil {
		return Seeded{}, err
	}
	out := Seeded{OrgID: org.ID, Users: []Login{}, Apps: []SeededApp{}}
	a := idp.SystemActor(org)
	admin, err := s.seedUser(ctx, a, spec.Admin, nil)
	if err != nil {
		return out, fmt.Errorf("administrator %s: %w", spec.Admin.Login, err)
	}
	out.Admin = admin.Login
	err = s.store.Tx(ctx, func(tx *store.Tx) (err error) {
		out.APIToken, err = s.makeAdmin(tx, a, admin.id, "seed")
		return err
	})
	if err != nil {
		return out, err
	}
	groups, err := s.seedGroups(ctx, a, spec)
	if err != nil {
		return out, err
	}
	for _, su := range spec.Users {
		u, err := s.seedUser(ctx, a, su, groups)
		if err != nil {
			return out, fmt.Errorf("user %s: %w", su.Login, err)
		}
		out.Users = append(out.Users, u.Login)
	}
	if err := s.seedOrigins(ctx, a, spec.TrustedOrigins); err != nil {
		return out, err
	}
	out.Apps, err = s.seedApps(ctx, a, spec.Apps)
	return out, err
}

type seededUser struct {
	Login
	id string
}

func (s *Server) seedUser(ctx context.Context, a idp.Actor, su SeedUser, groups map[string]string) (seededUser, error) {
	out := seededUser{Login: Login{Login: su.Login}}
	if out.Login.Login == "" {
		out.Login.Login, _ = su.Profile["email"].(string)
	}
	profile := seedProfile(out.Login.Login)
	maps.Copy(profile, su.Profile)
	n := directory.NewUser{Profile: profile, Activate: true}
	for _, name := range su.Groups {
		id, ok := groups[name]
		if !ok {
			return out, fmt.Errorf("there is no group %q", name)
		}
		n.GroupIDs = append(n.GroupIDs, id)
	}
	if !su.Invited {
		out.Password = s.newPassword()
		if su.Password != nil {
			out.Password = *su.Password
		}
		n.Credentials.Password = &out.Password
	}
	if u, err := s.services.directory.User(ctx, a, out.Login.Login); err == nil {
		out.id = u.ID
		if su.Invited {
			return out, nil
		}
		_, err := s.services.directory.UpdateUser(ctx, a, u.ID, directory.UserChange{Credentials: directory.Credentials{Password: &out.Password}})
		return out, err
	} else if idp.KindOf(err) != idp.KindNotFound {
		return out, err
	}
	u, err := s.services.directory.CreateUser(ctx, a, n)
	if err != nil {
		return out, err
	}
	out.id = u.ID
	return out, nil
}

// seedProfile makes a profile out of a login.
func seedProfile(login string) idp.Attributes {
	local, _, _ := strings.Cut(login, "@")
	first, last, ok := strings.Cut(local, ".")
	if !ok {
		last = "Example"
	}
	return idp.Attributes{"login": login, "email": login, "firstName": title(first), "lastName": title(last)}
}

func title(s string) string {
	for i, r := range s {
		return string(unicode.ToUpper(r)) + s[i+len(string(r)):]
	}
	return "User"
}

// newPassword makes a password that meets any sensible policy.
func (s *Server) newPassword() string {
	const alphabet = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789"
	r := s.cfg.Rand
	return env.Text(r, alphabet[:24], 1) + env.Text(r, alphabet[24:49], 1) + env.Text(r, alphabet[49:], 1) + "-" + env.Text(r, alphabet, 14)
}

func (s *Server) seedGroups(ctx context.Context, a idp.Actor, spec SeedSpec) (map[string]string, error) {
	out := map[string]string{}
	for _, sg := range spec.Groups {
		known, err := s.services.directory.LookupGroups(ctx, a, sg.Name, 1)
		if err != nil {
			return nil, err
		}
		if len(known) == 1 && known[0].Name == sg.Name { // an exact match comes first
			out[sg.Name] = known[0].ID
			continue
		}
		profile := idp.Attributes{"name": sg.Name}
		if sg.Description != "" {
			profile["description"] = sg.Description
		}
		g, err := s.services.directory.CreateGroup(ctx, a, profile)
		if err != nil {
			return nil, fmt.Errorf("group %q: %w", sg.Name, err)
		}
		out[sg.Name] = g.ID
	}
	return out, nil
}

func (s *Server) seedOrigins(ctx context.Context, a idp.Actor, origins []SeedOrigin) error {
	return s.store.Tx(ctx, func(tx *store.Tx) error {
		for _, so := range origins {
			origin := strings.ToLower(strings.TrimRight(so.Origin, "/"))
			if _, err := tx.OriginByURL(a.OrgID(), origin); err == nil {
				continue
			}
			err := tx.InsertOrigin(store.TrustedOrigin{
				OrgID: a.OrgID(), ID: s.cfg.IDs.New("tos"), Name: so.Name, Origin: origin, CORS: so.CORS, Redirect: so.Redirect,
				Active: true, Created: tx.Now(), LastUpdated: tx.Now(),
			})
			if err != nil {
				return fmt.Errorf("trusted origin %s: %w", so.Origin, err)
			}
		}
		return nil
	})
}
