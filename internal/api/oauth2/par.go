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
