package management_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"encoding/xml"
	"math/big"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"usher/internal/apptest"
)

func TestAppKeys(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		one := app.Post("/api/v1/apps", saml).Want(200)
		at, kid := "/api/v1/apps/"+one.Text("id")+"/credentials/keys", one.Text("credentials.signing.kid")
		if k := app.Get(at + "/" + kid).Want(200); len(kid) != 43 || k.Text("kid") != kid || k.Text("expiresAt") != "2036-03-01T12:00:00.000Z" || k.Text("e") != "AQAB" {
			t.Fatalf("%s", k.Body)
		}
		checkCertificate(t, app.Get(at).Want(200))
		for _, years := range []string{"", "?validityYears=1", "?validityYears=11"} {
			app.Post(at+"/generate"+years, nil).Fails(400, "E0000001", "Validity years out of range. It should be 2 - 10 years")
		}
		made := app.Post(at+"/generate?validityYears=2", nil).Want(201)
		if made.Text("expiresAt") != "2028-03-01T12:00:00.000Z" || made.Header.Get("Location") != "https://id.example.com"+at+"/"+made.Text("kid") {
			t.Errorf("%s %v", made.Body, made.Header)
		}
		if a := app.Get("/api/v1/apps/" + one.Text("id")).Want(200); a.Text("credentials.signing.kid") != kid {
			t.Errorf("the new key signs already: %s", a.Body)
		}
		choose := strings.Replace(saml, `"label"`, `"credentials":{"signing":{"kid":"`+made.Text("kid")+`"}},"label"`, 1)
		if a := app.Put("/api/v1/apps/"+one.Text("id"), choose).Want(200); a.Text("credentials.signing.kid") != made.Text("kid") {
			t.Errorf("%s", a.Body)
		}
		other := addApp(t, app, saml)
		app.Put("/api/v1/apps/"+other, choose).Fails(400, "E0000001")
		clone := at + "/" + kid + "/clone?targetAid=" + other
		if a := app.Post(clone, nil).Want(201); a.Text("kid") != kid {
			t.Errorf("%s", a.Body)
		}
		app.Post(clone, nil).Fails(400, "E0000001", "Key already exists in the list of key credentials for the target app.")
		app.Post(at+"/"+kid+"/clone", nil).Fails(400, "E0000028")
		app.Post(at+"/nothing/clone?targetAid="+other, nil).Fails(404, "E0000007")
		app.Get(at+"/nothing").Fails(404, "E0000007")
		if a := app.Get("/api/v1/apps/" + addApp(t, app, bookmark) + "/credentials/keys").Want(200); string(a.Body) != "[]" {
			t.Errorf("%s", a.Body)
		}
		// All OpenID Connect clients share one key.
		first, second := app.Post("/api/v1/apps", web).Want(200), app.Post("/api/v1/apps", web).Want(200)
		if first.Text("credentials.signing.kid") == "" || first.Text("credentials.signing.kid") != second.Text("credentials.signing.kid") {
			t.Errorf("%s %s", first.Body, second.Body)
		}
	})
}

func checkCertificate(t *testing.T, list *apptest.Answer) {
	t.Helper()
	der, err := base64.StdEncoding.DecodeString(list.Text("0.x5c.0"))
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil || c.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature) != nil {
		t.Fatalf("no certificate signed by itself: %v", err)
	}
	if name := c.Subject.String(); !strings.Contains(name, "OU=SSOProvider") || !strings.Contains(name, "O=Okta") {
		t.Errorf("%s", name)
	}
}

