package authn_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"usher/internal/apptest/transcript"
	"usher/internal/directory"
	"usher/internal/idp"
	"usher/internal/notify"
	"usher/internal/policy"
	"usher/internal/signin/signintest"
	"usher/internal/store/storetest"
)

const phone = "+15550100"

// newRecoverySite is a site whose users may recover and unlock alone.
func newRecoverySite(t testing.TB) *site {
	t.Helper()
	s := newSite(t, storetest.SQLite(t))
	s.Phones()
	u := s.User(login)
	s.Ask(u)
	s.Phone(u, phone)
	locked := s.User("locked@example.com")
	s.Ask(locked)
	s.Phone(locked, "+15550101")
	s.Put(locked, idp.UserLockedOut)
	s.User("plain@example.com") // without a recovery question
	return s
}

func TestRecoveryFlows(t *testing.T) {
	for _, file := range transcript.Files(t, "testdata/recovery/*.txtar") {
		t.Run(file, func(t *testing.T) {
			s := newRecoverySite(t)
			_, invited := s.Invited("new@example.com")
			transcript.Play(t, file, transcript.Stage{Handler: s, Advance: s.Clock.Advance, Values: map[string]string{
				"password": signintest.Password, "activationToken": invited, "readyToken": s.Ready("ready@example.com"),
			}})
		})
	}
}

// TestMailLinksRecover follows the links of the mails.
func TestMailLinksRecover(t *testing.T) {
	s := newRecoverySite(t)
	const second = "second@example.com"
	if _, err := s.Directory.UpdateUser(t.Context(), idp.SystemActor(s.Org), login, directory.UserChange{Profile: idp.Attributes{"secondEmail": second}}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		path, username, link, kind string
	}{
		{"/recovery/password", login, "https://id.example.com/signin/reset-password/", "PASSWORD"},
		{"/recovery/unlock", "locked@example.com", "https://id.example.com/signin/unlock/", "UNLOCK"},
	} {
		if got := s.post(c.path, map[string]any{"username": c.username, "factorType": "EMAIL"}); got.status != 200 {
			t.Fatalf("%d %s", got.status, got.body)
		}
		m := s.Mail(c.username)
		if m.Data[notify.DataLink] != c.link+m.Data[notify.DataToken] || m.Data[notify.DataToken] == "" {
			t.Fatalf("%+v", m)
		}
		got := s.post("/recovery/token", map[string]any{"recoveryToken": m.Data[notify.DataToken]})
		if got.status != 200 || got.member(t, "status") != "RECOVERY" || got.member(t, "recoveryType") != c.kind {
			t.Fatalf("%d %s", got.status, got.body)
		}
		if got := s.post("/recovery/token", map[string]any{"recoveryToken": m.Data[notify.DataToken]}); got.status != 401 || got.member(t, "errorCode") != "E0000011" {
			t.Errorf("a link again: %d %s", got.status, got.body)
		}
	}
	if first, m := s.Mail(login), s.Mail(second); m.ID == "" || m.Data[notify.DataLink] != first.Data[notify.DataLink] {
		t.Errorf("to the second address: %+v", m)
	}
	if n := s.Mail("plain@example.com").ID; n != "" {
		t.Error("a user without a question got a mail")
	}
}

