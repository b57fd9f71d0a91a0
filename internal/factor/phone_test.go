package factor_test

import (
	"testing"

	"usher/internal/factor"
	"usher/internal/idp"
)

func TestPhones(t *testing.T) {
	for name, c := range map[string]struct {
		number, extension string
		want, masked      string
		kind              idp.Kind
	}{
		"written for people":   {"+1-555-415-1337", "", "+15554151337", "+1 XXX-XXX-1337", 0},
		"as it is kept":        {"+15554151337", "", "+15554151337", "+1 XXX-XXX-1337", 0},
		"without plus":         {"16284001133", "", "+16284001133", "+1 XXX-XXX-1133", 0},
		"without country":      {"(628) 400-1133", "", "+16284001133", "+1 XXX-XXX-1133", 0},
		"another country":      {"+49 30 901820", "", "+4930901820", "+49 XXXX1820", 0},
		"dialled abroad":       {"0049 (0)30 901820", "", "+4930901820", "+49 XXXX1820", 0},
		"shortest":             {"+683 4002", "", "+6834002", "+683 4002", 0},
		"extension":            {"+15554151337", "1,234#", "+15554151337", "+1 XXX-XXX-1337", 0},
		"no number":            {"call me", "", "", "", idp.KindBadPhone},
		"empty":                {"", "", "", "", idp.KindBadPhone},
		"too short":            {"+1555", "", "", "", idp.KindBadPhone},
		"too long":             {"+15554151337555415", "", "", "", idp.KindBadPhone},
		"no such country":      {"+999123456789", "", "", "", idp.KindBadPhone},
		"extension in number":  {"+15554151337;ext=5", "", "", "", idp.KindBadPhone},
		"extension of letters": {"+15554151337", "abc", "", "", idp.KindBadExtension},
		"extension too long":   {"+15554151337", "1234567890123456", "", "", idp.KindBadExtension},
	} {
		p, err := factor.ParsePhone(map[string]string{factor.FieldPhone: c.number, factor.FieldExtension: c.extension})
		if idp.KindOf(err) != c.kind || (err == nil) != (c.kind == 0) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if err != nil {
			continue
		}
		if p.Number != c.want || p.Extension != c.extension || p.Mask() != (factor.Phone{Number: c.masked}) {
			t.Errorf("%s: %+v, %+v", name, p, p.Mask())
		}
	}
}

func TestMaskedPhoneProfile(t *testing.T) {
	for in, want := range map[string]string{
		`{"phoneNumber":"+15554151337","phoneExtension":"12"}`: `{"phoneNumber":"+1 XXX-XXX-1337"}`,
		`{"phoneNumber":"5554151337"}`:                         `{"phoneNumber":""}`,
		`{}`:                                                   `{"phoneNumber":""}`, `[]`: `{}`,
	} {
		if got := string(factor.MaskPhone([]byte(in))); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}
