package policy

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/store"
)

// Origin is a web origin that is trusted for some uses.
type Origin = store.TrustedOrigin

// OriginInput is a trusted origin as somebody wants it to be.
type OriginInput struct {
	Name     string
	Origin   string
	CORS     bool // its scripts may call us
	Redirect bool // browsers may be sent to it
	// Frame lets its pages frame ours. FrameApps names which of ours, none for
	// all: FrameDashboard is the only one that can be named.
	Frame     bool
	FrameApps []string
	Status    Status
}

// FrameDashboard names the pages for people who are signed in. To get there one
// has to sign in, so that it stands for all hosted pages.
// (spec: management IframeEmbedScopeAllowedApps)
const FrameDashboard = "OKTA_ENDUSER"

// Bounds on trusted origins. (spec: management TrustedOrigin)
const (
	maxOrigins     = 1000
	maxOriginName  = 255
	maxOriginBytes = 255
)

// Origins lists the trusted origins in the order of their creation.
// (spec: management#listTrustedOrigins)
func (s *Service) Origins(ctx context.Context, a idp.Actor) ([]*Origin, error) {
	list, err := s.Store.Read(ctx).Origins(a.OrgID())
	return list, store.Failure("list trusted origins", err)
}

// Origin returns a trusted origin, else KindNotFound.
// (spec: management#getTrustedOrigin)
func (s *Service) Origin(ctx context.Context, a idp.Actor, id string) (*Origin, error) {
	o, err := findOrigin(s.Store.Read(ctx), a.OrgID(), id)
	return o, store.Failure("read trusted origin", err)
}

func findOrigin(tx *store.Tx, orgID, id string) (*Origin, error) {
	if !idp.PlainID(id) {
		return nil, idp.NotFound(TypeOrigin, id)
	}
	o, err := tx.Origin(orgID, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, idp.NotFound(TypeOrigin, id)
	}
	return o, err
}

// normalOrigin is the form in which origins are kept and compared: scheme and
// authority in lower case, without the port that is the scheme's own.
// (spec: management TrustedOrigin.origin; RFC 6454 section 6)
func normalOrigin(text string) (string, error) {
	wrong := idp.Invalid("origin", idp.Cause{Field: "origin", Text: "must be an address of the form https://host:port, of the scheme http, https, ftp, ionic or capacitor"})
	if len(text) > maxOriginBytes {
		return "", wrong
	}
	u, err := url.Parse(strings.ToLower(strings.TrimRight(text, "/")))
	if err != nil || u.Host == "" || u.Hostname() == "" || u.User != nil || u.Path != "" || u.RawQuery != "" || u.Fragment != "" || u.Opaque != "" ||
		!slices.Contains([]string{"http", "https", "ftp", "ionic", "capacitor"}, u.Scheme) || strings.Contains(u.Host, "*") {
		return "", wrong
	}
	host := u.Host
	switch u.Scheme + ":" + u.Port() {
	case "http:80", "https:443", "ftp:21":
		host = strings.TrimSuffix(host, ":"+u.Port())
	}
	return u.Scheme + "://" + host, nil
}

// takeOrigin gives an origin what somebody wants.
func takeOrigin(tx *store.Tx, a idp.Actor, o *Origin, in OriginInput) error {
	if err := checkName(in.Name, maxOriginName); err != nil {
		return err
	}
	origin, err := normalOrigin(in.Origin)
	if err != nil {
		return err
	}
	if err := in.checkScopes(origin); err != nil {
		return err
	}
	switch in.Status {
	case Active, Inactive:
		o.Active = in.Status == Active
	case "":
	default:
		return idp.Invalid("status", idp.Cause{Field: "status", Text: "must be ACTIVE or INACTIVE"})
	}
	list, err := tx.Origins(a.OrgID())
	if err != nil {
		return fmt.Errorf("read the trusted origins: %w", err)
	}
	if len(list) >= maxOrigins && o.Version == 0 {
		return idp.Invalid("origin", idp.Cause{Text: fmt.Sprintf("There are %d trusted origins already", maxOrigins)})
	}
	for _, other := range list {
		if other.ID == o.ID {
			continue
		}
		switch {
		case other.Name == in.Name:
			return taken("name")
		case other.Origin == origin:
			return taken("origin")
		}
	}
	o.Name, o.Origin, o.CORS, o.Redirect, o.LastUpdated, o.UpdatedBy = in.Name, origin, in.CORS, in.Redirect, tx.Now(), a.UserID
	o.Frame, o.FrameApps = in.Frame, in.FrameApps
	return nil
}

