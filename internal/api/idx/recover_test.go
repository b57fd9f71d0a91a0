package idx_test

import (
	"encoding/json"
	"strings"
	"testing"

	"usher/internal/factor"
	"usher/internal/idp"
	"usher/internal/notify"
	"usher/internal/policy"
	"usher/internal/signin"
	"usher/internal/signin/signintest"
	"usher/internal/store/storetest"
)

// names are the forms of an answer, the first one first.
func (a answer) names() string {
	var out []string
	for _, f := range formsOf(a.body) {
		name, _ := f["name"].(string)
		out = append(out, name)
	}
	return strings.Join(out, " ")
}

// recoverySite lets users recover and unlock by mail.
func recoverySite(t *testing.T) (s *site, mail string) {
	t.Helper()
	s = newSite(t, storetest.SQLite(t))
	s.SetPasswordActions(func(a *policy.Actions) { a.SelfUnlock.Access = policy.Allow })
	s.Ask(s.User(login))
	locked := s.User("locked@example.com")
	s.Ask(locked)
	s.Put(locked, idp.UserLockedOut)
	return s, factor.AuthenticatorID(s.Org.ID, signin.ByEmail)
}

// TestRecoverPassword goes from a forgotten password over the mail and the
// question to a session.
func TestRecoverPassword(t *testing.T) {
	s, mail := recoverySite(t)
	handle := s.begin()
	with := func(members map[string]any) map[string]any {
		members["stateHandle"] = handle
		return members
	}
	want := func(a answer, status int, step, forms string) answer {
		t.Helper()
		if got, _ := a.body["step"].(string); a.status != status || got != step || a.names() != forms {
			t.Fatalf("%d %s %q, want %d %s %q\n%s", a.status, got, a.names(), status, step, forms, a.text)
		}
		return a
	}
	want(s.send("/introspect", map[string]any{"stateToken": handle}), 200, "IDENTIFY", "identify unlock-account")
	a := want(s.send("/identify", with(map[string]any{"identifier": login})), 200, "AUTHENTICATE", "challenge-authenticator select-authenticator-authenticate")
	if !strings.Contains(a.text, `"recover":{"rel":["create-form"],"name":"recover","href":"https://id.example.com/idp/idx/recover"`) {
		t.Fatalf("no way to recover: %s", a.text)
	}
	selection := "authenticator-verification-data select-authenticator-authenticate"
	want(s.send("/recover", with(map[string]any{})), 200, "RECOVER", selection)
	want(s.send("/recover", with(map[string]any{})), 200, "RECOVER", selection)
	if s.Mail(login).ID != "" {
		t.Fatal("a mail has gone out before it was asked for")
	}
	want(s.send("/challenge", with(map[string]any{"authenticator": map[string]any{"id": mail, "methodType": "sms"}})), 400, "RECOVER", selection)
	waiting := "challenge-authenticator select-authenticator-authenticate"
	a = want(s.send("/challenge", with(map[string]any{"authenticator": map[string]any{"id": mail, "methodType": "email"}})), 200, "RECOVER", waiting)
	first := s.Mail(login).ID
	want(s.send("/challenge", with(map[string]any{"authenticator": map[string]any{"id": mail}})), 200, "RECOVER", waiting)
	if s.Mail(login).ID != first {
		t.Error("choosing again at once sends again")
	}
	if strings.Contains(a.text, "Isaac") {
		t.Fatalf("the user shows before anything is proved: %s", a.text)
	}
	a = want(s.send("/challenge/answer", with(map[string]any{"credentials": map[string]any{"passcode": "x"}})), 401, "RECOVER", waiting)
	if !strings.Contains(a.text, "api.authn.error.PASSCODE_INVALID") {
		t.Errorf("%s", a.text)
	}
	want(s.send("/challenge/resend", with(map[string]any{})), 429, "RECOVER", waiting)
	a = want(s.send("/challenge/answer", with(map[string]any{"credentials": map[string]any{"passcode": s.Mail(login).Data[notify.DataCode]}})), 200, "RECOVER", waiting)
	if !strings.Contains(a.text, "Who was first?") {
		t.Errorf("%s", a.text)
	}
	a = want(s.send("/challenge/answer", with(map[string]any{"credentials": map[string]any{"questionKey": "custom", "answer": "x"}})), 401, "RECOVER", waiting)
	want(s.send("/challenge", with(map[string]any{"authenticator": map[string]any{"id": factor.AuthenticatorID(s.Org.ID, signin.RecoveryQuestion)}})), 200, "RECOVER", waiting)
	if !strings.Contains(a.text, "question_factor.answer_invalid") {
		t.Errorf("%s", a.text)
	}
	want(s.send("/challenge/answer", with(map[string]any{"credentials": map[string]any{"questionKey": "custom", "answer": signintest.Answer}})), 200, "RECOVER", "reset-authenticator")
	want(s.send("/introspect", map[string]any{"stateToken": handle}), 200, "RECOVER", "reset-authenticator")
	a = s.send("/challenge/answer", with(map[string]any{"credentials": map[string]any{"passcode": "Fresh-battery-8"}}))
	if a.status != 200 || a.body["success"] == nil {
		t.Fatalf("%d %s", a.status, a.text)
	}
}

