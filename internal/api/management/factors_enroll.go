package management

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image/png"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/qr"

	"usher/internal/api/httpkit"
	"usher/internal/factor"
	"usher/internal/idp"
)

// enrollBody is a factor as a caller wants it enrolled. (spec: management Factor)
type enrollBody struct {
	Type          string         `json:"factorType"`
	Provider      string         `json:"provider"`
	Profile       map[string]any `json:"profile"`
	Verify        map[string]any `json:"verify"`
	PassCode      httpkit.Text   `json:"passCode"`
	NextPassCode  httpkit.Text   `json:"nextPassCode"`
	ProfileID     string         `json:"factorProfileId"`
	LifetimeOfOTP *int           `json:"tokenLifetimeSeconds"`
}

// fields puts what a method may take side by side.
func (b *enrollBody) fields() (map[string]string, error) {
	all := map[string]any{"passCode": string(b.PassCode), "nextPassCode": string(b.NextPassCode), "factorProfileId": b.ProfileID}
	maps.Copy(all, b.Profile)
	maps.Copy(all, b.Verify)
	return texts(all)
}

// texts takes the members that are texts, and codes that are numbers, as some
// clients write them: another kind of value is KindInvalid, null and empty ones
// are left out.
func texts(members map[string]any) (map[string]string, error) {
	out := map[string]string{}
	for name, v := range members {
		text, ok := v.(string)
		if code, number := v.(float64); number && (name == "passCode" || name == "nextPassCode") {
			text, ok = strconv.FormatFloat(code, 'f', -1, 64), true
		}
		switch {
		case v == nil || text == "" && ok:
		case !ok:
			return nil, idp.Invalid(name, idp.Cause{Field: name, Text: "must be a string"})
		default:
			out[name] = text
		}
	}
	return out, nil
}

// challengeOptions reads the parameters about what is sent.
// (spec: management#addFactor, management#verifyFactor)
func challengeOptions(r *httpkit.Request, inBody *int) (factor.ChallengeOptions, error) {
	o := factor.ChallengeOptions{Template: r.Q().Get("templateId"), Languages: languages(r.Header.Get("Accept-Language"))}
	if !r.Q().Has("tokenLifetimeSeconds") && inBody == nil {
		return o, nil
	}
	absent := 0
	if inBody != nil {
		absent = *inBody
	}
	seconds, err := r.Int("tokenLifetimeSeconds", absent)
	if err != nil {
		return o, err
	}
	const least, most = 1, 86400
	if seconds < least || seconds > most {
		return o, idp.Invalid("tokenLifetimeSeconds", idp.Cause{
			Field: "tokenLifetimeSeconds", Text: fmt.Sprintf("must be between %d and %d", least, most),
		})
	}
	o.Life = time.Duration(seconds) * time.Second
	return o, nil
}

// languages takes the tags of an Accept-Language header in their order, which
// clients make that of their preference. (RFC 9110 section 12.5.4)
func languages(header string) []string {
	const most = 10
	var out []string
	for item := range strings.SplitSeq(header, ",") {
		tag, _, _ := strings.Cut(item, ";")
		if tag = strings.TrimSpace(tag); tag != "" && tag != "*" && len(out) < most {
			out = append(out, tag)
		}
	}
	return out
}

// addFactor begins an enrolment. (spec: management#addFactor)
func (a *API) addFactor(r *httpkit.Request) error {
	var body enrollBody
	if err := r.Decode(&body); err != nil {
		return err
	}
	fields, err := body.fields()
	if err != nil {
		return err
	}
	in := factor.EnrollInput{Type: body.Type, Provider: body.Provider, Fields: fields}
	if in.ChallengeOptions, err = challengeOptions(r, body.LifetimeOfOTP); err != nil {
		return err
	}
	if in.Replace, err = r.Bool("updatePhone", false); err != nil {
		return err
	}
	if in.Trusted, err = r.Bool("activate", false); err != nil {
		return err
	}
	// Only an administrator vouches for an address that nobody has proved.
	in.Trusted = in.Trusted && r.Actor.Admin()
	c, err := a.Factors.Enroll(r.Context(), r.Actor, userRef(r), in)
	if err != nil {
		return err
	}
	return r.OK(ceremonyOf(r, &c))
}

