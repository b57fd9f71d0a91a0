package push

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"usher/internal/env"
	"usher/internal/eventlog"
	"usher/internal/factor"
	"usher/internal/idp"
	"usher/internal/notify"
	"usher/internal/store"
)

// How long a phone may take. (management reference: time to live)
const (
	activationLife = 10 * time.Minute
	answerLife     = 5 * time.Minute
)

// tokenBytes is how much chance the secret of an activation holds.
const tokenBytes = 32

// Method proves a user by an answer from the phone.
type Method struct {
	Rand   env.Rand
	Vault  factor.Vault
	Outbox *notify.Outbox
	Log    *eventlog.Log
}

// Describe implements factor.Method.
func (*Method) Describe() factor.Description {
	return factor.Description{Kind: "push", AMR: []string{"swk"}, Waits: true}
}

// Enroll implements factor.Enroller: what there is to know the phone brings.
func (*Method) Enroll(_ context.Context, _ factor.Subject, k factor.Kind, _ map[string]string) (factor.Draft, error) {
	return factor.Draft{Kind: k}, nil
}

// Challenge implements factor.Challenger.
func (m *Method) Challenge(tx *store.Tx, a idp.Actor, s factor.Subject, o factor.ChallengeOptions) error {
	if s.Activating() {
		s.Challenge.Expires = tx.Now().Add(activationLife)
		return m.Vault.SealActivation(s.Challenge, factor.DeviceActivation{Token: env.Secret(m.Rand, "", tokenBytes)})
	}
	life := answerLife
	if o.Life > 0 && o.Life < life {
		life = o.Life
	}
	s.Challenge.Expires = tx.Now().Add(life)
	q := factor.DeviceQuestion{IP: a.Client.IP.String(), UserAgent: a.Client.UserAgent, Asked: tx.Now(), App: o.App, Message: o.Message}
	// An application that asks apart from a sign-in has no place to show a number:
	// its message takes that part.
	if (s.Org.Settings.PushNumbers || o.Numbers) && s.Challenge.Purpose != string(factor.ToAuthorize) {
		q.Numbers, q.Correct = m.numbers()
		q.Told = o.Numbers
	}
	if err := m.Vault.SealQuestion(s.Challenge, q); err != nil {
		return err
	}
	return m.notify(tx, a, s, q)
}

// numbers draws three different numbers of two digits and says which is right.
func (m *Method) numbers() (three []int, correct int) {
	for len(three) < 3 {
		n, err := strconv.Atoi(env.Text(m.Rand, "123456789", 1) + env.Digits(m.Rand, 1))
		if err == nil && !slices.Contains(three, n) {
			three = append(three, n)
		}
	}
	return three, three[strings.Index("012", env.Text(m.Rand, "012", 1))]
}

// notify wakes the phone up. The message says nothing that a thief could use.
func (m *Method) notify(tx *store.Tx, a idp.Actor, s factor.Subject, q factor.DeviceQuestion) error {
	device, err := m.Vault.OpenDevice(s.Factor)
	if err != nil {
		return err
	}
	message, err := notify.PushChallenge{
		Login: s.User.Login, Device: s.Factor.ID, Service: device.PushService, Token: device.PushToken, Org: s.Org.Name,
		Challenge: s.Challenge.ID, Where: q.Where(), Expires: s.Challenge.Expires,
	}.Message()
	if err != nil {
		return err
	}
	if _, err := m.Outbox.Enqueue(tx, s.Org.ID, message); err != nil {
		return fmt.Errorf("send a push: %w", err)
	}
	return m.Log.Record(tx, a, eventlog.Entry{
		Type: eventlog.PushVerify, Subject: eventlog.UserSubject(s.User), Targets: []idp.Target{idp.UserTarget(s.User), factor.Target(s.Factor)},
	})
}

// View implements factor.Viewer: what to scan while the phone is not known, and
// the number to find on it once it shows its three, or before for who wants that.
func (m *Method) View(tx *store.Tx, s factor.Subject) (factor.View, error) {
	if s.Challenge == nil || factor.ResultOf(s.Challenge, tx.Now()) != factor.Waiting {
		return factor.View{}, nil
	}
	v := factor.View{Expires: s.Challenge.Expires}
	if s.Activating() {
		act, err := m.Vault.OpenActivation(s.Challenge)
		if err != nil {
			return factor.View{}, err
		}
		v.QR = act.Address(s.Org, s.Challenge)
		return v, nil
	}
	q, err := m.Vault.OpenQuestion(s.Challenge)
	if err != nil {
		return factor.View{}, err
	}
	if (q.Shown || q.Told) && q.Numbers != nil {
		v.Number = &q.Correct
	}
	return v, nil
}

// Check implements factor.Method. The phone answers elsewhere.
func (*Method) Check(context.Context, factor.Subject, map[string]string) (factor.Attempt, error) {
	return factor.Attempt{}, nil
}

// Settle implements factor.Method for the phone that makes itself known, which
// ends the enrolment.
func (m *Method) Settle(tx *store.Tx, s factor.Subject, a factor.Attempt) (factor.Outcome, error) {
	device, ok := a.State.(factor.Device)
	if !ok || !s.Activating() || s.Challenge == nil {
		return factor.Outcome{}, nil
	}
	err := factor.Answered(tx, s.Challenge, factor.Accepted)
	if idp.KindOf(err) == idp.KindChallengeOver {
		return factor.Outcome{Why: idp.KindChallengeOver}, nil
	}
	if err != nil {
		return factor.Outcome{}, err
	}
	if err := m.Vault.SealDevice(s.Factor, s.User, device); err != nil {
		return factor.Outcome{}, errors.Join(errors.New("push: keep a device"), err)
	}
	return factor.Outcome{Proved: true}, nil
}

// SendLink implements factor.Linker.
func (m *Method) SendLink(tx *store.Tx, a idp.Actor, s factor.Subject, way factor.LinkWay, to string) error {
	act, err := m.Vault.OpenActivation(s.Challenge)
	if err != nil {
		return err
	}
	token := act.Presented(s.Challenge)
	link := s.Org.BaseURL + factor.DevicePath + "/open?token=" + url.QueryEscape(token)
	var w interface {
		Message() (notify.Message, error)
	}
	event := eventlog.TextPush
	if way == factor.LinkByText {
		w = notify.TextLink{To: to, Org: s.Org.Name, Link: link, Token: token, Expires: s.Challenge.Expires}
	} else {
		attributes, err := s.User.Attributes()
		if err != nil {
			return fmt.Errorf("read profile: %w", err)
		}
		event = eventlog.MailPush
		w = notify.PushSetup{
			To: attributes.Text("email"), Name: idp.UserTarget(s.User).DisplayName, Login: s.User.Login, Org: s.Org.Name,
			Link: link, Token: token, Expires: s.Challenge.Expires,
		}
	}
	message, err := w.Message()
	if err != nil {
		return err
	}
	if _, err := m.Outbox.Enqueue(tx, s.Org.ID, message); err != nil {
		return fmt.Errorf("send a link: %w", err)
	}
	return m.Log.Record(tx, a, eventlog.Entry{
		Type: event, Subject: eventlog.UserSubject(s.User), Targets: []idp.Target{idp.UserTarget(s.User), factor.Target(s.Factor)},
	})
}
