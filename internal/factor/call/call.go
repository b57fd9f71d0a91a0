package call

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

// pace is how often a call is made. (management reference: lockout and abuse)
const pace = 30 * time.Second

// Method proves a user by codes that are told over the phone.
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
		Kind: "call", Verify: factor.CodeFields(), Enroll: factor.PhoneFields(true), AMR: []string{"tel"},
	}
}

// Enroll implements factor.Enroller.
func (*Method) Enroll(_ context.Context, _ factor.Subject, k factor.Kind, fields map[string]string) (factor.Draft, error) {
	p, err := factor.ParsePhone(fields)
	return factor.Draft{Kind: k, Profile: p}, err
}

// Pace implements factor.Resender.
func (*Method) Pace() factor.Pace { return factor.Pace{Every: pace, TooSoon: idp.KindCallTooSoon} }

// Mask implements factor.Masker.
func (*Method) Mask(profile []byte) []byte { return factor.MaskPhone(profile) }

// deliver has a code told.
func (m *Method) deliver(tx *store.Tx, a idp.Actor, s factor.Subject, code string, _ factor.ChallengeOptions) error {
	phone, err := factor.PhoneOf(s.Factor.Profile)
	if err != nil {
		return fmt.Errorf("read the phone of factor %s: %w", s.Factor.ID, err)
	}
	message, err := notify.CallCode{To: phone.Number, Ext: phone.Extension, Org: s.Org.Name, Code: code, Expires: s.Challenge.Expires}.Message()
	if err != nil {
		return err
	}
	if _, err := m.outbox.Enqueue(tx, s.Org.ID, message); err != nil {
		return fmt.Errorf("make a call: %w", err)
	}
	return m.log.Record(tx, a, eventlog.Entry{
		Type: event(factor.Purpose(s.Challenge.Purpose)), Subject: eventlog.UserSubject(s.User),
		Targets: []idp.Target{idp.UserTarget(s.User), factor.Target(s.Factor)},
	})
}

// event names what a call is for. (management reference: event types)
func event(p factor.Purpose) idp.EventType {
	switch p {
	case factor.ToActivate:
		return eventlog.CallActivate
	case factor.ToRecover:
		return eventlog.CallReset
	case factor.ToUnlock:
		return eventlog.CallUnlock
	case factor.ToVerify, factor.ToAuthorize, factor.ToSignIn:
	}
	return eventlog.CallVerify
}
