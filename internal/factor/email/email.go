package email

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"usher/internal/env"
	"usher/internal/eventlog"
	"usher/internal/factor"
	"usher/internal/idp"
	"usher/internal/notify"
	"usher/internal/store"
)

// pace is how often a mail is sent. (management reference: lockout and abuse)
const pace = 5 * time.Second

// FieldEmail is the address that is enrolled; the primary one when empty.
const FieldEmail = "email"

// maxEmail bounds an address in bytes. (RFC 5321 section 4.5.3.1)
const maxEmail = 254

// Method proves a user by codes in mails.
type Method struct {
	*factor.Codes
	outbox *notify.Outbox
	log    *eventlog.Log
}

// New returns the method.
func New(rand env.Rand, vault factor.Vault, outbox *notify.Outbox, log *eventlog.Log) *Method {
	m := &Method{outbox: outbox, log: log}
	m.Codes = &factor.Codes{Rand: rand, Vault: vault, Deliver: m.deliver}
	return m
}

// Describe implements factor.Method.
func (*Method) Describe() factor.Description {
	return factor.Description{
		Kind: "email", Verify: factor.CodeFields(), Enroll: []factor.Field{{Name: FieldEmail, Optional: true, MaxLength: maxEmail}},
		AMR: []string{"otp"}, Credential: "EMAIL",
	}
}

// textNotOwn refuses the address of somebody else. (Okta's Factors API, enrolling
// an email factor)
const textNotOwn = "Only verified primary or secondary email can be enrolled."

// profile is what may be shown. (spec: management EmailUserFactorProfile)
type profile struct {
	Email string `json:"email"`
}

// Enroll implements factor.Enroller: only an address that the user's profile
// holds can be enrolled, the primary one where none is named.
func (*Method) Enroll(_ context.Context, s factor.Subject, k factor.Kind, fields map[string]string) (factor.Draft, error) {
	attributes, err := s.User.Attributes()
	if err != nil {
		return factor.Draft{}, err
	}
	wanted := fields[FieldEmail]
	for _, name := range []string{"email", "secondEmail"} {
		if own := attributes.Text(name); own != "" && (wanted == "" || strings.EqualFold(own, wanted)) {
			return factor.Draft{Kind: k, Profile: profile{own}}, nil
		}
	}
	return factor.Draft{}, idp.Invalid(textNotOwn)
}

// Pace implements factor.Resender.
func (*Method) Pace() factor.Pace { return factor.Pace{Every: pace, TooSoon: idp.KindEmailTooSoon} }

// Mask implements factor.Masker: d...y@example.com.
// (management reference: factor cause texts, masks)
func (*Method) Mask(text []byte) []byte {
	var p profile
	if json.Unmarshal(text, &p) != nil {
		return []byte("{}")
	}
	out, err := json.Marshal(profile{mask(p.Email)})
	if err != nil {
		return []byte("{}")
	}
	return out
}

func mask(address string) string {
	at := strings.LastIndexByte(address, '@')
	if at < 1 {
		return ""
	}
	first, _ := utf8.DecodeRuneInString(address[:at])
	last, _ := utf8.DecodeLastRuneInString(address[:at])
	return string(first) + "..." + string(last) + address[at:]
}

// deliver sends a code.
func (m *Method) deliver(tx *store.Tx, a idp.Actor, s factor.Subject, code string, _ factor.ChallengeOptions) error {
	var p profile
	if err := json.Unmarshal(s.Factor.Profile, &p); err != nil {
		return fmt.Errorf("read the address of factor %s: %w", s.Factor.ID, err)
	}
	message, err := notify.MailCode{
		To: p.Email, Name: idp.UserTarget(s.User).DisplayName, Login: s.User.Login, Org: s.Org.Name, Code: code, Expires: s.Challenge.Expires,
	}.Message()
	if err != nil {
		return err
	}
	if _, err := m.outbox.Enqueue(tx, s.Org.ID, message); err != nil {
		return fmt.Errorf("send a mail: %w", err)
	}
	return m.log.Record(tx, a, eventlog.Entry{
		Type: eventlog.MailVerify, Subject: eventlog.UserSubject(s.User), Targets: []idp.Target{idp.UserTarget(s.User), factor.Target(s.Factor)},
	})
}
