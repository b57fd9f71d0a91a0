package management

import (
	"usher/internal/api/httpkit"
	"usher/internal/factor"
)

// yubiKeyView is a hardware token that an administrator has made known.
// (spec: management-extra UserFactorYubikeyOtpToken)
type yubiKeyView struct {
	ID           string            `json:"id"`
	Status       string            `json:"status"` // UNASSIGNED or ACTIVE
	Created      *string           `json:"created"`
	LastUpdated  *string           `json:"lastUpdated"`
	LastVerified *string           `json:"lastVerified,omitempty"`
	Profile      map[string]string `json:"profile"`
	Links        yubiKeyLinks      `json:"_links"`
}

type yubiKeyLinks struct {
	Self httpkit.Href `json:"self"`
}

func viewYubiKey(r *httpkit.Request, k factor.YubiKey) yubiKeyView {
	v := yubiKeyView{ID: k.ID, Status: "UNASSIGNED", Created: httpkit.Time(k.Created), LastUpdated: httpkit.Time(k.LastUpdated)}
	if k.Assigned {
		v.Status = "ACTIVE"
	}
	if !k.LastVerified.IsZero() {
		v.LastVerified = httpkit.Time(k.LastVerified)
	}
	v.Profile = map[string]string{"serial": k.Serial, "publicId": k.PublicID}
	v.Links.Self = httpkit.Href{Href: r.Link("/api/v1/org/factors/yubikey_token/tokens/" + k.ID), Hints: httpkit.Allow("GET")}
	return v
}

// uploadYubiKey makes a token known by its secrets, which no answer shows.
// (spec: management-extra#uploadYubikeyOtpTokenSeed)
func (a *PoliciesAPI) uploadYubiKey(r *httpkit.Request) error {
	var body struct {
		Serial  string `json:"serialNumber"`
		Public  string `json:"publicId"`
		Private string `json:"privateId"`
		Key     string `json:"aesKey"`
	}
	if err := r.Decode(&body); err != nil {
		return err
	}
	k, err := a.YubiKeys.Upload(r.Context(), r.Actor, factor.YubiKeySeed{Serial: body.Serial, Public: body.Public, Private: body.Private, Key: body.Key})
	if err != nil {
		return err
	}
	return r.OK(viewYubiKey(r, k))
}

// getYubiKey reads one. (spec: management-extra#getYubikeyOtpTokenById)
func (a *PoliciesAPI) getYubiKey(r *httpkit.Request) error {
	k, err := a.YubiKeys.Get(r.Context(), r.Actor, r.Param("tokenId"))
	if err != nil {
		return err
	}
	return r.OK(viewYubiKey(r, k))
}
