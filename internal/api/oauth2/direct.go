package oauth2

import (
	"maps"
	"strconv"
	"time"

	"usher/internal/api/httpkit"
	"usher/internal/oauth"
)

// challenge is a further factor that has begun. (spec: oauth2 ChallengeResponse)
type challenge struct {
	Type      string `json:"challenge_type,omitempty"`
	Code      string `json:"oob_code,omitempty"`
	Channel   string `json:"channel,omitempty"`
	Binding   string `json:"binding_method,omitempty"`
	Number    string `json:"binding_code,omitempty"`
	ExpiresIn int    `json:"expires_in,omitempty"`
	Interval  int    `json:"interval,omitempty"`
	// The others are of a security key, in the words of its options. (okta-mobile-kotlin
	// WebAuthnChallengeResponse, okta-mobile-swift WebAuthn)
	KeyType     string          `json:"challengeType,omitempty"`
	PublicKey   map[string]any  `json:"publicKey,omitempty"`
	Enrollments []keyCredential `json:"authenticatorEnrollments,omitempty"`
}

// keyCredential is one of the user's security keys.
type keyCredential struct {
	ID      string            `json:"credentialId"`
	Name    string            `json:"displayName"`
	Profile map[string]string `json:"profile"`
}

// askKey adds what a security key is asked with.
func (v *challenge) askKey(o *oauth.KeyOptions) {
	allowed := []map[string]string{}
	for _, c := range o.Credentials {
		allowed = append(allowed, map[string]string{"type": "public-key", "id": c.ID})
		v.Enrollments = append(v.Enrollments, keyCredential{c.ID, c.Name, map[string]string{}})
	}
	v.KeyType = v.Type
	v.PublicKey = map[string]any{"rpId": o.RelyingHost, "allowCredentials": allowed}
	maps.Copy(v.PublicKey, o.Options)
}

// challenge begins the further factor of a sign-in at the token endpoint.
// (spec: oauth2#challenge)
func (a *API) challenge(r *httpkit.Request) error {
	in, err := a.input(r)
	if err != nil {
		return err
	}
	if err := r.Throttle(httpkit.ThrottleState, in.Params["mfa_token"]); err != nil {
		return err
	}
	c, err := a.Provider.Challenge(r.Context(), caller(r), in)
	if err != nil {
		return err
	}
	return r.OK(viewChallenge(c))
}

func viewChallenge(c *oauth.DirectChallenge) challenge {
	out := challenge{
		Type: c.Type, Code: c.Code, Channel: c.Channel, Binding: c.Binding, ExpiresIn: int(c.Expires / time.Second),
		Interval: int(c.Interval / time.Second),
	}
	if c.Number != nil {
		out.Number = strconv.Itoa(*c.Number)
	}
	if c.Options != nil {
		out.askKey(c.Options)
	}
	return out
}

// primary begins a sign-in by the answer of a device alone, at the endpoint or at
// the one that has come before it. (spec: oauth2#primary-authenticate,
// oauth2#oob-authenticate)
func (a *API) primary(endpoint string) httpkit.Handler {
	return func(r *httpkit.Request) error {
		in, err := a.input(r)
		if err != nil {
			return err
		}
		if login := in.Params["login_hint"]; login != "" {
			if err := r.Throttle(httpkit.ThrottleUsername, login); err != nil {
				return err
			}
		}
		c, err := a.Provider.StartPrimary(r.Context(), caller(r), in, endpoint)
		if err != nil {
			return err
		}
		return r.OK(viewChallenge(c))
	}
}
