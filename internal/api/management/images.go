package management

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"sync"

	"usher/internal/api/httpkit"
	"usher/openapi"
)

const logoType = "image/png"

// logo is a picture that stands for a group.
type logo struct {
	name string
	path string
	size int // pixels
}

// groupLogos are the sizes that groups link to. (spec: management Group._links)
func groupLogos() [2]logo {
	return [2]logo{
		{"medium", "/assets/groups/medium.png", 64},
		{"large", "/assets/groups/large.png", 128},
	}
}

// mountImages serves the pictures, which are drawn when first asked for.
func (a *API) mountImages(r *httpkit.Router) {
	for _, l := range groupLogos() {
		picture := sync.OnceValues(func() ([]byte, error) { return drawGroup(l.size) })
		r.Page("image", openapi.BucketAPI, http.MethodGet, l.path, nil, func(r *httpkit.Request) error {
			b, err := picture()
			if err != nil {
				return err
			}
			r.W.Header().Set("Cache-Control", "public, max-age=86400")
			return r.Bytes(http.StatusOK, logoType, b)
		})
	}
}

// drawGroup draws three heads with shoulders on a disc.
func drawGroup(size int) ([]byte, error) {
	img := image.NewNRGBA(image.Rect(0, 0, size, size))
	disc := func(x, y, radius float64, c color.NRGBA) {
		for py := range size {
			for px := range size {
				dx, dy := (float64(px)+0.5)/float64(size)-x, (float64(py)+0.5)/float64(size)-y
				if dx*dx+dy*dy <= radius*radius && img.NRGBAAt(px, py).A > 0 || radius == 0.5 && dx*dx+dy*dy <= 0.25 {
					img.SetNRGBA(px, py, c)
				}
			}
		}
	}
	ground, back, front := color.NRGBA{0x1f, 0x5f, 0xbf, 0xff}, color.NRGBA{0xb9, 0xcf, 0xee, 0xff}, color.NRGBA{0xff, 0xff, 0xff, 0xff}
	disc(0.5, 0.5, 0.5, ground)
	for _, p := range []struct {
		x, head, body float64
		c             color.NRGBA
	}{{0.28, 0.40, 0.72, back}, {0.72, 0.40, 0.72, back}, {0.5, 0.36, 0.76, front}} {
		disc(p.x, p.body, 0.19, p.c)
		disc(p.x, p.head, 0.11, p.c)
	}
	var b bytes.Buffer
	err := png.Encode(&b, img)
	return b.Bytes(), err
}
