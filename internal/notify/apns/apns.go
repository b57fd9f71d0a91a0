package apns

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"usher/internal/egress"
	"usher/internal/env"
	"usher/internal/notify"
)

// The service's addresses.
const (
	Production = "https://api.push.apple.com"
	Sandbox    = "https://api.sandbox.push.apple.com"
)

// How long a provider token is used. The service refuses one that is older than
// an hour, and new ones more often than every 20 minutes.
const (
	tokenLife    = 45 * time.Minute
	tokenMinimum = 20 * time.Minute
)

// maxPayload is how long a notification may be, in bytes.
const maxPayload = 4096

// Sender hands pushes to the service. It implements notify.Sender.
type Sender struct {
	Client *egress.Client
	Clock  env.Clock
	URL    string            // Production when empty
	Topic  string            // the app's bundle identifier
	TeamID string            // of the developer account
	KeyID  string            // of Key
	Key    *ecdsa.PrivateKey // on the curve P-256

	mu     sync.Mutex
	token  string
	issued time.Time
}

// ParseKey reads a signing key as Apple hands it out (a .p8 file: PEM of
// PKCS#8). Errors do not show it.
func ParseKey(text []byte) (*ecdsa.PrivateKey, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("the APNs key is no PEM text")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("the APNs key is no PKCS#8 key")
	}
	key, ok := parsed.(*ecdsa.PrivateKey)
	if !ok || key.Curve != elliptic.P256() {
		return nil, errors.New("the APNs key is not one for ES256")
	}
	return key, nil
}

// Check tells what is wrong with the settings, before the first push does.
func (s *Sender) Check() error {
	for name, value := range map[string]string{"topic": s.Topic, "team": s.TeamID, "key's identifier": s.KeyID} {
		if value == "" || len(value) > 200 {
			return fmt.Errorf("the push service of Apple needs the %s", name)
		}
	}
	if s.Key == nil {
		return errors.New("the push service of Apple needs a key")
	}
	_, err := s.provider("")
	return err
}

// provider returns the provider token, a new one when the old one has had its
// time or is the one that was refused.
func (s *Sender) provider(refused string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.Clock.Now()
	age := now.Sub(s.issued)
	if s.token != "" && age >= 0 && (age < tokenMinimum || s.token != refused && age < tokenLife) {
		return s.token, nil
	}
	signer, err := jose.NewSigner(
		jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: s.Key, KeyID: s.KeyID}}, nil,
	)
	if err != nil {
		return "", fmt.Errorf("APNs provider token: %w", err)
	}
	token, err := jwt.Signed(signer).Claims(jwt.Claims{Issuer: s.TeamID, IssuedAt: jwt.NewNumericDate(now)}).Serialize()
	if err != nil {
		return "", fmt.Errorf("APNs provider token: %w", err)
	}
	s.token, s.issued = token, now
	return token, nil
}

// notification is the payload: what the phone shows, and for the app where to
// go on. The app fetches the rest by itself.
type notification struct {
	APS struct {
		Alert struct {
			Title string `json:"title"`
			Body  string `json:"body"`
		} `json:"alert"`
		Sound    string `json:"sound"`
		Category string `json:"category"`
		Level    string `json:"interruption-level"`
	} `json:"aps"`
	Usher struct {
		Org       string `json:"org"`
		Device    string `json:"device"`
		Challenge string `json:"challenge"`
	} `json:"usher"`
}

// deviceToken tells whether text looks like the address of a device.
func deviceToken(text string) bool {
	return len(text) >= 16 && len(text) <= 200 && strings.Trim(text, "0123456789abcdefABCDEF") == ""
}

// Send implements notify.Sender.
func (s *Sender) Send(ctx context.Context, m notify.Message) error {
	device := m.Data[notify.DataPushToken]
	if !deviceToken(device) {
		return notify.Refused(errors.New("APNs: the device has no token of this service"))
	}
	var n notification
	n.APS.Alert.Title, n.APS.Alert.Body = m.Subject, m.Text
	n.APS.Sound, n.APS.Category, n.APS.Level = "default", "USHER_CHALLENGE", "time-sensitive"
	n.Usher.Org, n.Usher.Device, n.Usher.Challenge = m.OrgID, m.Data[notify.DataDevice], m.Data[notify.DataChallenge]
	payload, err := json.Marshal(n)
	if err != nil || len(payload) > maxPayload {
		return notify.Refused(errors.New("APNs: the notification is too long"))
	}
	token, err := s.provider("")
	if err != nil {
		return err
	}
	a, err := s.post(ctx, device, token, payload, m)
	if err == nil && a.Status == http.StatusForbidden && reason(a) == "ExpiredProviderToken" {
		if token, err = s.provider(token); err == nil {
			a, err = s.post(ctx, device, token, payload, m)
		}
	}
	if err != nil {
		return fmt.Errorf("APNs: %w", err)
	}
	return judge(a, s.Clock.Now())
}

func (s *Sender) post(ctx context.Context, device, token string, payload []byte, m notify.Message) (egress.Answer, error) {
	base := s.URL
	if base == "" {
		base = Production
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimRight(base, "/")+"/3/device/"+device, bytes.NewReader(payload))
	if err != nil {
		return egress.Answer{}, err
	}
	req.Header.Set("Authorization", "bearer "+token)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Apns-Topic", s.Topic)
	req.Header.Set("Apns-Push-Type", "alert")
	req.Header.Set("Apns-Priority", "10")
	req.Header.Set("Apns-Id", identifier(m))
	// A push that is sent twice shows once.
	if challenge := m.Data[notify.DataChallenge]; challenge != "" && len(challenge) <= 64 {
		req.Header.Set("Apns-Collapse-Id", challenge)
	}
	if !m.Expires.IsZero() {
		req.Header.Set("Apns-Expiration", strconv.FormatInt(m.Expires.Unix(), 10))
	}
	return s.Client.Do(req)
}

// identifier is a UUID made from the message's identifier (RFC 9562 section 5.8),
// the same at each attempt.
func identifier(m notify.Message) string {
	sum := sha256.Sum256([]byte(m.OrgID + "/" + m.ID))
	sum[6], sum[8] = sum[6]&0x0f|0x80, sum[8]&0x3f|0x80
	h := hex.EncodeToString(sum[:16])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// reason is the word by which the service says what is wrong.
func reason(a egress.Answer) string {
	var body struct {
		Reason string `json:"reason"`
	}
	// An answer without a reason is judged by its status alone.
	_ = json.Unmarshal(a.Body, &body)
	if len(body.Reason) > 60 {
		return ""
	}
	return body.Reason
}

// judge tells what an answer means.
func judge(a egress.Answer, now time.Time) error {
	if a.Status == http.StatusOK {
		return nil
	}
	why := reason(a)
	err := fmt.Errorf("APNs: it answers %d %s", a.Status, why)
	switch {
	case a.Status == http.StatusGone:
		return notify.Gone(err)
	case a.Status == http.StatusRequestEntityTooLarge:
		return notify.Refused(err)
	case a.Status == http.StatusBadRequest && (why == "BadDeviceToken" || why == "DeviceTokenNotForTopic" || why == "PayloadEmpty"):
		return notify.Refused(err)
	}
	return notify.Later(err, a.RetryAfter(now))
}
