package management

import (
	"crypto/sha256"
	"encoding/base64"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"

	"usher/internal/api/httpkit"
	"usher/internal/apps"
	"usher/internal/idp"
	"usher/internal/signon"
	"usher/openapi"
)

// maxCertificate bounds a certificate in a request, in bytes.
const maxCertificate = 64 << 10

func (a *AppsAPI) mountKeys(r *httpkit.Router) {
	r.Op(openapi.ListApplicationKeys, a.listAppKeys)
	r.Op(openapi.GetApplicationKey, a.getAppKey)
	r.Op(openapi.CloneApplicationKey, a.cloneAppKey)
	r.Op(openapi.GenerateApplicationKey, a.generateAppKey)
	r.Op(openapi.ListCsrsForApplication, a.listAppCSRs)
	r.Op(openapi.GenerateCsrForApplication, a.createAppCSR)
	r.Op(openapi.GetCsrForApplication, a.getAppCSR)
	r.Op(openapi.RevokeCsrFromApplication, a.deleteAppCSR)
	r.Op(openapi.PublishCsrFromApplication, a.publishAppCSR)
	r.Op(openapi.PreviewSAMLmetadataForApplication, a.samlMetadata)
}

// keyView is a signing key. (spec: management JsonWebKey)
type keyView struct {
	Type        string   `json:"kty"`
	Created     *string  `json:"created"`
	LastUpdated *string  `json:"lastUpdated"`
	ExpiresAt   *string  `json:"expiresAt"`
	KeyID       string   `json:"kid"`
	Use         string   `json:"use"`
	Chain       []string `json:"x5c"`
	Thumbprint  string   `json:"x5t#S256"`
	E           string   `json:"e"`
	N           string   `json:"n"`
}

func viewKey(k *apps.Key) keyView {
	sum := sha256.Sum256(k.Certificate)
	v := keyView{
		Type: "RSA", Created: httpkit.Seconds(k.Created), LastUpdated: httpkit.Seconds(k.LastUpdated), ExpiresAt: httpkit.Seconds(k.Expires),
		KeyID: k.ID, Use: "sig", Chain: []string{base64.StdEncoding.EncodeToString(k.Certificate)}, Thumbprint: base64.RawURLEncoding.EncodeToString(sum[:]),
	}
	v.E, v.N = apps.PublicNumbers(k.Public)
	return v
}

// listAppKeys lists the signing keys of an application.
// (spec: management#listApplicationKeys)
func (a *AppsAPI) listAppKeys(r *httpkit.Request) error {
	list, err := a.Apps.Keys(r.Context(), r.Actor, r.Param("appId"))
	if err != nil {
		return err
	}
	out := make([]keyView, 0, len(list))
	for _, k := range list {
		out = append(out, viewKey(k))
	}
	return r.OK(out)
}

// getAppKey reads a signing key. (spec: management#getApplicationKey)
func (a *AppsAPI) getAppKey(r *httpkit.Request) error {
	k, err := a.Apps.Key(r.Context(), r.Actor, r.Param("appId"), r.Param("keyId"))
	if err != nil {
		return err
	}
	return r.OK(viewKey(k))
}

// created answers 201 with a key and its address.
func (a *AppsAPI) created(r *httpkit.Request, appID string, k *apps.Key) error {
	r.W.Header().Set("Location", r.Link(appPath(appID)+"/credentials/keys/"+k.ID))
	return r.JSON(http.StatusCreated, viewKey(k))
}

// cloneAppKey shares a key with another application.
// (spec: management#cloneApplicationKey)
func (a *AppsAPI) cloneAppKey(r *httpkit.Request) error {
	target := r.Q().Get("targetAid")
	k, err := a.Apps.CloneKey(r.Context(), r.Actor, r.Param("appId"), r.Param("keyId"), target)
	if err != nil {
		return err
	}
	return a.created(r, target, k)
}

// generateAppKey gives an application a further key.
// (spec: management-extra#generateApplicationKey)
func (a *AppsAPI) generateAppKey(r *httpkit.Request) error {
	years, err := r.Int("validityYears", 0)
	if err != nil {
		return err
	}
	k, err := a.Apps.GenerateKey(r.Context(), r.Actor, r.Param("appId"), years)
	if err != nil {
		return err
	}
	return a.created(r, r.Param("appId"), k)
}

// csrView is a certificate signing request. (spec: management-extra Csr)
type csrView struct {
	ID      string       `json:"id"`
	Created *string      `json:"created"`
	CSR     string       `json:"csr"`
	Type    string       `json:"kty"`
	Links   csrLinksView `json:"_links"`
}

type csrLinksView struct {
	Self    httpkit.Href `json:"self"`
	Publish httpkit.Href `json:"publish"`
}

func viewCSR(r *httpkit.Request, appID string, c *apps.CSR) csrView {
	at := r.Link(appPath(appID) + "/credentials/csrs/" + c.ID)
	return csrView{
		ID: c.ID, Created: httpkit.Seconds(c.Created), CSR: base64.StdEncoding.EncodeToString(c.Request), Type: "RSA",
		Links: csrLinksView{
			Self:    httpkit.Href{Href: at, Hints: httpkit.Allow("GET", "DELETE")},
			Publish: httpkit.Href{Href: at + "/lifecycle/publish", Hints: httpkit.Allow("POST")},
		},
	}
}