// replaceFactor gives a security question another question and answer.
// (spec: management#replaceFactor)
func (a *API) replaceFactor(r *httpkit.Request) error {
	var body enrollBody
	if err := r.Decode(&body); err != nil {
		return err
	}
	fields, err := body.fields()
	if err != nil {
		return err
	}
	f, err := a.Factors.Replace(r.Context(), r.Actor, userRef(r), r.Param("factorId"), factor.EnrollInput{Type: body.Type, Provider: body.Provider, Fields: fields})
	if err != nil {
		return err
	}
	return r.OK(factorOf(r, &f))
}

// activateFactor ends an enrolment, or tells where one stands whose answer comes
// from a device. (spec: management#activateFactor)
func (a *API) activateFactor(r *httpkit.Request) error {
	answer, _, err := answerOf(r)
	if err != nil {
		return err
	}
	c, err := a.Factors.Activate(r.Context(), r.Actor, userRef(r), r.Param("factorId"), answer)
	if err != nil {
		return err
	}
	if c.Status == factor.StatusActive || !c.Waits {
		return r.OK(ceremonyOf(r, &c))
	}
	return activationResult(r, &c)
}

// sendActivationMail mails the link of an enrolment that waits for a device.
// (spec: management#sendFactorActivationEmail)
func (a *API) sendActivationMail(r *httpkit.Request) error {
	return a.sendActivation(r, factor.LinkByMail, "")
}

// sendActivationText is the same by a text message.
// (spec: management#sendFactorActivationSms)
func (a *API) sendActivationText(r *httpkit.Request) error {
	var body struct {
		Profile struct {
			Phone string `json:"phoneNumber"`
		} `json:"profile"`
	}
	if err := r.Decode(&body); err != nil {
		return err
	}
	return a.sendActivation(r, factor.LinkByText, body.Profile.Phone)
}

func (a *API) sendActivation(r *httpkit.Request, way factor.LinkWay, to string) error {
	c, err := a.Factors.SendLink(r.Context(), r.Actor, userRef(r), r.Param("factorId"), way, to)
	if err != nil {
		return err
	}
	return r.OK(ceremonyOf(r, &c))
}

// activationResult tells where an enrolment stands that waits for a device.
func activationResult(r *httpkit.Request, c *factor.Ceremony) error {
	self := r.Link(factorsPath(c.UserID)) + "/" + c.ID
	out := factorResult{Result: resultOf(c.Result)}
	if c.Result != factor.Waiting {
		out.Links = resultLinks{Activate: allowed(self+"/lifecycle/activate", "POST")}
		return r.OK(out)
	}
	out.Expires = httpkit.Time(c.Expires)
	send, picture := activationLinks(self, c)
	out.Links = resultLinks{Poll: allowed(self+"/lifecycle/activate", "POST"), QR: picture, Send: send}
	return r.JSON(http.StatusAccepted, out)
}

// resendEnrollFactor sends anew what activates an enrolment.
// (spec: management-extra#resendEnrollFactor)
func (a *API) resendEnrollFactor(r *httpkit.Request) error {
	o, err := challengeOptions(r, nil)
	if err != nil {
		return err
	}
	c, err := a.Factors.Resend(r.Context(), r.Actor, userRef(r), r.Param("factorId"), o)
	if err != nil {
		return err
	}
	return r.OK(ceremonyOf(r, &c))
}

