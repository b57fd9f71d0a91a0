package apps

import (
	"bytes"
	"context"

	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/scim"
	"usher/internal/store"
)

// MaxLogo bounds the size of a picture in bytes.
const MaxLogo = 1 << 20

// Logo is the picture of an application.
type Logo struct {
	Type  string // media type
	Image []byte
}

// pictureType recognises the pictures that are taken by how they begin. Those
// that can hold scripts are not among them.
func pictureType(image []byte) string {
	for _, p := range []struct{ begin, media string }{
		{"\x89PNG\r\n\x1a\n", "image/png"}, {"\xff\xd8\xff", "image/jpeg"}, {"GIF87a", "image/gif"}, {"GIF89a", "image/gif"},
	} {
		if bytes.HasPrefix(image, []byte(p.begin)) {
			return p.media
		}
	}
	return ""
}

// SetLogo gives an application a picture (PNG, JPEG or GIF) in place of the one
// before. (spec: management-extra#uploadApplicationLogo)
func (s *Service) SetLogo(ctx context.Context, actor idp.Actor, appID string, image []byte) error {
	media := pictureType(image)
	if media == "" || len(image) > MaxLogo {
		return idp.Invalid("file", idp.Cause{Field: "file", Text: "must be a PNG, JPEG or GIF picture of 1 MiB at most"})
	}
	return s.tx(ctx, "upload logo", func(tx *store.Tx) error {
		a, err := s.mayLoad(tx, actor, appID)
		if err != nil {
			return err
		}
		a.Details.LogoID = s.IDs.New("gfs")
		if err := tx.PutAppLogo(&store.AppLogo{OrgID: a.OrgID, AppID: a.ID, ID: a.Details.LogoID, Type: media, Image: image, Created: tx.Now()}); err != nil {
			return err
		}
		if err := a.seal(); err != nil {
			return err
		}
		a.LastUpdated = tx.Now()
		if err := tx.UpdateApp(&a.App, scim.Fold(a.Label)); err != nil {
			return err
		}
		return s.record(tx, actor, eventlog.AppUpdate, idp.AppTarget(&a.App))
	})
}

// Logo returns a picture by its identifier. KindNotFound.
func (s *Service) Logo(ctx context.Context, orgID, id string) (*Logo, error) {
	if !idp.PlainID(id) {
		return nil, idp.NotFound(typeLogo, id)
	}
	l, err := s.Store.Read(ctx).AppLogo(orgID, id)
	if err != nil {
		return nil, store.Failure("read logo", missing(err, typeLogo, id))
	}
	return &Logo{Type: l.Type, Image: l.Image}, nil
}
