package directory

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"

	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/store"
)

// TypeLinkedObject is the name of relations between users in errors about what
// does not exist.
const TypeLinkedObject = "LinkedObject"

// Bounds of relations.
const (
	maxLinkedObjects = 200 // of an organisation
	maxLinkName      = 255 // characters
	maxLinksRemoved  = 5000
)

// linkName is the form of the names of both sides.
// (spec: management LinkedObjectDetails.name)
var linkName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// LinkSide is one side of a relation. (spec: management LinkedObjectDetails)
type LinkSide struct {
	Name        string `json:"-"`
	Title       string `json:"title"`
	Description string `json:"description,omitempty"`
}

// LinkedObject is a relation between users.
type LinkedObject struct{ Primary, Associated LinkSide }

// linkDocument is what the store keeps beside the names.
type linkDocument struct {
	Primary    LinkSide `json:"primary"`
	Associated LinkSide `json:"associated"`
}

func linkedObjectOf(row *store.LinkedObject) (*LinkedObject, error) {
	var d linkDocument
	if err := json.Unmarshal(row.Document, &d); err != nil {
		return nil, fmt.Errorf("linked object %s: %w", row.Primary, err)
	}
	d.Primary.Name, d.Associated.Name = row.Primary, row.Associated
	return &LinkedObject{d.Primary, d.Associated}, nil
}

// LinkedObjects lists the relations by the primary side's name.
// (spec: management#listLinkedObjectDefinitions)
func (s *Service) LinkedObjects(ctx context.Context, actor idp.Actor) ([]*LinkedObject, error) {
	rows, err := s.Store.Read(ctx).LinkedObjects(actor.OrgID())
	if err != nil {
		return nil, store.Failure("list linked objects", err)
	}
	out := make([]*LinkedObject, 0, len(rows))
	for _, row := range rows {
		o, err := linkedObjectOf(row)
		if err != nil {
			return nil, err
		}
		out = append(out, o)
	}
	return out, nil
}

// LinkedObject returns the relation one of whose sides has this name, else
// KindNotFound. (spec: management#getLinkedObjectDefinition)
func (s *Service) LinkedObject(ctx context.Context, actor idp.Actor, name string) (*LinkedObject, error) {
	row, err := findLink(s.Store.Read(ctx), actor.OrgID(), name)
	if err != nil {
		return nil, store.Failure("read linked object", err)
	}
	return linkedObjectOf(row)
}

func findLink(tx *store.Tx, orgID, name string) (*store.LinkedObject, error) {
	rows, err := tx.LinkedObjects(orgID)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		if row.Primary == name || row.Associated == name {
			return row, nil
		}
	}
	return nil, idp.NotFound(TypeLinkedObject, name)
}

func (l LinkSide) check(side string) error {
	wrong := func(member, text string) error {
		field := side + "." + member
		return idp.Invalid(field, idp.Cause{Field: field, Text: text})
	}
	switch {
	case l.Name == "":
		return wrong("name", textBlank)
	case len(l.Name) > maxLinkName:
		return wrong("name", textTooLong)
	case !linkName.MatchString(l.Name):
		return wrong("name", textPattern)
	case blank(l.Title):
		return wrong("title", textBlank)
	case len(l.Title) > maxText:
		return wrong("title", textTooLong)
	case len(l.Description) > maxText:
		return wrong("description", textTooLong)
	}
	return nil
}

// CreateLinkedObject adds a relation. KindInvalid names the member at fault, such
// as a name that a side of any relation has already.
// (spec: management#createLinkedObjectDefinition)
func (s *Service) CreateLinkedObject(ctx context.Context, actor idp.Actor, o LinkedObject) (*LinkedObject, error) {
	if err := o.Primary.check("primary"); err != nil {
		return nil, err
	}
	if err := o.Associated.check("associated"); err != nil {
		return nil, err
	}
	if o.Primary.Name == o.Associated.Name {
		return nil, taken("associated.name")
	}
	document, err := json.Marshal(linkDocument(o))
	if err != nil {
		return nil, fmt.Errorf("linked object: %w", err)
	}
	err = s.tx(ctx, "create linked object", func(tx *store.Tx) error {
		if err := s.permitAll(tx, actor); err != nil {
			return err
		}
		rows, err := tx.LinkedObjects(actor.OrgID())
		if err != nil {
			return err
		}
		if len(rows) >= maxLinkedObjects {
			return idp.Invalid("primary", idp.Cause{Text: fmt.Sprintf("An organization has at most %d linked objects", maxLinkedObjects)})
		}
		for side, name := range map[string]string{"primary.name": o.Primary.Name, "associated.name": o.Associated.Name} {
			for _, row := range rows {
				if row.Primary == name || row.Associated == name {
					return taken(side)
				}
			}
		}
		row := &store.LinkedObject{OrgID: actor.OrgID(), Primary: o.Primary.Name, Associated: o.Associated.Name, Document: document, Created: tx.Now()}
		if err := tx.InsertLinkedObject(row); err != nil {
			return err
		}
		return s.record(tx, actor, eventlog.LinkedObjectCreate, linkTarget(row))
	})
	if err != nil {
		return nil, err
	}
	return &o, nil
}