// checkScopes holds the uses to the rules. Browsers frame pages in pages of the
// web alone.
func (in OriginInput) checkScopes(origin string) error {
	wrong := func(text string) error { return idp.Invalid("scopes", idp.Cause{Field: "scopes", Text: text}) }
	switch {
	case !in.CORS && !in.Redirect && !in.Frame:
		return wrong(textBlank)
	case in.Frame && !strings.HasPrefix(origin, "http"):
		return wrong("IFRAME_EMBED is for origins of the scheme http or https")
	}
	for _, app := range in.FrameApps {
		if app != FrameDashboard {
			return wrong("allowedOktaApps has " + FrameDashboard + " alone")
		}
	}
	return nil
}

// FramedBy lists the origins whose pages may frame the hosted ones.
func (s *Service) FramedBy(ctx context.Context, org *idp.Org) ([]string, error) {
	list, err := s.Store.Read(ctx).FramingOrigins(org.ID)
	return list, store.Failure("list framing origins", err)
}

// CreateOrigin adds a trusted origin. KindInvalid names the member at fault.
// (spec: management#createTrustedOrigin)
func (s *Service) CreateOrigin(ctx context.Context, a idp.Actor, in OriginInput) (*Origin, error) {
	id := s.IDs.New(originPrefix)
	var out *Origin
	err := s.tx(ctx, "create trusted origin", func(tx *store.Tx) error {
		o := &Origin{OrgID: a.OrgID(), ID: id, Active: true, Created: tx.Now(), CreatedBy: a.UserID}
		if err := takeOrigin(tx, a, o, in); err != nil {
			return err
		}
		if err := tx.InsertOrigin(*o); err != nil {
			return fmt.Errorf("insert trusted origin: %w", err)
		}
		if err := tx.SetOriginDetails(o); err != nil {
			return err
		}
		out = o
		return s.record(tx, a, eventlog.OriginCreate, originTarget(o))
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func originTarget(o *Origin) idp.Target {
	return idp.Target{ID: o.ID, Type: "TrustedOrigin", AlternateID: o.Origin, DisplayName: o.Name}
}

// ReplaceOrigin gives an origin new contents. KindInvalid names the member at
// fault. (spec: management#replaceTrustedOrigin)
func (s *Service) ReplaceOrigin(ctx context.Context, a idp.Actor, id string, in OriginInput) (*Origin, error) {
	return s.changeOrigin(ctx, a, id, eventlog.OriginUpdate, func(tx *store.Tx, o *Origin) (bool, error) {
		return true, takeOrigin(tx, a, o, in)
	})
}

// SetOriginStatus makes an origin count or not. Setting what is set changes
// nothing. (spec: management#activateTrustedOrigin, management#deactivateTrustedOrigin)
func (s *Service) SetOriginStatus(ctx context.Context, a idp.Actor, id string, status Status) (*Origin, error) {
	event := eventlog.OriginActivate
	if status == Inactive {
		event = eventlog.OriginDeactivate
	}
	return s.changeOrigin(ctx, a, id, event, func(tx *store.Tx, o *Origin) (bool, error) {
		if o.Active == (status == Active) {
			return false, nil
		}
		o.Active, o.LastUpdated, o.UpdatedBy = status == Active, tx.Now(), a.UserID
		return true, nil
	})
}

// changeOrigin does a read-modify-write of an origin.
func (s *Service) changeOrigin(
	ctx context.Context, a idp.Actor, id string, event idp.EventType, change func(*store.Tx, *Origin) (bool, error),
) (*Origin, error) {
	var out *Origin
	err := s.tx(ctx, "change trusted origin", func(tx *store.Tx) error {
		o, err := findOrigin(tx, a.OrgID(), id)
		if err != nil {
			return err
		}
		out = o
		changed, err := change(tx, o)
		if err != nil || !changed {
			return err
		}
		if err := tx.UpdateOrigin(o); err != nil {
			return err
		}
		if err := tx.SetOriginDetails(o); err != nil {
			return err
		}
		return s.record(tx, a, event, originTarget(o))
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// DeleteOrigin removes a trusted origin. (spec: management#deleteTrustedOrigin)
func (s *Service) DeleteOrigin(ctx context.Context, a idp.Actor, id string) error {
	return s.tx(ctx, "delete trusted origin", func(tx *store.Tx) error {
		o, err := findOrigin(tx, a.OrgID(), id)
		if err != nil {
			return err
		}
		if err := tx.DeleteOrigin(o.OrgID, o.ID); err != nil {
			return fmt.Errorf("delete trusted origin %s: %w", o.ID, err)
		}
		return s.record(tx, a, eventlog.OriginDelete, originTarget(o))
	})
}
