package management

import (
	"encoding/json"
	"net/http"

	"usher/internal/api/httpkit"
	"usher/internal/factor"
)

// factorResult is the answer about a proof. (spec: management VerifyFactorResponse)
type factorResult struct {
	Expires  *string         `json:"expiresAt,omitempty"`
	Result   string          `json:"factorResult"`
	Profile  json.RawMessage `json:"profile,omitempty"`
	Embedded map[string]any  `json:"_embedded,omitempty"`
	Links    resultLinks     `json:"_links,omitzero"`
}

type resultLinks struct {
	Poll     *httpkit.Href  `json:"poll,omitempty"`
	Cancel   *httpkit.Href  `json:"cancel,omitempty"`
	Verify   *httpkit.Href  `json:"verify,omitempty"`
	Factor   *httpkit.Href  `json:"factor,omitempty"`
	Activate *httpkit.Href  `json:"activate,omitempty"`
	QR       *httpkit.Href  `json:"qrcode,omitempty"`
	Send     []httpkit.Href `json:"send,omitempty"`
}

// The results of a proof. (spec: management FactorResultType)
const (
	resultSuccess   = "SUCCESS"
	resultChallenge = "CHALLENGE"
	resultWaiting   = "WAITING"
	resultRejected  = "REJECTED"
	resultCancelled = "CANCELLED"
	resultTimeout   = "TIMEOUT"
)

func resultOf(v factor.Result) string {
	switch v {
	case factor.Accepted, factor.Taken:
		return resultSuccess
	case factor.Rejected:
		return resultRejected
	case factor.Cancelled:
		return resultCancelled
	case factor.Expired:
		return resultTimeout
	case factor.Waiting:
	}
	return resultWaiting
}

// verifyFactor sends a challenge, or looks at the answer to one.
// (spec: management#verifyFactor)
func (a *API) verifyFactor(r *httpkit.Request) error {
	answer, numbers, err := answerOf(r)
	if err != nil {
		return err
	}
	o, err := challengeOptions(r, nil)
	if err != nil {
		return err
	}
	o.Numbers = numbers
	c, err := a.Factors.Verify(r.Context(), r.Actor, userRef(r), r.Param("factorId"), answer, o)
	switch {
	case err != nil:
		return err
	case c.Proved:
		out := factorResult{Result: resultSuccess}
		if c.Provider == "FIDO" { // of keys alone it says which one it was
			out.Profile = c.Profile
		}
		return r.OK(out)
	case c.Waits:
		self := r.Link(factorsPath(c.UserID)) + "/" + c.ID
		r.W.Header().Set("Location", self+"/transactions/"+c.Challenge+"/verify")
		return r.JSON(http.StatusAccepted, waiting(self, &c))
	}
	self := r.Link(factorsPath(c.UserID)) + "/" + c.ID
	out := factorResult{Expires: httpkit.Time(c.Expires), Result: resultChallenge, Profile: c.Profile, Links: again(self)}
	if len(c.View.Options) > 0 {
		out.Embedded = map[string]any{"challenge": c.View.Options}
	}
	return r.OK(out)
}

func again(self string) resultLinks {
	return resultLinks{Verify: allowed(self+"/verify", "POST"), Factor: allowed(self, "GET", "DELETE")}
}

// credentialOf is what a transaction says of the profile of its factor: whose it
// is. (spec: management#getFactorTransactionStatus)
func credentialOf(c *factor.Ceremony) json.RawMessage {
	var p struct {
		ID string `json:"credentialId"`
	}
	if json.Unmarshal(c.Profile, &p) != nil {
		return nil
	}
	out, err := json.Marshal(p)
	if err != nil {
		return nil
	}
	return out
}

// waiting is the answer while a device has not answered.
func waiting(self string, c *factor.Ceremony) factorResult {
	there := self + "/verify/" + c.Challenge
	out := factorResult{
		Expires: httpkit.Time(c.Expires), Result: resultWaiting, Profile: credentialOf(c),
		Links: resultLinks{Poll: allowed(there, "GET"), Cancel: allowed(there, "DELETE")},
	}
	if c.View.Number != nil {
		out.Embedded = map[string]any{"challenge": map[string]any{"correctAnswer": *c.View.Number}}
	}
	return out
}

// factorTransaction tells where a proof stands whose answer comes from a device.
// (spec: management#pollFactorTransaction, management#pollFactorVerification,
// management-extra#getFactorTransactionStatus)
func (a *API) factorTransaction(r *httpkit.Request) error {
	c, err := a.Factors.Transaction(r.Context(), r.Actor, userRef(r), r.Param("factorId"), r.Param("transactionId"))
	if err != nil {
		return err
	}
	self := r.Link(factorsPath(c.UserID)) + "/" + c.ID
	switch result := resultOf(c.Result); result {
	case resultWaiting:
		return r.OK(waiting(self, &c))
	case resultSuccess:
		return r.OK(factorResult{Result: result})
	default:
		return r.OK(factorResult{Result: result, Profile: credentialOf(&c), Links: again(self)})
	}
}

// cancelFactorTransaction gives such a proof up.
// (spec: management#cancelFactorVerification, management-extra#cancelFactorTransaction)
func (a *API) cancelFactorTransaction(r *httpkit.Request) error {
	if err := a.Factors.Cancel(r.Context(), r.Actor, userRef(r), r.Param("factorId"), r.Param("transactionId")); err != nil {
		return err
	}
	return r.NoContent()
}
