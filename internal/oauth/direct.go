package oauth

import (
	"context"
	"slices"
	"strings"
	"time"

	"usher/internal/factor"
	"usher/internal/idp"
	"usher/internal/keys"
	"usher/internal/signin"
	"usher/internal/store"
)

// Direct authentication is a sign-in that a client carries out at the token
// endpoint: the password first, then, where the sign-on policy asks for it, a
// further factor. The client presents the sign-in by its handle, the mfa_token,
// and what was sent or asked elsewhere by an oob_code. (spec: oauth2#challenge,
// oauth2#token)

// mfaLife is how long a client may take for the further factor.
const mfaLife = 10 * time.Minute

// Texts of direct authentication, which clients match. (spec: oauth2, the examples
// of errors)
const (
	textMFARequired = "Verify with an additional authenticator to complete the sign-in process."
	textMFAOver     = "`mfa_token` has expired. Use a new `oob_code` or `mfa_token` and try again."
	textOOBOver     = "`oob_code` has expired. Use a new `oob_code` or `mfa_token` and try again."
	textNoFactor    = "The required authenticator can't be used. Check if it's required by policy and the user is enrolled in the authenticator and try again."
	textWrongCode   = "The 'otp' provided is either empty or incorrect. Use the correct OTP and try again."
	textNotTogether = "The 'oob_code' and the 'mfa_token' provided are not associated with each other. Review the values and try again."
	textNoResponse  = "No user response received on the out-of-band authenticator yet. Continue polling to wait for a response."
)

// mfaDocument is what an mfa_token stands for, beside the sign-in that is stored
// under the same handle.
type mfaDocument struct {
	ServerID string `json:"server,omitempty"`
}

// direct is a sign-in that waits for its further factor.
type direct struct {
	who     idp.Actor
	handle  string
	sign    *signin.Transaction
	step    signin.Step
	options []signin.Method // that can be proved
}

// directActor is who signs in: nobody yet, from where the client is.
func directActor(c *TokenCall) idp.Actor {
	return idp.Actor{Org: c.Actor.Org, Kind: idp.ActorAnonymous, Client: c.Actor.Client}
}

// channelOf is how a factor is called here that is answered over another channel,
// empty for others. (spec: oauth2 Channel; the guide to direct authentication by
// email)
func channelOf(m signin.Method) string {
	return map[string]string{"push": "push", "sms": "sms", "call": "voice", "email": "email"}[m.Kind]
}

// channels are those of channelOf, first what is asked over when the client does
// not say.
func channels() []string { return []string{"push", "sms", "voice", "email"} }

// passcode tells whether a factor is proved by a password that the user reads from
// something.
func passcode(m signin.Method) bool {
	takes := slices.ContainsFunc(m.About.Verify, func(f factor.Field) bool { return f.Name == factor.FieldPassCode })
	return takes && !m.Sends && !m.Waits
}

// factorsOf are the factors that a step offers to be proved.
func factorsOf(step signin.Step) []signin.Method {
	switch s := step.(type) {
	case signin.Verify:
		if !s.Primary {
			return s.Options
		}
	case signin.Challenge:
		if len(s.Any) > 0 {
			return s.Any
		}
		return []signin.Method{s.Method}
	case signin.Activate, signin.ChangePassword, signin.Consent, signin.Denied, signin.Done, signin.Enroll, signin.EnrollProfile, signin.Identify,
		signin.Locked, signin.Recover, signin.Unlock:
	}
	return nil
}

// askFurther answers a sign-in that has come to a step behind the password: with
// MFARequired where the client can go on, else as for a wrong password.
func (p *Provider) askFurther(ctx context.Context, c *TokenCall, t *signin.Transaction, step signin.Step) error {
	able := func(grant string) bool {
		listed := strings.Fields(c.Params["grant_types_supported"])
		return c.Client.Grants(grant) && (len(listed) == 0 || slices.Contains(listed, grant))
	}
	if !slices.ContainsFunc(factorsOf(step), func(m signin.Method) bool {
		return able(GrantMFAOTP) && passcode(m) || able(GrantMFAOOB) && channelOf(m) != "" || able(GrantMFAWebAuthn) && isKey(m)
	}) {
		if err := p.Engine.Cancel(ctx, directActor(c), t); err != nil && idp.KindOf(err) != idp.KindConflict {
			return err
		}
		return fault(InvalidGrant, textBadPassword)
	}
	err := p.Store.Write(ctx, func(tx *store.Tx) error {
		return putTicket(tx, c.Actor.OrgID(), ticketMFA, t.Handle, c.Client.ID, t.UserID, mfaLife, mfaDocument{c.Server.ID})
	})
	if err != nil {
		return err
	}
	return &Fault{Code: MFARequired, Text: textMFARequired, MFAToken: t.Handle}
}

