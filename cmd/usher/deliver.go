package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"usher/internal/egress"
	"usher/internal/env"
	"usher/internal/notify"
	"usher/internal/notify/apns"
	"usher/internal/notify/fcm"
	"usher/internal/notify/twilio"
	"usher/internal/notify/webhook"
)

// deliverFlags say how messages leave; see docs/howto/deliver.md.
type deliverFlags struct {
	vendorFlags `embed:""`

	SMTPHost     string `name:"smtp-host" help:"Mail server; without one mails stay in the outbox." placeholder:"HOST"`
	SMTPPort     int    `name:"smtp-port" help:"Port of the mail server; 0 for the usual one." default:"0"`
	SMTPSecurity string `name:"smtp-security" help:"Protection of the connection: ${enum}." enum:"starttls,tls,none" default:"starttls"`
	SMTPUser     string `name:"smtp-user" help:"User name at the mail server." placeholder:"NAME"`
	SMTPPassword string `name:"smtp-password" help:"Password at the mail server; better given in the environment." placeholder:"PASSWORD"`
	SMTPFrom     string `name:"smtp-from" help:"Sender of mails, e.g. 'Example <id@example.com>'." placeholder:"ADDRESS"`

	SMSWebhook  string `name:"sms-webhook" help:"Address that takes text messages by a signed POST." placeholder:"URL"`
	CallWebhook string `help:"Address that takes calls by a signed POST." placeholder:"URL"`
	PushWebhook string `help:"Address that takes pushes for which neither APNs nor FCM is set up, by a signed POST." placeholder:"URL"`

	TwilioAccount string `help:"Account (AC...) at Twilio, or a gateway of its shape, for texts and calls that have no webhook." placeholder:"ID"`
	TwilioKey     string `help:"API key (SK...) of the account; without one the secret is the account's token." placeholder:"ID"`
	TwilioSecret  string `help:"Secret of the key, or token of the account; better given in the environment." placeholder:"SECRET"`
	TwilioFrom    string `help:"Number that texts and calls, or messaging service (MG...) for texts alone." placeholder:"NUMBER"`
	TwilioURL     string `name:"twilio-url" help:"Address of the gateway." default:"https://api.twilio.com" placeholder:"URL"`
	VoiceLanguage string `help:"Language in which the gateway's voice reads." default:"en-US" placeholder:"TAG"`

	APNsKeyFile string `name:"apns-key-file" help:"Signing key (.p8) for Apple's push service." placeholder:"FILE" type:"existingfile"`
	APNsKeyID   string `name:"apns-key-id" help:"Identifier of that key." placeholder:"ID"`
	APNsTeamID  string `name:"apns-team-id" help:"Identifier of the developer team." placeholder:"ID"`
	APNsTopic   string `name:"apns-topic" help:"Bundle identifier of the app." placeholder:"ID"`
	APNsSandbox bool   `name:"apns-sandbox" help:"Use the service for apps in development."`

	FCMAccountFile string `name:"fcm-account-file" help:"Key file of the service account for Firebase Cloud Messaging." placeholder:"FILE" type:"existingfile"`

	OutboundAllow []string `help:"Inner networks that webhooks, gateways and applications may be in; none by default." placeholder:"NETWORK"`
}

// outbound says which addresses may be reached.
func (f deliverFlags) outbound() (egress.Config, error) {
	networks, err := egress.ParseNetworks(f.OutboundAllow)
	if err != nil {
		return egress.Config{}, fmt.Errorf("--outbound-allow: %w", err)
	}
	return egress.Config{Allow: networks}, nil
}

// senders builds what the flags name, by kind of message. Kinds without a sender
// are absent. Tokens and signatures follow the machine's clock, not one that
// tests move: the other side looks at its own.
func (f deliverFlags) senders(out egress.Config) (map[notify.Kind]notify.Sender, error) {
	b := &senderBuilder{deliverFlags: f, out: out, senders: map[notify.Kind]notify.Sender{}}
	b.client = egress.New(b.out)
	for _, step := range []func() error{b.mail, b.webhooks, b.gateway, b.pushes} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return b.senders, nil
}

type senderBuilder struct {
	deliverFlags
	out     egress.Config
	client  *egress.Client
	senders map[notify.Kind]notify.Sender
	push    notify.Sender // the webhook for pushes, if there is one
}

func (b *senderBuilder) mail() error {
	if b.SMTPHost == "" {
		return nil
	}
	s := &notify.SMTP{
		Host: b.SMTPHost, Port: b.SMTPPort, Security: notify.Security(b.SMTPSecurity),
		Username: b.SMTPUser, Password: b.SMTPPassword, From: b.SMTPFrom,
	}
	b.senders[notify.Email] = s
	return s.Check()
}