func TestAppCSRs(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		id := addApp(t, app, saml)
		at := "/api/v1/apps/" + id + "/credentials/csrs"
		c := app.With("Accept", "application/json").Post(at, `{"subject":{"countryName":"US","commonName":"SP Issuer"},"subjectAltNames":{"dnsNames":["dev.example.com"]}}`).Want(201)
		der, err := base64.StdEncoding.DecodeString(c.Text("csr"))
		if err != nil {
			t.Fatal(err)
		}
		request, err := x509.ParseCertificateRequest(der)
		if err != nil || request.CheckSignature() != nil || request.Subject.CommonName != "SP Issuer" || request.DNSNames[0] != "dev.example.com" {
			t.Fatalf("%+v, %v", request, err)
		}
		publish := at + "/" + c.Text("id") + "/lifecycle/publish"
		if c.Text("_links.publish.href") != "https://id.example.com"+publish || c.Text("kty") != "RSA" {
			t.Errorf("%s", c.Body)
		}
		if a := app.Get(at).Want(200); a.Text("0.id") != c.Text("id") || a.At("1") != nil {
			t.Errorf("%s", a.Body)
		}
		app.Get(at + "/" + c.Text("id")).Want(200)
		ca, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			t.Fatal(err)
		}
		sign := func(public any, days int) []byte {
			template := &x509.Certificate{
				SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "SP Issuer"},
				NotBefore: apptest.Noon(), NotAfter: apptest.Noon().Add(time.Duration(days) * 24 * time.Hour),
			}
			der, err := x509.CreateCertificate(rand.Reader, template, template, public, ca)
			if err != nil {
				t.Fatal(err)
			}
			return der
		}
		cer := app.With("Content-Type", "application/x-x509-ca-cert")
		app.Post(publish, `{}`).Fails(415, "E0000021")
		cer.Post(publish, []byte("nonsense")).Fails(400, "E0000001", "The certificate cannot be read.")
		cer.Post(publish, sign(&ca.PublicKey, 900)).Fails(400, "E0000001", "The certificate doesn't match the CSR.")
		cer.Post(publish, sign(request.PublicKey, 60)).Fails(400, "E0000001", "The certificate must be valid for more than 90 days.")
		text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: sign(request.PublicKey, 900)})
		app.WantEvents(t, []string{"app.app_instance.csr.publish SUCCESS"}, func() {
			if a := app.With("Content-Type", "application/x-pem-file").Post(publish, text).Want(201); a.Text("kid") != c.Text("id") {
				t.Errorf("%s", a.Body)
			}
		})
		cer.Post(publish, text).Fails(404, "E0000007")
		if a := app.Get("/api/v1/apps/" + id + "/credentials/keys").Want(200); !strings.Contains(string(a.Body), `"kid":"`+c.Text("id")+`"`) {
			t.Errorf("%s", a.Body)
		}
		again := app.Post(at, `{}`).Want(201)
		if a := app.With("Accept", "application/pkcs10").Post(at, `{}`).Want(201); a.Header.Get("Content-Type") != "application/pkcs10" || !strings.HasPrefix(string(a.Body), "MI") {
			t.Errorf("%v %s", a.Header, a.Body)
		}
		plain := base64.StdEncoding.EncodeToString([]byte("x"))
		cer.With("Content-Transfer-Encoding", "base64").Post(at+"/"+again.Text("id")+"/lifecycle/publish", []byte(plain)).Fails(400, "E0000001")
		app.Delete(at + "/" + again.Text("id")).Want(204)
		app.Delete(at+"/"+again.Text("id")).Fails(404, "E0000007")
	})
}

func TestClientSecrets(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		client := app.Post("/api/v1/apps", web).Want(200)
		at := "/api/v1/apps/" + client.Text("id") + "/credentials/secrets"
		list := app.Get(at).Want(200)
		if list.Text("0.client_secret") != client.Text("credentials.oauthClient.client_secret") || list.Text("0.status") != "ACTIVE" || len(list.Text("0.secret_hash")) != 22 {
			t.Fatalf("%s", list.Body)
		}
		first := at + "/" + list.Text("0.id")
		app.Post(first+"/lifecycle/deactivate", nil).Fails(400, "E0000001", "You can't deactivate the only active client secret.")
		app.Delete(first).Fails(400, "E0000001", "You can't delete an active client secret. Deactivate the secret before deleting it.")
		for secret, cause := range map[string]string{
			"short":                  "client_secret: 'client_secret' must be at least '14' characters long.",
			strings.Repeat("x", 101): "client_secret: 'client_secret' can't be more than '100' characters long.",
			"a secret with ä in it":  "client_secret: ''client_secret'' must only contain printable ASCII: [x20-x7E]+",
		} {
			app.Post(at, `{"client_secret":"`+secret+`"}`).Fails(400, "E0000001", cause)
		}
		second := app.Post(at, `{}`).Want(201)
		if len(second.Text("client_secret")) != 64 {
			t.Errorf("%s", second.Body)
		}
		app.Post(at, `{}`).Fails(400, "E0000001", "You've reached the maximum number of client secrets per client.")
		if a := app.Post(first+"/lifecycle/deactivate", nil).Want(200); a.Text("status") != "INACTIVE" || a.At("_links.delete") == nil {
			t.Errorf("%s", a.Body)
		}
		if a := app.Put("/api/v1/apps/"+client.Text("id"), web).Want(200); a.Text("credentials.oauthClient.client_secret") != second.Text("client_secret") {
			t.Errorf("%s", a.Body)
		}
		if a := app.Get(first).Want(200); a.Text("status") != "INACTIVE" {
			t.Errorf("%s", a.Body)
		}
		if a := app.Post(first+"/lifecycle/activate", nil).Want(200); a.Text("status") != "ACTIVE" {
			t.Errorf("%s", a.Body)
		}
		app.Post(first+"/lifecycle/deactivate", nil).Want(200)
		app.Delete(first).Want(204)
		app.Get(first).Fails(404, "E0000007")
		app.Get("/api/v1/apps/"+addApp(t, app, bookmark)+"/credentials/secrets").Fails(404, "E0000007")
		if strings.Contains(app.Logs.String(), second.Text("client_secret")) {
			t.Error("a secret is in the log")
		}
	})
}

