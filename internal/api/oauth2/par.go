package oauth2

import (
	"net/http"
	"time"

	"usher/internal/api/httpkit"
	"usher/internal/oauth"
)

// pushed is the name of a request that was sent beforehand. (RFC 9126 section
// 2.2; spec: oauth2 ParResponse)
type pushed struct {
	URI       string `json:"request_uri"`
	ExpiresIn int    `json:"expires_in"`
}

// push keeps an authorization request of a client. (spec: oauth2#par)
func (a *API) push(r *httpkit.Request) error {
	in, err := a.presented(r)
	if err != nil {
		return err
	}
	out, err := a.Provider.Push(r.Context(), caller(r), oauth.TokenRequestInput{
		ServerID: serverID(r), Basic: in.basic, Params: in.params, Proof: proof(r), Method: r.Method,
	})
	if err != nil {
		return err
	}
	return r.JSON(http.StatusCreated, pushed{out.URI, int(out.Expires / time.Second)})
}
