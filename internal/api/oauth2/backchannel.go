package oauth2

import (
	"time"

	"usher/internal/api/httpkit"
)

// backchannel is what a client polls with. (OpenID Connect CIBA section 7.3;
// spec: oauth2 BackchannelAuthorizeResponse)
type backchannel struct {
	ID        string `json:"auth_req_id"`
	ExpiresIn int    `json:"expires_in"`
	Interval  int    `json:"interval"`
}

// startBackchannel has a user asked on a device. A login is asked about as often
// here as it may sign in. (spec: oauth2#bcAuthorize)
func (a *API) startBackchannel(r *httpkit.Request) error {
	in, err := a.input(r)
	if err != nil {
		return err
	}
	if login := in.Params["login_hint"]; login != "" {
		if err := r.Throttle(httpkit.ThrottleUsername, login); err != nil {
			return err
		}
	}
	b, err := a.Provider.StartBackchannel(r.Context(), caller(r), in)
	if err != nil {
		return err
	}
	return r.OK(backchannel{b.ID, int(b.Expires / time.Second), int(b.Interval / time.Second)})
}
