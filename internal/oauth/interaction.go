package oauth

import (
	"context"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"usher/internal/idp"
	"usher/internal/keys"
	"usher/internal/signin"
	"usher/internal/store"
)

// An interaction is a sign-in that a client carries out in its own pages: it
// begins with a handle and ends with a code. (IdX reference: OAuth edges)

const (
	interactionLife     = signin.MaxAge
	interactionCodeLife = time.Minute
)

// interactionKey is how the request of an interaction is looked up by the handle
// of its sign-in.
func interactionKey(handle string) string {
	return "interaction " + hex.EncodeToString(keys.Hash("interaction "+handle))
}

// Interact begins an interaction and returns its handle, which is that of a
// sign-in; prefix begins the handles of the protocol that goes on with it.
// (spec: oauth2#interact)
func (p *Provider) Interact(ctx context.Context, a idp.Actor, in TokenRequestInput, prefix string) (string, error) {
	s, client, err := p.clientCall(ctx, a, in, "interact")
	if err != nil {
		return "", err
	}
	if !client.Grants(GrantInteraction) {
		return "", fault(UnauthorizedClient, "The client is not authorized to use the provided grant type.")
	}
	q := &Authorization{
		ServerID: s.ID, ClientID: client.ID, Response: []string{respondCode}, State: in.Params["state"], Nonce: in.Params["nonce"],
		LoginHint: in.Params["login_hint"], ACR: strings.Fields(in.Params["acr_values"]), Begun: p.Clock.Now(), server: s, client: client,
	}
	if q.Redirect, err = redirectOf(client, in.Params["redirect_uri"]); err != nil {
		return "", err
	}
	if in.Params["code_challenge"] == "" {
		return "", fault(InvalidRequest, "PKCE code challenge is required.")
	}
	if err := q.readChallenge(in.Params); err != nil {
		return "", err
	}
	if q.Scopes, err = p.scopes(ctx, s, client, in.Params); err != nil {
		return "", err
	}
	t, err := p.beginInteraction(ctx, a, q, in.Params, prefix)
	if err != nil {
		return "", err
	}
	err = p.Store.Write(ctx, func(tx *store.Tx) error {
		if err := putTicket(tx, a.OrgID(), ticketInteraction, interactionKey(t.Handle), client.ID, "", interactionLife, q); err != nil {
			return err
		}
		return p.note(tx, clientActor(a, client), s, "interact.interaction_handle", nil, client.target())
	})
	return t.Handle, err
}

// beginInteraction begins the sign-in of an interaction: anew, or with the token
// of an invitation or of a recovery, which opens it as its link does.
func (p *Provider) beginInteraction(ctx context.Context, a idp.Actor, q *Authorization, params Params, prefix string) (*signin.Transaction, error) {
	o := signin.Options{Prefix: prefix, Carried: true, Warn: true, Login: q.LoginHint, Life: interactionLife / 2, Levels: q.levels()}
	var act signin.Action
	wrong := ""
	switch activation, recovery := params["activation_token"], params["recovery_token"]; {
	case activation != "" && recovery != "":
		return nil, fault(InvalidRequest, "The 'activation_token' and the 'recovery_token' cannot go together.")
	case activation != "" && q.client.Public():
		return nil, fault(UnauthorizedClient, "Only confidential clients can use the activation token flow")
	case activation != "":
		o.Intent, act, wrong = signin.IntentActivate, signin.UseInvitation{Token: activation}, "The activation token is invalid"
	case recovery != "":
		o.Intent, act, wrong = signin.IntentRecover, signin.UseRecoveryToken{Token: recovery}, "The recovery token is invalid"
	}
	t := p.Engine.Begin(ctx, a, o)
	if act == nil {
		return t, nil
	}
	_, err := p.Engine.Apply(ctx, a, t, act)
	switch idp.KindOf(err) {
	case idp.KindUnauthenticated, idp.KindBadToken, idp.KindPolicyDenied, idp.KindUserLocked:
		return nil, fault(InvalidRequest, wrong)
	default:
		return t, err
	}
}

// Interaction is the end of an interaction.
type Interaction struct {
	Code     string
	Client   *Client
	Endpoint string // where the code is traded
	Issued   *signin.Issued
}

// FinishInteraction ends the sign-in under a handle with a code for the client
// that began it, and a session for the browser. It is nil when no client began
// it. It fails with a Fault where the user may not use the client.
func (p *Provider) FinishInteraction(ctx context.Context, a idp.Actor, handle string) (*Interaction, error) {
	q := new(Authorization)
	t, err := readTicket(p.Store.Read(ctx), a.OrgID(), ticketInteraction, interactionKey(handle), q)
	if err != nil || t == nil {
		return nil, err
	}
	if q.server, err = p.serving(ctx, a, q.ServerID); err != nil {
		return nil, err
	}
	if q.client, err = p.client(ctx, a, q.ClientID); err != nil {
		return nil, err
	}
	out := &Interaction{Client: q.client, Endpoint: q.server.Endpoint(a.Org, "token")}
	if out.Issued, err = p.Engine.Redeem(ctx, a, handle); err != nil {
		return nil, err
	}
	v := out.Issued.Session
	met := ""
	if len(q.ACR) > 0 {
		if met, err = p.metACR(ctx, a, q, v); err != nil {
			return nil, err
		}
		if met == "" {
			return nil, unmet()
		}
	}
	c := &TokenCall{Actor: a, Server: q.server, Client: q.client}
	doc := codeDocument{
		Proof:    Proof{Scopes: q.Scopes, Grant: GrantInteraction, AuthTime: authTime(v), AMR: slices.Clone(v.AMR), SessionID: v.ID, Nonce: q.Nonce, ACR: met},
		ServerID: q.ServerID, Redirect: q.Redirect, Challenge: q.Challenge,
	}
	err = p.Store.Tx(ctx, func(tx *store.Tx) error {
		if t, err := takeTicket(tx, a.OrgID(), ticketInteraction, interactionKey(handle), new(Authorization)); err != nil || t == nil {
			return idp.Fail(idp.KindBadToken)
		}
		e, err := p.entitle(tx, c, v.UserID, doc.Proof, signin.PathAuthorize)
		if err != nil {
			return err
		}
		if out.Code, err = p.newTicket(tx, a.OrgID(), ticketInteracted, "", q.ClientID, v.UserID, interactionCodeLife, doc); err != nil {
			return err
		}
		return p.note(tx, a, q.server, "interact.interaction_code", nil, idp.UserTarget(e.user), q.client.target())
	})
	return out, err
}
