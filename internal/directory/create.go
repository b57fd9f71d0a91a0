package directory

import (
	"context"
	"errors"
	"fmt"
	"time"

	"usher/internal/credential"
	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/notify"
	"usher/internal/store"
)

// maxNewGroups is how many groups a user may be put into at creation.
// (spec: management CreateUserRequest.groupIds)
const maxNewGroups = 20

// NewUser is a user to be created. (spec: management#createUser)
type NewUser struct {
	Profile     idp.Attributes
	TypeID      string // empty for the default type
	GroupIDs    []string
	Credentials Credentials
	Activate    bool
	// ExpirePassword makes the user change the password at the first sign-in.
	ExpirePassword bool
}

// CreateUser adds a user. With a password or a foreign provider an activated
// user is active at once; without, an invitation goes out by mail. KindInvalid
// lists every fault of the profile, or names the first of the credentials.
func (s *Service) CreateUser(ctx context.Context, actor idp.Actor, n NewUser) (*idp.User, error) {
	for range maxDrafts {
		u, err := s.createUser(ctx, actor, n)
		if !errors.Is(err, errSchemaMoved) {
			return u, err
		}
		s.schemas.ForgetAll()
	}
	return nil, &idp.Error{Kind: idp.KindConflict, Object: "schema"}
}

// maxDrafts bounds how often a new user is judged anew while the schema changes.
const maxDrafts = 5

// errSchemaMoved tells that a user was judged by a schema that has changed.
var errSchemaMoved = errors.New("directory: the schema has changed meanwhile")

func (s *Service) createUser(ctx context.Context, actor idp.Actor, n NewUser) (*idp.User, error) {
	d, err := s.draft(ctx, actor, n)
	if err != nil {
		return nil, err
	}
	var out *idp.User
	// The unique login and the foreign keys of memberships guard everything
	// that is decided here, so the cheaper isolation is enough.
	err = s.write(ctx, "create user", func(tx *store.Tx) error {
		u := d.user
		out = &u
		return s.insert(tx, actor, out, d)
	})
	if store.Exists(err, "users.login_key") {
		return nil, taken(AttrLogin)
	}
	if err != nil {
		return nil, err
	}
	return out, nil
}

// draft is a user who is ready to be stored.
type draft struct {
	user       idp.User
	schema     *Schema
	attributes idp.Attributes
	groups     []string
	hashes     hashes
	invitation *Invitation
	mail       *notify.Message
}

func (s *Service) draft(ctx context.Context, actor idp.Actor, n NewUser) (*draft, error) {
	read := s.Store.Read(ctx)
	// Who reaches certain groups alone adds users to these alone.
	if limit, err := s.reach(read, actor); err != nil || limit != nil && len(n.GroupIDs) == 0 {
		return nil, orForbidden(err)
	}
	typeID, err := knownType(read, actor.Org, n.TypeID)
	if err != nil {
		return nil, err
	}
	schema, err := s.known(ctx, actor.Org, typeID)
	if err != nil {
		return nil, err
	}
	a, text, err := schema.profile(n.Profile, "newUser")
	if err != nil { // perhaps by a schema that has changed meanwhile
		if schema, err = schemaOf(read, actor.Org, typeID); err != nil {
			return nil, err
		}
		a, text, err = schema.profile(n.Profile, "newUser")
	}
	if err != nil {
		return nil, err
	}
	if err := n.check(); err != nil {
		return nil, err
	}
	org := actor.Org
	h, err := s.prepare(ctx, org.ID, n.Credentials, holder{
		groups: append([]string{org.Settings.EveryoneID}, n.GroupIDs...),
		Owner:  credential.Owner{Login: a.Text(AttrLogin), Attributes: a},
	})
	if err != nil {
		return nil, err
	}
	d := &draft{schema: schema, attributes: a, groups: n.GroupIDs, hashes: h}
	d.user = idp.User{
		OrgID: org.ID, ID: s.IDs.New(userPrefix), TypeID: typeID, Login: a.Text(AttrLogin), Profile: text,
		Status: n.status(), Provider: n.provider(), HasPassword: h.password != "", RecoveryQuestion: h.question,
	}
	if d.user.Status == idp.UserProvisioned {
		i := s.newInvitation(org)
		m, err := i.mail(org, a)
		if err != nil {
			return nil, err
		}
		d.invitation, d.mail = &i, &m
	}
	return d, nil
}