// goOn finds the sign-in of an mfa_token that this client was given at this
// server. AccessDenied with a text for one that is over.
func (p *Provider) goOn(ctx context.Context, c *TokenCall, token, over string) (*direct, error) {
	var doc mfaDocument
	t, err := readTicket(p.Store.Read(ctx), c.Actor.OrgID(), ticketMFA, token, &doc)
	if err != nil {
		return nil, err
	}
	if t == nil || t.ClientID != c.Client.ID || doc.ServerID != c.Server.ID {
		return nil, isOver(over)
	}
	d := &direct{who: directActor(c), handle: token}
	if d.sign, err = p.Engine.Load(ctx, d.who, token); err == nil {
		d.step, _, err = p.Engine.Next(ctx, d.who, d.sign)
	}
	if err != nil {
		return nil, directFault(err, over)
	}
	d.options = factorsOf(d.step)
	return d, nil
}

// directFault turns what the sign-in refuses into an answer of this protocol.
// Throttles stay what they are.
func directFault(err error, over string) error {
	kind := idp.KindOf(err)
	if slices.Contains([]idp.Kind{0, idp.KindTooManyRequests, idp.KindSMSTooSoon, idp.KindCallTooSoon, idp.KindEmailTooSoon}, kind) {
		return err
	}
	if slices.Contains([]idp.Kind{idp.KindBadToken, idp.KindConflict, idp.KindTransactionState, idp.KindNotFound}, kind) {
		return isOver(over)
	}
	return fault(InvalidGrant, textWrongCode)
}

// isOver refuses what has expired or is nobody's. (the guides to direct
// authentication: 403)
func isOver(text string) error { return &Fault{Code: AccessDenied, Text: text, Forbidden: true} }

// noFactor refuses a sign-in for which no factor can be used that the client
// takes part in. (spec: oauth2#challenge, its examples of errors)
func noFactor() error { return &Fault{Code: AccessDenied, Text: textNoFactor, Forbidden: true} }

// DirectChallenge is what a client learns of a challenge. (spec: oauth2
// ChallengeResponse)
type DirectChallenge struct {
	Type string
	// The others are of what is answered over another channel.
	Code     string // oob_code
	Channel  string
	Binding  string // none, prompt or transfer
	Number   *int   // that the user must find on the device (transfer)
	Expires  time.Duration
	Interval time.Duration // between two polls; zero where nothing is polled for
	// Options are what a security key or passkey is asked with, nil for other types.
	Options *KeyOptions
}

// oobDocument is what an oob_code stands for.
type oobDocument struct {
	ServerID  string `json:"server,omitempty"`
	Handle    string `json:"handle"` // of the sign-in, sealed
	Factor    string `json:"factor"`
	Challenge string `json:"challenge"`
	polling
}

// oobPlace binds a sealed handle to its organisation.
func oobPlace(orgID string) keys.Place {
	return keys.Place{Table: "oauth_tickets", Column: "oob", Row: orgID}
}

// Challenge begins the further factor of a sign-in: it sends or asks what the
// client has chosen, or tells that a password is to be read from something.
// (spec: oauth2#challenge)
func (p *Provider) Challenge(ctx context.Context, a idp.Actor, in TokenRequestInput) (*DirectChallenge, error) {
	s, client, err := p.clientCall(ctx, a, in, "challenge")
	if err != nil {
		return nil, err
	}
	if !client.Grants(GrantMFAOTP) && !client.Grants(GrantMFAOOB) && !client.Grants(GrantMFAWebAuthn) {
		return nil, notConfigured(client)
	}
	c := &TokenCall{Actor: clientActor(a, client), Server: s, Client: client, Params: in.Params}
	types := strings.Fields(in.Params["challenge_types_supported"])
	if len(types) == 0 {
		types = []string{GrantMFAOOB, GrantMFAOTP}
	}
	known := []string{GrantMFAOOB, GrantMFAOTP, GrantMFAWebAuthn}
	if i := slices.IndexFunc(types, func(v string) bool { return !slices.Contains(known, v) }); i >= 0 {
		return nil, &Fault{Code: AccessDenied, Text: "`" + shown(types[i]) + "` isn't supported as a `challenge_type`. Try again with another value.", Forbidden: true}
	}
	channel := in.Params["channel_hint"]
	if channel != "" && !slices.Contains(channels(), channel) {
		return nil, fault(InvalidRequest, "`"+shown(channel)+"` isn't supported as a `channel_hint`. Try again with another value.")
	}
	d, err := p.goOn(ctx, c, in.Params["mfa_token"], textMFAOver)
	if err != nil {
		return nil, err
	}
	if _, waits := d.step.(signin.Challenge); waits {
		// What was begun before is given up for what is asked for now.
		if d.step, err = p.Engine.Apply(ctx, d.who, d.sign, signin.Previous{}); err != nil {
			return nil, directFault(err, textMFAOver)
		}
		d.options = factorsOf(d.step)
	}
	able := func(grant string) bool { return client.Grants(grant) && slices.Contains(types, grant) }
	elsewhere := reachable(d.options, channel)
	if channel != "" && elsewhere != nil && able(GrantMFAOOB) {
		return p.challengeElsewhere(ctx, c, d, *elsewhere)
	}
	if i := slices.IndexFunc(d.options, isKey); i >= 0 && able(GrantMFAWebAuthn) {
		return p.challengeKey(ctx, c, d, d.options[i])
	}
	if able(GrantMFAOTP) && slices.ContainsFunc(d.options, passcode) {
		return &DirectChallenge{Type: GrantMFAOTP}, nil
	}
	if elsewhere != nil && able(GrantMFAOOB) {
		return p.challengeElsewhere(ctx, c, d, *elsewhere)
	}
	return nil, noFactor()
}

