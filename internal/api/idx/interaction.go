package idx

import (
	"net/http"

	"usher/internal/api/httpkit"
	"usher/internal/oauth"
	"usher/internal/signin"
)

// interacted ends a sign-in that a client has begun in its own pages: instead of
// the way on, the answer holds a code, and the browser gets its session. What is
// wrong is a problem. (IdX reference: successWithInteractionCode)
func (a *API) interacted(r *httpkit.Request, t *signin.Transaction, out *envelope) (*problem, error) {
	if a.OAuth == nil {
		return nil, nil
	}
	x, err := a.OAuth.FinishInteraction(r.Context(), r.Actor, t.Handle)
	if oauth.FaultOf(err) != nil {
		p := denied()
		return &p, nil
	}
	if err != nil || x == nil {
		return nil, err
	}
	r.SetSession(x.Issued.Secret, x.Issued.Session)
	yes := true
	value := func(name string, v any) field { return field{Name: name, Required: &yes, Value: v} }
	f := form{
		Rel: []string{"create-form"}, Name: "issue", Href: x.Endpoint, Method: http.MethodPost, Accepts: "application/x-www-form-urlencoded",
		Value: []field{value("grant_type", oauth.GrantInteraction), value("interaction_code", x.Code), value("client_id", x.Client.ID)},
	}
	if x.Client.Proof.NeedsSecret() {
		f.Value = append(f.Value, value("client_secret", nil))
	}
	f.Value = append(f.Value, value("code_verifier", nil))
	out.Success, out.WithCode = nil, &f
	return nil, nil
}