// TestUnlockAccount goes from the sign-in over the mail to the end of a lock.
func TestUnlockAccount(t *testing.T) {
	s, mail := recoverySite(t)
	s.SetPasswordPolicy(func(p *policy.PasswordSettings) { p.Recovery.Factors.Question.Status = policy.Inactive })
	handle := s.begin()
	if a := s.send("/unlock-account", map[string]any{"stateHandle": handle}); a.names() != "unlock-account" || a.body["step"] != "RECOVER" {
		t.Fatalf("%s", a.text)
	}
	if a := s.send("/identify", map[string]any{"stateHandle": handle, "identifier": "locked@example.com"}); a.names() != "select-authenticator-unlock-account" {
		t.Fatalf("%s", a.text)
	}
	if a := s.send("/challenge", map[string]any{"stateHandle": handle, "authenticator": map[string]any{"id": mail}}); a.names() != "challenge-authenticator select-authenticator-authenticate" {
		t.Fatalf("%s", a.text)
	}
	a := s.send("/challenge/answer", map[string]any{"stateHandle": handle, "credentials": map[string]any{"passcode": s.Mail("locked@example.com").Data[notify.DataCode]}})
	if a.status != 200 || a.names() != "" || !strings.Contains(a.text, "oie.selfservice.unlock_user.success.message") {
		t.Fatalf("%d %s", a.status, a.text)
	}
	if a := s.send("/introspect", map[string]any{"stateToken": handle}); a.status != 401 {
		t.Errorf("%d %s", a.status, a.text)
	}
}

// TestRecoveryTellsNothing: nobody is answered like somebody, up to the handle.
func TestRecoveryTellsNothing(t *testing.T) {
	s, mail := recoverySite(t)
	walk := func(name string) (out string) {
		handle := s.begin()
		for _, step := range []struct {
			path    string
			members map[string]any
		}{
			{"/recover", nil},
			{"/identify", map[string]any{"identifier": name}},
			{"/challenge", map[string]any{"authenticator": map[string]any{"id": mail, "methodType": "email"}}},
			{"/challenge/answer", map[string]any{"credentials": map[string]any{"passcode": "x"}}},
			{"/introspect", nil},
		} {
			members := map[string]any{"stateHandle": handle}
			for k, v := range step.members {
				members[k] = v
			}
			a := s.send(step.path, members)
			delete(a.body, "expiresAt")
			text, err := json.Marshal(a.body)
			if err != nil {
				t.Fatal(err)
			}
			out += strings.ReplaceAll(strings.ReplaceAll(string(text), handle, "H"), name, "N") + "\n"
		}
		return out
	}
	if some, none := walk(login), walk("nobody@example.com"); some != none {
		t.Errorf("somebody:\n%s\nnobody:\n%s", some, none)
	}
}

// TestRecoveryNotAllowed: where no policy opens it there is no way to it.
func TestRecoveryNotAllowed(t *testing.T) {
	s := newSite(t, storetest.SQLite(t))
	s.User(login)
	s.SetPasswordActions(func(a *policy.Actions) { a.SelfReset.Access = policy.Deny })
	handle := s.begin()
	if a := s.send("/identify", map[string]any{"stateHandle": handle, "identifier": login}); strings.Contains(a.text, "/recover") {
		t.Errorf("%s", a.text)
	}
	for path, key := range map[string]string{"/recover": "oie.selfservice.reset.password.not.allowed", "/unlock-account": "oie.selfservice.user.unlock.not.allowed"} {
		if a := s.send(path, map[string]any{"stateHandle": handle}); a.status != 403 || !strings.Contains(a.text, key) {
			t.Errorf("%s: %d %s", path, a.status, a.text)
		}
	}
}
