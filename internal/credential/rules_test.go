package credential

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"usher/internal/idp"
)

func TestCheck(t *testing.T) {
	standard := Rules{MinLength: 8, MinLower: 1, MinUpper: 1, MinNumber: 1, ExcludeUsername: true}
	const unmet = "Password requirements were not met. Password requirements: at least 8 characters, a lowercase letter, " +
		"an uppercase letter, a number, no parts of your username."
	full := Rules{
		MinLength: 10, MinLower: 2, MinUpper: 1, MinNumber: 1, MinSymbol: 1, ExcludeUsername: true,
		ExcludeAttributes: []string{"firstName", "lastName"}, ExcludeCommon: true,
	}
	const fullUnmet = "Password requirements were not met. Password requirements: at least 10 characters, 2 lowercase letters, " +
		"an uppercase letter, a number, a symbol, no parts of your username, does not include your first name, does not include your last name."
	const isCommon = "This password was found in a list of commonly used passwords. Please try another password."
	owner := Owner{Login: "isaac.brock@example.info", Attributes: idp.Attributes{"firstName": "Isaac", "lastName": "Ng"}}
	for _, c := range []struct {
		rules          Rules
		password, want string
	}{
		{standard, "Abcd1234", ""},
		{standard, "Äbcd1234", ""},
		{standard, "Abcd123", unmet},
		{standard, "ABCD1234", unmet},
		{standard, "abcd1234", unmet},
		{standard, "Abcdefgh", unmet},
		{standard, "Abcd1234Isaac", unmet},
		{standard, "Abcd1234bROCK", unmet},
		{standard, "Abcd1234Example", unmet},
		{standard, "Abcd1234Info", ""}, // the top-level domain
		{standard, "Abcd1234Isa", ""},  // not a whole part
		{standard, "", "The field cannot be left blank"},
		{standard, "Aa1" + strings.Repeat("x", MaxPasswordLength-2), "The field is too long"},
		{standard, "Aa1" + strings.Repeat("x", MaxPasswordLength-3), ""},
		{standard, "Aa1" + strings.Repeat("🗝", MaxPasswordLength-3), ""},
		{full, "Abcdef123 ", ""}, // a space is a symbol
		{full, "Abcdef1234", fullUnmet},
		{full, "ABCDEFg1#x1", ""},
		{full, "ABCDEFG1#x1", fullUnmet},
		{full, "Ab1#isAACxyz", fullUnmet},
		{full, "Ab1#strongxy", ""}, // "Ng" is too short a name to be looked for
		{Rules{ExcludeCommon: true}, "Password1", isCommon},
		{Rules{ExcludeCommon: true}, "Password1 and more", ""},
		{Rules{}, "x", ""},
	} {
		err := Check(c.rules, Age{}, c.password, owner)
		if c.want == "" {
			if err != nil {
				t.Errorf("%q: %v", c.password, err)
			}
			continue
		}
		e, ok := errors.AsType[*idp.Error](err)
		if !ok || e.Kind != idp.KindInvalid || e.Object != "password" || !slices.Equal(e.Causes, []idp.Cause{{Field: "password", Text: c.want}}) {
			t.Errorf("%q: %v", c.password, err)
		}
	}
}

// What the age of passwords asks for is told with the rules, as the widget does.
func TestCheckTellsTheAge(t *testing.T) {
	const want = "Password requirements were not met. Password requirements: at least 8 characters. " +
		"Your password cannot be any of your last 4 passwords. At least 2 hour(s) must have elapsed since you last changed your password."
	err := Check(Rules{MinLength: 8}, Age{History: 4, MinMinutes: 120}, "short", Owner{})
	if e, ok := errors.AsType[*idp.Error](err); !ok || len(e.Causes) != 1 || e.Causes[0].Text != want {
		t.Errorf("%v", err)
	}
}

func TestCommonPasswordsAreSorted(t *testing.T) {
	if !slices.IsSorted(commonPasswords) || len(slices.Compact(slices.Clone(commonPasswords))) != len(commonPasswords) {
		t.Fatal("not sorted, or not unique")
	}
	for _, p := range commonPasswords {
		if !common(strings.ToUpper(p)) {
			t.Errorf("%s is not found", p)
		}
	}
	if common("correct horse battery staple") {
		t.Error("what is not in the list is found")
	}
}

func TestAge(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	day := 24 * time.Hour
	a := Age{MaxDays: 90, WarnDays: 5, MinMinutes: 60}
	for _, c := range []struct {
		age                      time.Duration
		young, warns, hasExpired bool
	}{
		{0, true, false, false},
		{59 * time.Minute, true, false, false},
		{time.Hour, false, false, false},
		{85*day - 1, false, false, false},
		{85 * day, false, true, false},
		{90*day - 1, false, true, false},
		{90 * day, false, false, true},
	} {
		changed := now.Add(-c.age)
		if got := a.TooYoung(changed, now); got != c.young {
			t.Errorf("%v old is too young: %v", c.age, got)
		}
		if got := a.Warns(changed, now); got != c.warns {
			t.Errorf("%v old warns: %v", c.age, got)
		}
		if got := a.Expired(changed, now); got != c.hasExpired {
			t.Errorf("%v old has expired: %v", c.age, got)
		}
	}
	if none := (Age{}); none.Expired(now.Add(-9999*day), now) || none.Warns(now, now) || none.TooYoung(now, now) {
		t.Error("without limits something is limited")
	}
}

func TestLockoutOver(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	l := Lockout{MaxAttempts: 3, AutoUnlockMinutes: 10}
	if l.Over(now.Add(-10*time.Minute+1), now) || !l.Over(now.Add(-10*time.Minute), now) || l.Over(time.Time{}, now) {
		t.Error("a lock of ten minutes ends at the wrong time")
	}
	if (Lockout{MaxAttempts: 3}).Over(now.Add(-1000*time.Hour), now) {
		t.Error("a lock without an end has ended")
	}
}

func TestCheckQuestion(t *testing.T) {
	for _, c := range []struct{ question, answer, want string }{
		{"Where was the first house?", "Lübeck", ""},
		{"", "Lübeck", "question: The field cannot be left blank"},
		{strings.Repeat("?", 101), "Lübeck", "question: The field is too long"},
		{"Where?", "   ", "answer: The field cannot be left blank"},
		{"Where?", "abc", "answer: The security question answer must be at least 4 characters in length"},
		{"Where?", strings.Repeat("a", 101), "answer: The field is too long"},
		{"Where was the first house?", " HOUSE ", "answer: The security question answer is too weak, answer must not be part of the question"},
	} {
		err := CheckQuestion(c.question, c.answer, 4)
		if (err == nil) != (c.want == "") || (err != nil && (idp.KindOf(err) != idp.KindInvalid || !strings.HasSuffix(err.Error(), c.want))) {
			t.Errorf("%q, %q: %v", c.question, c.answer, err)
		}
	}
}
