package server

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"usher/internal/api/httpkit"
	"usher/openapi"
)

// mountCoverage shows which operations are built, from the same table that the
// router is made of.
func (s *Server) mountCoverage(r *httpkit.Router) {
	r.Page("coverage", openapi.BucketAPI, http.MethodGet, "/api/v1/internal/coverage", httpkit.WriteError, func(req *httpkit.Request) error {
		return req.OK(coverageOf(r.Built()))
	})
}

// Coverage tells which operations of the interface documents behave.
type Coverage struct {
	Documents []DocumentCoverage `json:"documents"`
}

// DocumentCoverage is the part of one document.
type DocumentCoverage struct {
	Document string   `json:"document"`
	Built    int      `json:"built"`
	Of       int      `json:"of"`
	Gaps     []string `json:"gaps"`
	built    []openapi.Operation
}

func coverageOf(built []openapi.ID) Coverage {
	var c Coverage
	for _, name := range openapi.DocumentNames() {
		d := DocumentCoverage{Document: name, Gaps: []string{}}
		for _, op := range openapi.Operations() {
			if op.Document != name {
				continue
			}
			d.Of++
			if slices.Contains(built, op.ID) {
				d.Built++
				d.built = append(d.built, op)
			} else {
				d.Gaps = append(d.Gaps, string(op.ID))
			}
		}
		c.Documents = append(c.Documents, d)
	}
	return c
}

// Published lists operations of a document that others have published.
type Published struct {
	Document string
	Routes   []string // method and path; the names of path parameters do not count
}

// built tells how many of the operations are built.
func (p Published) built(ids []openapi.ID) int {
	have := map[string]bool{}
	for _, op := range openapi.Operations() {
		if slices.Contains(ids, op.ID) {
			have[anonymous(op.Method+" "+op.Path)] = true
		}
	}
	n := 0
	for _, route := range p.Routes {
		if have[anonymous(route)] {
			n++
		}
	}
	return n
}

// anonymous takes the names of path parameters away.
func anonymous(route string) string {
	parts := strings.Split(route, "/")
	for i, part := range parts {
		if strings.HasPrefix(part, "{") {
			parts[i] = "{}"
		}
	}
	return strings.Join(parts, "/")
}

// CoveragePage is docs/coverage.md: what is built, and what is a gap.
func (s *Server) CoveragePage(published ...Published) string {
	var b strings.Builder
	b.WriteString("# What is built\n\nMade from the operation table by `go test ./internal/server -run TestCoveragePage -update`. " +
		"Every operation that is not listed as built\nanswers 501 and names itself in the header `X-Usher-Gap`.\n\n| document | built | of |\n|---|---|---|\n")
	c := coverageOf(s.Built())
	for _, d := range c.Documents {
		fmt.Fprintf(&b, "| %s | %d | %d |\n", d.Document, d.Built, d.Of)
	}
	for _, p := range published {
		fmt.Fprintf(&b, "| of them, in the published document %s | %d | %d |\n", p.Document, p.built(s.Built()), len(p.Routes))
	}
	for _, d := range c.Documents {
		if d.Built > 0 {
			fmt.Fprintf(&b, "\n## %s\n\nBuilt:\n\n", d.Document)
			for _, op := range d.built {
				fmt.Fprintf(&b, "- `%s %s` %s\n", op.Method, op.Path, op.ID)
			}
		}
		if len(d.Gaps) > 0 && d.Document != openapi.DocumentManagementExtra {
			fmt.Fprintf(&b, "\nGaps in %s: %s\n", d.Document, strings.Join(d.Gaps, ", "))
		}
	}
	return b.String()
}
