package directory

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"usher/internal/idp"
	"usher/internal/scim"
	"usher/internal/store"
)

// diacritics are the blocks of combining marks that are put on letters. The
// vowel signs of other scripts tell words apart and are not among them.
var diacritics = &unicode.RangeTable{R16: []unicode.Range16{
	{Lo: 0x0300, Hi: 0x036f, Stride: 1},
	{Lo: 0x1ab0, Hi: 0x1aff, Stride: 1},
	{Lo: 0x1dc0, Hi: 0x1dff, Stride: 1},
	{Lo: 0x20d0, Hi: 0x20ff, Stride: 1},
	{Lo: 0xfe20, Hi: 0xfe2f, Stride: 1},
}}

// LoginKey is the form in which logins are compared: two that differ only in
// case or in diacritics are the same login. (spec: management User.profile.login)
func LoginKey(login string) string {
	if ascii(login) {
		return strings.ToLower(login)
	}
	key := bare(login)
	// Folding may bring out marks (the dotted capital I), so it is done twice.
	return norm.NFC.String(bare(cases.Fold().String(key)))
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func bare(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(diacritics, r) {
			return -1
		}
		return r
	}, norm.NFD.String(s))
}

// shortName is the part of a login before the "@".
func shortName(login string) string {
	name, _, _ := strings.Cut(login, "@")
	return name
}

// keysOf computes the search keys of a profile. All but those of the login keep
// diacritics, which searches tell apart.
func keysOf(a idp.Attributes) store.UserKeys {
	login := LoginKey(a.Text(AttrLogin))
	return store.UserKeys{
		Login: login, Short: shortName(login), Email: scim.Fold(a.Text(AttrEmail)),
		First: scim.Fold(a.Text(AttrFirstName)), Last: scim.Fold(a.Text(AttrLastName)),
	}
}
