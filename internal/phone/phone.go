package phone

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"usher/internal/env"
)

// ErrNone is what fails where there is nothing to do it with: no such device,
// account or request.
var ErrNone = errors.New("phone: there is none")

// Device is an enrolment that the phone answers for.
type Device struct {
	ID    string          `json:"id"`  // how it names itself to the server
	Org   string          `json:"org"` // the organisation's address
	Login string          `json:"login"`
	Name  string          `json:"name"` // the organisation's
	Key   jose.JSONWebKey `json:"key"`  // private
}

// Account makes one-time passwords.
type Account struct {
	Address string `json:"address"` // otpauth://...
	Issuer  string `json:"issuer"`
	Login   string `json:"login"`
}

// Memory is what a phone remembers.
type Memory struct {
	Devices  []Device  `json:"devices"`
	Accounts []Account `json:"accounts"`
}

// Request is a question that waits for an answer.
type Request struct {
	ID      string    `json:"id"`
	Login   string    `json:"login"`
	Asked   time.Time `json:"askedAt"`
	Expires time.Time `json:"expiresAt"`
	IP      string    `json:"ipAddress"`
	Agent   string    `json:"userAgent"`
	Numbers []int     `json:"numbers,omitempty"`
	// App and Message are of an application that asks apart from a sign-in.
	App     string `json:"application,omitempty"`
	Message string `json:"bindingMessage,omitempty"`

	device Device
}

// Phone is a virtual phone. HTTP, Rand and Clock are required. It may be used by
// many at once.
type Phone struct {
	HTTP  *http.Client
	Rand  env.Rand
	Clock env.Clock
	// PushService and PushToken are where pushes reach it, as an app would have it;
	// without them it asks by itself.
	PushService, PushToken string
	// Changed is told what the phone remembers after each change; may be nil.
	Changed func(Memory) error

	mu     sync.Mutex
	memory Memory
}

// Remember begins with what a phone remembered earlier.
func (p *Phone) Remember(m Memory) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.memory = m
}

// Memory returns a copy of what the phone remembers.
func (p *Phone) Memory() Memory {
	p.mu.Lock()
	defer p.mu.Unlock()
	return Memory{Devices: slices.Clone(p.memory.Devices), Accounts: slices.Clone(p.memory.Accounts)}
}

func (p *Phone) change(fn func(*Memory)) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	fn(&p.memory)
	if p.Changed == nil {
		return nil
	}
	return p.Changed(p.memory)
}

// The schemes of what is scanned.
const (
	schemeEnroll = "usher"
	schemeOTP    = "otpauth"
)

// Scan reads what an enrolment shows: the text of its picture, the address of the
// picture, or the link of a mail or text message. It returns the login that was
// enrolled.
func (p *Phone) Scan(ctx context.Context, text string) (login string, err error) {
	u, err := url.Parse(strings.TrimSpace(text))
	if err != nil {
		return "", fmt.Errorf("phone: this is no address: %w", err)
	}
	switch {
	case u.Scheme == schemeOTP:
		return p.addAccount(u)
	case u.Scheme == schemeEnroll && u.Host == "enroll":
		return p.enroll(ctx, u.Query().Get("org"), u.Query().Get("token"))
	case u.Query().Has("token"):
		return p.enroll(ctx, u.Scheme+"://"+u.Host, u.Query().Get("token"))
	case u.Scheme == "http" || u.Scheme == "https":
		shown, err := p.look(ctx, u.String())
		if err != nil {
			return "", err
		}
		if strings.HasPrefix(shown, "http") {
			return "", errors.New("phone: the picture shows another address")
		}
		return p.Scan(ctx, shown)
	}
	return "", errors.New("phone: this is neither usher://enroll, otpauth:// nor the address of a picture")
}

// maxAnswer bounds what a server says, in bytes.
const maxAnswer = 64 << 10

// look fetches the text of a picture.
func (p *Phone) look(ctx context.Context, address string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return "", fmt.Errorf("phone: look at the picture: %w", err)
	}
	req.Header.Set("Accept", "text/plain")
	res, err := p.HTTP.Do(req)
	if err != nil {
		return "", fmt.Errorf("phone: look at the picture: %w", err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil || res.StatusCode != http.StatusOK || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/plain") {
		return "", fmt.Errorf("phone: %s shows no picture to scan (%s)", address, res.Status)
	}
	return string(body), nil
}

