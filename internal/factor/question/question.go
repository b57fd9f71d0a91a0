package question

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"usher/internal/credential"
	"usher/internal/factor"
	"usher/internal/idp"
	"usher/internal/store"
)

// The fields of an enrolment and of an answer.
const (
	FieldQuestion = "question"
	FieldAnswer   = "answer"
)

// minAnswer is the least number of characters of an answer. (management
// reference: password policy, recovery question)
const minAnswer = 4

// maxField bounds a field, in bytes: an answer has up to 100 characters.
const maxField = 400

// Method proves a user by the answer to a question.
type Method struct {
	Credentials *credential.Service
	Vault       factor.Vault
}

// Describe implements factor.Method.
func (*Method) Describe() factor.Description {
	return factor.Description{
		Kind:   "question",
		Verify: []factor.Field{{Name: FieldAnswer, Secret: true, MaxLength: maxField}},
		Enroll: []factor.Field{{Name: FieldQuestion, MaxLength: maxField}, {Name: FieldAnswer, Secret: true, MaxLength: maxField}},
		AMR:    []string{"kba"},
		Wrong:  "Your answer doesn't match our records. Please try again.",
	}
}

// profile is what may be shown. (management reference: user factors, profiles)
type profile struct {
	Question string `json:"question"`
	Text     string `json:"questionText"`
}

// Enroll implements factor.Enroller. Nothing has to be proved: the answer is the
// user's own.
func (m *Method) Enroll(ctx context.Context, _ factor.Subject, k factor.Kind, fields map[string]string) (factor.Draft, error) {
	var p profile
	for _, q := range factor.Questions() {
		if q.ID == fields[FieldQuestion] {
			p = profile{q.ID, q.Text}
		}
	}
	if p.Question == "" {
		return factor.Draft{}, idp.Invalid(factor.ObjectEnroll, idp.Cause{Text: "Invalid question."})
	}
	if err := credential.CheckQuestion(p.Text, fields[FieldAnswer], minAnswer); err != nil {
		if e, ok := errors.AsType[*idp.Error](err); ok {
			e.Object = factor.ObjectEnroll
		}
		return factor.Draft{}, err
	}
	hash, err := m.Credentials.HashAnswer(ctx, fields[FieldAnswer])
	if err != nil {
		return factor.Draft{}, err
	}
	return factor.Draft{Kind: k, Profile: p, Secret: []byte(hash), Active: true}, nil
}

// Mask implements factor.Masker: only the question is shown.
func (*Method) Mask(text []byte) []byte {
	var p profile
	if json.Unmarshal(text, &p) != nil {
		return []byte("{}")
	}
	out, err := json.Marshal(p)
	if err != nil {
		return []byte("{}")
	}
	return out
}

// compared is an attempt, with the sealed hash that it was compared with.
type compared struct{ sealed string }

// Check implements factor.Method.
func (m *Method) Check(ctx context.Context, s factor.Subject, answer map[string]string) (factor.Attempt, error) {
	given := strings.TrimSpace(answer[FieldAnswer])
	if s.Factor == nil {
		return factor.Attempt{}, m.Credentials.Hasher.Dummy(ctx, "")
	}
	hash, err := m.Vault.Open(s.Factor)
	if err != nil {
		return factor.Attempt{}, fmt.Errorf("factor %s: %w", s.Factor.ID, err)
	}
	ok, err := m.Credentials.MatchAnswer(ctx, string(hash), given)
	return factor.Attempt{OK: ok, State: compared{s.Factor.Sealed}}, err
}

// Settle implements factor.Method.
func (*Method) Settle(_ *store.Tx, s factor.Subject, a factor.Attempt) (factor.Outcome, error) {
	c, ok := a.State.(compared)
	if !ok || s.Factor == nil || c.sealed != s.Factor.Sealed {
		return factor.Outcome{}, factor.ErrChanged
	}
	return factor.Outcome{Proved: a.OK}, nil
}
