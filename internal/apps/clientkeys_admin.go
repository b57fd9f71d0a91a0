package apps

import (
	"context"
	"reflect"
	"slices"
	"time"

	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/scim"
	"usher/internal/store"
)

// PublicKey is a public key of an OAuth client with its times.
type PublicKey struct {
	ClientKey
	Created, LastUpdated time.Time
}

// KeyTimes are those of a key that was added by itself.
type KeyTimes struct {
	Created     time.Time `json:"created"`
	LastUpdated time.Time `json:"lastUpdated"`
}

// Texts of refused keys. (spec: management#addJwk, #deletejwk,
// #deactivateOAuth2ClientJsonWebKey)
const (
	textKeyUnique  = "All keys in the 'jwks' must have a unique `kid`."
	textKeyNoName  = "Each key should have a unique kid when adding multiple keys."
	textKeyMany    = "You can't create a new key. You have reached the maximum number of keys allowed (50). To add another key, you must first delete an existing one."
	textKeyActive  = "You can't delete an active JSON Web Key. Deactivate the key before deleting it."
	textKeyLast    = "Can't deactivate the only active JSON Web Key when the value for `token_endpoint_auth_method` is `private_key_jwt`."
	textKeyFetched = "The client publishes its keys at its 'jwks_uri'."
	keyActive      = "ACTIVE"
	keyInactive    = "INACTIVE"
)

func badKey(text string) error { return idp.Invalid("JsonWebKey", idp.Cause{Text: text}) }

// keys are the public keys of a client with their times; a key that came with
// the settings is as old as they are.
func (a *App) keys() []PublicKey {
	out := []PublicKey{}
	if a.Details.OAuthClient.JWKS == nil {
		return out
	}
	for _, k := range a.Details.OAuthClient.JWKS.Keys {
		v := PublicKey{ClientKey: k, Created: a.Created, LastUpdated: a.LastUpdated}
		if t, ok := a.Details.KeyTimes[k.ID]; ok {
			v.Created, v.LastUpdated = t.Created, t.LastUpdated
		}
		out = append(out, v)
	}
	return out
}

func findKey(list []PublicKey, id string) (*PublicKey, error) {
	i := slices.IndexFunc(list, func(k PublicKey) bool { return k.ID == id })
	if i < 0 {
		return nil, idp.NotFound("JsonWebKey", id)
	}
	return &list[i], nil
}

// ClientKeys lists the public keys of an OAuth client.
// (spec: management-extra#listJwk)
func (s *Service) ClientKeys(ctx context.Context, actor idp.Actor, appID string) ([]PublicKey, error) {
	tx := s.Store.Read(ctx)
	stored, err := s.may(tx, actor)(client(tx, actor.OrgID(), appID))
	if err != nil {
		return nil, store.Failure("read application", err)
	}
	a, err := load(stored)
	if err != nil {
		return nil, err
	}
	return a.keys(), nil
}

// ClientKey returns one public key of an OAuth client. KindNotFound.
// (spec: management-extra#getJwk)
func (s *Service) ClientKey(ctx context.Context, actor idp.Actor, appID, id string) (*PublicKey, error) {
	list, err := s.ClientKeys(ctx, actor, appID)
	if err != nil {
		return nil, err
	}
	return findKey(list, id)
}

// AddClientKey gives an OAuth client a further public key.
// (spec: management-extra#addJwk)
func (s *Service) AddClientKey(ctx context.Context, actor idp.Actor, appID string, key ClientKey) (*PublicKey, error) {
	var out *PublicKey
	err := s.changeKeys(ctx, actor, appID, func(tx *store.Tx, a *App) (string, idp.EventType, error) {
		o := a.Details.OAuthClient
		if o.JWKSURI != "" {
			return "", "", badKey(textKeyFetched)
		}
		if o.JWKS == nil {
			o.JWKS = &ClientKeys{}
		}
		set := o.JWKS
		switch {
		case len(set.Keys) >= maxClientKeys:
			return "", "", badKey(textKeyMany)
		case len(set.Keys) > 0 && (key.KeyID == "" || slices.ContainsFunc(set.Keys, func(k ClientKey) bool { return k.KeyID == "" })):
			return "", "", badKey(textKeyNoName)
		case slices.ContainsFunc(set.Keys, func(k ClientKey) bool { return k.KeyID == key.KeyID }), len(key.KeyID) > maxKeyID:
			return "", "", badKey(textKeyUnique)
		}
		var f faults
		if key.check(&f); len(f) > 0 {
			return "", "", badKey(f[0].Field + ": " + f[0].Text)
		}
		if key.Status != keyInactive {
			key.Status = keyActive
		}
		key.ID = s.IDs.New("pks")
		set.Keys = append(set.Keys, key)
		a.timeKey(key.ID, tx.Now())
		out = &PublicKey{ClientKey: key, Created: tx.Now(), LastUpdated: tx.Now()}
		return key.ID, eventlog.SecretCreate, nil
	})
	return out, err
}

