package notify

import (
	"strings"
	"time"

	"usher/internal/idp"
)

// Names of the messages to phones.
const (
	TemplateTextCode  = "smsCode"
	TemplateTextLink  = "smsLink"
	TemplateCallCode  = "callCode"
	TemplatePushAsked = "pushChallenge"
)

// DefaultText is what a text message with a code says, with the two variables
// that an organisation's own text may use as well: the code and the
// organisation's name. (spec: management#createSmsTemplate)
const DefaultText = "${org.name}: your code is ${code}. Give it to nobody."

// MaxText bounds a text message in characters, filled in.
const MaxText = 1600

// FillText puts code and organisation into a text. What they hold is not looked
// at again.
func FillText(text, code, org string) string {
	return strings.NewReplacer("${code}", code, "${org.name}", oneLine(org)).Replace(text)
}

// TextCode is a text message with a code.
type TextCode struct {
	To      string // a phone number in international form, e.g. "+15550100"
	Org     string // the organisation's name
	Code    string
	Text    string // with ${code} and ${org.name}; DefaultText when empty
	Expires time.Time
}

// Message writes the text: KindInvalid when it lacks the code or is too long.
func (c TextCode) Message() (Message, error) {
	text := c.Text
	if text == "" {
		text = DefaultText
	}
	text = FillText(text, c.Code, c.Org)
	if !strings.Contains(text, c.Code) || len([]rune(text)) > MaxText {
		return Message{}, idp.Invalid("message", idp.Cause{Field: "template", Text: "the text lacks the code or is too long"})
	}
	return Message{Kind: SMS, To: c.To, Template: TemplateTextCode, Text: text, Expires: c.Expires, Data: map[string]string{DataCode: c.Code}}, nil
}

// TextLink is a text message with a link that brings the app on the phone to
// its enrolment.
type TextLink struct {
	To      string // a phone number in international form
	Org     string // the organisation's name
	Link    string
	Token   string // the secret in Link
	Expires time.Time
}

// Message writes the text.
func (l TextLink) Message() (Message, error) {
	return Message{
		Kind: SMS, To: l.To, Template: TemplateTextLink, Text: oneLine(l.Org) + ": to set up this phone, open " + l.Link,
		Expires: l.Expires, Data: map[string]string{DataLink: l.Link, DataToken: l.Token},
	}, nil
}

// CallCode is a call that tells a code.
type CallCode struct {
	To      string // a phone number in international form
	Ext     string // the extension to dial, digits; may be empty
	Org     string // the organisation's name
	Code    string
	Expires time.Time
}

// Message writes what is spoken: the digits one by one, twice.
func (c CallCode) Message() (Message, error) {
	digits := strings.Join(strings.Split(c.Code, ""), ", ")
	m := Message{
		Kind: Call, To: c.To, Template: TemplateCallCode, Expires: c.Expires, Data: map[string]string{DataCode: c.Code},
		Text: "Hello. This is " + oneLine(c.Org) + ". Your code is: " + digits + ". Again, your code is: " + digits + ". Goodbye.",
	}
	if c.Ext != "" {
		m.Data[DataExtension] = c.Ext
	}
	return m, nil
}

// The services that bring a push to a phone.
const (
	PushAPNs = "apns" // Apple's
	PushFCM  = "fcm"  // Google's
)

// Names of Data that the senders of pushes need, and those who show them.
const (
	DataExtension   = "extension"   // of a call: what to dial after the number
	DataPushService = "pushService" // apns, fcm; empty when the device has no address
	DataPushToken   = "pushToken"   // the device's address at its service
	DataDevice      = "device"      // the identifier of the device, i.e. of its enrolment
	DataChallenge   = "challenge"   // the identifier of what is to be answered
	DataLogin       = "login"       // whom it is about
	DataWhere       = "where"       // where the request came from, for people
	DataNumbers     = "numbers"     // the numbers to choose from, separated by commas; empty for none
)

// PushChallenge asks on somebody's phone whether it is them.
type PushChallenge struct {
	Login     string // whom it asks about, and the recipient in the outbox
	Device    string // identifier of the device's enrolment
	Service   string // PushAPNs, PushFCM or empty: then only a webhook can bring it
	Token     string // the device's address at its service
	Org       string // the organisation's name
	Challenge string // identifier of what is to be answered
	Where     string // e.g. "Firefox on Linux, 203.0.113.7"; may be empty
	Numbers   []string
	Expires   time.Time
}

// Message writes the push. It carries no secret: the device fetches what it
// answers, and signs the answer.
func (p PushChallenge) Message() (Message, error) {
	text := "Is it you who signs in to " + oneLine(p.Org) + "?"
	if p.Where != "" {
		text += " From " + oneLine(p.Where) + "."
	}
	m := Message{
		Kind: Push, To: p.Login, Template: TemplatePushAsked, Subject: oneLine(p.Org), Text: text, Expires: p.Expires,
		Data: map[string]string{DataDevice: p.Device, DataChallenge: p.Challenge, DataLogin: p.Login},
	}
	for name, value := range map[string]string{
		DataPushService: p.Service, DataPushToken: p.Token, DataWhere: oneLine(p.Where), DataNumbers: strings.Join(p.Numbers, ","),
	} {
		if value != "" {
			m.Data[name] = value
		}
	}
	return m, nil
}
