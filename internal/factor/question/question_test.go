package question_test

import (
	"errors"
	"strings"
	"testing"

	"usher/internal/credential"
	"usher/internal/env"
	"usher/internal/factor"
	"usher/internal/factor/question"
	"usher/internal/idp"
	"usher/internal/keys"
	"usher/internal/store"
)

func method(t *testing.T) *question.Method {
	t.Helper()
	keeper, err := keys.NewKeeper(env.NewSeeded(1), []byte("a master key of a test, 32 bytes"))
	if err != nil {
		t.Fatal(err)
	}
	return &question.Method{
		Credentials: &credential.Service{Hasher: credential.NewHasher(env.NewSeeded(1), credential.Params{Memory: 8, Time: 1, Threads: 1}, 1)},
		Vault:       factor.Vault{Keeper: keeper},
	}
}

func TestEnroll(t *testing.T) {
	m := method(t)
	for name, c := range map[string]struct {
		question, answer, cause string
	}{
		"fine":                 {"disliked_food", "Spinach soup", ""},
		"unknown question":     {"none", "Spinach soup", "Invalid question."},
		"a text of one's own":  {"What?", "Spinach soup", "Invalid question."},
		"short":                {"disliked_food", "abc", "at least 4 characters"},
		"part of the question": {"disliked_food", "child", "must not be part"},
		"too long":             {"disliked_food", strings.Repeat("ab", 51), "too long"},
		"the longest":          {"disliked_food", strings.Repeat("ab", 50), ""},
	} {
		d, err := m.Enroll(t.Context(), factor.Subject{}, factor.Kind{Key: "okta_question"}, map[string]string{"question": c.question, "answer": c.answer})
		if c.cause == "" {
			if err != nil || !d.Active || len(d.Secret) == 0 || strings.Contains(string(d.Secret), c.answer) {
				t.Errorf("%s: %+v, %v", name, d, err)
			}
			continue
		}
		e, ok := errors.AsType[*idp.Error](err)
		if !ok || e.Kind != idp.KindInvalid || e.Object != factor.ObjectEnroll || !strings.Contains(e.Error(), c.cause) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAnswers(t *testing.T) {
	m := method(t)
	d, err := m.Enroll(t.Context(), factor.Subject{}, factor.Kind{}, map[string]string{"question": "disliked_food", "answer": "Spinach soup"})
	if err != nil {
		t.Fatal(err)
	}
	f := &store.Factor{OrgID: "00o1", UserID: "00u1", ID: "ufs1", Status: factor.StatusActive}
	m.Vault.Seal(f, d.Secret)
	s := factor.Subject{Factor: f}
	for answer, want := range map[string]bool{"Spinach soup": true, "  SPINACH SOUP ": true, "Spinach": false, "": false, strings.Repeat("x", 400): false} {
		a, err := m.Check(t.Context(), s, map[string]string{"answer": answer})
		if err != nil {
			t.Fatal(err)
		}
		if out, err := m.Settle(nil, s, a); err != nil || out.Proved != want {
			t.Errorf("%q: %+v, %v", answer, out, err)
		}
	}
	right, err := m.Check(t.Context(), s, map[string]string{"answer": "Spinach soup"})
	if err != nil {
		t.Fatal(err)
	}
	m.Vault.Seal(f, d.Secret)                                        // somebody has set it again meanwhile
	if _, err := m.Settle(nil, s, right); err != factor.ErrChanged { //nolint:errorlint // returned bare
		t.Errorf("an answer to what was there before: %v", err)
	}
	if a, err := m.Check(t.Context(), factor.Subject{}, map[string]string{"answer": "x"}); err != nil || a.OK {
		t.Errorf("nobody: %+v, %v", a, err)
	}
}

func TestMaskShowsTheQuestionAlone(t *testing.T) {
	m := method(t)
	if got := string(m.Mask([]byte(`{"question":"q","questionText":"Q?","answer":"secret"}`))); got != `{"question":"q","questionText":"Q?"}` {
		t.Error(got)
	}
	if got := string(m.Mask([]byte("x"))); got != "{}" {
		t.Error(got)
	}
}
