package management

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"encoding/base64"
	"fmt"

	"usher/internal/api/httpkit"
	"usher/internal/apps"
	"usher/internal/idp"
	"usher/internal/keys"
	"usher/internal/oauth"
)

// serverKeyView is a key of an authorization server.
// (spec: management-extra AuthorizationServerJsonWebKey)
type serverKeyView struct {
	Status keys.Status  `json:"status"`
	Alg    keys.Alg     `json:"alg"`
	Type   string       `json:"kty"`
	KeyID  string       `json:"kid"`
	Use    string       `json:"use"`
	E      string       `json:"e,omitempty"`
	N      string       `json:"n,omitempty"`
	Curve  string       `json:"crv,omitempty"`
	X      string       `json:"x,omitempty"`
	Y      string       `json:"y,omitempty"`
	Links  selfLinkView `json:"_links"`
}

// selfLinkView is the one link that many objects have.
type selfLinkView struct {
	Self httpkit.Href `json:"self"`
}

func viewServerKey(r *httpkit.Request, v *oauth.Server, k *keys.SigningKey) (serverKeyView, error) {
	out := serverKeyView{
		Status: k.Status, Alg: k.Alg, KeyID: k.ID, Use: "sig",
		Links: selfLinkView{httpkit.Href{Href: r.Link(serversPath + v.ID + "/credentials/keys/" + k.ID), Hints: httpkit.Allow("GET")}},
	}
	switch public := k.Public().(type) {
	case *rsa.PublicKey:
		out.Type = "RSA"
		out.E, out.N = apps.PublicNumbers(public)
	case *ecdsa.PublicKey:
		point, err := public.Bytes()
		if err != nil {
			return out, fmt.Errorf("key %s: %w", k.ID, err)
		}
		half := (len(point) - 1) / 2
		b64 := base64.RawURLEncoding.EncodeToString
		out.Type, out.Curve, out.X, out.Y = "EC", public.Params().Name, b64(point[1:1+half]), b64(point[1+half:])
	default:
		return out, fmt.Errorf("key %s is neither RSA nor EC", k.ID)
	}
	return out, nil
}

func (a *OAuthAPI) answerKeys(r *httpkit.Request, v *oauth.Server, list []*keys.SigningKey) error {
	out := make([]serverKeyView, 0, len(list))
	for _, k := range list {
		view, err := viewServerKey(r, v, k)
		if err != nil {
			return err
		}
		out = append(out, view)
	}
	return r.OK(out)
}

// listKeys lists the keys of a server.
// (spec: management-extra#listAuthorizationServerKeys)
func (a *OAuthAPI) listKeys(r *httpkit.Request) error {
	v, err := a.custom(r)
	if err != nil {
		return err
	}
	list, err := a.Servers.Keys(r.Context(), v)
	if err != nil {
		return err
	}
	return a.answerKeys(r, v, list)
}

// getKey reads one key of a server.
// (spec: management-extra#getAuthorizationServerKey)
func (a *OAuthAPI) getKey(r *httpkit.Request) error {
	v, err := a.custom(r)
	if err != nil {
		return err
	}
	list, err := a.Servers.Keys(r.Context(), v)
	if err != nil {
		return err
	}
	for _, k := range list {
		if k.ID == r.Param("keyId") {
			view, err := viewServerKey(r, v, k)
			if err != nil {
				return err
			}
			return r.OK(view)
		}
	}
	return idp.NotFound(oauth.TypeKey, r.Param("keyId"))
}

// rotateKeys makes the next key of a server the one that signs.
// (spec: management-extra#rotateAuthorizationServerKeys)
func (a *OAuthAPI) rotateKeys(r *httpkit.Request) error {
	var body struct {
		Use string `json:"use"`
	}
	if err := r.Decode(&body); err != nil {
		return err
	}
	if body.Use != "sig" {
		return idp.Invalid("use", idp.Cause{Field: "use", Text: "must be sig"})
	}
	v, list, err := a.Servers.RotateKeys(r.Context(), r.Actor, r.Param("authServerId"))
	if err != nil {
		return err
	}
	return a.answerKeys(r, v, list)
}
