package credential

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"usher/internal/idp"
	"usher/internal/store"
)

// maxQuestion is the greatest number of characters of a recovery question and
// of its answer. (spec: management RecoveryQuestionCredential)
const maxQuestion = 100

// CheckQuestion tells whether a recovery question and its answer can be used,
// else KindInvalid on "recovery_question" with a cause for each fault. An
// answer has at least minLength characters and is not a part of the question.
func CheckQuestion(question, answer string, minLength int) error {
	var causes []idp.Cause
	add := func(field, text string) { causes = append(causes, idp.Cause{Field: field, Text: text}) }
	question = strings.TrimSpace(question)
	switch n := utf8.RuneCountInString(question); {
	case n == 0:
		add("question", "The field cannot be left blank")
	case n > maxQuestion:
		add("question", "The field is too long")
	}
	folded := fold(answer)
	switch n := utf8.RuneCountInString(strings.TrimSpace(answer)); {
	case n == 0:
		add("answer", "The field cannot be left blank")
	case n > maxQuestion:
		add("answer", "The field is too long")
	case n < minLength:
		add("answer", fmt.Sprintf("The security question answer must be at least %d characters in length", minLength))
	case strings.Contains(fold(question), folded):
		add("answer", "The security question answer is too weak, answer must not be part of the question")
	}
	if len(causes) > 0 {
		return idp.Invalid("recovery_question", causes...)
	}
	return nil
}

// HashAnswer returns the encoded hash of an answer that CheckQuestion accepted.
// Case and surrounding spaces do not count.
func (s *Service) HashAnswer(ctx context.Context, answer string) (string, error) {
	return s.Hasher.Hash(ctx, answerKey(answer))
}

// MatchAnswer compares an answer with the hash that HashAnswer made. It counts
// nothing.
func (s *Service) MatchAnswer(ctx context.Context, encoded, answer string) (bool, error) {
	m, err := s.Hasher.Verify(ctx, encoded, answerKey(answer))
	if err != nil {
		return false, fmt.Errorf("compare an answer: %w", err)
	}
	return m.OK, nil
}

// SetQuestion gives a user, who is stored already, a recovery question and the
// hash of its answer. It changes u's RecoveryQuestion; the caller writes u.
// KindConflict when another change came first.
func (s *Service) SetQuestion(tx *store.Tx, u *idp.User, question, encodedAnswer string) error {
	c, err := load(tx, u)
	if err != nil {
		return err
	}
	c.Answer = encodedAnswer
	if err := save(tx, c); err != nil {
		return err
	}
	u.RecoveryQuestion = strings.TrimSpace(question)
	return nil
}

// VerifyAnswer compares an answer with the user's, like Verify. Wrong ones
// count together with wrong passwords.
func (s *Service) VerifyAnswer(ctx context.Context, orgID, userID, answer string) (Proof, error) {
	p, err := s.verify(ctx, Proof{OrgID: orgID, UserID: userID, kind: secretAnswer}, answerKey(answer))
	return p, err
}

// answerKey is the form in which answers are hashed. An answer may be longer
// than a password, so it is condensed first.
func answerKey(answer string) string { return condense(fold(answer)) }

func fold(text string) string {
	return cases.Fold().String(norm.NFC.String(strings.TrimSpace(text)))
}

// condense shortens a text that is longer than what is hashed to its SHA-256.
func condense(text string) string {
	if !tooLong(text) {
		return text
	}
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
