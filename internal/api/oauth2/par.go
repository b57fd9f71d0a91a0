package oauth2

import (
	"net/http"
	"time"

	"usher/internal/api/httpkit"
)

// pushed is the name of a request that was sent beforehand. (RFC 9126 section
// 2.2; spec: oauth2 ParResponse)
type pushed struct {
	URI       string `json:"request_uri"`
	ExpiresIn int    `json:"expires_in"`
}

// push keeps an authorization request of a client. (spec: oauth2#par)
func (a *API) push(r *httpkit.Request) error {
	in, err := a.input(r)
	if err != nil {
		return err
	}
	out, err := a.Provider.Push(r.Context(), caller(r), in)
	if err != nil {
		return err
	}
	return r.JSON(http.StatusCreated, pushed{out.URI, int(out.Expires / time.Second)})
}

// interaction is the handle of a sign-in that the client carries out itself.
// (spec: oauth2 InteractResponse)
type interaction struct {
	Handle string `json:"interaction_handle"`
}

// interact begins an interaction. (spec: oauth2#interact)
func (a *API) interact(r *httpkit.Request) error {
	in, err := a.input(r)
	if err != nil {
		return err
	}
	handle, err := a.Provider.Interact(r.Context(), caller(r), in, a.HandlePrefix)
	if err != nil {
		return err
	}
	return r.OK(interaction{handle})
}
