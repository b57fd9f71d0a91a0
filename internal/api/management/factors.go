package management

import (
	"encoding/json"

	"usher/internal/api/httpkit"
	"usher/internal/factor"
	"usher/openapi"
)

func (a *API) mountFactors(r *httpkit.Router) {
	r.Op(openapi.ListFactors, a.listFactors)
	r.Op(openapi.ListSupportedFactors, a.listSupportedFactors)
	r.Op(openapi.ListSupportedSecurityQuestions, a.listQuestions)
	r.Op(openapi.GetFactor, a.getFactor)
	r.Op(openapi.DeleteFactor, a.deleteFactor)
	r.Op(openapi.AddFactor, a.addFactor)
	r.Op(openapi.ReplaceFactor, a.replaceFactor)
	r.Op(openapi.ActivateFactor, a.activateFactor)
	r.Op(openapi.ResendEnrollFactor, a.resendEnrollFactor)
	r.Op(openapi.SendFactorActivationEmail, a.sendActivationMail)
	r.Op(openapi.SendFactorActivationSms, a.sendActivationText)
	r.Op(openapi.VerifyFactor, a.verifyFactor)
	r.Op(openapi.GetFactorQrCode, a.factorPicture)
	r.Op(openapi.PollFactorTransaction, a.factorTransaction)
	r.Op(openapi.PollFactorVerification, a.factorTransaction)
	r.Op(openapi.GetFactorTransactionStatus, a.factorTransaction)
	r.Op(openapi.CancelFactorVerification, a.cancelFactorTransaction)
	r.Op(openapi.CancelFactorTransaction, a.cancelFactorTransaction)
	r.Op(openapi.ResetAllFactors, lifecycle(a.Factors.Reset))
}

// factorBody is a factor in an answer. (spec: management Factor)
type factorBody struct {
	ID          string          `json:"id,omitempty"`
	Type        string          `json:"factorType"`
	Provider    string          `json:"provider"`
	Vendor      string          `json:"vendorName"`
	Status      string          `json:"status"`
	Enrollment  string          `json:"enrollment,omitempty"`
	Created     *string         `json:"created,omitempty"`
	LastUpdated *string         `json:"lastUpdated,omitempty"`
	Profile     json.RawMessage `json:"profile,omitempty"`
	Embedded    map[string]any  `json:"_embedded,omitempty"`
	Links       factorLinks     `json:"_links"`
}

type factorLinks struct {
	Questions *httpkit.Href  `json:"questions,omitempty"`
	Enroll    *httpkit.Href  `json:"enroll,omitempty"`
	Activate  *httpkit.Href  `json:"activate,omitempty"`
	Poll      *httpkit.Href  `json:"poll,omitempty"`
	Resend    []httpkit.Href `json:"resend,omitempty"`
	Verify    *httpkit.Href  `json:"verify,omitempty"`
	Self      *httpkit.Href  `json:"self,omitempty"`
	User      *httpkit.Href  `json:"user,omitempty"`
}

// factorsPath is where the factors of a user are.
func factorsPath(userID string) string { return "/api/v1/users/" + userID + "/factors" }

// allowed is a link with the methods that it allows.
func allowed(href string, methods ...string) *httpkit.Href {
	return &httpkit.Href{Href: href, Hints: httpkit.Allow(methods...)}
}

func factorOf(r *httpkit.Request, f *factor.Enrolment) factorBody {
	all := r.Link(factorsPath(f.UserID))
	self := all + "/" + f.ID
	out := factorBody{
		ID: f.ID, Type: f.Type, Provider: f.Provider, Vendor: f.Vendor, Status: f.Status, Created: httpkit.Seconds(f.Created),
		LastUpdated: httpkit.Seconds(f.LastUpdated), Profile: f.Profile,
		Links: factorLinks{Self: allowed(self, "GET", "DELETE"), User: allowed(r.Link("/api/v1/users/"+f.UserID), "GET")},
	}
	if f.Status == factor.StatusPending {
		out.Links.Self = allowed(self, "GET")
	}
	switch {
	case f.Status == factor.StatusActive:
		out.Links.Verify = allowed(self+"/verify", "POST")
	case f.Status == factor.StatusPending && f.Type == "push":
		out.Links.Poll = allowed(self+"/lifecycle/activate", "POST")
	case f.Status == factor.StatusPending:
		out.Links.Activate = allowed(self+"/lifecycle/activate", "POST")
		if f.Resends {
			resend := *allowed(self+"/resend", "POST")
			resend.Name = f.Type
			out.Links.Resend = []httpkit.Href{resend}
		}
	}
	if f.Type == factor.TypeQuestion {
		out.Links.Questions = allowed(all+"/questions", "GET")
	}
	return out
}

// listFactors lists what a user has enrolled. (spec: management#listFactors)
func (a *API) listFactors(r *httpkit.Request) error {
	_, factors, err := a.Factors.List(r.Context(), r.Actor, userRef(r))
	if err != nil {
		return err
	}
	out := make([]factorBody, len(factors))
	for i := range factors {
		out[i] = factorOf(r, &factors[i])
	}
	return r.OK(out)
}

// listSupportedFactors lists what a user can still enrol.
// (spec: management#listSupportedFactors)
func (a *API) listSupportedFactors(r *httpkit.Request) error {
	u, offers, err := a.Factors.Catalogue(r.Context(), r.Actor, userRef(r))
	if err != nil {
		return err
	}
	all := r.Link(factorsPath(u.ID))
	out := make([]factorBody, len(offers))
	for i, o := range offers {
		out[i] = factorBody{
			Type: o.Type, Provider: o.Provider, Vendor: o.Vendor, Status: factor.StatusNotSetup, Enrollment: o.Enrollment,
			Links: factorLinks{Enroll: allowed(all, "POST")},
		}
		if o.Type == factor.TypeQuestion {
			out[i].Links.Questions = allowed(all+"/questions", "GET")
		}
		if len(o.Phones) > 0 {
			var phones []any
			for _, p := range o.Phones {
				phones = append(phones, map[string]any{"id": p.ID, "profile": p.Phone, "status": factor.StatusActive})
			}
			out[i].Embedded = map[string]any{"phones": phones}
		}
	}
	return r.OK(out)
}

// listQuestions lists the security questions. They are the same for everybody,
// so nobody learns here whether the user exists: sign-in pages ask before they
// have proved anything. (spec: management#listSupportedSecurityQuestions)
func (a *API) listQuestions(r *httpkit.Request) error {
	type question struct {
		ID   string `json:"question"`
		Text string `json:"questionText"`
	}
	var out []question
	for _, q := range factor.Questions() {
		out = append(out, question(q))
	}
	return r.OK(out)
}

// getFactor reads one factor of a user. (spec: management#getFactor)
func (a *API) getFactor(r *httpkit.Request) error {
	f, err := a.Factors.Get(r.Context(), r.Actor, userRef(r), r.Param("factorId"))
	if err != nil {
		return err
	}
	return r.OK(factorOf(r, &f))
}

// deleteFactor unenrols a factor. Factors for recovery are not apart from the
// others here, so removeRecoveryEnrollment makes no difference.
// (spec: management#deleteFactor)
func (a *API) deleteFactor(r *httpkit.Request) error {
	if _, err := r.Bool("removeRecoveryEnrollment", false); err != nil {
		return err
	}
	if err := a.Factors.Delete(r.Context(), r.Actor, userRef(r), r.Param("factorId")); err != nil {
		return err
	}
	return r.NoContent()
}
