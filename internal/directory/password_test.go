package directory_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"usher/internal/directory"
	"usher/internal/idp"
	"usher/internal/notify"
	"usher/internal/store"
)

const otherPassword = "Asterisk42go"

// questioned adds an active user with a recovery question.
func (w *world) questioned(t *testing.T, login string) *idp.User {
	t.Helper()
	c := withPassword()
	c.Question = &directory.Question{Question: "Who?", Answer: "Annie Oakley"}
	return w.add(t, directory.NewUser{Profile: person(login), Activate: true, Credentials: c})
}

// TestCredentialStates runs every operation from every state.
func TestCredentialStates(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ops := map[string]struct {
			run     func(ctx context.Context, ref string) error
			allowed string
			refused idp.Kind
		}{
			"change": {func(ctx context.Context, ref string) error {
				_, err := w.ChangePassword(ctx, w.admin, ref, directory.PasswordChange{Old: goodPassword, New: otherPassword})
				return err
			}, "ACTIVE PASSWORD_EXPIRED RECOVERY", idp.KindPasswordNotAllowed},
			"question": {func(ctx context.Context, ref string) error {
				_, err := w.ChangeQuestion(ctx, w.admin, ref, goodPassword, directory.Question{Question: "Which?", Answer: "Asterisk"})
				return err
			}, "ACTIVE RECOVERY", idp.KindQuestionNotAllowed},
			"reset": {func(ctx context.Context, ref string) error {
				_, err := w.ResetPassword(ctx, w.admin, ref, true, false)
				return err
			}, "PROVISIONED ACTIVE RECOVERY PASSWORD_EXPIRED LOCKED_OUT", idp.KindUserState},
			"federate": {
				func(ctx context.Context, ref string) error { return w.Federate(ctx, w.admin, ref, false) },
				"PROVISIONED ACTIVE RECOVERY PASSWORD_EXPIRED LOCKED_OUT", idp.KindUserState,
			},
			"forgot": {func(ctx context.Context, ref string) error {
				_, err := w.ForgotPassword(ctx, w.admin, ref, true)
				return err
			}, "", idp.KindForgotNotAllowed},
		}
		for name, op := range ops {
			for _, status := range idp.UserStatuses() {
				u := w.inState(t, strings.ToLower(name+"."+string(status))+"@example.com", status)
				err := op.run(t.Context(), u.ID)
				if want := slices.Contains(strings.Fields(op.allowed), string(status)); want && err != nil || !want && idp.KindOf(err) != op.refused {
					t.Errorf("%s while %s: %v", name, status, err)
				}
			}
			if err := op.run(t.Context(), "nobody"); idp.KindOf(err) != idp.KindNotFound {
				t.Errorf("%s of nobody: %v", name, err)
			}
		}
	})
}

func TestChangePassword(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		revoked := 0
		w.OnRevoke = append(w.OnRevoke, func(*store.Tx, idp.Actor, *idp.User) error { revoked++; return nil })
		w.policy.Lockout.MaxAttempts = 3
		w.policy.Age.History, w.policy.Age.MinMinutes = 2, 60
		u := w.active(t, "a@example.com")
		w.clock.Advance(time.Minute)
		change := func(from, to string, strict bool) (*idp.User, error) {
			return w.ChangePassword(t.Context(), w.admin, u.ID, directory.PasswordChange{Old: from, New: to, Strict: strict, RevokeSessions: true})
		}
		_, err := change("wrong", otherPassword, false)
		if idp.KindOf(err) != idp.KindPasswordUpdate || !strings.Contains(err.Error(), "Old Password is not correct") {
			t.Error(err)
		}
		if _, err = change(goodPassword, "short", false); idp.KindOf(err) != idp.KindPasswordUpdate || !strings.Contains(err.Error(), "Password requirements were not met") {
			t.Error(err)
		}
		if _, err = change(goodPassword, otherPassword, true); idp.KindOf(err) != idp.KindPasswordUpdate || !strings.Contains(err.Error(), "minimum password age") {
			t.Error(err)
		}
		if revoked != 0 {
			t.Error("sessions ended for nothing")
		}
		got, err := change(goodPassword, otherPassword, false)
		if err != nil || got.Status != idp.UserActive || !got.PasswordChanged.After(u.PasswordChanged) || revoked != 1 {
			t.Fatalf("%+v, %v, %d", got, err, revoked)
		}
		w.clock.Advance(2 * time.Hour)
		if _, err = change(otherPassword, goodPassword, true); idp.KindOf(err) != idp.KindPasswordUpdate || !strings.Contains(err.Error(), "used too recently") {
			t.Error(err)
		}
		// The third wrong one in a row locks the user out.
		for range 3 {
			_, err = change("wrong", otherPassword, false)
		}
		if idp.KindOf(err) != idp.KindPasswordUpdate || w.get(t, u.ID).Status != idp.UserLockedOut {
			t.Errorf("%v, %s", err, w.get(t, u.ID).Status)
		}
		if _, err = change(otherPassword, goodPassword, false); idp.KindOf(err) != idp.KindPasswordNotAllowed {
			t.Error(err)
		}
	})
}

