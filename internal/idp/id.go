package idp

import "strings"

// idLength is the length of an identifier: a prefix of three characters and 17
// that begin with the time. (architecture: section 7)
const idLength = 20

// maxID bounds identifiers that others choose: of clients, keys and policies.
const maxID = 64

const (
	digitsAndLetters = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	plainCharacters  = digitsAndLetters + "-_"
)

// IsID tells whether text has the form of an identifier of ours with this prefix.
func IsID(text, prefix string) bool {
	return len(text) == idLength && strings.HasPrefix(text, prefix) && strings.Trim(text, digitsAndLetters) == ""
}

// PlainID tells whether text may be an identifier at all, also one that somebody
// else has chosen: short, of letters, digits, "-" and "_".
func PlainID(text string) bool {
	return text != "" && len(text) <= maxID && strings.Trim(text, plainCharacters) == ""
}
