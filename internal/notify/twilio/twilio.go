package twilio

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"usher/internal/egress"
	"usher/internal/env"
	"usher/internal/notify"
)

// DefaultURL is Twilio's own address.
const DefaultURL = "https://api.twilio.com"

// Gateway sends texts and places calls. It implements notify.Sender for both.
type Gateway struct {
	Client *egress.Client
	Clock  env.Clock
	URL    string // without a path; DefaultURL when empty
	// Account names the account (AC...). Key and Secret sign in: an API key
	// (SK...) with its secret, or the account itself with its token.
	Account, Key, Secret string
	// From is the number that calls and texts, or for texts a messaging service
	// (MG...).
	From string
	// Language is that of the voice, e.g. "en-GB"; the gateway's own when empty.
	Language string
}

// e164 is a phone number in international form. (ITU-T E.164)
var e164 = regexp.MustCompile(`^\+[1-9][0-9]{1,14}$`)

// Check tells what is wrong with the settings, before the first message does.
func (g *Gateway) Check() error {
	switch {
	case !strings.HasPrefix(g.Account, "AC") || url.PathEscape(g.Account) != g.Account:
		return errors.New("the account of the SMS gateway begins with AC")
	case g.Secret == "":
		return errors.New("the SMS gateway needs a token, or a key and its secret")
	case !e164.MatchString(g.From) && !strings.HasPrefix(g.From, "MG"):
		return errors.New("the SMS gateway sends from a number like +15550100, or from a messaging service (MG...)")
	}
	return nil
}

// Send implements notify.Sender.
func (g *Gateway) Send(ctx context.Context, m notify.Message) error {
	if !e164.MatchString(m.To) {
		return notify.Refused(errors.New("gateway: the recipient is no phone number in international form"))
	}
	form := url.Values{"To": {m.To}}
	what := "Messages"
	switch m.Kind {
	case notify.SMS:
		form.Set("Body", m.Text)
		if strings.HasPrefix(g.From, "MG") {
			form.Set("MessagingServiceSid", g.From)
		} else {
			form.Set("From", g.From)
		}
	case notify.Call:
		what = "Calls"
		form.Set("From", g.From)
		form.Set("Twiml", g.spoken(m.Text))
		if ext := m.Data[notify.DataExtension]; ext != "" {
			form.Set("SendDigits", "ww"+ext) // after a second's pause
		}
	default:
		return notify.Refused(fmt.Errorf("gateway: it takes no %s", m.Kind))
	}
	base := g.URL
	if base == "" {
		base = DefaultURL
	}
	address := strings.TrimRight(base, "/") + "/2010-04-01/Accounts/" + g.Account + "/" + what + ".json"
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		return fmt.Errorf("gateway request: %w", err)
	}
	key := g.Key
	if key == "" {
		key = g.Account
	}
	req.SetBasicAuth(key, g.Secret)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("User-Agent", "usher")
	a, err := g.Client.Do(req)
	if err != nil {
		return fmt.Errorf("gateway: %w", err)
	}
	return judge(a, g.Clock.Now())
}

// spoken is the instruction to read a text out.
func (g *Gateway) spoken(text string) string {
	var b, lang strings.Builder
	// Writing to a builder does not fail.
	_ = xml.EscapeText(&b, []byte(text))
	if g.Language != "" {
		_ = xml.EscapeText(&lang, []byte(g.Language))
		return `<Response><Say language="` + lang.String() + `">` + b.String() + `</Say></Response>`
	}
	return "<Response><Say>" + b.String() + "</Say></Response>"
}

// hopeless are the codes that tell that this message will never reach its
// recipient: another attempt would meet them again. Codes about the account, its
// money, its rights or its pace are not among them.
// (Twilio, Error and Warning Dictionary)
var hopeless = map[int]bool{
	21211: true, // no valid number
	21214: true, // cannot be reached
	21217: true, // does not look valid
	21219: true, // not verified, for a trial account
	21265: true, // cannot be a shortcode
	21407: true, // this kind of number does not take it
	21408: true, // the region is not permitted
	21602: true, // no body
	21604: true, // no recipient
	21605: true, // too long
	21610: true, // the recipient has unsubscribed
	21612: true, // no route
	21614: true, // not a mobile number
	21617: true, // too long
	13223: true, // a call to a number that is not valid
	13224: true, // the same
	13225: true, // a blocked number
	13227: true, // no permission for the region
}

// judge tells what an answer means.
func judge(a egress.Answer, now time.Time) error {
	if a.Status/100 == 2 {
		return nil
	}
	var fault struct {
		Code int `json:"code"`
	}
	// An answer without a code is judged by its status alone. What it says is
	// not repeated: it may hold the number.
	_ = json.Unmarshal(a.Body, &fault)
	err := fmt.Errorf("gateway: it answers %d with code %d", a.Status, fault.Code)
	if hopeless[fault.Code] {
		return notify.Refused(err)
	}
	return notify.Later(err, a.RetryAfter(now))
}
