package policy

import (
	"fmt"
	"strings"
)

// Tried is one policy or rule that an evaluation looked at.
type Tried struct {
	Policy string // name and identifier
	Rule   string // name and identifier; empty for the policy itself
	// Failed names the first condition that did not hold; empty for the one that
	// decided.
	Failed string
}

// Trace tells what an evaluation tried, in its order.
type Trace []Tried

// maxTrace bounds what is kept of a trace as text.
const maxTrace = 2000

func (t *Trace) add(p *Policy, r *Rule, failed string) {
	step := Tried{Policy: fmt.Sprintf("%s (%s)", p.Name, p.ID), Failed: failed}
	if r != nil {
		step.Rule = fmt.Sprintf("%s (%s)", r.Name, r.ID)
	}
	*t = append(*t, step)
}

// String is the readable form that goes into the system log, e.g.
// "Contractors (00p1) failed people.groups; Default Policy (00p2) / Default Rule (0pr1) matched".
// Beyond about 2,000 bytes all but the last step is left out.
func (t Trace) String() string {
	var b strings.Builder
	for i, s := range t {
		text, last := s.String(), len(t)-1
		if i > 0 {
			b.WriteString("; ")
		}
		if i < last && b.Len()+len(text) > maxTrace {
			fmt.Fprintf(&b, "... %d more ...; %s", last-i, t[last])
			break
		}
		b.WriteString(text)
	}
	return b.String()
}

// String is one step of the trace.
func (s Tried) String() string {
	name := s.Policy
	if s.Rule != "" {
		name += " / " + s.Rule
	}
	if s.Failed == "" {
		return name + " matched"
	}
	return name + " failed " + s.Failed
}
