package oauth

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"usher/internal/directory"
	"usher/internal/env"
	"usher/internal/factor"
	"usher/internal/idp"
	"usher/internal/signin"
	"usher/internal/store"
)

// backchannelDocument is what an auth_req_id stands for. Without a challenge
// nobody was asked: the request waits until it is too old, so that the client
// does not learn whether there is such a user. (OpenID Connect CIBA section 7)
type backchannelDocument struct {
	Proof
	ServerID  string    `json:"server,omitempty"`
	Ends      time.Time `json:"ends"`
	Factor    string    `json:"factor,omitempty"`
	Challenge string    `json:"challenge,omitempty"`
	polling
}

// Bounds of requests that are answered on a device. (spec: oauth2
// BackchannelAuthorizeRequest)
const (
	backchannelLife  = 5 * time.Minute
	backchannelAfter = time.Hour // for how long an old identifier is told to be too old
	maxMessage       = 100       // characters
	// maxAsks is how often a client may have one user asked within asksWithin: a
	// user who is asked all the time agrees at last.
	maxAsks    = 5
	asksWithin = 5 * time.Minute
)

// methodPush is the method by which users are asked.
const methodPush = "push"

// BackchannelStart is what a client polls with. (OpenID Connect CIBA section 7.3)
type BackchannelStart struct {
	ID                string
	Expires, Interval time.Duration
}

// askKind is a way to have a user asked on a device and to get tokens for the
// answer.
type askKind struct {
	grant   string
	ticket  string
	param   string // of the token request
	path    signin.Path
	purpose factor.Purpose
	alone   bool // the answer is all of a sign-in
	// unknown is told of what is not known, over (with a code) of what is too old,
	// pending of what was not answered.
	unknown, over error
	pending       string
}

func backchannelKind() askKind {
	return askKind{
		grant: GrantBackchannel, ticket: ticketBackchannel, param: "auth_req_id", path: signin.PathBackchannel, purpose: factor.ToAuthorize,
		unknown: fault(InvalidGrant, textBadRequestID), over: fault(ExpiredToken, "The 'auth_req_id' has expired."), pending: textNotAnswered,
	}
}

// backchannelAsk is a request to have a user asked, as it was checked.
type backchannelAsk struct {
	scopes  []string
	login   string // the login_hint
	userID  string // of the id_token_hint
	message string
	life    time.Duration
}

// StartBackchannel has a user asked, on the device that answers pushes, whether
// a client may have tokens. Its answer is the same for a login that is nobody's.
// KindTooManyRequests when the client has had this user asked too often.
// (OpenID Connect CIBA section 7; spec: oauth2#bcAuthorize)
func (p *Provider) StartBackchannel(ctx context.Context, a idp.Actor, in TokenRequestInput) (*BackchannelStart, error) {
	s, client, err := p.clientCall(ctx, a, in, "bc/authorize")
	if err != nil {
		return nil, err
	}
	switch {
	case !client.Grants(GrantBackchannel):
		return nil, notConfigured(client)
	case client.Public():
		return nil, fault(UnauthorizedClient, "The client must be able to prove who it is.")
	}
	params := in.Params
	if params["request"] != "" {
		if params, err = p.backchannelObject(ctx, a, s, client, params); err != nil {
			return nil, err
		}
	}
	ask, err := p.readBackchannel(ctx, a, s, client, params)
	if err != nil {
		return nil, err
	}
	if id := client.Settings.BackchannelAuthenticator; id != "" && id != factor.AuthenticatorID(a.OrgID(), methodPush) {
		return nil, fault(InvalidRequest, "The authenticator that the client has for this grant type is not there.")
	}
	c := &TokenCall{Actor: clientActor(a, client), Server: s, Client: client, Params: params}
	out := &BackchannelStart{Expires: ask.life, Interval: pollInterval}
	err = p.Store.Tx(ctx, func(tx *store.Tx) error {
		var err error
		out.ID, _, err = p.askUser(tx, c, backchannelKind(), ask)
		return err
	})
	return out, err
}

// notConfigured refuses a grant type that a client may not use.
func notConfigured(c *Client) error {
	return fault(UnauthorizedClient, "The client is not authorized to use the provided grant type. Configured grant types: ["+
		strings.Join(c.Settings.GrantTypes, ", ")+"].")
}

// backchannelObject reads the parameters from a JWT that the client has signed
// with the algorithm that it has registered for this; it is good once.
// (OpenID Connect CIBA section 7.1.1)
func (p *Provider) backchannelObject(ctx context.Context, a idp.Actor, s *Server, client *Client, params Params) (Params, error) {
	bad := func(text string) error { return fault(InvalidRequestObject, text) }
	if client.Settings.BackchannelSign == "" {
		return nil, bad("The client has no algorithm for signed requests ('backchannel_authentication_request_signing_alg').")
	}
	o, err := p.openObject(ctx, a, s, client, params["request"], client.Settings.BackchannelSign)
	if err != nil {
		return nil, err
	}
	if err := p.spendObject(ctx, a, client, o); err != nil {
		return nil, err
	}
	return objectParams(o)
}

