package authn

import (
	"encoding/json"
	"fmt"
	"maps"
	"time"

	"usher/internal/api/httpkit"
	"usher/internal/factor"
	"usher/internal/signin"
)

// The states of further factors. (spec: authn TransactionState)
const (
	statusRequired  = "MFA_REQUIRED"
	statusMFA       = "MFA_CHALLENGE"
	statusEnroll    = "MFA_ENROLL"
	statusActivate  = "MFA_ENROLL_ACTIVATE"
	resultRejected  = "REJECTED"
	resultTimeout   = "TIMEOUT"
	resultCancelled = "CANCELLED"
	resultChallenge = "CHALLENGE"

	factorNotSetUp = "NOT_SETUP"
	factorActive   = "ACTIVE"
	enrollRequired = "REQUIRED"
	enrollOptional = "OPTIONAL"
)

// mfaFactor is a factor of a transaction. (spec: authn TransactionFactor)
type mfaFactor struct {
	ID         string          `json:"id,omitempty"`
	Type       string          `json:"factorType"`
	Provider   string          `json:"provider"`
	Vendor     string          `json:"vendorName,omitempty"`
	Status     string          `json:"status,omitempty"`
	Enrollment string          `json:"enrollment,omitempty"`
	Profile    json.RawMessage `json:"profile,omitempty"`
	// Profiles are those that an enrolment chooses from. Clients take the name of
	// the first one for the factor's.
	Profiles []factorProfile `json:"profiles,omitempty"`
	Policy   *factorPolicy   `json:"policy,omitempty"`
	Embedded *factorEmbedded `json:"_embedded,omitempty"`
	Links    *factorLinks    `json:"_links,omitempty"`
}

// factorProfile is one of several kinds of a factor, with which of it the user
// has. (management reference: transaction object)
type factorProfile struct {
	ID       string          `json:"id"`
	Name     string          `json:"name"`
	Default  bool            `json:"default"`
	Embedded profileEmbedded `json:"_embedded"`
}

// profileEmbedded is what clients read of every profile.
// (client: sign-in widget, Factor)
type profileEmbedded struct {
	Features []any           `json:"features"`
	Enrolled []profileFactor `json:"enrolledFactors"`
}

type profileFactor struct {
	Name string `json:"name"`
}

// profilesOf lists what an enrolment chooses from: none where the user has a
// factor of a kind that is no more, since clients look for the one of it.
func profilesOf(m signin.Method) []factorProfile {
	var out []factorProfile
	found := false
	for _, c := range m.Choices {
		p := factorProfile{c.ID, c.Name, c.Default, profileEmbedded{[]any{}, []profileFactor{}}}
		if m.Enrolled && c.Name == m.Factor.Vendor && !found {
			found = true
			p.Embedded.Enrolled = append(p.Embedded.Enrolled, profileFactor{c.Name})
		}
		out = append(out, p)
	}
	if m.Enrolled && !found {
		return nil
	}
	return out
}

// factorPolicy tells how many of a kind the user has and may have: clients offer
// to set up another. (client: sign-in widget, Factor)
type factorPolicy struct {
	Enrollment enrollmentCount `json:"enrollment"`
}

type enrollmentCount struct {
	Enrolled int `json:"enrolled"`
	Minimum  int `json:"minimum"`
	Maximum  int `json:"maximum"`
}

// knownPhone is a number that the user has proved. (spec: authn, phone object)
type knownPhone struct {
	ID      string       `json:"id"`
	Profile factor.Phone `json:"profile"`
	Status  string       `json:"status"`
}

type factorEmbedded struct {
	Phones       []knownPhone   `json:"phones,omitempty"`
	Activation   map[string]any `json:"activation,omitempty"`
	Challenge    map[string]any `json:"challenge,omitempty"`
	Verification map[string]any `json:"verification,omitempty"` // by a page of the vendor's
}

type factorLinks struct {
	Verify    *httpkit.Href `json:"verify,omitempty"`
	Enroll    *httpkit.Href `json:"enroll,omitempty"`
	Questions *httpkit.Href `json:"questions,omitempty"`
}

// mfaPolicy is what the sign-on policy lets be said about the device.
// (spec: authn TransactionPolicy)
type mfaPolicy struct {
	Allow     bool                  `json:"allowRememberDevice"`
	Lifetime  int                   `json:"rememberDeviceLifetimeInMinutes"`
	ByDefault bool                  `json:"rememberDeviceByDefault"`
	Factors   map[string]factorInfo `json:"factorsPolicyInfo"`
}

type factorInfo struct {
	AutoPush bool `json:"autoPushEnabled"`
}

func policyOf(m signin.Remember, options []signin.Method) mfaPolicy {
	p := mfaPolicy{Allow: m.Allowed, Lifetime: int(m.Life / time.Minute), ByDefault: m.Default, Factors: map[string]factorInfo{}}
	for _, o := range options {
		if o.Waits && !o.About.Hosted && o.FactorID != "" {
			p.Factors[o.FactorID] = factorInfo{AutoPush: o.Auto}
		}
	}
	return p
}

