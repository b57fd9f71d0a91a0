package scim

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Fold maps letters that differ only in case to one form and leaves everything else, diacritics included.
// Two strings are equal when case is ignored (strings.EqualFold) exactly if their folds are equal, and a prefix or
// part stays one. It is what Match compares under Options.Fold; a stored search key made with it gives the same answers.
func Fold(s string) string {
	for i := range len(s) {
		if c := s[i]; c >= utf8.RuneSelf || c >= 'A' && c <= 'Z' {
			return strings.Map(foldRune, s)
		}
	}
	return s
}

func foldRune(r rune) rune {
	if r < utf8.RuneSelf {
		if r >= 'A' && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}
	// All letters of one case orbit share their smallest member: the Kelvin sign, K and k share K.
	least := r
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		least = min(least, f)
	}
	// Its lower-case letter stands for the orbit, unless that one lies outside, as for the dotted capital I.
	lower := unicode.ToLower(least)
	for f := least; ; {
		if f == lower {
			return lower
		}
		if f = unicode.SimpleFold(f); f == least {
			return least
		}
	}
}
