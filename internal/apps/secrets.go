package apps

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"time"

	"usher/internal/env"
	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/keys"
	"usher/internal/store"
)

// Kinds and states of secrets.
const (
	kindClient   = "client"
	kindPassword = "password"
	statusOn     = "ACTIVE"
	statusOff    = "INACTIVE"
)

// maxSecrets is how many secrets a client can have at a time.
const maxSecrets = 2

// Secret is a secret of an OAuth client.
type Secret struct {
	ID          string // ocs...
	Active      bool
	Value       string
	Created     time.Time
	LastUpdated time.Time
}

// newSecret makes a client secret: 64 characters. (recorded answers)
func (s *Service) newSecret() string { return env.Secret(s.Rand, "", 48) }

func (s *Service) seal(orgID, id, value string) string {
	return s.Keeper.Seal(place(tableSecrets, orgID, id), []byte(value))
}

func (s *Service) putClientSecret(tx *store.Tx, a *App) error {
	id := s.IDs.New("ocs")
	return tx.InsertAppSecret(&store.AppSecret{
		OrgID: a.OrgID, AppID: a.ID, ID: id, Kind: kindClient, Status: statusOn, Sealed: s.seal(a.OrgID, id, a.ClientSecret),
		Created: tx.Now(), LastUpdated: tx.Now(),
	})
}

// putSharedPassword keeps the password that all users of an application share.
func (s *Service) putSharedPassword(tx *store.Tx, a *App, password string) error {
	if _, err := tx.DeleteAppSecrets(a.OrgID, a.ID, kindPassword, ""); err != nil {
		return err
	}
	if password == "" {
		return nil
	}
	id := s.IDs.New("ocs")
	return tx.InsertAppSecret(&store.AppSecret{
		OrgID: a.OrgID, AppID: a.ID, ID: id, Kind: kindPassword, Status: statusOn, Sealed: s.seal(a.OrgID, id, password),
		Created: tx.Now(), LastUpdated: tx.Now(),
	})
}

// replaceSecrets settles the secrets of an application that is written anew: a
// given one is taken, an absent one stays.
func (s *Service) replaceSecrets(tx *store.Tx, a, before *App, in *Input) error {
	c := &a.Details.Credentials
	shared := in.sharedPassword()
	switch {
	case c.Scheme == SchemeShared && shared != "":
		if err := s.putSharedPassword(tx, a, shared); err != nil {
			return err
		}
		c.SharedPassword = true
	case c.Scheme == SchemeShared:
		c.SharedPassword = before.Details.Credentials.SharedPassword
	case before.Details.Credentials.SharedPassword:
		if err := s.putSharedPassword(tx, a, ""); err != nil {
			return err
		}
	}
	if c.OAuth == nil {
		return nil
	}
	if a.Details.OAuthClient.JWKS != nil {
		a.Details.OAuthClient.JWKS.name(s.IDs)
	}
	return s.replaceClientSecret(tx, a)
}

func (s *Service) replaceClientSecret(tx *store.Tx, a *App) error {
	rows, err := tx.AppSecrets(a.OrgID, a.ID, kindClient)
	if err != nil {
		return err
	}
	current := newest(rows)
	if !a.Details.Credentials.OAuth.NeedsSecret() {
		a.ClientSecret = ""
		return nil
	}
	var old string
	if current != nil {
		plain, err := s.Keeper.Open(place(tableSecrets, a.OrgID, current.ID), current.Sealed)
		if err != nil {
			return err
		}
		old = string(plain)
	}
	switch {
	case a.ClientSecret == "" && current != nil:
		a.ClientSecret = old
		return nil
	case a.ClientSecret == "":
		a.ClientSecret = s.newSecret()
	case current != nil && keys.Equal(old, a.ClientSecret):
		return nil
	case current != nil:
		current.Sealed, current.LastUpdated = s.seal(a.OrgID, current.ID, a.ClientSecret), tx.Now()
		return tx.UpdateAppSecret(current)
	}
	return s.putClientSecret(tx, a)
}

// newest is the last secret that is in use, nil for none.
func newest(rows []*store.AppSecret) *store.AppSecret {
	for i := range rows {
		if r := rows[len(rows)-1-i]; r.Status == statusOn {
			return r
		}
	}
	return nil
}

// client returns an application that is an OAuth client, else KindNotFound.
func client(tx *store.Tx, orgID, appID string) (*idp.App, error) {
	a, err := read(tx, orgID, appID)
	if err == nil && a.SignOnMode != idp.SignOnOIDC {
		err = idp.NotFound(TypeApp, appID)
	}
	return a, err
}