// viewFactor is how every state shows a factor.
func viewFactor(m signin.Method) mfaFactor {
	return mfaFactor{ID: m.FactorID, Type: m.Factor.Type, Provider: m.Factor.Provider, Vendor: m.Factor.Vendor, Profile: m.Profile}
}

// required renders the choice of a factor to prove.
func (out *transaction) required(r *httpkit.Request, s signin.Verify) {
	out.Status = statusRequired
	for _, m := range s.Options {
		f := viewFactor(m)
		f.Links = &factorLinks{Verify: link(r, "verify", "/factors/"+m.FactorID+"/verify")}
		out.Embedded.Factors = append(out.Embedded.Factors, f)
	}
	out.Embedded.FactorTypes = typesOf(r, s.Options)
	out.Embedded.Policy = policyOf(s.Remember, s.Options)
	out.Links = &links{Cancel: link(r, "", "/cancel")}
}

// factorType is a type of which the user has several, any of which will do.
// (spec: authn TransactionFactorType)
type factorType struct {
	Type  string           `json:"factorType"`
	Links *factorTypeLinks `json:"_links"`
}

type factorTypeLinks struct {
	Next *httpkit.Href `json:"next"`
}

// typesOf lists the types of which the user has several.
func typesOf(r *httpkit.Request, options []signin.Method) []factorType {
	var out []factorType
	count := map[string]int{}
	for _, m := range options {
		if !m.About.Several {
			continue
		}
		if count[m.Factor.Type]++; count[m.Factor.Type] == 2 {
			out = append(out, factorType{m.Factor.Type, &factorTypeLinks{link(r, "verify", "/factors/"+m.Factor.Type+"/verify")}})
		}
	}
	return out
}

// challengeOfType renders a challenge that any factor of a type answers.
func (out *transaction) challengeOfType(r *httpkit.Request, s signin.Challenge) {
	out.Status, out.ChallengeType, out.FactorType = statusMFA, "FACTOR_TYPE", s.Method.Factor.Type
	out.FactorResult, _ = resultOf(s)
	for _, m := range s.Any {
		out.Embedded.Factors = append(out.Embedded.Factors, viewFactor(m))
	}
	out.Embedded.Challenge, out.Embedded.Policy = challengeOf(s.View), policyOf(s.Remember, s.Any)
	out.Links = &links{
		Next: link(r, "verify", "/factors/"+s.Method.Factor.Type+"/verify"), Cancel: link(r, "", "/cancel"), Prev: link(r, "", "/previous"),
	}
}

// resultOf is the word for what has become of what is answered elsewhere, and
// whether it is still waited for.
func resultOf(step signin.Step) (word string, open bool) {
	result, waiting, sent := factor.Waiting, false, false
	switch s := step.(type) {
	case signin.Challenge:
		result, waiting, sent = s.Result, s.Waiting, s.View.Options != nil
	case signin.Activate:
		result, waiting = s.Result, s.Waiting
	case signin.ChangePassword, signin.Consent, signin.Denied, signin.Done, signin.Enroll, signin.EnrollProfile, signin.Identify,
		signin.Locked, signin.Recover, signin.Unlock, signin.Verify:
	}
	if !waiting {
		if sent {
			return resultChallenge, true
		}
		return "", true
	}
	switch result {
	case factor.Rejected:
		return resultRejected, false
	case factor.Expired:
		return resultTimeout, false
	case factor.Cancelled:
		return resultCancelled, false
	case factor.Waiting, factor.Accepted:
	case factor.Taken:
	}
	return resultWaiting, true
}

// challenge renders the wait for the answer to a factor.
func (out *transaction) challenge(r *httpkit.Request, s signin.Challenge) {
	at := "/factors/" + s.Method.FactorID + "/verify"
	f := viewFactor(s.Method)
	switch shown := challengeOf(s.View); {
	case shown != nil && s.Method.About.Hosted:
		f.Embedded = &factorEmbedded{Verification: hosted(r, s.Method.FactorID, shown)}
	case shown != nil:
		f.Embedded = &factorEmbedded{Challenge: shown}
	}
	out.Status, out.Embedded.Factor, out.Embedded.Policy = statusMFA, &f, policyOf(s.Remember, []signin.Method{s.Method})
	var open bool
	out.FactorResult, open = resultOf(s)
	if s.Method.About.Several {
		out.ChallengeType = "FACTOR"
	}
	next := "verify"
	if s.Waiting && open {
		next = "poll"
	}
	out.Links = &links{Next: link(r, next, at), Cancel: link(r, "", "/cancel"), Prev: link(r, "", "/previous")}
	if s.Method.Resends && !s.Method.About.Hosted {
		out.Links.Resend = []httpkit.Href{*link(r, s.Method.Factor.Type, at+"/resend")}
	}
}

