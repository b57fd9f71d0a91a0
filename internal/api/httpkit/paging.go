package httpkit

import (
	"net/url"
	"strconv"
	"strings"

	"usher/internal/idp"
)

// maxCursor bounds a cursor in a request.
const maxCursor = 1024

// Page reads limit and after. A limit that is absent, empty or -1 is the
// default; one above most is cut. Anything else that is no positive whole
// number is KindBadPaging. (spec: management, parameter limit)
func (r *Request) Page(absent, most int) (idp.Page, error) {
	p := idp.Page{After: r.Q().Get("after"), Limit: absent}
	if len(p.After) > maxCursor {
		return p, &idp.Error{Kind: idp.KindBadPaging, Object: "after"}
	}
	if v := r.Q().Get("limit"); v != "" && v != "-1" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 {
			return p, &idp.Error{Kind: idp.KindBadPaging, Object: "limit", Causes: []idp.Cause{{Field: "limit", Text: "must be a positive whole number"}}}
		}
		p.Limit = min(n, most)
	}
	return p, nil
}

// Links sets the Link headers of a collection: self, and next when next is not
// empty. Each is a header line of its own: the official Go client reads only
// the first address of a line.
func (r *Request) Links(next string) {
	h := r.W.Header()
	h["Link"] = []string{linkLine(r.Link(r.Request.URL.EscapedPath()), cleaned(r.Q()), "self")}
	if next != "" {
		q := cleaned(r.Q())
		q.Set("after", next)
		h["Link"] = append(h["Link"], linkLine(r.Link(r.Request.URL.EscapedPath()), q, "next"))
	}
}

// cleaned copies the query without what the service drops from its links.
func cleaned(q url.Values) url.Values {
	out := url.Values{}
	for k, v := range q {
		if (k == "sortOrder" && len(v) > 0 && v[0] == "0") || len(v) == 0 || v[0] == "" {
			continue
		}
		out[k] = v
	}
	return out
}

func linkLine(base string, q url.Values, rel string) string {
	text := base
	if len(q) > 0 {
		// A ";" inside would end the address for the clients.
		text += "?" + strings.ReplaceAll(q.Encode(), ";", "%3B")
	}
	return "<" + text + `>; rel="` + rel + `"`
}
