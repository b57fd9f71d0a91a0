package policy

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"usher/internal/credential"
	"usher/internal/idp"
)

func TestDefaultPasswordSettings(t *testing.T) {
	got, err := json.Marshal(DefaultPasswordSettings())
	if err != nil {
		t.Fatal(err)
	}
	// (management reference: policies, settings, as recorded of the default policy)
	want := `{"password":{"complexity":{"minLength":8,"minLowerCase":1,"minUpperCase":1,"minNumber":1,"minSymbol":0,"excludeUsername":true,` +
		`"dictionary":{"common":{"exclude":false}},"excludeAttributes":[]},` +
		`"age":{"maxAgeDays":0,"expireWarnDays":0,"minAgeMinutes":0,"historyCount":5},` +
		`"lockout":{"maxAttempts":10,"autoUnlockMinutes":0,"userLockoutNotificationChannels":[],"showLockoutFailures":false},` +
		`"breachedProtection":{"expireAfterDays":null,"logoutEnabled":false,"delegatedWorkflowId":null}},` +
		`"recovery":{"factors":{"recovery_question":{"status":"ACTIVE","properties":{"complexity":{"minLength":4}}},` +
		`"okta_email":{"status":"ACTIVE","properties":{"recoveryToken":{"tokenLifetimeMinutes":60}}},` +
		`"okta_sms":{"status":"INACTIVE"},"okta_call":{"status":"INACTIVE"}}},"delegation":{"options":{"skipUnlock":false}}}`
	if string(got) != want {
		t.Errorf("got %s", got)
	}
}

func TestPasswordSettingsAreFilledIn(t *testing.T) {
	got, err := ParsePasswordSettings(json.RawMessage(`{"password":{"complexity":{"minLength":12,"minUpperCase":0,"excludeAttributes":null},
 "lockout":{"maxAttempts":5,"autoUnlockMinutes":15,"userLockoutNotificationChannels":["EMAIL"]}}}`))
	if err != nil {
		t.Fatal(err)
	}
	p := Policy{ID: "00p1", Name: "Strict", Password: got}
	want := credential.Policy{
		ID: "00p1", Name: "Strict",
		Rules: credential.Rules{
			MinLength: 12, MinLower: 1, MinUpper: 0, MinNumber: 1, MinSymbol: 1, ExcludeUsername: true, ExcludeAttributes: []string{},
		},
		Lockout:  credential.Lockout{MaxAttempts: 5, AutoUnlockMinutes: 15, NotifyByEmail: true},
		Recovery: credential.Recovery{Question: true, AnswerLength: 4, Email: true, EmailTokenLife: time.Hour},
	}
	if diff := cmp.Diff(want, p.credentialPolicy()); diff != "" {
		t.Error(diff)
	}
}

func TestPasswordSettingsOutOfRange(t *testing.T) {
	for text, want := range map[string]string{
		`{"password":{"complexity":{"minLength":3}}}`:                                                              "minLength",
		`{"password":{"complexity":{"minLength":73}}}`:                                                             "minLength",
		`{"password":{"complexity":{"minSymbol":-1}}}`:                                                             "minSymbol",
		`{"password":{"complexity":{"excludeAttributes":["email"]}}}`:                                              "excludeAttributes",
		`{"password":{"age":{"maxAgeDays":1000}}}`:                                                                 "maxAgeDays",
		`{"password":{"age":{"historyCount":25}}}`:                                                                 "historyCount",
		`{"password":{"lockout":{"maxAttempts":101}}}`:                                                             "maxAttempts",
		`{"password":{"lockout":{"userLockoutNotificationChannels":["SMS"]}}}`:                                     "userLockoutNotificationChannels",
		`{"recovery":{"factors":{"okta_email":{"properties":{"recoveryToken":{"tokenLifetimeMinutes":0}}}}}}`:      "tokenLifetimeMinutes",
		`{"recovery":{"factors":{"recovery_question":{"properties":{"complexity":{"minLength":101}}}}}}`:           "recovery_question.minLength",
		`{"password":{"age":{"maxAgeDays":-1,"historyCount":5},"lockout":{"maxAttempts":3}}}`:                      "maxAgeDays",
		`{"password":{"age":{"minAgeMinutes":99999999999}}}`:                                                       "minAgeMinutes",
		`{"password":{"age":{"expireWarnDays":99999999}},"password ":{"complexity":{"minLength":1,"minLow":"x"}}}`: "expireWarnDays",
	} {
		_, err := ParsePasswordSettings(json.RawMessage(text))
		if idp.KindOf(err) != idp.KindInvalid || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, text := range []string{`[]`, `{"password":"strict"}`, `{"password":{"age":{"maxAgeDays":"90"}}}`, `{`} {
		if _, err := ParsePasswordSettings(json.RawMessage(text)); idp.KindOf(err) != idp.KindMalformed {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestEnrollSettings(t *testing.T) {
	s, err := ParseEnrollSettings(json.RawMessage(`{"factors":{"okta_otp":{"enroll":{"self":"REQUIRED"}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Factors) != len(EnrollKeys()) {
		t.Errorf("%d factors", len(s.Factors))
	}
	for key, want := range map[string]SelfEnroll{"okta_otp": EnrollRequired, "okta_password": EnrollOptional, "okta_push": EnrollNotAllowed} {
		if f := s.Factors[key]; f.Enroll.Self != want || f.Consent.Type != "NONE" {
			t.Errorf("%s: %+v", key, f)
		}
	}
	for _, text := range []string{`{"factors":{"okta_otp":{"enroll":{"self":"MAYBE"}}}}`, `{"factors":{"crystal_ball":{}}}`} {
		if _, err := ParseEnrollSettings(json.RawMessage(text)); idp.KindOf(err) != idp.KindInvalid {
			t.Errorf("%s: %v", text, err)
		}
	}
}
