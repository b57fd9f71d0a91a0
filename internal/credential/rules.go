package credential

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"usher/internal/idp"
)

// Rules are the complexity that a policy asks of a new password. Zero switches
// a rule off. (spec: management PasswordPolicyPasswordSettingsComplexity)
type Rules struct {
	MinLength, MinLower, MinUpper, MinNumber, MinSymbol int
	ExcludeUsername                                     bool
	// ExcludeAttributes are names of profile attributes: firstName, lastName.
	ExcludeAttributes []string
	// ExcludeCommon refuses what everybody guesses first.
	ExcludeCommon bool
}

// Owner is whose password it is, as far as the rules look.
type Owner struct {
	Login      string
	Attributes idp.Attributes
}

// The least lengths of what a password must not contain: shorter names occur
// in too many words by chance.
const (
	minLoginPart = 4
	minAttribute = 3
)

// Check tells whether a new password meets the rules, else KindInvalid on
// "password" with one cause on the field "password". A password that breaks them
// is told all of them and what the age asks for besides: clients take that text
// out where they show it already. (client: sign-in widget)
func Check(r Rules, a Age, password string, owner Owner) error {
	password = norm.NFC.String(password)
	switch {
	case password == "":
		return refuse("The field cannot be left blank")
	case tooLong(password):
		return refuse("The field is too long")
	case !r.met(password, owner):
		return refuse("Password requirements were not met. Password requirements: " + strings.Join(append([]string{strings.Join(r.Requirements(), ", ") + "."}, a.requirements()...), " "))
	case r.ExcludeCommon && common(password):
		return refuse("This password was found in a list of commonly used passwords. Please try another password.")
	}
	return nil
}

func refuse(text string) error {
	return idp.Invalid("password", idp.Cause{Field: "password", Text: text})
}

// Requirements lists what the rules ask for, in the words and the order that
// clients know. (management reference: validation cause texts)
func (r Rules) Requirements() []string {
	var out []string
	add := func(on bool, text string) {
		if on {
			out = append(out, text)
		}
	}
	add(r.MinLength > 0, fmt.Sprintf("at least %d characters", r.MinLength))
	add(r.MinLower > 0, several(r.MinLower, "a lowercase letter"))
	add(r.MinUpper > 0, several(r.MinUpper, "an uppercase letter"))
	add(r.MinNumber > 0, several(r.MinNumber, "a number"))
	add(r.MinSymbol > 0, several(r.MinSymbol, "a symbol"))
	add(r.ExcludeUsername, "no parts of your username")
	for _, name := range r.ExcludeAttributes {
		add(name == "firstName", "does not include your first name")
		add(name == "lastName", "does not include your last name")
	}
	return out
}

// several turns "a number" into "2 numbers".
func several(n int, one string) string {
	if n == 1 {
		return one
	}
	_, noun, _ := strings.Cut(one, " ")
	return fmt.Sprintf("%d %ss", n, noun)
}

func (r Rules) met(password string, owner Owner) bool {
	var lower, upper, number, symbol int
	for _, c := range password {
		switch {
		case unicode.IsLower(c):
			lower++
		case unicode.IsUpper(c):
			upper++
		case unicode.IsDigit(c):
			number++
		case !unicode.IsLetter(c) && !unicode.IsMark(c) && !unicode.IsControl(c):
			symbol++
		}
	}
	if utf8.RuneCountInString(password) < r.MinLength || lower < r.MinLower || upper < r.MinUpper || number < r.MinNumber || symbol < r.MinSymbol {
		return false
	}
	folded := strings.ToLower(password)
	if r.ExcludeUsername {
		for _, part := range loginParts(owner.Login) {
			if strings.Contains(folded, part) {
				return false
			}
		}
	}
	for _, name := range r.ExcludeAttributes {
		text := strings.ToLower(norm.NFC.String(strings.TrimSpace(owner.Attributes.Text(name))))
		if utf8.RuneCountInString(text) >= minAttribute && strings.Contains(folded, text) {
			return false
		}
	}
	return true
}

// loginParts splits a login at its punctuation and keeps the parts that are
// long enough to matter, without the top-level domain.
func loginParts(login string) []string {
	login = strings.ToLower(norm.NFC.String(login))
	if at := strings.LastIndexByte(login, '@'); at >= 0 {
		if dot := strings.LastIndexByte(login[at:], '.'); dot >= 0 {
			login = login[:at+dot]
		}
	}
	var out []string
	for _, part := range strings.FieldsFunc(login, func(c rune) bool { return strings.ContainsRune(",._#@-", c) }) {
		if utf8.RuneCountInString(part) >= minLoginPart {
			out = append(out, part)
		}
	}
	return out
}
