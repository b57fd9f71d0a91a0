package main

import "usher/internal/notify"

// mailFlags name the mail server through which messages leave.
type mailFlags struct {
	SMTPHost     string `name:"smtp-host" help:"Mail server; without one messages stay in the outbox." placeholder:"HOST"`
	SMTPPort     int    `name:"smtp-port" help:"Port of the mail server; 0 for the usual one." default:"0"`
	SMTPSecurity string `name:"smtp-security" help:"Protection of the connection: ${enum}." enum:"starttls,tls,none" default:"starttls"`
	SMTPUser     string `name:"smtp-user" help:"User name at the mail server." placeholder:"NAME"`
	SMTPPassword string `name:"smtp-password" help:"Password at the mail server; better given in the environment." placeholder:"PASSWORD"`
	SMTPFrom     string `name:"smtp-from" help:"Sender of mails, e.g. 'Example <id@example.com>'." placeholder:"ADDRESS"`
}

// smtp returns the mail server, nil when none is named.
func (f mailFlags) smtp() *notify.SMTP {
	if f.SMTPHost == "" {
		return nil
	}
	return &notify.SMTP{
		Host: f.SMTPHost, Port: f.SMTPPort, Security: notify.Security(f.SMTPSecurity),
		Username: f.SMTPUser, Password: f.SMTPPassword, From: f.SMTPFrom,
	}
}
