package factor

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"usher/internal/idp"
	"usher/internal/store"
)

// Device is a phone that answers questions, as it makes itself known.
type Device struct {
	Name     string `json:"name"`       // e.g. "Karl's phone"
	Platform string `json:"platform"`   // e.g. IOS
	Type     string `json:"deviceType"` // e.g. SMARTPHONE
	Version  string `json:"version"`
	// PushService and PushToken are where a push reaches it; both may be empty:
	// then it asks by itself.
	PushService string `json:"pushService,omitempty"`
	PushToken   string `json:"pushToken,omitempty"`
	// Key is its public key: P-256 or Ed25519.
	Key jose.JSONWebKey `json:"key"`
}

// deviceProfile is what may be shown. (spec: management PushFactorProfile)
type deviceProfile struct {
	CredentialID string `json:"credentialId"`
	Type         string `json:"deviceType"`
	Name         string `json:"name"`
	Platform     string `json:"platform"`
	Version      string `json:"version"`
}

// SealDevice keeps a phone with its enrolment.
func (v Vault) SealDevice(f *store.Factor, u *idp.User, d Device) error {
	var err error
	if f.Profile, err = json.Marshal(deviceProfile{u.Login, d.Type, d.Name, d.Platform, d.Version}); err != nil {
		return fmt.Errorf("write a device's profile: %w", err)
	}
	return v.SealValue(f, d)
}

// OpenDevice returns the phone of an enrolment.
func (v Vault) OpenDevice(f *store.Factor) (Device, error) {
	var d Device
	return d, v.OpenValue(f, &d)
}

// DeviceActivation is what an enrolment that waits for its phone keeps.
type DeviceActivation struct {
	Token string `json:"token"` // proves that the phone was shown the enrolment
}

// Address is what the phone scans or opens: the organisation and a token that is
// good once. (docs/device-protocol.md)
func (d DeviceActivation) Address(o *idp.Org, c *store.Challenge) string {
	q := url.Values{"org": {o.BaseURL}, "token": {d.Presented(c)}}
	return "usher://enroll?" + q.Encode()
}

// Presented is the token as a phone presents it: the challenge and its secret.
func (d DeviceActivation) Presented(c *store.Challenge) string { return c.ID + "." + d.Token }

// SealActivation keeps what activates a phone with its challenge.
func (v Vault) SealActivation(c *store.Challenge, d DeviceActivation) error {
	return v.sealState(c, d)
}

// OpenActivation returns what SealActivation kept.
func (v Vault) OpenActivation(c *store.Challenge) (DeviceActivation, error) {
	var d DeviceActivation
	return d, v.openState(c, &d)
}

// DeviceQuestion is what a phone is asked.
type DeviceQuestion struct {
	IP        string    `json:"ip"`
	UserAgent string    `json:"userAgent"`
	Asked     time.Time `json:"asked"`
	// Numbers are three to choose from, Correct the one that the sign-in shows;
	// nil where no number is asked for.
	Numbers []int `json:"numbers,omitempty"`
	Correct int   `json:"correct,omitempty"`
	// App names the application that asks apart from a sign-in, and Message is what
	// it says; empty where there is none.
	App     string `json:"app,omitempty"`
	Message string `json:"message,omitempty"`
	// Shown tells that the phone has fetched the question, Told that the one who asks
	// wants to know the number before that.
	Shown bool `json:"shown,omitempty"`
	Told  bool `json:"told,omitempty"`
}

// maxWhere bounds what is said about a browser, in bytes.
const maxWhere = 120

// Where says for people where the sign-in comes from.
func (q DeviceQuestion) Where() string {
	agent := q.UserAgent
	if len(agent) > maxWhere {
		agent = strings.ToValidUTF8(agent[:maxWhere], "")
	}
	if agent == "" {
		return q.IP
	}
	return q.IP + ", " + agent
}

// SealQuestion keeps a question with its challenge.
func (v Vault) SealQuestion(c *store.Challenge, q DeviceQuestion) error { return v.sealState(c, q) }

// OpenQuestion returns what SealQuestion kept.
func (v Vault) OpenQuestion(c *store.Challenge) (DeviceQuestion, error) {
	var q DeviceQuestion
	return q, v.openState(c, &q)
}

func (v Vault) sealState(c *store.Challenge, state any) error {
	text, err := json.Marshal(state)
	if err != nil {
		return fmt.Errorf("write the state of a challenge: %w", err)
	}
	v.SealState(c, text)
	return nil
}

func (v Vault) openState(c *store.Challenge, state any) error {
	text, err := v.OpenState(c)
	if err == nil {
		err = json.Unmarshal(text, state)
	}
	if err != nil {
		return fmt.Errorf("challenge %s: %w", c.ID, err)
	}
	return nil
}