// listAppCSRs lists the certificate signing requests of an application.
// (spec: management-extra#listCsrsForApplication)
func (a *AppsAPI) listAppCSRs(r *httpkit.Request) error {
	list, err := a.Apps.CSRs(r.Context(), r.Actor, r.Param("appId"))
	if err != nil {
		return err
	}
	out := make([]csrView, 0, len(list))
	for _, c := range list {
		out = append(out, viewCSR(r, r.Param("appId"), c))
	}
	return r.OK(out)
}

// createAppCSR makes a key and the request for its certificate, as JSON or, for
// callers who accept that alone, as PKCS #10.
// (spec: management-extra#generateCsrForApplication)
func (a *AppsAPI) createAppCSR(r *httpkit.Request) error {
	var in struct {
		Subject  apps.Subject `json:"subject"`
		AltNames struct {
			DNSNames []string `json:"dnsNames"`
		} `json:"subjectAltNames"`
	}
	if err := r.Decode(&in); err != nil {
		return err
	}
	c, err := a.Apps.CreateCSR(r.Context(), r.Actor, r.Param("appId"), in.Subject, in.AltNames.DNSNames)
	if err != nil {
		return err
	}
	v := viewCSR(r, r.Param("appId"), c)
	r.W.Header().Set("Location", v.Links.Self.Href)
	if strings.HasPrefix(r.Header.Get("Accept"), "application/pkcs10") {
		r.W.Header().Set("Content-Transfer-Encoding", "base64")
		return r.Bytes(http.StatusCreated, "application/pkcs10", []byte(v.CSR))
	}
	return r.JSON(http.StatusCreated, v)
}

// getAppCSR reads a certificate signing request.
// (spec: management-extra#getCsrForApplication)
func (a *AppsAPI) getAppCSR(r *httpkit.Request) error {
	c, err := a.Apps.CSR(r.Context(), r.Actor, r.Param("appId"), r.Param("csrId"))
	if err != nil {
		return err
	}
	return r.OK(viewCSR(r, r.Param("appId"), c))
}

// deleteAppCSR gives a certificate signing request up.
// (spec: management-extra#revokeCsrFromApplication)
func (a *AppsAPI) deleteAppCSR(r *httpkit.Request) error {
	if err := a.Apps.DeleteCSR(r.Context(), r.Actor, r.Param("appId"), r.Param("csrId")); err != nil {
		return err
	}
	return r.NoContent()
}

// publishAppCSR takes the certificate for a request, as DER, base64 of it, or
// PEM. (spec: management-extra#publishCsrFromApplication)
func (a *AppsAPI) publishAppCSR(r *httpkit.Request) error {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || !slices.Contains([]string{"application/x-x509-ca-cert", "application/pkix-cert", "application/x-pem-file"}, media) {
		return httpkit.Status(http.StatusUnsupportedMediaType, "E0000021",
			"Bad request.  Accept and/or Content-Type headers likely do not match supported values.")
	}
	body, err := io.ReadAll(http.MaxBytesReader(r.W, r.Request.Body, maxCertificate))
	if err != nil {
		return idp.Fail(idp.KindMalformed)
	}
	if der, ok := decoded(body, strings.EqualFold(r.Header.Get("Content-Transfer-Encoding"), "base64")); ok {
		body = der
	}
	k, err := a.Apps.PublishCSR(r.Context(), r.Actor, r.Param("appId"), r.Param("csrId"), body)
	if err != nil {
		return err
	}
	return a.created(r, r.Param("appId"), k)
}

// decoded reads base64 in either alphabet where the body is said to be, or
// looks like, a certificate in it: base64 of DER begins with "MI".
func decoded(body []byte, said bool) ([]byte, bool) {
	text := strings.TrimRight(strings.Join(strings.Fields(string(body)), ""), "=")
	if !said && !strings.HasPrefix(text, "MI") {
		return nil, false
	}
	for _, e := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		if der, err := e.DecodeString(text); err == nil {
			return der, true
		}
	}
	return nil, false
}

// samlMetadata describes this side to the service provider of a SAML
// application. (spec: management-extra#previewSAMLmetadataForApplication)
func (a *AppsAPI) samlMetadata(r *httpkit.Request) error {
	app, err := a.Apps.Get(r.Context(), r.Actor, r.Param("appId"))
	if err != nil {
		return err
	}
	if app.SignOnMode != idp.SignOnSAML2 {
		return idp.NotFound(apps.TypeApp, app.ID)
	}
	kid := r.Q().Get("kid")
	if kid == "" {
		kid = app.KeyID
	}
	k, err := a.Apps.Key(r.Context(), r.Actor, app.ID, kid)
	if err != nil {
		return err
	}
	text, err := signon.SAMLMetadata(r.Org, app, k)
	if err != nil {
		return err
	}
	return r.Bytes(http.StatusOK, "application/xml;charset=ISO-8859-1", text)
}