func TestChangeQuestion(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		u := w.active(t, "a@example.com")
		ask := func(password, question, answer string) error {
			_, err := w.ChangeQuestion(t.Context(), w.admin, u.ID, password, directory.Question{Question: question, Answer: answer})
			return err
		}
		if err := ask("wrong", "Who?", "Annie Oakley"); idp.KindOf(err) != idp.KindPasswordUpdate {
			t.Error(err)
		}
		if err := ask(goodPassword, "Who?", "abc"); idp.KindOf(err) != idp.KindInvalid {
			t.Error(err)
		}
		if err := ask(goodPassword, "Who?", "Annie Oakley"); err != nil {
			t.Fatal(err)
		}
		if got := w.get(t, u.ID).RecoveryQuestion; got != "Who?" {
			t.Error(got)
		}
		if _, err := w.RecoverPassword(t.Context(), w.admin, u.ID, otherPassword, "somebody"); idp.KindOf(err) != idp.KindWrongAnswer {
			t.Error(err)
		}
		if _, err := w.RecoverPassword(t.Context(), w.admin, u.ID, otherPassword, " annie OAKLEY "); err != nil {
			t.Error(err)
		}
		if _, err := w.ChangePassword(t.Context(), w.admin, u.ID, directory.PasswordChange{Old: otherPassword, New: goodPassword}); err != nil {
			t.Error(err)
		}
		if _, err := w.RecoverPassword(t.Context(), w.admin, u.ID, "short", "annie oakley"); idp.KindOf(err) != idp.KindInvalid {
			t.Error(err)
		}
	})
}

func TestRecoveryTokens(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		u := w.questioned(t, "a@example.com")
		redeem := func(link string) (out *idp.User, err error) {
			token := link[strings.LastIndex(link, "/")+1:]
			err = w.Store.Tx(t.Context(), func(tx *store.Tx) (err error) {
				out, _, err = w.RedeemRecovery(tx, w.org.ID, token)
				return err
			})
			return out, err
		}
		first, err := w.ForgotPassword(t.Context(), w.admin, u.ID, true)
		if err != nil || !strings.HasPrefix(first, w.org.BaseURL+"/signin/reset-password/") || w.get(t, u.ID).Status != idp.UserActive {
			t.Fatal(first, err)
		}
		mails, err := w.outbox.List(t.Context(), w.org.ID, notify.Query{})
		if err != nil || len(mails) != 1 || mails[0].Template != notify.TemplateReset || mails[0].Data[notify.DataLink] != first || mails[0].To != "a@example.com" {
			t.Fatalf("%+v, %v", mails, err)
		}
		second, err := w.ResetPassword(t.Context(), w.admin, u.ID, false, false)
		if err != nil || !strings.HasPrefix(second, w.org.BaseURL+"/reset_password/") || w.get(t, u.ID).Status != idp.UserRecovery {
			t.Fatal(second, err)
		}
		if mails, err = w.outbox.List(t.Context(), w.org.ID, notify.Query{}); err != nil || len(mails) != 1 {
			t.Errorf("%d mails, %v", len(mails), err)
		}
		if _, err := redeem(first); idp.KindOf(err) != idp.KindBadToken {
			t.Errorf("an older token: %v", err)
		}
		if got, err := redeem(second); err != nil || got.ID != u.ID {
			t.Error(got, err)
		}
		if _, err := redeem(second); idp.KindOf(err) != idp.KindBadToken {
			t.Errorf("a token again: %v", err)
		}
		third, err := w.ResetPassword(t.Context(), w.admin, u.ID, false, false)
		if err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(2 * time.Hour)
		if _, err := redeem(third); idp.KindOf(err) != idp.KindBadToken {
			t.Errorf("an old token: %v", err)
		}
		// A new password voids what is on its way.
		fourth, err := w.ResetPassword(t.Context(), w.admin, u.ID, false, false)
		if err != nil {
			t.Fatal(err)
		}
		p := otherPassword
		if _, err := w.UpdateUser(t.Context(), w.admin, u.ID, directory.UserChange{Credentials: directory.Credentials{Password: &p}}); err != nil {
			t.Fatal(err)
		}
		if _, err := redeem(fourth); idp.KindOf(err) != idp.KindBadToken || w.get(t, u.ID).Status != idp.UserActive {
			t.Errorf("a token from before: %v", err)
		}
	})
}

func TestFederate(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		u := w.questioned(t, "a@example.com")
		if err := w.Federate(t.Context(), w.admin, u.ID, false); err != nil {
			t.Fatal(err)
		}
		got := w.get(t, u.ID)
		if got.Status != idp.UserActive || got.HasPassword || got.RecoveryQuestion != "" || got.Provider.Type != idp.ProviderFederation {
			t.Errorf("%+v", got)
		}
		if _, err := w.ResetPassword(t.Context(), w.admin, u.ID, false, false); err != nil {
			t.Fatal(err)
		}
		if got = w.get(t, u.ID); got.Status != idp.UserRecovery || got.Provider.Type != idp.ProviderOkta {
			t.Errorf("%+v", got)
		}
	})
}