// changeableClient is client for one whose secrets the actor may change.
func (s *Service) changeableClient(tx *store.Tx, actor idp.Actor, appID string) (*idp.App, error) {
	stored, err := s.may(tx, actor)(client(tx, actor.OrgID(), appID))
	if err != nil {
		return nil, err
	}
	a, err := load(stored)
	if err != nil {
		return nil, err
	}
	return stored, s.permitClient(tx, actor, a)
}

// Secrets lists the secrets of an OAuth client, the oldest first.
// (spec: management-extra#listOAuth2ClientSecrets)
func (s *Service) Secrets(ctx context.Context, actor idp.Actor, appID string) ([]*Secret, error) {
	tx := s.Store.Read(ctx)
	if _, err := s.may(tx, actor)(client(tx, actor.OrgID(), appID)); err != nil {
		return nil, store.Failure("read application", err)
	}
	rows, err := tx.AppSecrets(actor.OrgID(), appID, kindClient)
	if err != nil {
		return nil, store.Failure("list secrets", err)
	}
	out := make([]*Secret, 0, len(rows))
	for _, row := range rows {
		v, err := s.secretOf(row)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

func (s *Service) secretOf(row *store.AppSecret) (*Secret, error) {
	plain, err := s.Keeper.Open(place(tableSecrets, row.OrgID, row.ID), row.Sealed)
	if err != nil {
		return nil, store.Failure("open secret", err)
	}
	return &Secret{ID: row.ID, Active: row.Status == statusOn, Value: string(plain), Created: row.Created, LastUpdated: row.LastUpdated}, nil
}

// Secret returns one secret of an OAuth client. KindNotFound.
func (s *Service) Secret(ctx context.Context, actor idp.Actor, appID, id string) (*Secret, error) {
	all, err := s.Secrets(ctx, actor, appID)
	if err != nil {
		return nil, err
	}
	for _, v := range all {
		if v.ID == id {
			return v, nil
		}
	}
	return nil, idp.NotFound(TypeSecret, id)
}

// objectSecret names secrets in refusals. (spec: management-extra, examples of
// createOAuth2ClientSecret)
const objectSecret = "OAuth2ClientSecretMediated"

func badSecret(text string) error {
	return idp.Invalid("client_secret", idp.Cause{Field: "client_secret", Text: text})
}

// secretFault tells what keeps a text from being a secret of a client that
// proves itself by method, empty for nothing.
func secretFault(text, method string) string {
	switch {
	case !printable(text):
		return "''client_secret'' must only contain printable ASCII: [x20-x7E]+"
	case len(text) > maxSecret:
		return "'client_secret' can't be more than '100' characters long."
	case len(text) < minSecret:
		return "'client_secret' must be at least '14' characters long."
	case method == AuthSecretJWT && len(text) < minSecretJWT:
		return "'client_secret' must be at least '32' characters long when 'token_endpoint_auth_method' is 'client_secret_jwt'."
	}
	return ""
}

// fitsMethod refuses a secret that a client cannot use.
func (s *Service) fitsMethod(stored *idp.App, value string) error {
	a, err := load(stored)
	if err != nil {
		return err
	}
	method := a.Details.Credentials.OAuth.AuthMethod
	if method == AuthPrivateJWT {
		return idp.Invalid("client_secret", idp.Cause{Text: "'client_secret' can't be used when 'token_endpoint_auth_method' is 'private_key_jwt'."})
	}
	if fault := secretFault(value, method); fault != "" {
		return badSecret(fault)
	}
	return nil
}

// AddSecret gives an OAuth client a further secret, a new one where value is
// empty. It can have two. (spec: management-extra#createOAuth2ClientSecret)
func (s *Service) AddSecret(ctx context.Context, actor idp.Actor, appID, value string, active bool) (*Secret, error) {
	switch {
	case value == "":
		value = s.newSecret()
	default:
		if fault := secretFault(value, ""); fault != "" {
			return nil, badSecret(fault)
		}
	}
	id := s.IDs.New("ocs")
	row := &store.AppSecret{OrgID: actor.OrgID(), AppID: appID, ID: id, Kind: kindClient, Status: statusOn, Sealed: s.seal(actor.OrgID(), id, value)}
	if !active {
		row.Status = statusOff
	}
	err := s.tx(ctx, "add secret", func(tx *store.Tx) error {
		a, err := s.changeableClient(tx, actor, appID)
		if err != nil {
			return err
		}
		if err := s.fitsMethod(a, value); err != nil {
			return err
		}
		rows, err := tx.AppSecrets(actor.OrgID(), appID, kindClient)
		if err != nil {
			return err
		}
		if len(rows) >= maxSecrets {
			return idp.Invalid(objectSecret, idp.Cause{Text: "You've reached the maximum number of client secrets per client."})
		}
		row.Created, row.LastUpdated = tx.Now(), tx.Now()
		if err := tx.InsertAppSecret(row); err != nil {
			return err
		}
		return s.record(tx, actor, eventlog.SecretCreate, idp.AppTarget(a), secretTarget(row))
	})
	if err != nil {
		return nil, err
	}
	return s.secretOf(row)
}

// SetSecret switches a secret on or off; the last one that is on stays so.
func (s *Service) SetSecret(ctx context.Context, actor idp.Actor, appID, id string, active bool) (*Secret, error) {
	var out *store.AppSecret
	err := s.secret(ctx, actor, appID, id, func(tx *store.Tx, row *store.AppSecret, rows []*store.AppSecret) (idp.EventType, error) {
		out = row
		event := eventlog.SecretActivate
		switch {
		case active == (row.Status == statusOn):
			return "", nil
		case !active && countOn(rows) < 2:
			return "", idp.Invalid(objectSecret, idp.Cause{Text: "You can't deactivate the only active client secret."})
		case active:
			row.Status = statusOn
		default:
			row.Status, event = statusOff, eventlog.SecretDeactivate
		}
		row.LastUpdated = tx.Now()
		return event, tx.UpdateAppSecret(row)
	})
	if err != nil {
		return nil, err
	}
	return s.secretOf(out)
}

// DeleteSecret removes a secret that is switched off.
func (s *Service) DeleteSecret(ctx context.Context, actor idp.Actor, appID, id string) error {
	return s.secret(ctx, actor, appID, id, func(tx *store.Tx, row *store.AppSecret, _ []*store.AppSecret) (idp.EventType, error) {
		if row.Status == statusOn {
			return "", idp.Invalid(objectSecret, idp.Cause{Text: "You can't delete an active client secret. Deactivate the secret before deleting it."})
		}
		_, err := tx.DeleteAppSecrets(row.OrgID, appID, kindClient, id)
		return eventlog.SecretDelete, err
	})
}

func countOn(rows []*store.AppSecret) (n int) {
	for _, r := range rows {
		if r.Status == statusOn {
			n++
		}
	}
	return n
}

// secretTarget names a client's secret as a target.
func secretTarget(row *store.AppSecret) idp.Target {
	return idp.Target{ID: row.ID, Type: "ClientSecret", AlternateID: "unknown", DisplayName: row.ID}
}

// secret runs fn on a secret of a client and its neighbours, and records what
// fn says has happened.
func (s *Service) secret(ctx context.Context, actor idp.Actor, appID, id string, fn func(*store.Tx, *store.AppSecret, []*store.AppSecret) (idp.EventType, error)) error {
	return s.tx(ctx, "client secret", func(tx *store.Tx) error {
		a, err := s.changeableClient(tx, actor, appID)
		if err != nil {
			return err
		}
		rows, err := tx.AppSecrets(actor.OrgID(), appID, kindClient)
		if err != nil {
			return err
		}
		for _, row := range rows {
			if row.ID != id {
				continue
			}
			event, err := fn(tx, row, rows)
			if err != nil || event == "" {
				return err
			}
			return s.record(tx, actor, event, idp.AppTarget(a), secretTarget(row))
		}
		return idp.NotFound(TypeSecret, id)
	})
}

// Fingerprint tells secrets apart without telling them: 22 characters.
func (v *Secret) Fingerprint() string {
	sum := sha256.Sum256([]byte(v.Value))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// VerifySecret tells whether a secret is one of an OAuth client's that are in
// use, in a time that does not depend on it.
func (s *Service) VerifySecret(ctx context.Context, a *App, value string) (bool, error) {
	rows, err := s.clientSecrets(ctx, a)
	if err != nil {
		return false, err
	}
	holds, hash := false, keys.Hash(value)
	for _, row := range rows {
		if subtle.ConstantTimeCompare(row.hash, hash) == 1 && row.Status == statusOn {
			holds = true
		}
	}
	return holds, nil
}

// ProveSecret tells whether proves says so of one of an OAuth client's secrets
// that are in use, e.g. because a signature was made with it.
func (s *Service) ProveSecret(ctx context.Context, a *App, proves func(secret string) bool) (bool, error) {
	rows, err := s.clientSecrets(ctx, a)
	if err != nil {
		return false, err
	}
	for _, row := range rows {
		v, err := s.secretOf(row.AppSecret)
		if err != nil {
			return false, err
		}
		if v.Active && proves(v.Value) {
			return true, nil
		}
	}
	return false, nil
}