func (b *senderBuilder) webhooks() error {
	secrets, err := b.deliverFlags.secrets()
	if err != nil {
		return err
	}
	for _, w := range []struct {
		flag, url string
		put       func(notify.Sender)
	}{
		{"--sms-webhook", b.SMSWebhook, func(s notify.Sender) { b.senders[notify.SMS] = s }},
		{"--call-webhook", b.CallWebhook, func(s notify.Sender) { b.senders[notify.Call] = s }},
		{"--push-webhook", b.PushWebhook, func(s notify.Sender) { b.push = s }},
	} {
		if w.url == "" {
			continue
		}
		if _, err := b.out.Target(w.url); err != nil {
			return fmt.Errorf("%s: %w", w.flag, err)
		}
		if len(secrets) == 0 {
			return fmt.Errorf("%s needs --webhook-secret: make one with `echo whsec_$(openssl rand -base64 32)`", w.flag)
		}
		w.put(&webhook.Sender{Client: b.client, Clock: env.System{}, URL: w.url, Secrets: secrets})
	}
	return nil
}

func (b *senderBuilder) gateway() error {
	if b.TwilioAccount == "" {
		if b.TwilioKey+b.TwilioSecret+b.TwilioFrom != "" {
			return errors.New("--twilio-key, --twilio-secret and --twilio-from go with --twilio-account")
		}
		return nil
	}
	if _, err := b.out.Target(b.TwilioURL); err != nil {
		return fmt.Errorf("--twilio-url: %w", err)
	}
	g := &twilio.Gateway{
		Client: b.client, Clock: env.System{}, URL: b.TwilioURL, Account: b.TwilioAccount, Key: b.TwilioKey, Secret: b.TwilioSecret,
		From: b.TwilioFrom, Language: b.VoiceLanguage,
	}
	if err := g.Check(); err != nil {
		return err
	}
	used := false
	if b.senders[notify.SMS] == nil {
		b.senders[notify.SMS], used = g, true
	}
	if b.senders[notify.Call] == nil && strings.HasPrefix(b.TwilioFrom, "+") {
		b.senders[notify.Call], used = g, true
	}
	if !used {
		return errors.New("--twilio-account has nothing to do: webhooks take texts and calls")
	}
	return nil
}

func (b *senderBuilder) pushes() error {
	p := notify.Pushes{Webhook: b.push}
	switch {
	case b.APNsKeyFile != "":
		text, err := os.ReadFile(b.APNsKeyFile)
		if err != nil {
			return err
		}
		key, err := apns.ParseKey(text)
		if err != nil {
			return fmt.Errorf("--apns-key-file: %w", err)
		}
		s := &apns.Sender{Client: b.client, Clock: env.System{}, Topic: b.APNsTopic, TeamID: b.APNsTeamID, KeyID: b.APNsKeyID, Key: key}
		if b.APNsSandbox {
			s.URL = apns.Sandbox
		}
		if err := s.Check(); err != nil {
			return fmt.Errorf("%w: give --apns-key-id, --apns-team-id and --apns-topic", err)
		}
		p.APNs = s
	case b.APNsKeyID+b.APNsTeamID+b.APNsTopic != "" || b.APNsSandbox:
		return errors.New("--apns-key-id, --apns-team-id, --apns-topic and --apns-sandbox go with --apns-key-file")
	}
	if b.FCMAccountFile != "" {
		text, err := os.ReadFile(b.FCMAccountFile)
		if err != nil {
			return err
		}
		account, err := fcm.ParseAccount(text)
		if err != nil {
			return fmt.Errorf("--fcm-account-file: %w", err)
		}
		if _, err := b.out.Target(account.TokenURL); err != nil {
			return fmt.Errorf("--fcm-account-file: token_uri: %w", err)
		}
		s := &fcm.Sender{Client: b.client, Clock: env.System{}, Account: account}
		if err := s.Check(); err != nil {
			return fmt.Errorf("--fcm-account-file: %w", err)
		}
		p.FCM = s
	}
	if p != (notify.Pushes{}) {
		b.senders[notify.Push] = p
	}
	return nil
}

// unsent tells what would have to be given for each kind of message that has no
// sender.
func unsent(senders map[notify.Kind]notify.Sender) map[notify.Kind]string {
	out := map[notify.Kind]string{
		notify.Email: "--smtp-host", notify.SMS: "--sms-webhook or --twilio-account", notify.Call: "--call-webhook or --twilio-account",
		notify.Push: "--apns-key-file, --fcm-account-file or --push-webhook",
	}
	for k := range senders {
		delete(out, k)
	}
	return out
}
