package pages

import (
	"context"
	"net/http"

	"usher/internal/api/httpkit"
	"usher/internal/env"
	"usher/internal/idp"
	"usher/internal/session"
	"usher/internal/signin"
	"usher/openapi"
)

// Config is what the pages need. All members but Onward and Leaving are required.
type Config struct {
	Engine   *signin.Engine
	Sessions *session.Service
	Rand     env.Rand
	// Redirectable tells whether the organisation trusts a web origin so far
	// that browsers may be sent there.
	Redirectable func(ctx context.Context, org *idp.Org, origin string) (bool, error)
	// Onward tells to which address of others an address of ours leads at once,
	// "" for none; nil for never.
	Onward func(ctx context.Context, org *idp.Org, address string) string
	// Offered tells whether users of the organisation may recover a password, or
	// unlock their account, by mail; nil for never.
	Offered func(ctx context.Context, org *idp.Org) (reset, unlock bool, err error)
	// Leaving lists the addresses at which applications hear through the browser
	// that the session of a secret has ended; nil for none.
	Leaving func(ctx context.Context, a idp.Actor, secret string) ([]string, error)
	// FramedBy lists the web origins whose pages may frame these.
	FramedBy func(ctx context.Context, org *idp.Org) ([]string, error)
}

// Pages serves the pages for people.
type Pages struct {
	cfg       Config
	templates templates
	assets    assets
}

// New parses the templates and reads the assets, which are in the program.
func New(cfg Config) (*Pages, error) {
	t, err := loadTemplates()
	if err != nil {
		return nil, err
	}
	a, err := loadAssets()
	if err != nil {
		return nil, err
	}
	return &Pages{cfg: cfg, templates: t, assets: a}, nil
}

// Addresses of the pages.
const (
	pathHome    = "/"
	pathSignIn  = "/login/login.htm"
	pathSignOut = "/login/signout"
)

// Mount registers the pages and the assets, and answers browsers that meet no
// route with a page.
func (p *Pages) Mount(r *httpkit.Router) {
	get := func(name, path string, h httpkit.Handler) {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			r.Page(name, openapi.BucketAPI, method, path, p.WriteError, h)
		}
	}
	get("page.home", pathHome, p.home)
	get("page.signin", pathSignIn, p.showSignIn)
	r.Page("page.signin.submit", openapi.BucketAuthn, http.MethodPost, pathSignIn, p.WriteError, p.submitSignIn)
	get("page.signout", pathSignOut, p.showSignOut)
	r.Page("page.signout.submit", openapi.BucketAPI, http.MethodPost, pathSignOut, p.WriteError, p.signOut)
	p.mountRecovery(r, get)
	get("page.device", pathDevice, p.openDevice)
	get("page.asset", assetPath+"{name}", p.asset)
	r.OnUnknown(p.writeUnknown)
}