// reachable is the factor of a channel, nil for none. Without a channel it is the
// first that there is: the official SDK for Swift names none. (okta-mobile-swift
// ChallengeRequest)
func reachable(options []signin.Method, channel string) *signin.Method {
	names := channels()
	if channel != "" {
		names = []string{channel}
	}
	for _, name := range names {
		if i := slices.IndexFunc(options, func(m signin.Method) bool { return channelOf(m) == name }); i >= 0 {
			return &options[i]
		}
	}
	return nil
}

// challengeElsewhere sends or asks by a factor of another channel.
func (p *Provider) challengeElsewhere(ctx context.Context, c *TokenCall, d *direct, m signin.Method) (*DirectChallenge, error) {
	step, err := p.Engine.Apply(ctx, d.who, d.sign, signin.Choose{FactorID: m.FactorID})
	if err != nil {
		return nil, directFault(err, textMFAOver)
	}
	s, ok := step.(signin.Challenge)
	if !ok {
		return nil, noFactor()
	}
	out := &DirectChallenge{Type: GrantMFAOOB, Channel: channelOf(m), Binding: "prompt", Expires: s.Expires.Sub(p.Clock.Now()).Round(time.Second)}
	if s.Waiting {
		out.Interval = pollInterval
		if out.Number, err = p.numberOf(ctx, c.Actor.OrgID(), s.ID); err != nil {
			return nil, err
		}
		out.Binding = "none"
		if out.Number != nil {
			out.Binding = "transfer"
		}
	}
	doc := oobDocument{
		ServerID: c.Server.ID, Handle: p.Keeper.Seal(oobPlace(c.Actor.OrgID()), []byte(d.handle)), Factor: m.FactorID, Challenge: s.ID,
		polling: polling{Interval: pollInterval},
	}
	err = p.Store.Write(ctx, func(tx *store.Tx) error {
		var err error
		out.Code, err = p.newTicket(tx, c.Actor.OrgID(), ticketOOB, "", c.Client.ID, d.sign.UserID, mfaLife, doc)
		return err
	})
	return out, err
}

// numberOf is the number that the user must find on the device, nil for none. The
// client shows it at once: it has no later moment to learn of it.
func (p *Provider) numberOf(ctx context.Context, orgID, challenge string) (*int, error) {
	ch, err := p.Store.Read(ctx).Challenge(orgID, challenge)
	if err != nil {
		return nil, store.Failure("read challenge", err)
	}
	return p.numberIn(ch)
}

// signedIn hands out tokens at the end of a direct sign-in. Another end than a
// session's token, e.g. a password that has to be changed, gives none.
func (p *Provider) signedIn(ctx context.Context, c *TokenCall, step signin.Step, grant string, path signin.Path) (*Issue, error) {
	done, ok := step.(signin.Done)
	if !ok || done.SessionToken == "" {
		return nil, fault(InvalidGrant, textBadPassword)
	}
	scopes, err := p.scopes(ctx, c.Server, c.Client, c.Params)
	if err != nil {
		return nil, err
	}
	var out *Issue
	err = p.Store.Tx(ctx, func(tx *store.Tx) error {
		draft, err := p.Engine.Sessions.TakeSessionToken(tx, c.Actor.OrgID(), done.SessionToken)
		if err != nil {
			return fault(InvalidGrant, textBadPassword)
		}
		q := Proof{Scopes: scopes, Grant: grant, AuthTime: tx.Now(), AMR: draft.AMR}
		e, err := p.entitle(tx, c, draft.UserID, q, path)
		if err != nil {
			return err
		}
		out, err = p.begin(tx, c, e, q)
		return err
	})
	return out, err
}
