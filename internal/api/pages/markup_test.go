package pages

import (
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
)

// element is an element of a page, with the text directly and deeply in it.
type element struct {
	name string
	attr map[string]string
	text string
}

// document is a page as a browser would read it: our pages are well-formed, so
// that an XML reader with HTML's empty elements and entities suffices.
type document struct {
	elements []*element
}

func parse(t *testing.T, page string) *document {
	t.Helper()
	if !strings.HasPrefix(page, "<!doctype html>") {
		t.Fatalf("no doctype first: %.60q", page)
	}
	d := xml.NewDecoder(strings.NewReader(page))
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	doc := &document{}
	var open []*element
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("not well-formed: %v\n%s", err, page)
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			e := &element{name: strings.ToLower(tok.Name.Local), attr: map[string]string{}}
			for _, a := range tok.Attr {
				name := a.Name.Local
				if _, twice := e.attr[name]; twice {
					t.Errorf("<%s> has %s twice", e.name, name)
				}
				e.attr[name] = a.Value
			}
			doc.elements = append(doc.elements, e)
			open = append(open, e)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			for _, e := range open {
				e.text += string(tok)
			}
		}
	}
	if len(open) != 0 {
		t.Errorf("%d elements are never closed", len(open))
	}
	return doc
}

func (d *document) all(name string) []*element {
	var out []*element
	for _, e := range d.elements {
		if e.name == name {
			out = append(out, e)
		}
	}
	return out
}

// shape names the elements with their attributes' names, in order.
func (d *document) shape() string {
	var b strings.Builder
	for _, e := range d.elements {
		var names []string
		for k := range e.attr {
			names = append(names, k)
		}
		slices.Sort(names)
		b.WriteString("<" + e.name + " " + strings.Join(names, " ") + ">")
	}
	return b.String()
}

// audit checks what has to hold on every page.
func audit(t *testing.T, page string) *document {
	t.Helper()
	d := parse(t, page)
	for _, name := range []string{"html", "title", "h1", "main"} {
		if n := len(d.all(name)); n != 1 {
			t.Errorf("%d elements <%s>, want 1", n, name)
		}
	}
	if d.all("html")[0].attr["lang"] == "" {
		t.Error("the page names no language")
	}
	for _, name := range []string{"title", "h1"} {
		if strings.TrimSpace(d.all(name)[0].text) == "" {
			t.Errorf("<%s> is empty", name)
		}
	}
	for _, name := range []string{"script", "style", "iframe", "object", "embed", "base", "svg"} {
		if len(d.all(name)) > 0 {
			t.Errorf("a page has no <%s>", name)
		}
	}
	d.auditAttributes(t)
	d.auditForms(t)
	return d
}

func (d *document) auditAttributes(t *testing.T) {
	t.Helper()
	ids := map[string]*element{}
	for _, e := range d.elements {
		if id := e.attr["id"]; id != "" {
			if ids[id] != nil {
				t.Errorf("the id %q occurs twice", id)
			}
			ids[id] = e
		}
	}
	for _, e := range d.elements {
		for k, v := range e.attr {
			if k == "style" || strings.HasPrefix(k, "on") {
				t.Errorf("<%s> has the attribute %s", e.name, k)
			}
			if (k == "href" || k == "src" || k == "action") && !strings.HasPrefix(v, "/") {
				t.Errorf("<%s> leads to %q, which is not ours", e.name, v)
			}
		}
		for _, k := range []string{"aria-describedby", "aria-labelledby", "for"} {
			for _, id := range strings.Fields(e.attr[k]) {
				if ids[id] == nil {
					t.Errorf("<%s %s> names %q, which is not there", e.name, k, id)
				}
			}
		}
		if e.attr["aria-invalid"] == "true" {
			first, _, _ := strings.Cut(e.attr["aria-describedby"], " ")
			if m := ids[first]; m == nil || m.attr["role"] != "alert" || strings.TrimSpace(m.text) == "" {
				t.Errorf("the field %q is invalid, but no alert says why", e.attr["id"])
			}
		}
	}
	for _, e := range d.all("img") {
		if _, ok := e.attr["alt"]; !ok {
			t.Errorf("the picture %q has no alt", e.attr["src"])
		}
	}
}

func (d *document) auditForms(t *testing.T) {
	t.Helper()
	labels := map[string]int{}
	for _, e := range d.all("label") {
		if strings.TrimSpace(e.text) == "" {
			t.Error("a label is empty")
		}
		labels[e.attr["for"]]++
	}
	focus := 0
	for _, e := range d.elements {
		if _, ok := e.attr["autofocus"]; ok {
			focus++
		}
	}
	if focus > 1 {
		t.Errorf("%d elements want the focus", focus)
	}
	for _, e := range d.all("input") {
		_, hidden := e.attr["hidden"]
		switch {
		case e.attr["name"] == "":
			t.Error("an input has no name")
		case e.attr["type"] == "hidden" || hidden:
		case labels[e.attr["id"]] != 1:
			t.Errorf("the field %q has %d labels, want 1", e.attr["name"], labels[e.attr["id"]])
		case e.attr["autocomplete"] == "":
			t.Errorf("the field %q does not say what fills it in", e.attr["name"])
		}
		if e.attr["type"] == "password" && e.attr["value"] != "" {
			t.Errorf("the field %q gives a password back", e.attr["name"])
		}
	}
	for _, e := range d.all("form") {
		own := slices.ContainsFunc([]string{"/login/", "/oauth2/v1/", "/signin/", "/welcome/", "/reset_password/"}, func(path string) bool {
			return strings.HasPrefix(e.attr["action"], path)
		})
		if e.attr["method"] != "post" || (!own && e.attr["action"] != "/login/login.htm") {
			t.Errorf("a form is sent by %q to %q", e.attr["method"], e.attr["action"])
		}
	}
	for _, e := range append(d.all("button"), d.all("a")...) {
		if strings.TrimSpace(e.text) == "" {
			t.Errorf("a <%s> has no text", e.name)
		}
	}
}