// ceremonyOf renders a factor with what its enrolment shows while it is under way.
func ceremonyOf(r *httpkit.Request, c *factor.Ceremony) factorBody {
	out := factorOf(r, &c.Enrolment)
	if c.Status != factor.StatusPending {
		return out
	}
	self := r.Link(factorsPath(c.UserID)) + "/" + c.ID
	activation := map[string]any{}
	if !c.Expires.IsZero() {
		activation["expiresAt"] = httpkit.Time(c.Expires)
	}
	if c.Waits {
		activation["factorResult"] = resultOf(c.Result)
	}
	if s := c.View.Seed; s != nil {
		activation["timeStep"], activation["sharedSecret"] = int(s.Step/time.Second), s.Secret
		activation["encoding"], activation["keyLength"] = "base32", s.Digits
	}
	maps.Copy(activation, c.View.Options)
	links := map[string]any{}
	send, picture := activationLinks(self, c)
	if picture != nil {
		links["qrcode"] = picture
	}
	if len(send) > 0 {
		links["send"] = send
	}
	if len(links) > 0 {
		activation["_links"] = links
	}
	if len(activation) > 0 {
		out.Embedded = map[string]any{"activation": activation}
	}
	return out
}

// activationLinks are how the enrolment of a factor that waits for a device can
// be brought to one.
func activationLinks(self string, c *factor.Ceremony) (send []httpkit.Href, picture *httpkit.Href) {
	if c.Ticket != "" {
		picture = &httpkit.Href{Href: self + "/qr/" + c.Ticket, Type: logoType}
	}
	if c.Waits && c.Ticket != "" {
		for _, way := range []string{"email", "sms"} {
			send = append(send, httpkit.Href{Name: way, Href: self + "/lifecycle/activate/" + way, Hints: httpkit.Allow("POST")})
		}
	}
	return send, picture
}

// pictureSize is the width of a picture to scan, in pixels.
const pictureSize = 240

// factorPicture draws what an app scans. (spec: management#getFactorQrCode)
func (a *API) factorPicture(r *httpkit.Request) error {
	text, err := a.Factors.Picture(r.Context(), r.Org, r.Param("userId"), r.Param("factorId"), r.Param("token"))
	if err != nil {
		return err
	}
	r.W.Header().Set("Cache-Control", "no-store")
	if strings.HasPrefix(r.Header.Get("Accept"), "text/plain") {
		// What the picture says, for phones without eyes.
		return r.Bytes(http.StatusOK, "text/plain; charset=utf-8", []byte(text))
	}
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return fmt.Errorf("draw a code: %w", err)
	}
	if code, err = barcode.Scale(code, max(pictureSize, code.Bounds().Dx()), max(pictureSize, code.Bounds().Dy())); err != nil {
		return fmt.Errorf("draw a code: %w", err)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, code); err != nil {
		return fmt.Errorf("draw a code: %w", err)
	}
	return r.Bytes(http.StatusOK, logoType, b.Bytes())
}

// answerOf reads an answer to a factor, and whether a device is to ask for a
// number. (spec: management VerifyFactorRequest)
func answerOf(r *httpkit.Request) (out map[string]string, numbers bool, err error) {
	var body map[string]json.RawMessage
	if err := r.Decode(&body); err != nil {
		return nil, false, err
	}
	const matching = "useNumberMatchingChallenge"
	if raw, ok := body[matching]; ok && json.Unmarshal(raw, &numbers) != nil {
		return nil, false, idp.Invalid(matching, idp.Cause{Field: matching, Text: "must be true or false"})
	}
	out = map[string]string{}
	for _, name := range []string{
		"passCode", "nextPassCode", "answer", "attestation", "authenticatorData", "clientData", "registrationData", "signatureData",
	} {
		raw, ok := body[name]
		if !ok {
			continue
		}
		var text httpkit.Text
		if err := json.Unmarshal(raw, &text); err != nil {
			return nil, false, idp.Invalid(name, idp.Cause{Field: name, Text: "must be a string"})
		}
		if text != "" {
			out[name] = string(text)
		}
	}
	return out, numbers, nil
}
