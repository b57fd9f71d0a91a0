package pages

import (
	"net/http"
	"slices"

	"usher/internal/api/httpkit"
	"usher/internal/idp"
	"usher/internal/signin"
)

// levelsOf reads which levels an address of the sign-in page asks for. They are
// only ever more than the policies want, and whoever asked looks at the session
// afterwards.
func levelsOf(r *httpkit.Request) []signin.Level {
	var out []signin.Level
	for _, text := range r.Q()["level"] {
		if l := signin.Level(text); slices.Contains(signin.Levels(), l) && !slices.Contains(out, l) {
			out = append(out, l)
		}
	}
	return out
}

// stepUp asks whoever is signed in for what is missing to a level. Nothing is
// stored until the form comes back.
func (p *Pages) stepUp(r *httpkit.Request, dest destination, levels []signin.Level) error {
	if err := r.ThrottleClient(); err != nil {
		return err
	}
	v := &visit{Request: r, dest: dest}
	var err error
	v.tx, err = p.cfg.Engine.StepUp(r.Context(), r.Actor, r.Session, p.options(r, dest, &signin.Options{Levels: levels}))
	if idp.KindOf(err) == idp.KindUnauthenticated {
		return redirect(r, http.StatusFound, restart(dest))
	}
	if err != nil {
		return err
	}
	step, _, err := p.cfg.Engine.Next(r.Context(), r.Actor, v.tx)
	switch idp.KindOf(err) {
	case idp.KindUserLocked:
		return p.locked(v)
	case idp.KindBadToken:
		return p.expired(v)
	default:
		if err != nil {
			return err
		}
	}
	if _, done := step.(signin.Done); done {
		// There is nothing that could be asked for.
		return p.unmet(v)
	}
	return p.step(v, step)
}

// asked tells whether an application waits for a level of assurance, and can be
// told that it is not reached.
func (v *visit) asked() bool {
	return len(v.tx.Levels) > 0 && v.dest.origin != "" && originOf(v.dest.address) == originOf(v.Org.BaseURL)
}

// unmet sends the browser on with the word that the user cannot prove as much as
// was asked for.
func (p *Pages) unmet(v *visit) error {
	if !v.asked() {
		return redirect(v.Request, http.StatusSeeOther, v.dest.or(pathHome))
	}
	return redirect(v.Request, http.StatusSeeOther, v.dest.address+"&unmet=1")
}
