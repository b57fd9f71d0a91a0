package oauth2

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"encoding/base64"
	"fmt"
	"math/big"

	"usher/internal/api/httpkit"
	"usher/internal/keys"
)

// jwkView is a public key. (RFC 7517 section 4; RFC 7518 section 6)
type jwkView struct {
	Type  string `json:"kty"`
	Alg   string `json:"alg"`
	ID    string `json:"kid"`
	Use   string `json:"use"`
	E     string `json:"e,omitempty"`
	N     string `json:"n,omitempty"`
	Curve string `json:"crv,omitempty"`
	X     string `json:"x,omitempty"`
	Y     string `json:"y,omitempty"`
}

// jwksView is a set of keys.
type jwksView struct {
	Keys []jwkView `json:"keys"`
}

func viewKey(k *keys.SigningKey) (jwkView, error) {
	out := jwkView{Alg: string(k.Alg), ID: k.ID, Use: "sig"}
	b64 := base64.RawURLEncoding.EncodeToString
	switch public := k.Public().(type) {
	case *rsa.PublicKey:
		out.Type, out.E, out.N = "RSA", b64(big.NewInt(int64(public.E)).Bytes()), b64(public.N.Bytes())
	case *ecdsa.PublicKey:
		point, err := public.Bytes()
		if err != nil {
			return out, fmt.Errorf("key %s: %w", k.ID, err)
		}
		half := (len(point) - 1) / 2
		out.Type, out.Curve, out.X, out.Y = "EC", public.Params().Name, b64(point[1:1+half]), b64(point[1+half:])
	default:
		return out, fmt.Errorf("key %s is neither RSA nor EC", k.ID)
	}
	return out, nil
}

// keys answers with the keys by which a server's tokens are verified.
// (spec: oauth2#oauthKeys, oauth2#oauthKeysCustomAS)
func (a *MetadataAPI) keys(r *httpkit.Request) error {
	v, err := a.Servers.Serving(r.Context(), r.Org, r.Param("authorizationServerId"))
	if err != nil {
		return err
	}
	list, err := a.Servers.Signing.Published(r.Context(), v.Owner(), v.Alg)
	if err != nil {
		return err
	}
	key := pageKey{r.Org.ID, r.Org.BaseURL, v.ID, "keys"}
	if p := a.kept(key, nil, list); p != nil {
		return p.send(r)
	}
	document, err := viewKeys(list)
	if err != nil {
		return err
	}
	p, err := newPage(document, keysAge)
	if err != nil {
		return err
	}
	p.keys = list
	a.keep(key, p)
	return p.send(r)
}

func viewKeys(list []*keys.SigningKey) (*jwksView, error) {
	out := &jwksView{Keys: make([]jwkView, 0, len(list))}
	for _, k := range list {
		view, err := viewKey(k)
		if err != nil {
			return nil, err
		}
		out.Keys = append(out.Keys, view)
	}
	return out, nil
}
