package device

import (
	"net/http"

	"usher/internal/api/httpkit"
	"usher/internal/factor"
	"usher/internal/idp"
	"usher/openapi"
)

// API serves the protocol.
type API struct{ Devices *factor.Devices }

// Mount registers the addresses. Nobody is proved by header or cookie here: each
// statement carries its own signature.
func (a *API) Mount(r *httpkit.Router) {
	for path, h := range map[string]httpkit.Handler{
		"/nonce": a.nonce, "/enroll": a.enroll, "/requests": a.requests, "/answer": a.answer, "/remove": a.remove,
	} {
		r.Page("device"+path, openapi.BucketAPI, http.MethodPost, factor.DevicePath+path, nil, h)
	}
}

// nonce is the text that the next statement must hold.
type nonce struct {
	Nonce   string  `json:"nonce"`
	Expires *string `json:"expiresAt"`
}

func (a *API) nonce(r *httpkit.Request) error {
	text, until := a.Devices.Nonce(r.Actor)
	r.W.Header().Set("Cache-Control", "no-store")
	return r.OK(nonce{text, httpkit.Time(until)})
}

// signed reads the one member of every request: a JWS in the compact form.
// (RFC 7515 section 7.1)
func signed(r *httpkit.Request) (string, error) {
	var body struct {
		JWS string `json:"jws"`
	}
	if err := r.Decode(&body); err != nil {
		return "", err
	}
	if body.JWS == "" {
		return "", idp.Invalid("jws", idp.Cause{Field: "jws", Text: "The field cannot be left blank"})
	}
	r.W.Header().Set("Cache-Control", "no-store")
	return body.JWS, nil
}

// enrolled tells a phone how to name itself.
type enrolled struct {
	Device string `json:"device"`
	Login  string `json:"login"`
	Org    string `json:"organization"`
}

func (a *API) enroll(r *httpkit.Request) error {
	text, err := signed(r)
	if err != nil {
		return err
	}
	e, err := a.Devices.Enroll(r.Context(), r.Actor, text)
	if err != nil {
		return err
	}
	return r.OK(enrolled(e))
}

// request is a question that waits for an answer.
type request struct {
	ID      string  `json:"id"`
	Login   string  `json:"login"`
	Asked   *string `json:"askedAt"`
	Expires *string `json:"expiresAt"`
	IP      string  `json:"ipAddress"`
	Agent   string  `json:"userAgent"`
	Numbers []int   `json:"numbers,omitempty"`
	App     string  `json:"application,omitempty"`
	Message string  `json:"bindingMessage,omitempty"`
}

func (a *API) requests(r *httpkit.Request) error {
	text, err := signed(r)
	if err != nil {
		return err
	}
	list, err := a.Devices.Requests(r.Context(), r.Actor, text)
	if err != nil {
		return err
	}
	out := struct {
		Requests []request `json:"requests"`
	}{Requests: make([]request, len(list))}
	for i, v := range list {
		out.Requests[i] = request{v.ID, v.Login, httpkit.Time(v.Asked), httpkit.Time(v.Expires), v.IP, v.Agent, v.Numbers, v.App, v.Message}
	}
	return r.OK(out)
}

func (a *API) answer(r *httpkit.Request) error {
	text, err := signed(r)
	if err != nil {
		return err
	}
	result, err := a.Devices.Answer(r.Context(), r.Actor, text)
	if err != nil {
		return err
	}
	return r.OK(struct {
		Result string `json:"result"` // accepted or rejected
	}{string(result)})
}

func (a *API) remove(r *httpkit.Request) error {
	text, err := signed(r)
	if err != nil {
		return err
	}
	if err := a.Devices.Remove(r.Context(), r.Actor, text); err != nil {
		return err
	}
	return r.NoContent()
}
