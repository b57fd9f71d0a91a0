package control

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
)

//go:embed sample.html
var sampleText string

//go:embed sample.js
var sampleScript []byte

// Sample is what the sample page signs in to.
type Sample struct {
	// Issuer is the authorization server, Origin where its endpoints are.
	Issuer, Origin string
	ClientID       string
}

// sample shows how a single-page application signs in: authorization code with
// a proof key, in the browser, without any library.
func (h *handler) sample(w http.ResponseWriter, _ *http.Request) {
	t, err := template.New("sample").Parse(sampleText)
	if err != nil {
		h.broken(w, "the sample page", err)
		return
	}
	var out bytes.Buffer
	if err := t.Execute(&out, h.cfg.Sample); err != nil {
		h.broken(w, "the sample page", err)
		return
	}
	head := w.Header()
	head.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; connect-src "+h.cfg.Sample.Origin+
		"; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	head.Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(out.Bytes()) // a caller who is gone cannot be told so
}
