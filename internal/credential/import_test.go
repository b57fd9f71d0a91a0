package credential

import (
	"errors"
	"testing"

	"usher/internal/idp"
)

func TestImportRefuses(t *testing.T) {
	const (
		value32 = "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="
		salt22  = "rwh3vH166HCH/NT9XV5FYu"
		value31 = "qaMqvAPULkbiQzkTCWo5XDcvzpk8Tna"
	)
	for _, c := range []struct {
		field string
		spec  HashSpec
	}{
		{"algorithm", HashSpec{Algorithm: "SCRYPT", Value: value32}},
		{"algorithm", HashSpec{}},
		{"workFactor", HashSpec{Algorithm: "BCRYPT", Salt: salt22, Value: value31}},
		{"workFactor", HashSpec{Algorithm: "BCRYPT", Salt: salt22, Value: value31, WorkFactor: 21}},
		{"salt", HashSpec{Algorithm: "BCRYPT", Salt: salt22 + "a", Value: value31, WorkFactor: 10}},
		{"salt", HashSpec{Algorithm: "BCRYPT", Salt: "rwh3vH166HCH$NT9XV5FYu", Value: value31, WorkFactor: 10}},
		{"value", HashSpec{Algorithm: "BCRYPT", Salt: salt22, Value: value31[1:], WorkFactor: 10}},
		{"value", HashSpec{Algorithm: "SHA-256"}},
		{"value", HashSpec{Algorithm: "SHA-512", Value: value32}},
		{"value", HashSpec{Algorithm: "SHA-256", Value: "not base64!"}},
		{"saltOrder", HashSpec{Algorithm: "SHA-256", Value: value32, Salt: "YWI="}},
		{"saltOrder", HashSpec{Algorithm: "SHA-256", Value: value32, Salt: "YWI=", SaltOrder: "MIDDLE"}},
		{"salt", HashSpec{Algorithm: "SHA-256", Value: value32, Salt: "!", SaltOrder: "PREFIX"}},
		{"digestAlgorithm", HashSpec{Algorithm: "PBKDF2", Salt: "YWI=", Value: value32, KeySize: 32, IterationCount: 4096}},
		{"iterationCount", HashSpec{Algorithm: "PBKDF2", DigestAlgorithm: "SHA256_HMAC", Salt: "YWI=", Value: value32, KeySize: 32, IterationCount: 4095}},
		{"iterationCount", HashSpec{Algorithm: "PBKDF2", DigestAlgorithm: "SHA256_HMAC", Salt: "YWI=", Value: value32, KeySize: 32, IterationCount: 1 << 30}},
		{"salt", HashSpec{Algorithm: "PBKDF2", DigestAlgorithm: "SHA256_HMAC", Value: value32, KeySize: 32, IterationCount: 4096}},
		{"keySize", HashSpec{Algorithm: "PBKDF2", DigestAlgorithm: "SHA256_HMAC", Salt: "YWI=", Value: value32, IterationCount: 4096}},
		{"value", HashSpec{Algorithm: "PBKDF2", DigestAlgorithm: "SHA256_HMAC", Salt: "YWI=", Value: value32, KeySize: 64, IterationCount: 4096}},
	} {
		encoded, err := Import(c.spec)
		e, ok := errors.AsType[*idp.Error](err)
		if !ok || e.Kind != idp.KindInvalid || e.Object != "password" || len(e.Causes) != 1 || e.Causes[0].Field != "password.hash."+c.field {
			t.Errorf("%+v: %q, %v", c.spec, encoded, err)
		}
	}
}

// TestImportIgnores: clients send members that another algorithm needs.
func TestImportIgnores(t *testing.T) {
	got := imported(t, HashSpec{
		Algorithm: "SHA-512", Salt: "TXlTYWx0", SaltOrder: "PREFIX", WorkFactor: 0,
		Value: "QrozP8a+KfoHu6mPFysxLoO5LMQsd2Fw6IclZUf8xQjetJOCGS93vm68h+VaFX0LHSiF/GxQkykq1vofmx6NGA==",
	})
	if want := "$sha512$prefix$TXlTYWx0$QrozP8a+KfoHu6mPFysxLoO5LMQsd2Fw6IclZUf8xQjetJOCGS93vm68h+VaFX0LHSiF/GxQkykq1vofmx6NGA"; got != want {
		t.Errorf("got %s", got)
	}
}
