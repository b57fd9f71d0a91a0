package fcm

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"usher/internal/notify"
)

// Account is a service account, as its key file tells it.
type Account struct {
	Project  string
	Email    string
	KeyID    string
	Key      *rsa.PrivateKey
	TokenURL string // where assertions are exchanged
}

// minKey is the least size of a key in bits.
const minKey = 2048

// ParseAccount reads a service account's key file. Errors do not show the key.
func ParseAccount(text []byte) (Account, error) {
	var file struct {
		Type     string `json:"type"`
		Project  string `json:"project_id"`
		Email    string `json:"client_email"`
		KeyID    string `json:"private_key_id"`
		Key      string `json:"private_key"`
		TokenURL string `json:"token_uri"`
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return Account{}, errors.New("the FCM service account is no JSON text")
	}
	if file.Type != "service_account" || file.Project == "" || file.Email == "" || url.PathEscape(file.Project) != file.Project {
		return Account{}, errors.New("the FCM service account lacks its type, project_id or client_email")
	}
	block, _ := pem.Decode([]byte(file.Key))
	if block == nil {
		return Account{}, errors.New("the FCM service account has no private_key in PEM")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return Account{}, errors.New("the private_key of the FCM service account is no PKCS#8 key")
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok || key.N.BitLen() < minKey {
		return Account{}, fmt.Errorf("the private_key of the FCM service account is no RSA key of %d bits or more", minKey)
	}
	if file.TokenURL == "" {
		file.TokenURL = "https://oauth2.googleapis.com/token"
	}
	return Account{file.Project, file.Email, file.KeyID, key, file.TokenURL}, nil
}

const (
	scope         = "https://www.googleapis.com/auth/firebase.messaging"
	assertionLife = time.Hour
	// early is how long before its end an access token is no longer used.
	early = time.Minute
)

// assertion asks for an access token. (RFC 7523 section 3)
func (s *Sender) assertion(now time.Time) (string, error) {
	signer, err := jose.NewSigner(
		jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: s.Account.Key, KeyID: s.Account.KeyID}},
		new(jose.SignerOptions).WithType("JWT"),
	)
	if err != nil {
		return "", fmt.Errorf("assertion: %w", err)
	}
	text, err := jwt.Signed(signer).Claims(jwt.Claims{
		Issuer: s.Account.Email, Audience: jwt.Audience{s.Account.TokenURL},
		IssuedAt: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(now.Add(assertionLife)),
	}).Claims(map[string]any{"scope": scope}).Serialize()
	if err != nil {
		return "", fmt.Errorf("assertion: %w", err)
	}
	return text, nil
}

// access returns an access token, a new one when the old one ends soon or is
// the one that was refused. One request at a time fetches it for all.
func (s *Sender) access(ctx context.Context, refused string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.Clock.Now()
	if s.token != "" && s.token != refused && now.Before(s.ends) {
		return s.token, nil
	}
	assertion, err := s.assertion(now)
	if err != nil {
		return "", err
	}
	form := url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {assertion}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.Account.TokenURL, strings.NewReader(form.Encode()))
	if err != nil {
		return "", fmt.Errorf("token request: %w", err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	a, err := s.Client.Do(req)
	if err != nil {
		return "", err
	}
	var body struct {
		Token string `json:"access_token"`
		Life  int64  `json:"expires_in"`
		Error string `json:"error"`
	}
	// What cannot be read holds no token, which is told below.
	_ = json.Unmarshal(a.Body, &body)
	if a.Status != http.StatusOK || body.Token == "" {
		return "", notify.Later(fmt.Errorf("no access token: status %d, error %.40q", a.Status, body.Error), a.RetryAfter(now))
	}
	s.token, s.ends = body.Token, now.Add(time.Duration(min(max(body.Life, 0), 86400))*time.Second-early)
	return s.token, nil
}
