package oauth2

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"usher/internal/api/httpkit"
	"usher/internal/idp"
	"usher/internal/keys"
	"usher/internal/oauth"
	"usher/openapi"
)

// MetadataAPI publishes what the authorization servers are and by which keys
// their tokens are verified. Servers is required.
type MetadataAPI struct {
	Servers *oauth.Service
	// Grants are the grant types of the token endpoint.
	Grants []string

	mu    sync.Mutex
	cache map[pageKey]*page
}

// Mount registers the operations.
func (a *MetadataAPI) Mount(r *httpkit.Router) {
	r.Op(openapi.GetWellKnownOAuthConfiguration, a.metadata(false))
	r.Op(openapi.GetWellKnownOpenIDConfiguration, a.metadata(true))
	r.Op(openapi.GetWellKnownOAuthConfigurationCustomAS, a.metadata(false))
	r.Op(openapi.GetWellKnownOpenIDConfigurationCustomAS, a.metadata(true))
	r.Op(openapi.OauthKeys, a.keys)
	r.Op(openapi.OauthKeysCustomAS, a.keys)
}

// How long clients may keep the documents. Keys are published long before they
// sign, but one that is rotated by hand may sign within the hour.
const (
	metadataAge = "max-age=86400, must-revalidate"
	keysAge     = "max-age=3600, must-revalidate"
)

// maxPages bounds the documents that are kept ready.
const maxPages = 4096

// pageKey names a document.
type pageKey struct{ org, base, server, name string }

// page is a document that is ready to send, with its headers. It holds while
// the server and the keys are those that it was made of.
type page struct {
	server *oauth.Server
	keys   []*keys.SigningKey
	body   []byte
	etag   string

	ageValue, etagValue, varyValue, typeValue, lengthValue []string
}

func newPage(document any, age string) (*page, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(document); err != nil {
		return nil, err
	}
	p := &page{body: bytes.TrimRight(b.Bytes(), "\n")}
	sum := sha256.Sum256(p.body)
	p.etag = `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
	p.ageValue, p.etagValue, p.varyValue = []string{age}, []string{p.etag}, []string{"Origin"}
	p.typeValue, p.lengthValue = []string{"application/json"}, []string{strconv.Itoa(len(p.body))}
	return p, nil
}

// of tells whether the page was made of these.
func (p *page) of(server *oauth.Server, list []*keys.SigningKey) bool {
	return p.server == server && slices.EqualFunc(p.keys, list, func(a, b *keys.SigningKey) bool { return a.ID == b.ID })
}

// send answers with the document, or with 304 to a caller who has it.
func (p *page) send(r *httpkit.Request) error {
	h := r.W.Header()
	// A copy that was made for no other origin must not be shown to one.
	h["Cache-Control"], h["Etag"], h["Vary"] = p.ageValue, p.etagValue, p.varyValue
	if known := r.Header.Get("If-None-Match"); known != "" && slices.Contains(strings.Split(known, ", "), p.etag) {
		r.W.WriteHeader(http.StatusNotModified)
		return nil
	}
	h["Content-Type"], h["Content-Length"] = p.typeValue, p.lengthValue
	r.W.WriteHeader(http.StatusOK)
	_, _ = r.W.Write(p.body) // the caller has gone when this fails
	return nil
}

// metadata answers with what a server says about itself.
// (RFC 8414; OpenID Connect Discovery section 4)
func (a *MetadataAPI) metadata(openID bool) httpkit.Handler {
	return func(r *httpkit.Request) error {
		v, err := a.Servers.Serving(r.Context(), r.Org, r.Param("authorizationServerId"))
		if err != nil {
			return err
		}
		if err := a.known(r); err != nil {
			return err
		}
		name := "oauth"
		if openID {
			name = "openid"
		}
		key := pageKey{r.Org.ID, r.Org.BaseURL, v.ID, name}
		if p := a.kept(key, v, nil); p != nil {
			return p.send(r)
		}
		p, err := newPage(describe(r.Org, v, openID, a.Grants), metadataAge)
		if err != nil {
			return err
		}
		p.server = v
		a.keep(key, p)
		return p.send(r)
	}
}

// known checks the client for whom a document is read, where one is named.
// (spec: oauth2#getWellKnownOpenIDConfiguration, client_id)
func (a *MetadataAPI) known(r *httpkit.Request) error {
	if r.URL.RawQuery == "" {
		return nil
	}
	id := r.Q().Get("client_id")
	if id == "" {
		return nil
	}
	c, err := a.Servers.Client(r.Context(), r.Org.ID, id)
	if idp.KindOf(err) == idp.KindNotFound || (err == nil && !c.Enabled()) {
		return httpkit.Status(http.StatusBadRequest, string(oauth.InvalidClient), "Invalid value for 'client_id' parameter.")
	}
	return err
}

// kept returns the document of a name if it was made of these, else nil.
func (a *MetadataAPI) kept(key pageKey, server *oauth.Server, list []*keys.SigningKey) *page {
	a.mu.Lock()
	p := a.cache[key]
	a.mu.Unlock()
	if p == nil || !p.of(server, list) {
		return nil
	}
	return p
}

func (a *MetadataAPI) keep(key pageKey, p *page) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.cache == nil || len(a.cache) >= maxPages {
		a.cache = map[pageKey]*page{}
	}
	a.cache[key] = p
}