// TestCodesRecover follows a text and a call to the end.
func TestCodesRecover(t *testing.T) {
	s := newRecoverySite(t)
	sms := s.post("/recovery/password", map[string]any{"username": login, "factorType": "SMS"})
	token := sms.member(t, "stateToken")
	number := 123456 // as some clients write codes and answers
	if got := s.post("/recovery/factors/sms/verify", map[string]any{"stateToken": token, "passCode": number}); got.status != 403 || got.member(t, "errorCode") != "E0000068" {
		t.Errorf("a number: %d %s", got.status, got.body)
	}
	got := s.post("/recovery/factors/sms/verify", map[string]any{"stateToken": token, "passCode": s.Mail(phone).Data[notify.DataCode]})
	if got.status != 200 || got.member(t, "status") != "RECOVERY" || got.member(t, "recoveryType") != "PASSWORD" || !strings.Contains(got.body, "Who was first?") {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if got := s.post("/recovery/answer", map[string]any{"stateToken": token, "answer": number}); got.status != 403 || got.member(t, "errorCode") != "E0000087" {
		t.Errorf("a number: %d %s", got.status, got.body)
	}
	if got = s.post("/recovery/answer", map[string]any{"stateToken": token, "answer": signintest.Answer}); got.member(t, "status") != "PASSWORD_RESET" {
		t.Fatalf("%d %s", got.status, got.body)
	}
	got = s.post("/credentials/reset_password", map[string]any{"stateToken": token, "newPassword": "Fresh-battery-8"})
	if got.status != 200 || got.member(t, "status") != "SUCCESS" || got.member(t, "sessionToken") == "" {
		t.Fatalf("%d %s", got.status, got.body)
	}

	s.SetPasswordPolicy(func(p *policy.PasswordSettings) { p.Recovery.Factors.Question.Status = policy.Inactive })
	call := s.post("/recovery/unlock", map[string]any{"username": "locked@example.com", "factorType": "CALL", "relayState": "back"})
	got = s.post("/recovery/factors/CALL/verify", map[string]any{"stateToken": call.member(t, "stateToken"), "passCode": s.Mail("+15550101").Data[notify.DataCode]})
	if got.body != `{"status":"SUCCESS","relayState":"back","recoveryType":"UNLOCK"}` {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if got := s.signIn("locked@example.com", signintest.Password); got.status != 200 || got.member(t, "status") != "SUCCESS" {
		t.Errorf("%d %s", got.status, got.body)
	}
}

// TestRecoveryTellsNothing: whatever is asked for and of whom, a public caller
// gets the same bytes, and nobody gets a mail who may not.
func TestRecoveryTellsNothing(t *testing.T) {
	s := newRecoverySite(t)
	for _, state := range idp.UserStatuses() {
		u := s.User("in" + strings.ToLower(string(state)) + "@example.com")
		s.Ask(u)
		s.Put(u, state)
	}
	for path, mailed := range map[string][]string{
		"/recovery/password": {"inactive@example.com", "inrecovery@example.com", "inpassword_expired@example.com"},
		"/recovery/unlock":   {"inlocked_out@example.com"},
	} {
		want := s.post(path, map[string]any{"username": "nobody@example.com", "factorType": "EMAIL"})
		for _, state := range idp.UserStatuses() {
			name := "in" + strings.ToLower(string(state)) + "@example.com"
			before := s.Mail(name).ID
			got := s.post(path, map[string]any{"username": name, "factorType": "EMAIL"})
			if got.status != 200 || got.body != want.body {
				t.Errorf("%s for %s: %d %s", path, name, got.status, got.body)
			}
			if sent := s.Mail(name).ID != before; sent != slices.Contains(mailed, name) {
				t.Errorf("%s for %s: mail %v", path, name, sent)
			}
		}
	}
}

// TestRecoveryIsGated: what the password policy does not open is closed.
func TestRecoveryIsGated(t *testing.T) {
	for name, c := range map[string]struct {
		settings func(*policy.PasswordSettings)
		actions  func(*policy.Actions)
		mail     bool
		trusted  string // error code, "" for none
	}{
		"open":             {nil, nil, true, ""},
		"no reset":         {nil, func(a *policy.Actions) { a.SelfReset.Access = policy.Deny }, false, "E0000034"},
		"no mail":          {func(p *policy.PasswordSettings) { p.Recovery.Factors.Email.Status = policy.Inactive }, nil, false, ""},
		"without question": {func(p *policy.PasswordSettings) { p.Recovery.Factors.Question.Status = policy.Inactive }, nil, true, ""},
	} {
		s := newRecoverySite(t)
		if c.settings != nil {
			s.SetPasswordPolicy(c.settings)
		}
		if c.actions != nil {
			s.SetPasswordActions(c.actions)
		}
		before := s.Mail(login).ID
		s.post("/recovery/password", map[string]any{"username": login, "factorType": "EMAIL"})
		if sent := s.Mail(login).ID != before; sent != c.mail {
			t.Errorf("%s: mail %v", name, sent)
		}
		got := s.trusted("/recovery/password", map[string]any{"username": login})
		if got.member(t, "errorCode") != c.trusted {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
		if name == "without question" {
			got = s.post("/recovery/token", map[string]any{"recoveryToken": got.member(t, "recoveryToken")})
			if got.status != 200 || got.member(t, "status") != "PASSWORD_RESET" {
				t.Errorf("%s: %d %s", name, got.status, got.body)
			}
		}
	}
}

// TestRecoveryTokensLiveAsThePolicySays moves the clock to both sides of their end.
func TestRecoveryTokensLiveAsThePolicySays(t *testing.T) {
	s := newRecoverySite(t)
	s.SetPasswordPolicy(func(p *policy.PasswordSettings) {
		p.Recovery.Factors.Email.Properties.RecoveryToken.LifetimeMinutes = 30
	})
	for minutes, want := range map[int]int{29: 200, 30: 401} {
		token := s.trusted("/recovery/password", map[string]any{"username": login}).member(t, "recoveryToken")
		s.Clock.Advance(time.Duration(minutes) * time.Minute)
		if got := s.post("/recovery/token", map[string]any{"recoveryToken": token}); got.status != want {
			t.Errorf("after %d minutes: %d %s", minutes, got.status, got.body)
		}
	}
}

// TestHelpersRecover: only administrators who may reset passwords get tokens.
func TestHelpersRecover(t *testing.T) {
	for _, role := range []idp.RoleType{
		idp.RoleSuperAdmin, idp.RoleOrgAdmin, idp.RoleUserAdmin, idp.RoleHelpDeskAdmin, idp.RoleReadOnlyAdmin, idp.RoleAppAdmin, "",
	} {
		s := newRecoverySite(t)
		s.token.Roles = nil
		if role != "" {
			s.token.Roles = []idp.RoleType{role}
		}
		want := "E0000006"
		if slices.Contains([]idp.RoleType{idp.RoleSuperAdmin, idp.RoleOrgAdmin, idp.RoleUserAdmin, idp.RoleHelpDeskAdmin}, role) {
			want = ""
		}
		if got := s.trusted("/recovery/password", map[string]any{"username": login}); got.member(t, "errorCode") != want {
			t.Errorf("%q: %d %s", role, got.status, got.body)
		}
	}
}

// TestRecoveryEvents names what the system log holds of each way.
func TestRecoveryEvents(t *testing.T) {
	s := newRecoverySite(t)
	_, invited := s.Invited("new@example.com")
	want := func(what string, events []string, fn func()) {
		t.Helper()
		before := len(s.AllEvents())
		fn()
		var got []string
		for _, e := range s.AllEvents()[before:] {
			got = append(got, strings.TrimSpace(fmt.Sprintf("%s %s %s", e.Type, e.Result, e.Reason)))
		}
		if !slices.Equal(got, events) {
			t.Errorf("%s:\n%s\nwant\n%s", what, strings.Join(got, "\n"), strings.Join(events, "\n"))
		}
	}
	var state, token string
	step := func(path string, body map[string]any) {
		got := s.post(path, body)
		if v := got.member(t, "stateToken"); v != "" {
			state = v
		}
	}
	want("mail", []string{"user.account.reset_password SUCCESS", "system.email.password_reset.sent_message SUCCESS"}, func() {
		step("/recovery/password", map[string]any{"username": login, "factorType": "EMAIL"})
	})
	want("nobody", []string{"user.account.reset_password FAILURE UNKNOWN_USER"}, func() {
		step("/recovery/password", map[string]any{"username": "nobody@example.com", "factorType": "EMAIL"})
	})
	want("not locked", []string{"user.account.unlock_token FAILURE NOT_LOCKED"}, func() {
		step("/recovery/unlock", map[string]any{"username": login, "factorType": "EMAIL"})
	})
	want("unlock mail", []string{"user.account.unlock_token SUCCESS", "system.email.account_unlock.sent_message SUCCESS"}, func() {
		step("/recovery/unlock", map[string]any{"username": "locked@example.com", "factorType": "EMAIL"})
	})
	want("a bad link", []string{"user.account.use_token FAILURE INVALID_CREDENTIALS"}, func() {
		step("/recovery/token", map[string]any{"recoveryToken": "nothing"})
	})
	token = s.Mail(login).Data[notify.DataToken]
	want("a link", []string{"user.account.use_token SUCCESS"}, func() { step("/recovery/token", map[string]any{"recoveryToken": token}) })
	want("a wrong answer", []string{"user.account.reset_password FAILURE INVALID_CREDENTIALS"}, func() {
		step("/recovery/answer", map[string]any{"stateToken": state, "answer": "x"})
	})
	want("the answer", nil, func() { step("/recovery/answer", map[string]any{"stateToken": state, "answer": signintest.Answer}) })
	want("a new password", []string{"user.account.update_password SUCCESS", "policy.evaluate_sign_on ALLOW", "user.session.start SUCCESS"}, func() {
		step("/credentials/reset_password", map[string]any{"stateToken": state, "newPassword": "Fresh-battery-8"})
	})
	token = s.Mail("locked@example.com").Data[notify.DataToken]
	want("unlocking", []string{"user.account.use_token SUCCESS", "user.account.unlock SUCCESS"}, func() {
		step("/recovery/token", map[string]any{"recoveryToken": token})
		step("/recovery/answer", map[string]any{"stateToken": state, "answer": signintest.Answer})
	})
	want("a bad invitation", []string{"user.session.start FAILURE INVALID_CREDENTIALS"}, func() { step("", map[string]any{"token": "nothing"}) })
	want("an invitation", []string{"user.account.update_password SUCCESS", "policy.evaluate_sign_on ALLOW", "user.session.start SUCCESS"}, func() {
		step("", map[string]any{"token": invited})
		step("/credentials/reset_password", map[string]any{"stateToken": state, "newPassword": "Fresh-battery-8"})
	})
}

// trusted posts with a token that proves an administrator.
func (s *site) trusted(path string, body map[string]any) answer {
	s.T.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		s.T.Fatal(err)
	}
	return s.send(http.MethodPost, "/api/v1/authn"+path, string(text), "SSWS trusted")
}

// TestQuestionIsTakenFromNewUsersAlone: who recovers a password cannot change the
// question on the way; a new user's is the one that guards the next recovery.
func TestQuestionIsTakenFromNewUsersAlone(t *testing.T) {
	s := newRecoverySite(t)
	question := map[string]string{"question": "Who was last?", "answer": "Sitting Bull"}
	if got := s.post("/recovery/password", map[string]any{"username": login, "factorType": "EMAIL"}); got.status != 200 {
		t.Fatalf("%d %s", got.status, got.body)
	}
	opened := s.post("/recovery/token", map[string]any{"recoveryToken": s.Mail(login).Data[notify.DataToken]})
	token := opened.member(t, "stateToken")
	s.post("/recovery/answer", map[string]any{"stateToken": token, "answer": signintest.Answer})
	got := s.post("/credentials/reset_password", map[string]any{"stateToken": token, "newPassword": "Fresh-battery-8", "recovery_question": question})
	if got.status != 400 || got.member(t, "errorCode") != "E0000001" {
		t.Fatalf("a question that nobody asks for: %d %s", got.status, got.body)
	}
	if got = s.post("/credentials/reset_password", map[string]any{"stateToken": token, "newPassword": "Fresh-battery-8"}); got.member(t, "status") != "SUCCESS" {
		t.Fatalf("%d %s", got.status, got.body)
	}

	_, invited := s.Invited("new@example.com")
	token = s.post("", map[string]any{"token": invited}).member(t, "stateToken")
	got = s.post("/credentials/reset_password", map[string]any{"stateToken": token, "newPassword": "Fresh-battery-8", "recovery_question": question})
	if got.member(t, "status") != "SUCCESS" {
		t.Fatalf("%d %s", got.status, got.body)
	}
	s.post("/recovery/password", map[string]any{"username": "new@example.com", "factorType": "EMAIL"})
	opened = s.post("/recovery/token", map[string]any{"recoveryToken": s.Mail("new@example.com").Data[notify.DataToken]})
	if got = s.post("/recovery/answer", map[string]any{"stateToken": opened.member(t, "stateToken"), "answer": "sitting bull"}); got.member(t, "status") != "PASSWORD_RESET" {
		t.Errorf("%d %s", got.status, got.body)
	}
}
