package pages

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"strings"

	"usher/internal/api/httpkit"
)

//go:embed templates
var templateFiles embed.FS

// templates are the pages by name, each with the layout around it.
type templates map[string]*template.Template

// loadTemplates parses the pages once.
func loadTemplates() (templates, error) {
	layout, err := template.New("layout").Option("missingkey=error").ParseFS(templateFiles, "templates/layout.html")
	if err != nil {
		return nil, fmt.Errorf("pages: parse the layout: %w", err)
	}
	out := templates{}
	for _, name := range []string{"identify", "password", "change", "message", "home", "signout", "consent", "activate", "inquire", "open", "answer", "factor", "leaving"} {
		t, err := layout.Clone()
		if err == nil {
			t, err = t.ParseFS(templateFiles, "templates/"+name+".html")
		}
		if err != nil {
			return nil, fmt.Errorf("pages: parse %s: %w", name, err)
		}
		out[name] = t
	}
	return out, nil
}

// page is one answer: a template with its view, and what stands around it.
type page struct {
	status      int
	template    string
	title       string
	problem     bool
	hint        string
	destination string // see fence
	// loads are the origins whose pages may be shown in frames of this one.
	loads []string
	body  any
}

// show answers with a page.
func (p *Pages) show(r *httpkit.Request, pg page) error {
	f := frame{
		Title: pg.title, Problem: pg.problem, Hint: pg.hint,
		Style: p.assets.url("usher.css"), Mark: p.assets.url("mark.svg"), Body: pg.body,
	}
	var frames []string
	if r.Org != nil {
		f.Org = r.Org.Name
		var err error
		if frames, err = p.cfg.FramedBy(r.Context(), r.Org); err != nil {
			return err
		}
	}
	var b bytes.Buffer
	if err := p.templates[pg.template].ExecuteTemplate(&b, "layout", f); err != nil {
		return fmt.Errorf("pages: render %s: %w", pg.template, err)
	}
	fence(r, pg.destination, frames)
	if len(pg.loads) > 0 {
		r.W.Header().Set("Content-Security-Policy", r.W.Header().Get("Content-Security-Policy")+"; frame-src "+strings.Join(pg.loads, " "))
	}
	return r.Bytes(pg.status, "text/html; charset=utf-8", b.Bytes())
}
