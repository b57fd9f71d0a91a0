package directory

import (
	"context"
	"errors"
	"slices"
	"time"

	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/store"
)

// ContactTypes lists the roles that contacts of an organisation have.
// (spec: management OrgContactType)
func ContactTypes() []string { return []string{"BILLING", "TECHNICAL"} }

// SupportLife is how long the vendor's support may look into an organisation
// after that was granted, or granted for longer.
const SupportLife = 24 * time.Hour

// TypeContact is the name of contacts in errors about what does not exist.
const TypeContact = "OrgContact"

// Contact returns the identifier of the user who is an organisation's contact:
// who was made so, else whoever has been super administrator for longest.
// KindNotFound for an unknown type. (spec: management#getOrgContactUser)
func (s *Service) Contact(ctx context.Context, actor idp.Actor, contactType string) (string, error) {
	if !slices.Contains(ContactTypes(), contactType) {
		return "", idp.NotFound(TypeContact, contactType)
	}
	read := s.Store.Read(ctx)
	if id := actor.Org.Settings.Contacts[contactType]; id != "" {
		_, err := read.User(actor.OrgID(), id)
		if err == nil || !errors.Is(err, store.ErrNotFound) {
			return id, store.Failure("read contact", err)
		}
	}
	id, err := read.FirstHolder(actor.OrgID(), idp.RoleSuperAdmin)
	return id, store.Failure("read contact", err)
}

// SetContact makes a user an organisation's contact. KindNotFound for an unknown
// type or user. (spec: management#replaceOrgContactUser)
func (s *Service) SetContact(ctx context.Context, actor idp.Actor, contactType, userID string) (*idp.Org, error) {
	if !slices.Contains(ContactTypes(), contactType) {
		return nil, idp.NotFound(TypeContact, contactType)
	}
	if blank(userID) {
		return nil, idp.Invalid("userId", idp.Cause{Field: "userId", Text: textBlank})
	}
	return s.changeSettings(ctx, actor, "", func(tx *store.Tx, o *idp.OrgSettings) error {
		u, err := find(tx, actor.OrgID(), userID)
		if err != nil {
			return err
		}
		contacts := map[string]string{contactType: u.ID}
		for other, id := range o.Contacts {
			if other != contactType {
				contacts[other] = id
			}
		}
		o.Contacts = contacts
		return nil
	})
}

// SetFooter shows the footer of the pages for people or hides it.
// (spec: management#setOrgShowOktaUIFooter, management#setOrgHideOktaUIFooter)
func (s *Service) SetFooter(ctx context.Context, actor idp.Actor, shown bool) (*idp.Org, error) {
	return s.changeSettings(ctx, actor, "", func(_ *store.Tx, o *idp.OrgSettings) error {
		o.HideFooter = !shown
		return nil
	})
}

// SetMailing keeps the vendor's mails from an organisation's users, or does not.
// (spec: management#optOutUsersFromOktaCommunicationEmails,
// management#optInUsersToOktaCommunicationEmails)
func (s *Service) SetMailing(ctx context.Context, actor idp.Actor, wanted bool) (*idp.Org, error) {
	return s.changeSettings(ctx, actor, "", func(_ *store.Tx, o *idp.OrgSettings) error {
		o.NoMailing = !wanted
		return nil
	})
}

// GrantSupport lets the vendor's support look into an organisation for
// SupportLife from now or, with longer, from when it would end. KindInvalid for
// prolonging what was not granted. (spec: management#grantOktaSupport,
// management#extendOktaSupport)
func (s *Service) GrantSupport(ctx context.Context, actor idp.Actor, longer bool) (*idp.Org, error) {
	return s.changeSettings(ctx, actor, "", func(tx *store.Tx, o *idp.OrgSettings) error {
		from := tx.Now()
		if longer {
			if !o.SupportUntil.After(from) {
				return idp.Invalid("support", idp.Cause{Text: "Support access is not granted"})
			}
			from = o.SupportUntil
		}
		o.SupportUntil = from.Add(SupportLife)
		return nil
	})
}

// RevokeSupport ends it. (spec: management#revokeOktaSupport)
func (s *Service) RevokeSupport(ctx context.Context, actor idp.Actor) (*idp.Org, error) {
	return s.changeSettings(ctx, actor, "", func(_ *store.Tx, o *idp.OrgSettings) error {
		o.SupportUntil = time.Time{}
		return nil
	})
}

// SetRegistration lets people make themselves known, or not. Setting what is set
// changes nothing. (spec: management#updateFeatureLifecycle)
func (s *Service) SetRegistration(ctx context.Context, actor idp.Actor, on bool) (*idp.Org, error) {
	if actor.Org.Settings.Registration == on {
		return actor.Org, nil
	}
	event := eventlog.FeatureEnable
	if !on {
		event = eventlog.FeatureDisable
	}
	return s.changeSettings(ctx, actor, event, func(_ *store.Tx, o *idp.OrgSettings) error {
		o.Registration = on
		return nil
	})
}

// changeSettings does a read-modify-write of an organisation's settings and
// records the event, if there is one.
func (s *Service) changeSettings(ctx context.Context, actor idp.Actor, event idp.EventType, change func(*store.Tx, *idp.OrgSettings) error) (*idp.Org, error) {
	var out *idp.Org
	err := s.tx(ctx, "change settings", func(tx *store.Tx) error {
		o, err := tx.Org(actor.OrgID())
		if err != nil {
			return err
		}
		o.BaseURL = actor.Org.BaseURL
		if err := change(tx, &o.Settings); err != nil {
			return err
		}
		out = o
		if err := tx.UpdateOrgSettings(o.ID, o.Settings); err != nil || event == "" {
			return err
		}
		return s.record(tx, actor, event, idp.Target{ID: o.ID, Type: "Feature", AlternateID: "unknown", DisplayName: "registration"})
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}
