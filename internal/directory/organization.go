package directory

import (
	"context"
	"strings"
	"unicode/utf8"

	"usher/internal/idp"
	"usher/internal/store"
)

// maxDetail bounds each of an organisation's details, in characters.
const maxDetail = 255

// OrgChange changes what an organisation says about itself; nil leaves a part
// as it is.
type OrgChange struct {
	Name                            *string
	Address1, Address2, City, State *string
	PostalCode, Country, Website    *string
	Phone, SupportPhone, HelpURL    *string
}

// ChangeOrg changes an organisation's details and returns it. With replace the
// parts that are nil are emptied, but for the name, which must be there then.
// KindInvalid names the parts at fault. (spec: management-extra#updateOrgSettings,
// management-extra#replaceOrgSettings)
func (s *Service) ChangeOrg(ctx context.Context, actor idp.Actor, c OrgChange, replace bool) (*idp.Org, error) {
	if err := c.check(replace); err != nil {
		return nil, err
	}
	var out *idp.Org
	err := s.tx(ctx, "change organisation", func(tx *store.Tx) error {
		o, err := tx.Org(actor.OrgID())
		if err != nil {
			return err
		}
		o.BaseURL = actor.Org.BaseURL
		if c.Name != nil {
			o.Name = strings.TrimSpace(*c.Name)
		}
		c.apply(&o.Settings.Details, replace)
		o.Settings.Details.Updated = tx.Now()
		if err := tx.RenameOrg(o.ID, o.Name); err != nil {
			return err
		}
		out = o
		return tx.UpdateOrgSettings(o.ID, o.Settings)
	})
	return out, err
}

// parts pairs the parts of a change with the details and their names.
func (c OrgChange) parts(d *idp.OrgDetails) []orgPart {
	return []orgPart{
		{"address1", c.Address1, &d.Address1},
		{"address2", c.Address2, &d.Address2},
		{"city", c.City, &d.City},
		{"state", c.State, &d.State},
		{"postalCode", c.PostalCode, &d.PostalCode},
		{"country", c.Country, &d.Country},
		{"website", c.Website, &d.Website},
		{"phoneNumber", c.Phone, &d.Phone},
		{"supportPhoneNumber", c.SupportPhone, &d.SupportPhone},
		{"endUserSupportHelpURL", c.HelpURL, &d.HelpURL},
	}
}

type orgPart struct {
	name string
	from *string
	to   *string
}

func (c OrgChange) check(replace bool) error {
	var causes []idp.Cause
	if c.Name == nil && replace || c.Name != nil && strings.TrimSpace(*c.Name) == "" {
		causes = append(causes, idp.Cause{Field: "companyName", Text: textBlank})
	}
	var d idp.OrgDetails
	for _, p := range append(c.parts(&d), orgPart{name: "companyName", from: c.Name}) {
		switch {
		case p.from == nil:
		case utf8.RuneCountInString(*p.from) > maxDetail:
			causes = append(causes, idp.Cause{Field: p.name, Text: textTooLong})
		case *p.from != "" && (p.name == "website" || p.name == "endUserSupportHelpURL") && !FormatURI.matches(*p.from):
			causes = append(causes, idp.Cause{Field: p.name, Text: textPattern})
		}
	}
	if len(causes) > 0 {
		return idp.Invalid(causes[0].Field, causes...)
	}
	return nil
}

func (c OrgChange) apply(d *idp.OrgDetails, replace bool) {
	for _, p := range c.parts(d) {
		switch {
		case p.from != nil:
			*p.to = *p.from
		case replace:
			*p.to = ""
		}
	}
}
