package management

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/png"
	"io"
	"mime/multipart"
	"net/http"
	"sync"

	"usher/internal/api/httpkit"
	"usher/internal/apps"
	"usher/internal/idp"
	"usher/openapi"
)

const (
	// logoPath is where the pictures of applications are.
	logoPath = "/app-logos/"
	// defaultLogo stands for applications without a picture of their own.
	defaultLogo = "default.png"
	logoSize    = 64 // pixels
	// maxUpload bounds a picture with what a form puts around it.
	maxUpload = apps.MaxLogo + 64<<10
)

// logoURL is the address of an application's picture.
func logoURL(org *idp.Org, a *apps.App) string {
	if a.Details.LogoID == "" {
		return org.BaseURL + logoPath + defaultLogo
	}
	return org.BaseURL + logoPath + a.Details.LogoID
}

func (a *AppsAPI) mountLogos(r *httpkit.Router) {
	r.Op(openapi.UploadApplicationLogo, a.uploadLogo)
	picture := sync.OnceValues(drawApp)
	r.Page("appLogo", openapi.BucketAPI, http.MethodGet, logoPath+defaultLogo, nil, func(r *httpkit.Request) error {
		b, err := picture()
		if err != nil {
			return err
		}
		r.W.Header().Set("Cache-Control", "public, max-age=86400")
		return r.Bytes(http.StatusOK, logoType, b)
	})
	r.Page("appLogo", openapi.BucketAPI, http.MethodGet, logoPath+"{logoId}", nil, a.getLogo)
}

// getLogo shows a picture to anybody who has its address, which is new with
// each picture.
func (a *AppsAPI) getLogo(r *httpkit.Request) error {
	l, err := a.Apps.Logo(r.Context(), r.Org.ID, r.Param("logoId"))
	if err != nil {
		return err
	}
	r.W.Header().Set("Cache-Control", "public, max-age=86400, immutable")
	return r.Bytes(http.StatusOK, l.Type, l.Image)
}

// uploadLogo takes a picture as the part "file" of a form.
// (spec: management-extra#uploadApplicationLogo)
func (a *AppsAPI) uploadLogo(r *httpkit.Request) error {
	r.Request.Body = http.MaxBytesReader(r.W, r.Request.Body, maxUpload)
	form, err := r.MultipartReader()
	if err != nil {
		return httpkit.Status(http.StatusUnsupportedMediaType, "E0000021",
			"Bad request.  Accept and/or Content-Type headers likely do not match supported values.")
	}
	picture, err := filePart(form)
	if err != nil {
		return err
	}
	if err := a.Apps.SetLogo(r.Context(), r.Actor, r.Param("appId"), picture); err != nil {
		return err
	}
	r.W.WriteHeader(http.StatusCreated)
	return nil
}

// filePart reads the part "file" of a form.
func filePart(form *multipart.Reader) ([]byte, error) {
	for {
		part, err := form.NextPart()
		switch {
		case errors.Is(err, io.EOF):
			return nil, idp.Invalid("file", idp.Cause{Field: "file", Text: "The field cannot be left blank"})
		case err != nil:
			return nil, idp.Fail(idp.KindMalformed)
		case part.FormName() != "file":
			continue
		}
		b, err := io.ReadAll(io.LimitReader(part, apps.MaxLogo+1))
		if err != nil {
			return nil, idp.Fail(idp.KindMalformed)
		}
		return b, nil
	}
}

// drawApp draws the picture of applications without one: four tiles.
func drawApp() ([]byte, error) {
	img := image.NewNRGBA(image.Rect(0, 0, logoSize, logoSize))
	ground, tile := color.NRGBA{0xee, 0xf2, 0xf8, 0xff}, color.NRGBA{0x1f, 0x5f, 0xbf, 0xff}
	for y := range logoSize {
		for x := range logoSize {
			c := ground
			if inTile(x) && inTile(y) {
				c = tile
			}
			img.SetNRGBA(x, y, c)
		}
	}
	var b bytes.Buffer
	err := png.Encode(&b, img)
	return b.Bytes(), err
}

// inTile tells whether a coordinate is in one of the two stripes of tiles.
func inTile(v int) bool { return (v >= 12 && v < 29) || (v >= 35 && v < 52) }