func TestSAMLMetadata(t *testing.T) {
	app := apptest.New(t)
	id := addApp(t, app, strings.Replace(saml, `"signOn":{`, `"signOn":{"slo":{"enabled":true,"issuer":"sp","logoutUrl":"https://sp.example.com/slo"},`, 1))
	at := "/api/v1/apps/" + id + "/sso/saml/metadata"
	a := app.With("Accept", "application/xml").Get(at).Want(200)
	if a.Header.Get("Content-Type") != "application/xml;charset=ISO-8859-1" {
		t.Errorf("%v", a.Header)
	}
	var doc struct {
		EntityID string `xml:"entityID,attr"`
		IDP      struct {
			Want string `xml:"WantAuthnRequestsSigned,attr"`
			Key  struct {
				Use  string `xml:"use,attr"`
				Cert string `xml:"KeyInfo>X509Data>X509Certificate"`
			} `xml:"KeyDescriptor"`
			Formats []string `xml:"NameIDFormat"`
			SSO     []struct {
				Binding, Location string `xml:",attr"`
			} `xml:"SingleSignOnService"`
			SLO []struct {
				Location string `xml:",attr"`
			} `xml:"SingleLogoutService"`
		} `xml:"IDPSSODescriptor"`
	}
	if err := xml.Unmarshal(a.Body, &doc); err != nil {
		t.Fatalf("%v in %s", err, a.Body)
	}
	keys := app.Get("/api/v1/apps/" + id + "/credentials/keys").Want(200)
	if !strings.HasPrefix(doc.EntityID, "http://www.okta.com/exk") || doc.IDP.Want != "false" || doc.IDP.Key.Use != "signing" || doc.IDP.Key.Cert != keys.Text("0.x5c.0") ||
		len(doc.IDP.Formats) != 2 || len(doc.IDP.SSO) != 2 || len(doc.IDP.SLO) != 2 || !strings.HasSuffix(doc.IDP.SSO[0].Location, "/sso/saml") {
		t.Errorf("%s", a.Body)
	}
	app.Get(at+"?kid=nothing").Fails(404, "E0000007")
	app.Get("/api/v1/apps/"+addApp(t, app, bookmark)+"/sso/saml/metadata").Fails(404, "E0000007")
	app.Get("/api/v1/apps/"+id+"/features").Fails(400, "E0000001", "Provisioning is not enabled for the app instance.")
}

func TestAppLogo(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		id := addApp(t, app, bookmark)
		upload := func(field string, picture []byte, status int) {
			t.Helper()
			var b bytes.Buffer
			w := multipart.NewWriter(&b)
			part, err := w.CreateFormFile(field, "logo.png")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := part.Write(picture); err != nil || w.Close() != nil {
				t.Fatal(err)
			}
			app.With("Content-Type", w.FormDataContentType()).Post("/api/v1/apps/"+id+"/logo", b.Bytes()).Want(status)
		}
		logo := func() string {
			return strings.TrimPrefix(app.Get("/api/v1/apps/"+id).Want(200).Text("_links.logo.0.href"), "https://id.example.com")
		}
		fallback := logo()
		picture := append([]byte("\x89PNG\r\n\x1a\n"), bytes.Repeat([]byte{0, 255}, 100)...)
		upload("file", picture, 201)
		first := logo()
		if a := app.Anonymous().Get(first).Want(200); first == fallback || !bytes.Equal(a.Body, picture) || a.Header.Get("Content-Type") != "image/png" || a.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s %v", first, a.Header)
		}
		upload("file", []byte("\xff\xd8\xff and so on"), 201)
		if second := logo(); second == first || app.Anonymous().Get(second).Want(200).Header.Get("Content-Type") != "image/jpeg" {
			t.Errorf("%s", second)
		}
		app.Anonymous().Get(first).Want(404)
		upload("file", []byte("<svg onload=alert(1)>"), 400)
		upload("other", picture, 400)
		upload("file", append([]byte("\x89PNG\r\n\x1a\n"), make([]byte, 1<<20)...), 400)
		app.Post("/api/v1/apps/"+id+"/logo", `{}`).Fails(415, "E0000021")
		if a := app.Put("/api/v1/apps/"+id, bookmark).Want(200); strings.HasSuffix(a.Text("_links.logo.0.href"), "default.png") {
			t.Errorf("%s", a.Body)
		}
	})
}

// TestAppsNeedTheRole asks without a token, and with a bad one.
func TestAppsNeedTheRole(t *testing.T) {
	app := apptest.New(t)
	id := addApp(t, app, bookmark)
	w := httptest.NewRecorder()
	app.Server.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/v1/apps/"+id, nil))
	if w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "E0000005") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	app.As("00nothing").Get("/api/v1/apps").Fails(401, "E0000011")
}