func linkTarget(row *store.LinkedObject) idp.Target {
	return idp.Target{ID: row.Primary, Type: TypeLinkedObject, AlternateID: row.Associated, DisplayName: row.Primary + "/" + row.Associated}
}

// DeleteLinkedObject removes the relation one of whose sides has this name, and
// its links with it; when there are more than 5,000, they have to go first.
// (spec: management#deleteLinkedObjectDefinition)
func (s *Service) DeleteLinkedObject(ctx context.Context, actor idp.Actor, name string) error {
	return s.tx(ctx, "delete linked object", func(tx *store.Tx) error {
		if err := s.permitAll(tx, actor); err != nil {
			return err
		}
		row, err := findLink(tx, actor.OrgID(), name)
		if err != nil {
			return err
		}
		n, err := tx.CountLinks(row.OrgID, row.Primary, maxLinksRemoved+1)
		if err != nil {
			return err
		}
		if n > maxLinksRemoved {
			return idp.Invalid(name, idp.Cause{Field: name, Text: fmt.Sprintf("More than %d users are linked by it; take their links away first", maxLinksRemoved)})
		}
		if err := tx.DeleteLinkedObject(row.OrgID, row.Primary); err != nil {
			return err
		}
		return s.record(tx, actor, eventlog.LinkedObjectDelete, linkTarget(row))
	})
}

// Link gives a user a primary one in a relation, in the place of another. primary
// is the name of that side. (spec: management#assignLinkedObjectValueForPrimary)
func (s *Service) Link(ctx context.Context, actor idp.Actor, ref, primary, primaryRef string) error {
	return s.link(ctx, actor, ref, primary, func(tx *store.Tx, u *idp.User) (bool, error) {
		to, err := find(tx, actor.OrgID(), primaryRef)
		if err != nil {
			return false, err
		}
		if err := s.seen(tx, actor, to); err != nil {
			return false, err
		}
		had, err := tx.LinkedPrimary(u.OrgID, primary, u.ID)
		if err != nil || len(had) > 0 && had[0] == to.ID {
			return false, err
		}
		return true, tx.LinkUsers(u.OrgID, primary, u.ID, to.ID)
	})
}

// Unlink takes the primary user in a relation from a user, if there is one.
// (spec: management#deleteLinkedObjectForUser)
func (s *Service) Unlink(ctx context.Context, actor idp.Actor, ref, primary string) error {
	return s.link(ctx, actor, ref, primary, func(tx *store.Tx, u *idp.User) (bool, error) {
		return tx.UnlinkUser(u.OrgID, primary, u.ID)
	})
}

// link changes a user's link in a relation, which is told as a change of the
// profile.
func (s *Service) link(ctx context.Context, actor idp.Actor, ref, primary string, fn func(*store.Tx, *idp.User) (bool, error)) error {
	_, err := s.Within(ctx, actor, "link user", ref, func(tx *store.Tx, u *idp.User) error {
		row, err := findLink(tx, actor.OrgID(), primary)
		if err != nil {
			return err
		}
		if row.Primary != primary {
			return idp.Invalid(primary, idp.Cause{Field: primary, Text: "is the name of the associated side; give " + row.Primary})
		}
		changed, err := fn(tx, u)
		if err != nil || !changed {
			return err
		}
		return s.Log.Record(tx, actor, eventlog.Entry{
			Type: eventlog.ProfileUpdate, Targets: []idp.Target{idp.UserTarget(u)}, Debug: map[string]string{"linkedObject": primary},
		})
	})
	return err
}

// Linked lists the identifiers of the users at the other side of a relation:
// with the name of the primary side a user's primary one, with that of the
// associated side those associated to the user, of these only who is within the
// actor's reach. next is the cursor of the following part.
// (spec: management#listLinkedObjectsForUser)
func (s *Service) Linked(ctx context.Context, actor idp.Actor, ref, name string, p idp.Page) (ids []string, next string, err error) {
	if err := p.Check(userPrefix); err != nil {
		return nil, "", err
	}
	u, err := s.User(ctx, actor, ref)
	if err != nil {
		return nil, "", err
	}
	read := s.Store.Read(ctx)
	row, err := findLink(read, actor.OrgID(), name)
	if err != nil {
		return nil, "", store.Failure("read linked object", err)
	}
	if row.Primary == name {
		ids, err = read.LinkedPrimary(u.OrgID, row.Primary, u.ID)
		return ids, "", store.Failure("list linked users", err)
	}
	ids, err = read.LinkedAssociated(u.OrgID, row.Primary, u.ID, p.After, p.Limit+1)
	if err != nil {
		return nil, "", store.Failure("list linked users", err)
	}
	ids, next = idp.Cut(ids, p.Limit, func(id string) string { return id })
	limit, err := s.reach(read, actor)
	if err != nil || limit == nil || actor.Is(u.ID) {
		return ids, next, err
	}
	kept := ids[:0]
	for _, id := range ids {
		in, err := read.IsMemberOfAny(u.OrgID, id, limit.(store.MemberOf).GroupIDs)
		if err != nil {
			return nil, "", store.Failure("read memberships", err)
		}
		if in {
			kept = append(kept, id)
		}
	}
	return kept, next, nil
}
