package authn

import (
	"strings"
	"unicode/utf8"

	"usher/internal/api/httpkit"
	"usher/internal/factor"
	"usher/internal/idp"
	"usher/internal/signin"
)

// Bounds on what a caller sends along, in characters.
// (spec: authn AuthenticationRequest)
const (
	maxRelayState  = 2048
	maxDeviceToken = 32
)

// primaryRequest is the body of authenticate. (spec: authn AuthenticationRequest)
type primaryRequest struct {
	Username   string `json:"username"`
	Password   string `json:"password"`
	Audience   string `json:"audience"`
	RelayState string `json:"relayState"`
	Token      string `json:"token"`
	StateToken string `json:"stateToken"`
	Options    struct {
		Warn     bool `json:"warnBeforePasswordExpired"`
		Optional bool `json:"multiOptionalFactorEnroll"`
	} `json:"options"`
	Context struct {
		DeviceToken string `json:"deviceToken"`
	} `json:"context"`
}

func (p *primaryRequest) check() error {
	switch {
	case utf8.RuneCountInString(p.RelayState) > maxRelayState:
		return tooLong("relayState")
	case utf8.RuneCountInString(p.Context.DeviceToken) > maxDeviceToken:
		return tooLong("context.deviceToken")
	case strings.TrimSpace(p.Username) == "", p.Password == "":
		return idp.Invalid("authRequest", idp.Cause{Text: "The 'username' and 'password' attributes are required in this context."})
	}
	return nil
}

// refuseAudience refuses a sign-in to an application: none can be begun here. Which
// text it gets depends on whether there is such an application.
// (spec: authn#authenticate, an unsupported application)
func (a *API) refuseAudience(r *httpkit.Request, audience string) error {
	text := "Invalid or unknown audience '" + audience + "'."
	if a.HasApp != nil {
		known, err := a.HasApp(r.Context(), r.Actor.Org, audience)
		if err != nil {
			return err
		}
		if known {
			text = "Sign in not allowed for app '" + audience + "'."
		}
	}
	return idp.Invalid("authRequest", idp.Cause{Text: text})
}

// authenticate begins a sign-in with login and password, or tells the state of
// one under way. (spec: authn#authenticate)
func (a *API) authenticate(r *httpkit.Request) error {
	var body primaryRequest
	if err := r.Decode(&body); err != nil {
		return err
	}
	if body.StateToken != "" {
		if body.Username != "" || body.Password != "" {
			return a.stepUp(r, body.StateToken)
		}
		return a.state(r, body.StateToken)
	}
	if body.Token != "" && body.Username == "" {
		return a.activate(r, body)
	}
	if err := body.check(); err != nil {
		return err
	}
	if body.Audience != "" {
		return a.refuseAudience(r, body.Audience)
	}
	if err := r.Throttle(httpkit.ThrottleUsername, body.Username); err != nil {
		return err
	}
	// What an application says about the device of its user counts only when
	// the application has proved itself.
	if r.Actor.Admin() && body.Context.DeviceToken != "" {
		r.Actor.Client.Device = body.Context.DeviceToken
	}
	t := a.Engine.Begin(r.Context(), r.Actor, signin.Options{
		Prefix: tokenPrefix, Finish: signin.FinishToken, Life: tokenLife, Warn: body.Options.Warn, RelayState: body.RelayState,
		Optional: body.Options.Optional, Device: a.device(r),
	})
	return a.apply(r, t, signin.GiveLogin{Login: body.Username},
		signin.VerifyFactor{Method: factor.Password, Answer: map[string]string{fieldPassword: body.Password}})
}

// fieldPassword is the field of the password method.
const fieldPassword = "password"

// stepUp would go on with a transaction that waits for login and password. No
// transaction of this protocol does.
func (a *API) stepUp(r *httpkit.Request, token string) error {
	if _, err := a.load(r, token); err != nil {
		return err
	}
	return stateError(idp.Fail(idp.KindTransactionState))
}
