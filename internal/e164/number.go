package e164

import "strings"

// Number is a telephone number whose country code is one that exists and whose
// length its country allows.
type Number struct {
	Code     string // the country code, e.g. "1"
	National string // the digits behind it
}

// String is the international form, e.g. "+15554151337".
func (n Number) String() string { return "+" + n.Code + n.National }

// NorthAmerican tells whether a number belongs to the North American plan: three
// digits for the area, three and four behind it.
func (n Number) NorthAmerican() bool { return n.Code == northAmerica }

// northAmerica is the country of a number that names none.
const northAmerica = "1"

// northAmericanDigits is how long its numbers are.
const northAmericanDigits = 10

// maxText bounds what is read, in bytes: the longest number with a separator
// around each digit.
const maxText = 3 * maxDigits

// Parse reads a number as people write it: with spaces, dots, hyphens, slashes
// and brackets between the digits, the country code behind a plus sign, "00" or
// "011". Without them ten digits are a number of North America, and others
// begin with their country code. An extension is no part of a number.
func Parse(text string) (Number, bool) {
	digits, plus, ok := clean(strings.TrimSpace(text))
	if !ok {
		return Number{}, false
	}
	if !plus {
		switch {
		case strings.HasPrefix(digits, "011"):
			digits = digits[len("011"):]
		case strings.HasPrefix(digits, "00"):
			digits = digits[len("00"):]
		case len(digits) == northAmericanDigits && digits[0] > '1':
			digits = northAmerica + digits
		}
	}
	return split(digits)
}

// split takes a number's country code from its front.
func split(digits string) (Number, bool) {
	p, n, ok := planOf(digits)
	if !ok {
		return Number{}, false
	}
	national := digits[n:]
	if strings.HasPrefix(national, "0") && !keepsZero(p.code) {
		national = national[1:]
		if strings.HasPrefix(national, "0") {
			return Number{}, false
		}
	}
	if len(national) < p.shortest || len(national) > p.longest || n+len(national) > maxDigits {
		return Number{}, false
	}
	return Number{Code: digits[:n], National: national}, true
}

// clean drops what stands between the digits, and tells whether a plus sign
// was in front of them. A zero in brackets is what one dials within the country
// only, and goes too.
func clean(text string) (digits string, plus, ok bool) {
	if len(text) > maxText {
		return "", false, false
	}
	text, plus = strings.CutPrefix(text, "+")
	if plus {
		text = strings.Replace(text, "(0)", "", 1)
	}
	var b strings.Builder
	depth := 0
	for _, r := range text {
		switch {
		case r >= '0' && r <= '9':
			b.WriteRune(r)
		case r == '(' && depth == 0:
			depth++
		case r == ')' && depth == 1:
			depth--
		case strings.ContainsRune(separators, r):
		default:
			return "", false, false
		}
	}
	return b.String(), plus, depth == 0 && b.Len() > 0
}

// separators may stand between digits: those of RFC 3966 section 5.1.1, slashes,
// and the spaces and hyphens that word processors make of them.
const separators = " -./\u00a0\u2009\u202f\u2010\u2011\u2012\u2013"
