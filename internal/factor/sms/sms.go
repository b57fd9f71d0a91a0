package sms

import (
	"context"
	"fmt"
	"time"

	"usher/internal/env"
	"usher/internal/eventlog"
	"usher/internal/factor"
	"usher/internal/idp"
	"usher/internal/notify"
	"usher/internal/store"
)

// pace is how often a text is sent. (management reference: lockout and abuse)
const pace = 30 * time.Second

// Method proves a user by codes in text messages.
type Method struct {
	*factor.Codes
	outbox    *notify.Outbox
	templates *notify.Templates
	log       *eventlog.Log
}

// New returns the method.
func New(rand env.Rand, vault factor.Vault, outbox *notify.Outbox, templates *notify.Templates, log *eventlog.Log) *Method {
	m := &Method{outbox: outbox, templates: templates, log: log}
	m.Codes = &factor.Codes{Rand: rand, Vault: vault, Deliver: m.deliver}
	return m
}

// Describe implements factor.Method.
func (*Method) Describe() factor.Description {
	return factor.Description{
		Kind: "sms", Verify: factor.CodeFields(), Enroll: factor.PhoneFields(false), AMR: []string{"sms"}, Credential: "SMS",
	}
}

// Enroll implements factor.Enroller.
func (*Method) Enroll(_ context.Context, _ factor.Subject, k factor.Kind, fields map[string]string) (factor.Draft, error) {
	p, err := factor.ParsePhone(map[string]string{factor.FieldPhone: fields[factor.FieldPhone]})
	return factor.Draft{Kind: k, Profile: p}, err
}

// Pace implements factor.Resender.
func (*Method) Pace() factor.Pace { return factor.Pace{Every: pace, TooSoon: idp.KindSMSTooSoon} }

// Mask implements factor.Masker.
func (*Method) Mask(profile []byte) []byte { return factor.MaskPhone(profile) }

// deliver sends a code as the organisation's text says it, in the language that the
// caller asks for, else in that of the user's profile.
func (m *Method) deliver(tx *store.Tx, a idp.Actor, s factor.Subject, code string, o factor.ChallengeOptions) error {
	phone, err := factor.PhoneOf(s.Factor.Profile)
	if err != nil {
		return fmt.Errorf("read the phone of factor %s: %w", s.Factor.ID, err)
	}
	languages := o.Languages
	if attributes, err := s.User.Attributes(); err == nil && len(languages) == 0 {
		languages = []string{attributes.Text("preferredLanguage")}
	}
	text, err := m.templates.Text(tx, s.Org.ID, o.Template, languages...)
	if err != nil {
		return err
	}
	message, err := notify.TextCode{To: phone.Number, Org: s.Org.Name, Code: code, Text: text, Expires: s.Challenge.Expires}.Message()
	if err != nil {
		return err
	}
	if _, err := m.outbox.Enqueue(tx, s.Org.ID, message); err != nil {
		return fmt.Errorf("send a text: %w", err)
	}
	return m.log.Record(tx, a, eventlog.Entry{
		Type: event(factor.Purpose(s.Challenge.Purpose)), Subject: eventlog.UserSubject(s.User),
		Targets: []idp.Target{idp.UserTarget(s.User), factor.Target(s.Factor)},
	})
}

// event names what a text is for. (management reference: event types)
func event(p factor.Purpose) idp.EventType {
	switch p {
	case factor.ToActivate:
		return eventlog.TextActivate
	case factor.ToRecover:
		return eventlog.TextReset
	case factor.ToUnlock:
		return eventlog.TextUnlock
	case factor.ToVerify, factor.ToAuthorize, factor.ToSignIn:
	}
	return eventlog.TextVerify
}