// hosted adds to what the page of a vendor is made of where its answer goes, and
// the vendor's script for it. (spec: authn FactorVerification)
func hosted(r *httpkit.Request, factorID string, shown map[string]any) map[string]any {
	shown["factorResult"] = resultWaiting
	shown["_links"] = map[string]any{
		"complete": link(r, "", "/factors/"+factorID+"/lifecycle/duoCallback"),
		"script":   httpkit.Href{Href: fmt.Sprintf("https://%s/frame/hosted/Duo-Web-v2.js", shown["host"]), Type: "text/javascript; charset=utf-8"},
	}
	return shown
}

// challengeOf is what the user needs to see of a challenge. (spec: authn FactorChallenge)
func challengeOf(v factor.View) map[string]any {
	if v.Options == nil && v.Number == nil {
		return nil
	}
	out := maps.Clone(v.Options)
	if out == nil {
		out = map[string]any{}
	}
	if v.Number != nil {
		out["correctAnswer"] = *v.Number
	}
	return out
}

// enroll renders the choice of a factor to enrol.
func (out *transaction) enroll(r *httpkit.Request, s signin.Enroll, userID string) {
	out.Status = statusEnroll
	for _, m := range s.Options {
		f := viewFactor(m)
		f.Status, f.Enrollment = factorNotSetUp, enrollOptional
		if m.Enrolled {
			f.Status = factorActive
		}
		if m.Required {
			f.Enrollment = enrollRequired
		}
		f.Profiles = profilesOf(m)
		if m.About.Several {
			f.Policy = &factorPolicy{enrollmentCount{Enrolled: m.Count, Maximum: factor.MaxOfAKind}}
			if m.Required {
				f.Policy.Enrollment.Minimum = 1
			}
		}
		if m.Factor.Calls() && len(s.Phones) > 0 {
			f.Embedded = &factorEmbedded{}
			for _, p := range s.Phones {
				f.Embedded.Phones = append(f.Embedded.Phones, knownPhone{p.ID, p.Phone, factorActive})
			}
		}
		f.Links = &factorLinks{Enroll: link(r, "", "/factors")}
		if m.Factor.Type == factor.TypeQuestion {
			f.Links.Questions = &httpkit.Href{
				Name: "question", Href: r.Link("/api/v1/users/" + userID + "/factors/questions"), Hints: httpkit.Allow("GET"),
			}
		}
		out.Embedded.Factors = append(out.Embedded.Factors, f)
	}
	out.Links = &links{Cancel: link(r, "", "/cancel")}
	if s.Skippable {
		out.Links.Skip = link(r, "skip", "/skip")
	}
}

// activate renders an enrolment under way.
func (out *transaction) activate(r *httpkit.Request, s signin.Activate, userID string) {
	at := "/factors/" + s.Method.FactorID + "/lifecycle"
	f := viewFactor(s.Method)
	var open bool
	out.FactorResult, open = resultOf(s)
	if open {
		if shown := activationOf(r, s, userID); shown != nil {
			f.Embedded = &factorEmbedded{Activation: shown}
		}
	}
	out.Status, out.Embedded.Factor = statusActivate, &f
	next := link(r, "activate", at+"/activate")
	if s.Waiting && open {
		next = link(r, "poll", at+"/activate/poll")
	}
	out.Links = &links{Next: next, Cancel: link(r, "", "/cancel"), Prev: link(r, "", "/previous")}
	if s.Method.Resends && !s.Waiting {
		out.Links.Resend = []httpkit.Href{*link(r, s.Method.Factor.Type, at+"/resend")}
	}
}

// activationOf is what is needed to end an enrolment, nil where nothing is.
// (spec: authn FactorActivation)
func activationOf(r *httpkit.Request, s signin.Activate, userID string) map[string]any {
	out := maps.Clone(s.View.Options)
	if out == nil {
		out = map[string]any{}
	}
	if seed := s.View.Seed; seed != nil {
		out["sharedSecret"], out["encoding"] = seed.Secret, "base32"
		out["timeStep"], out["keyLength"] = int(seed.Step/time.Second), seed.Digits
	}
	if s.Method.About.Hosted {
		return hosted(r, s.Method.FactorID, out)
	}
	at := map[string]any{}
	if s.Ticket != "" {
		path := "/api/v1/users/" + userID + "/factors/" + s.Method.FactorID + "/qr/" + s.Ticket
		at["qrcode"] = httpkit.Href{Href: r.Link(path), Type: "image/png"}
	}
	if s.Waiting {
		out["expiresAt"], out["factorResult"] = httpkit.Time(s.Expires), resultWaiting
		lifecycle := "/factors/" + s.Method.FactorID + "/lifecycle/activate/"
		at["send"] = []httpkit.Href{*link(r, "email", lifecycle+"email"), *link(r, "sms", lifecycle+"sms")}
	}
	if len(at) > 0 {
		out["_links"] = at
	}
	if len(out) == 0 {
		return nil
	}
	return out
}