// readBackchannel checks a request: exactly one hint names the user.
func (p *Provider) readBackchannel(ctx context.Context, a idp.Actor, s *Server, client *Client, params Params) (*backchannelAsk, error) {
	ask := &backchannelAsk{login: params["login_hint"], message: params["binding_message"], life: backchannelLife}
	hint := params["id_token_hint"]
	switch {
	case params["login_hint_token"] != "" || params["user_code"] != "":
		return nil, fault(InvalidRequest, "The parameters 'login_hint_token' and 'user_code' are not supported.")
	case (ask.login == "") == (hint == ""):
		return nil, fault(InvalidRequest, "The request must have either a 'login_hint' or an 'id_token_hint' parameter.")
	case !showable(ask.message):
		return nil, fault(InvalidMessage, "The 'binding_message' must have 100 printable characters at most.")
	}
	for _, name := range []string{"request_expiry", "requested_expiry"} { // the service's word, and the specification's
		n, ok, err := params.seconds(name)
		if err != nil {
			return nil, err
		}
		if life := time.Duration(n) * time.Second; ok {
			if n < 1 || life > backchannelLife {
				return nil, fault(InvalidRequest, "The '"+name+"' must be between 1 and 300 seconds.")
			}
			ask.life = life
		}
	}
	var err error
	if ask.scopes, err = p.scopes(ctx, s, client, params); err != nil {
		return nil, err
	}
	if !slices.Contains(ask.scopes, ScopeOpenID) {
		return nil, fault(InvalidScope, "The 'openid' scope is required for authentication requests.")
	}
	if hint != "" {
		ask.userID, err = p.hinted(ctx, a, s, client, hint)
	}
	return ask, err
}

// showable tells whether a text can be shown on a phone as it is.
func showable(text string) bool {
	return utf8.RuneCountInString(text) <= maxMessage && !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) })
}

// askUser stores a request and, where its user can be asked, puts the question
// to the user's device. Why a user was not asked is recorded, and not told. number
// is the one that the user must find on the device, nil for none.
func (p *Provider) askUser(tx *store.Tx, c *TokenCall, k askKind, ask *backchannelAsk) (id string, number *int, err error) {
	u, err := p.asked(tx, c, ask)
	if err != nil {
		return "", nil, err
	}
	d := backchannelDocument{
		Proof: Proof{Scopes: ask.scopes, Grant: k.grant}, ServerID: c.Server.ID, Ends: tx.Now().Add(ask.life),
		polling: polling{Interval: pollInterval},
	}
	userID := ""
	if u != nil {
		userID = u.ID
	}
	id = env.Secret(p.Rand, "", ticketBytes)
	f, why := p.answering(tx, c, k, u, d.Proof)
	switch {
	case FaultOf(why) != nil:
		if c.Actor.Org.Settings.PushNumbers && k.purpose == factor.ToSignIn {
			number, err = p.anyNumber()
		}
		err = errors.Join(err, p.note(tx, c.Actor, c.Server, "token.grant", why, c.Client.target()))
	case why != nil:
		err = why
	default:
		sub := factor.Subject{Org: c.Actor.Org, User: u, Factor: f}
		sub, err = p.Engine.Ceremonies.Begin(tx, c.Actor, sub, k.purpose, factor.Owner(id),
			factor.ChallengeOptions{Life: ask.life, App: c.Client.Label, Message: ask.message})
		if err == nil {
			d.Factor, d.Challenge = f.ID, sub.Challenge.ID
			number, err = p.numberIn(sub.Challenge)
		}
	}
	if err != nil {
		return "", nil, err
	}
	return id, number, putTicket(tx, c.Actor.OrgID(), k.ticket, id, c.Client.ID, userID, backchannelAfter, d)
}

// asked finds whom a request is about, nil for nobody, and counts that.
// KindTooManyRequests when this client has had this user asked too often.
func (p *Provider) asked(tx *store.Tx, c *TokenCall, ask *backchannelAsk) (u *idp.User, err error) {
	if ask.userID != "" {
		u, err = p.Engine.Directory.Find(tx, c.Actor.OrgID(), ask.userID)
	} else {
		u, err = p.Engine.Directory.ByLogin(tx, c.Actor.OrgID(), ask.login)
	}
	userID, key := "", directory.LoginKey(ask.login)
	switch {
	case idp.KindOf(err) == idp.KindNotFound:
		u = nil
	case err != nil:
		return nil, err
	default:
		userID, key = u.ID, u.ID
	}
	asks, err := readTally(tx, c.Actor.OrgID(), "asks of "+c.Client.ID+" about "+key, userID, asksWithin)
	if err != nil {
		return nil, err
	}
	if asks.Count >= maxAsks {
		return nil, idp.Fail(idp.KindTooManyRequests)
	}
	return u, asks.up(tx)
}

// numberIn is the number of a question to a device, nil for none.
func (p *Provider) numberIn(ch *store.Challenge) (*int, error) {
	q, err := p.Engine.Ceremonies.Vault.OpenQuestion(ch)
	if err != nil || q.Numbers == nil {
		return nil, err
	}
	return &q.Correct, nil
}

// anyNumber looks like one of a question that was put.
func (p *Provider) anyNumber() (*int, error) {
	n, err := strconv.Atoi(env.Text(p.Rand, "123456789", 1) + env.Digits(p.Rand, 1))
	return &n, err
}

// answering finds the device on which a user can be asked, else a Fault that
// says why there is none. u is nil for nobody.
func (p *Provider) answering(tx *store.Tx, c *TokenCall, k askKind, u *idp.User, q Proof) (*store.Factor, error) {
	if u == nil {
		return nil, fault(UnknownUser, "There is no such user.")
	}
	if _, err := p.entitle(tx, c, u.ID, q, k.path); err != nil {
		return nil, err
	}
	held, err := p.Engine.Askable(tx, c.Actor, u, k.path, k.alone)
	if err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(held, func(h factor.Held) bool { return h.Kind.Method == methodPush }); i >= 0 {
		return held[i].Factor, nil
	}
	return nil, fault(AccessDenied, "The user has no device that could be asked.")
}
