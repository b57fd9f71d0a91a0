package policy

import (
	"context"
	"fmt"
	"strings"

	"usher/internal/decision"
)

// Trace tells what an evaluation tried, in its order.
type Trace []decision.Tried

// maxTrace bounds what is kept of a trace as text.
const maxTrace = 2000

func (t *Trace) add(p *Policy, r *Rule, failed string) {
	step := decision.Tried{PolicyID: p.ID, PolicyName: p.Name, Failed: failed}
	if r != nil {
		step.RuleID, step.RuleName = r.ID, r.Name
	}
	*t = append(*t, step)
}

// note keeps the trace among the decisions of the request.
func (t Trace) note(ctx context.Context, k decision.Kind, userID, outcome string) {
	decision.Of(ctx).Add(decision.Decision{Kind: k, Outcome: outcome, UserID: userID, Tried: t})
}

// String is the readable form that goes into the system log, e.g.
// "Contractors (00p1) failed people.groups; Default Policy (00p2) / Default Rule (0pr1) matched".
// Beyond about 2,000 bytes all but the last step is left out.
func (t Trace) String() string {
	var b strings.Builder
	for i, s := range t {
		text, last := inWords(s), len(t)-1
		if i > 0 {
			b.WriteString("; ")
		}
		if i < last && b.Len()+len(text) > maxTrace {
			fmt.Fprintf(&b, "... %d more ...; %s", last-i, inWords(t[last]))
			break
		}
		b.WriteString(text)
	}
	return b.String()
}

// inWords is one step of a trace.
func inWords(s decision.Tried) string {
	name := fmt.Sprintf("%s (%s)", s.PolicyName, s.PolicyID)
	if s.RuleID != "" {
		name += fmt.Sprintf(" / %s (%s)", s.RuleName, s.RuleID)
	}
	if s.Failed == "" {
		return name + " matched"
	}
	return name + " failed " + s.Failed
}