func (n NewUser) check() error {
	switch {
	case n.ExpirePassword && !n.Credentials.password():
		return idp.Fail(idp.KindPasswordNeeded)
	case n.ExpirePassword && !n.Activate:
		return idp.Fail(idp.KindActivationNeeded)
	case len(n.GroupIDs) > maxNewGroups:
		return idp.Invalid("groupIds", idp.Cause{Field: "groupIds", Text: fmt.Sprintf("A new user can be put into at most %d groups", maxNewGroups)})
	}
	return nil
}

// status is the state in which a new user begins.
func (n NewUser) status() idp.UserStatus {
	switch {
	case !n.Activate:
		return idp.UserStaged
	case n.ExpirePassword:
		return idp.UserPasswordExpired
	case n.Credentials.password() || n.Credentials.external():
		return idp.UserActive
	}
	return idp.UserProvisioned
}

func (n NewUser) provider() idp.Provider {
	switch {
	case n.Credentials.Hash != nil || n.Credentials.Hook:
		return idp.Provider{Type: idp.ProviderImport, Name: string(idp.ProviderImport)}
	case n.Credentials.external():
		return *n.Credentials.Provider
	}
	return idp.Provider{Type: idp.ProviderOkta, Name: string(idp.ProviderOkta)}
}

// insert writes the draft with everything that belongs to it.
func (s *Service) insert(tx *store.Tx, actor idp.Actor, u *idp.User, d *draft) error {
	head, schema, err := tx.HoldRulesAndSchema(u.OrgID, u.TypeID)
	if err != nil {
		return store.Failure("hold group rules", err)
	}
	if !d.schema.is(schema) {
		return errSchemaMoved
	}
	set, _, err := s.held(tx, u.OrgID, head)
	if err != nil {
		return err
	}
	now := tx.Now()
	u.Created, u.LastUpdated = now, now
	if u.HasPassword {
		u.PasswordChanged, u.StatusChanged = now, now
	}
	if u.Status != idp.UserStaged {
		u.Activated, u.StatusChanged = now, now
	}
	row := store.UserRow{User: *u, Keys: keysOf(d.attributes)}
	if err := tx.InsertUser(&row); err != nil {
		return fmt.Errorf("insert user: %w", err)
	}
	u.Version = row.Version
	if err := d.schema.index(tx, u, nil, d.attributes); err != nil {
		return err
	}
	if err := s.insertSecrets(tx, *u, d.hashes); err != nil {
		return err
	}
	target := idp.Target{ID: u.ID, Type: TypeUser, AlternateID: u.Login, DisplayName: d.attributes.DisplayName()}
	if err := s.record(tx, actor, eventlog.UserCreate, target); err != nil {
		return err
	}
	if u.Status != idp.UserStaged {
		if err := s.record(tx, actor, eventlog.UserActivate, target); err != nil {
			return err
		}
	}
	for _, id := range d.groups {
		if err := s.join(tx, actor, id, u); err != nil {
			return err
		}
	}
	if d.invitation != nil {
		if err := s.invite(tx, u, *d.invitation, d.mail); err != nil {
			return err
		}
	}
	if err := s.applyRules(tx, set, u, d.attributes); err != nil {
		return err
	}
	return run(s.OnProfile, tx, actor, u)
}

// insertSecrets stores the credentials of a new user, whose row tells of them
// already.
func (s *Service) insertSecrets(tx *store.Tx, u idp.User, h hashes) error {
	u.PasswordChanged = time.Time{}
	if h.password != "" {
		if err := s.Credentials.SetPassword(tx, &u, h.password); err != nil {
			return err
		}
	}
	if h.answer != "" {
		return s.Credentials.SetQuestion(tx, &u, h.question, h.answer)
	}
	return nil
}

// join puts a user into a group by hand.
func (s *Service) join(tx *store.Tx, actor idp.Actor, groupID string, u *idp.User) error {
	g, err := tx.Group(actor.OrgID(), groupID)
	if errors.Is(err, store.ErrNotFound) {
		return idp.NotFound(TypeGroup, groupID)
	}
	if err != nil {
		return fmt.Errorf("read group: %w", err)
	}
	if err := s.permitMembers(tx, actor, g.ID); err != nil {
		return err
	}
	return s.addMember(tx, actor, g, u, false)
}
