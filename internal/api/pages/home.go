package pages

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"usher/internal/api/httpkit"
	"usher/internal/idp"
)

// home tells who is signed in and sends everybody else to the sign-in page.
func (p *Pages) home(r *httpkit.Request) error {
	switch err := r.AuthenticateSession(); {
	case idp.KindOf(err) == idp.KindNoCredentials:
		return redirect(r, http.StatusFound, pathSignIn)
	case err != nil:
		return err
	}
	return p.welcome(r, r.Actor, r.Session)
}

// welcome shows who is signed in, and what there is to know of the session.
func (p *Pages) welcome(r *httpkit.Request, who idp.Actor, s *idp.Session) error {
	name := who.Name
	if name == "" {
		name = who.Login
	}
	return p.show(r, page{
		status: http.StatusOK, template: "home", title: "Signed in", body: homeView{Name: name, Login: who.Login, Facts: facts(s)},
	})
}

// facts says what a user may want to know of the session.
func facts(s *idp.Session) []fact {
	out := []fact{instant("Began", s.Created), instant("Ends, if not used", s.Expires)}
	if !s.EndsBy.IsZero() {
		out = append(out, instant("Ends at the latest", s.EndsBy))
	}
	if text := methods(s.AMR); text != "" {
		out = append(out, fact{Name: "Proved by", Text: text})
	}
	return append(out, fact{Name: "Session", Text: s.ID})
}

func instant(name string, t time.Time) fact {
	t = t.UTC()
	return fact{Name: name, Text: t.Format("2 Jan 2006, 15:04") + " UTC", Machine: t.Format(time.RFC3339)}
}

// methods says in words what a session rests on. (RFC 8176)
func methods(amr []string) string {
	words := map[string]string{
		"pwd": "password", "otp": "one-time code", "sms": "text message", "tel": "phone call", "kba": "security question",
		"swk": "passkey", "hwk": "security key", "pop": "security key", "mfa": "several factors",
	}
	var out []string
	for _, v := range amr {
		w, ok := words[v]
		if ok && !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	return strings.Join(out, ", ")
}