// timeKey notes that a key was changed, and made if it is new.
func (a *App) timeKey(id string, now time.Time) {
	if a.Details.KeyTimes == nil {
		a.Details.KeyTimes = map[string]KeyTimes{}
	}
	t := KeyTimes{Created: now, LastUpdated: now}
	for _, k := range a.keys() {
		if k.ID == id && !k.Created.IsZero() && k.Created.Before(now) {
			t.Created = k.Created
		}
	}
	a.Details.KeyTimes[id] = t
}

// SetClientKey switches a public key on or off; the last one by which the client
// proves itself stays on.
// (spec: management-extra#activateOAuth2ClientJsonWebKey)
func (s *Service) SetClientKey(ctx context.Context, actor idp.Actor, appID, id string, active bool) (*PublicKey, error) {
	var out *PublicKey
	err := s.changeKeys(ctx, actor, appID, func(tx *store.Tx, a *App) (string, idp.EventType, error) {
		k, err := findKey(a.keys(), id)
		if err != nil {
			return "", "", err
		}
		if out = k; active == (k.Status == keyActive) {
			return "", "", nil
		}
		set, event := a.Details.OAuthClient.JWKS, eventlog.SecretActivate
		k.Status = keyActive
		if !active {
			k.Status, event = keyInactive, eventlog.SecretDeactivate
			if a.Details.Credentials.OAuth.AuthMethod == AuthPrivateJWT && set.active() < 2 {
				return "", "", badKey(textKeyLast)
			}
		}
		a.timeKey(id, tx.Now())
		k.LastUpdated = tx.Now()
		for i := range set.Keys {
			if set.Keys[i].ID == id {
				set.Keys[i].Status = k.Status
			}
		}
		return id, event, nil
	})
	return out, err
}

func (k *ClientKeys) active() (n int) {
	for _, key := range k.Keys {
		if key.Status == keyActive {
			n++
		}
	}
	return n
}

// DeleteClientKey removes a public key that is switched off.
// (spec: management-extra#deletejwk)
func (s *Service) DeleteClientKey(ctx context.Context, actor idp.Actor, appID, id string) error {
	return s.changeKeys(ctx, actor, appID, func(_ *store.Tx, a *App) (string, idp.EventType, error) {
		k, err := findKey(a.keys(), id)
		if err != nil {
			return "", "", err
		}
		if k.Status == keyActive {
			return "", "", badKey(textKeyActive)
		}
		o := a.Details.OAuthClient
		o.JWKS.Keys = slices.DeleteFunc(o.JWKS.Keys, func(k ClientKey) bool { return k.ID == id })
		if len(o.JWKS.Keys) == 0 {
			o.JWKS = nil
		}
		delete(a.Details.KeyTimes, id)
		return id, eventlog.SecretDelete, nil
	})
}

// changeKeys changes the keys of a client; change names the key and what is
// recorded of it, nothing where there is nothing to write.
func (s *Service) changeKeys(ctx context.Context, actor idp.Actor, appID string, change func(*store.Tx, *App) (string, idp.EventType, error)) error {
	return s.tx(ctx, "client key", func(tx *store.Tx) error {
		stored, err := s.may(tx, actor)(client(tx, actor.OrgID(), appID))
		if err != nil {
			return err
		}
		a, err := load(stored)
		if err != nil {
			return err
		}
		if err := s.permitClient(tx, actor, a); err != nil {
			return err
		}
		id, event, err := change(tx, a)
		if err != nil || event == "" {
			return err
		}
		a.LastUpdated = tx.Now()
		if err := a.seal(); err != nil {
			return err
		}
		if err := tx.UpdateApp(&a.App, scim.Fold(a.Label)); err != nil {
			return err
		}
		return s.record(tx, actor, event, idp.AppTarget(&a.App), idp.Target{ID: id, Type: "JsonWebKey", AlternateID: "unknown", DisplayName: id})
	})
}

// permitClient asks whether an administrator may change a client: by what it
// proves who it is, where it has people sent to, what it may ask for.
func (s *Service) permitClient(tx *store.Tx, actor idp.Actor, a *App) error {
	if s.PermitClient == nil || a.Details.OAuthClient == nil {
		return nil
	}
	return s.PermitClient(tx, actor, &a.App)
}

// sameClient tells whether two forms of an application are the same client.
func sameClient(a, b *App) bool {
	return a.ClientSecret == "" && reflect.DeepEqual(a.Details.OAuthClient, b.Details.OAuthClient) &&
		reflect.DeepEqual(a.Details.Credentials.OAuth, b.Details.Credentials.OAuth)
}
