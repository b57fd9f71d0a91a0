package vendor

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"usher/internal/factor"
	"usher/internal/idp"
	"usher/internal/store"
)

// Bounds of what tokens are named by and of the passwords that they make, in
// bytes.
const (
	maxCredential = 255
	maxPassword   = 64
)

// fieldNext is the password that follows the one of passCode.
// (spec: management UserFactorTokenFactorVerificationObject)
const fieldNext = "nextPassCode"

// Token proves a user by the passwords of a token that its vendor's server knows.
type Token struct {
	Hook   *Hook
	Kind   string // rsa or symantec
	Vendor string // as the adapter knows it
	// Twice tells that an enrolment takes two passwords in a row.
	Twice bool
}

// Describe implements factor.Method.
func (m *Token) Describe() factor.Description {
	pass := factor.Field{Name: factor.FieldPassCode, MaxLength: maxPassword}
	return factor.Description{
		Kind:   m.Kind,
		Verify: []factor.Field{pass, {Name: fieldNext, Optional: true, MaxLength: maxPassword}},
		Enroll: []factor.Field{
			{Name: factor.FieldCredentialID, MaxLength: maxCredential}, pass, {Name: fieldNext, Optional: !m.Twice, MaxLength: maxPassword},
		},
		AMR:        []string{"otp", "hwk"},
		Credential: "OTP",
	}
}

// profile is what may be shown. (management reference: user factors, profiles)
type profile struct {
	CredentialID string `json:"credentialId"`
}

// Enroll implements factor.Enroller: the vendor's server tells whether the token
// is the one that makes these passwords.
func (m *Token) Enroll(ctx context.Context, s factor.Subject, k factor.Kind, fields map[string]string) (factor.Draft, error) {
	p := profile{strings.TrimSpace(fields[factor.FieldCredentialID])}
	why, err := m.Hook.ask(ctx, m.question(s, actionEnroll, p.CredentialID, fields))
	if err == nil && why != 0 {
		err = idp.Fail(why, wrong)
	}
	return factor.Draft{Kind: k, Profile: p, Active: true}, err
}

// wrong is said about a password that does not count.
const wrong = "Your passcode doesn't match our records. Please try again."

func (m *Token) question(s factor.Subject, action, credential string, fields map[string]string) question {
	q := about(s, m.Vendor, action)
	q.Credential, q.PassCode, q.Next = credential, strings.TrimSpace(fields[factor.FieldPassCode]), strings.TrimSpace(fields[fieldNext])
	return q
}

// Check implements factor.Method: the vendor's server compares.
func (m *Token) Check(ctx context.Context, s factor.Subject, answer map[string]string) (factor.Attempt, error) {
	if s.Factor == nil {
		return factor.Attempt{}, nil
	}
	var p profile
	if err := json.Unmarshal(s.Factor.Profile, &p); err != nil {
		return factor.Attempt{}, fmt.Errorf("factor %s: %w", s.Factor.ID, err)
	}
	return m.Hook.judge(ctx, s, m.question(s, actionVerify, p.CredentialID, answer))
}

// Settle implements factor.Method. That a password is good once is the vendor's
// to see to.
func (m *Token) Settle(tx *store.Tx, s factor.Subject, a factor.Attempt) (factor.Outcome, error) {
	return settle(tx, s, a)
}