func (p *Phone) addAccount(u *url.URL) (string, error) {
	key, err := otp.NewKeyFromURL(u.String())
	if err != nil || key.Type() != "totp" || key.Secret() == "" {
		return "", errors.New("phone: this makes no one-time passwords of time")
	}
	a := Account{Address: u.String(), Issuer: key.Issuer(), Login: key.AccountName()}
	return a.Login, p.change(func(m *Memory) { m.Accounts = append(m.Accounts, a) })
}

// Code makes the one-time password of an account, the newest one of this login,
// or the newest at all when login is empty. ErrNone where there is none.
func (p *Phone) Code(login string) (string, error) {
	accounts := p.Memory().Accounts
	for i := len(accounts) - 1; i >= 0; i-- {
		if a := accounts[i]; login == "" || strings.EqualFold(a.Login, login) {
			key, err := otp.NewKeyFromURL(a.Address)
			if err != nil {
				return "", fmt.Errorf("phone: read an account: %w", err)
			}
			code, err := totp.GenerateCodeCustom(key.Secret(), p.Clock.Now(), totp.ValidateOpts{
				Period: uint(key.Period()), Digits: key.Digits(), Algorithm: key.Algorithm(),
			})
			if err != nil {
				return "", fmt.Errorf("phone: make a code: %w", err)
			}
			return code, nil
		}
	}
	return "", ErrNone
}

// enroll makes the phone known to an organisation.
func (p *Phone) enroll(ctx context.Context, org, token string) (string, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), reader{p.Rand})
	if err != nil {
		return "", fmt.Errorf("phone: make a key: %w", err)
	}
	d := Device{Org: strings.TrimSuffix(org, "/"), Key: jose.JSONWebKey{Key: private, Algorithm: string(jose.ES256)}}
	var known struct {
		Device, Login, Organization string
	}
	err = p.say(ctx, d, "enroll", map[string]any{
		"token": token, "name": "Virtual phone", "platform": "ANDROID", "deviceType": "SMARTPHONE", "version": "1",
		"pushService": p.PushService, "pushToken": p.PushToken,
	}, &known)
	if err != nil {
		return "", err
	}
	d.ID, d.Login, d.Name = known.Device, known.Login, known.Organization
	return d.Login, p.change(func(m *Memory) { m.Devices = append(m.Devices, d) })
}

// reader reads randomness.
type reader struct{ env.Rand }

func (r reader) Read(b []byte) (int, error) {
	r.Rand.Read(b)
	return len(b), nil
}

// Requests lists what waits for an answer, for all devices of the phone. A device
// that the server does not know any more is left out.
func (p *Phone) Requests(ctx context.Context) ([]Request, error) {
	var out []Request
	for _, d := range p.Memory().Devices {
		var got struct{ Requests []Request }
		err := p.say(ctx, d, "requests", nil, &got)
		var refused *Refused
		if errors.As(err, &refused) && refused.Status == http.StatusUnauthorized {
			continue
		}
		if err != nil {
			return nil, err
		}
		for _, r := range got.Requests {
			r.device = d
			out = append(out, r)
		}
	}
	return out, nil
}

// Answer answers a request, the newest when id is empty. number is the one that
// the sign-in shows, where it shows one. ErrNone when nothing waits.
func (p *Phone) Answer(ctx context.Context, id string, approve bool, number *int) (Request, error) {
	list, err := p.Requests(ctx)
	if err != nil {
		return Request{}, err
	}
	for _, r := range list {
		if id != "" && r.ID != id {
			continue
		}
		members := map[string]any{"challenge": r.ID, "decision": "deny"}
		if approve {
			members["decision"] = "approve"
		}
		if number != nil {
			members["number"] = *number
		}
		return r, p.say(ctx, r.device, "answer", members, nil)
	}
	return Request{}, ErrNone
}

// Remove takes the phone back from the enrolments of a login, all when empty, and
// forgets their one-time passwords.
func (p *Phone) Remove(ctx context.Context, login string) error {
	mine := func(l string) bool { return login == "" || strings.EqualFold(l, login) }
	for _, d := range p.Memory().Devices {
		if !mine(d.Login) {
			continue
		}
		err := p.say(ctx, d, "remove", nil, nil)
		var refused *Refused
		if err != nil && (!errors.As(err, &refused) || refused.Status != http.StatusUnauthorized) {
			return err
		}
	}
	return p.change(func(m *Memory) {
		m.Devices = slices.DeleteFunc(m.Devices, func(d Device) bool { return mine(d.Login) })
		m.Accounts = slices.DeleteFunc(m.Accounts, func(a Account) bool { return mine(a.Login) })
	})
}
