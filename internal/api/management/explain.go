package management

import (
	"context"

	"usher/internal/api/httpkit"
	"usher/internal/decision"
	"usher/internal/idp"
	"usher/openapi"
)

// ExplainAPI tells administrators why requests were answered as they were. It
// is Usher's own.
type ExplainAPI struct {
	// Read returns what a request has decided, else KindNotFound.
	Read func(ctx context.Context, a idp.Actor, requestID string) ([]decision.Entry, error)
}

// Mount registers the operation.
func (a *ExplainAPI) Mount(r *httpkit.Router) { r.Op(openapi.ExplainRequest, a.explain) }

// explanation is the answer. (spec: management-extra#explainRequest)
type explanation struct {
	RequestID string         `json:"requestId"`
	Entries   []explainEntry `json:"entries"`
}

type explainEntry struct {
	Published *string           `json:"published"`
	Method    string            `json:"method"`
	Path      string            `json:"path"`
	Decisions []explainDecision `json:"decisions"`
}

type explainDecision struct {
	Kind    decision.Kind  `json:"kind"`
	Outcome string         `json:"outcome"`
	Reason  string         `json:"reason,omitempty"`
	UserID  string         `json:"userId,omitempty"`
	Tried   []explainTried `json:"tried"`
}

type explainTried struct {
	Policy explainName  `json:"policy"`
	Rule   *explainName `json:"rule,omitempty"`
	// Failed is the first condition that did not hold.
	Failed string `json:"failed,omitempty"`
}

type explainName struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

func (a *ExplainAPI) explain(r *httpkit.Request) error {
	id := r.Param("requestId")
	entries, err := a.Read(r.Context(), r.Actor, id)
	if err != nil {
		return err
	}
	out := explanation{RequestID: id, Entries: []explainEntry{}}
	for _, e := range entries {
		v := explainEntry{Published: httpkit.Time(e.At), Method: e.Method, Path: e.Path, Decisions: []explainDecision{}}
		for _, d := range e.Decisions {
			v.Decisions = append(v.Decisions, decisionView(d))
		}
		out.Entries = append(out.Entries, v)
	}
	return r.OK(out)
}

func decisionView(d decision.Decision) explainDecision {
	v := explainDecision{Kind: d.Kind, Outcome: d.Outcome, Reason: d.Reason, UserID: d.UserID, Tried: []explainTried{}}
	for _, t := range d.Tried {
		step := explainTried{Policy: explainName{t.PolicyID, t.PolicyName}, Failed: t.Failed}
		if t.RuleID != "" {
			step.Rule = &explainName{t.RuleID, t.RuleName}
		}
		v.Tried = append(v.Tried, step)
	}
	return v
}
