package oauth2

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"html/template"
	"net/http"
	"strings"

	"usher/internal/api/httpkit"
	"usher/internal/oauth"
)

// respond sends an answer to the client by the browser, in the mode that the
// client has asked for.
func (a *API) respond(r *httpkit.Request, out *oauth.Answer) error {
	switch out.Mode {
	case oauth.ModeQuery:
		sep := "?"
		if strings.Contains(out.To, "?") {
			sep = "&"
		}
		return redirect(r, http.StatusFound, out.To+sep+out.Values.Encode())
	case oauth.ModeFragment:
		return redirect(r, http.StatusFound, out.To+"#"+out.Values.Encode())
	case oauth.ModeForm:
		return scripted(r, formPage, formScript, "form-action "+httpkit.Source(out.To)+"; frame-ancestors 'none'", out)
	case oauth.ModeMessage:
		return a.message(r, out)
	}
	return &oauth.Fault{Code: oauth.UnsupportedResponseMode}
}

// The scripts of the pages that carry an answer: fixed texts, which the policy
// of the page names by their hash. What differs stands in the markup.
const (
	formScript    = `document.forms[0].submit();`
	messageScript = `(function(){var d=document.getElementById("answer");var to=window.opener||window.parent;` +
		`if(to&&to!==window){to.postMessage(JSON.parse(d.dataset.answer),d.dataset.origin);}})();`
)

var (
	// formPage posts the answer. (OAuth 2.0 Form Post Response Mode section 2)
	formPage = template.Must(template.New("form").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Continue</title><meta name="robots" content="noindex"></head>
<body><form method="post" action="{{.To}}">
{{range $name, $values := .Values}}{{range $values}}<input type="hidden" name="{{$name}}" value="{{.}}">
{{end}}{{end}}<noscript><button type="submit">Continue</button></noscript></form>
<script>` + formScript + `</script></body></html>
`))
	// messagePage hands the answer to the window that opened it. (okta-auth-js:
	// okta_post_message)
	messagePage = template.Must(template.New("message").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Continue</title><meta name="robots" content="noindex"></head>
<body><div id="answer" data-answer="{{.Answer}}" data-origin="{{.Origin}}"></div>
<script>` + messageScript + `</script></body></html>
`))
)

// message hands an answer to the page that shows ours in a frame, or that
// opened its window: to pages of the origin of the client's address alone.
func (a *API) message(r *httpkit.Request, out *oauth.Answer) error {
	flat := map[string]string{}
	for name, values := range out.Values {
		flat[name] = values[0]
	}
	text, err := json.Marshal(flat)
	if err != nil {
		return err
	}
	origin := httpkit.Source(out.To)
	view := struct{ Answer, Origin string }{string(text), origin}
	return scripted(r, messagePage, messageScript, "form-action 'none'; frame-ancestors "+origin, view)
}

// scripted answers with a page that may run one script and nothing else.
func scripted(r *httpkit.Request, t *template.Template, script, policy string, view any) error {
	var b bytes.Buffer
	if err := t.Execute(&b, view); err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(script))
	h := r.W.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'; base-uri 'none'; "+policy)
	h.Set("Referrer-Policy", "no-referrer")
	return r.Bytes(http.StatusOK, "text/html; charset=utf-8", b.Bytes())
}
