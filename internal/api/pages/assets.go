package pages

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"net/http"
	"path"
	"strings"

	"usher/internal/api/httpkit"
)

//go:embed assets
var assetFiles embed.FS

// assetPath is below which the assets are served.
const assetPath = "/assets/"

// asset is one file of the pages' own, under a name that changes with what it
// holds, so that a browser may keep it for ever.
type asset struct {
	name      string // usher.0123456789ab.css
	mediaType string
	body      []byte
}

// assets are the files by their plain name, e.g. usher.css.
type assets map[string]*asset

// loadAssets reads the files. The style sheet comes last: the names of the
// pictures in it are replaced by those that they are served under.
func loadAssets() (assets, error) {
	out := assets{}
	for _, f := range []struct{ name, mediaType string }{
		{"mark.svg", "image/svg+xml"},
		{"corridor.svg", "image/svg+xml"},
		{"usher.css", "text/css; charset=utf-8"},
	} {
		body, err := assetFiles.ReadFile("assets/" + f.name)
		if err != nil {
			return nil, fmt.Errorf("pages: read asset: %w", err)
		}
		if f.name == "usher.css" {
			for plain, a := range out {
				body = bytes.ReplaceAll(body, []byte(`url("`+plain+`")`), []byte(`url("`+a.name+`")`))
			}
		}
		sum := sha256.Sum256(body)
		ext := path.Ext(f.name)
		name := strings.TrimSuffix(f.name, ext) + "." + hex.EncodeToString(sum[:6]) + ext
		out[f.name] = &asset{name: name, mediaType: f.mediaType, body: body}
	}
	return out, nil
}

// url is the address of the file with this plain name.
func (a assets) url(plain string) string { return assetPath + a[plain].name }

// byName finds a file by the name that it is served under.
func (a assets) byName(name string) (*asset, bool) {
	for _, f := range a {
		if f.name == name {
			return f, true
		}
	}
	return nil, false
}

// asset answers with a file, to be kept for a year: another content has
// another name.
func (p *Pages) asset(r *httpkit.Request) error {
	f, ok := p.assets.byName(r.Param("name"))
	if !ok {
		return httpkit.Status(http.StatusNotFound, "E0000008", "The requested path was not found")
	}
	h := r.W.Header()
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	// A picture that is opened by itself may run nothing either.
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	return r.Bytes(http.StatusOK, f.mediaType, f.body)
}
