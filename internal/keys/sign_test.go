package keys

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"math/big"
	"strconv"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"usher/internal/env"
)

// testKey makes a key pair that no database knows.
func testKey(t testing.TB, alg Alg) *SigningKey {
	t.Helper()
	k := &SigningKey{ID: "kid-" + string(alg), Alg: alg, headers: &headers{}}
	var err error
	if random := (env.Reader{Rand: env.SystemRand{}}); alg == RS256 {
		k.private, err = rsa.GenerateKey(random, rsaBits)
	} else {
		k.private, err = ecdsa.GenerateKey(elliptic.P256(), random)
	}
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// TestSignIsReadElsewhere lets another implementation verify enough signatures
// that some of their numbers begin with zeros.
func TestSignIsReadElsewhere(t *testing.T) {
	for alg, times := range map[Alg]int{RS256: 2, ES256: 600} {
		k := testKey(t, alg)
		for i := range times {
			typ := []string{"", "at+jwt"}[i%2]
			payload := `{"n":` + strconv.Itoa(i) + `}`
			token, err := k.Sign(typ, []byte(payload))
			if err != nil {
				t.Fatal(err)
			}
			jws, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(alg)})
			if err != nil {
				t.Fatalf("%s: %v", token, err)
			}
			got, err := jws.Verify(k.Public())
			if err != nil || string(got) != payload {
				t.Fatalf("%s: %q, %v", token, got, err)
			}
			want := `{"alg":"` + string(alg) + `","kid":"kid-` + string(alg) + `"}`
			if typ != "" {
				want = strings.TrimSuffix(want, "}") + `,"typ":"at+jwt"}`
			}
			part, _, _ := strings.Cut(token, ".")
			if header, err := base64.RawURLEncoding.DecodeString(part); err != nil || string(header) != want {
				t.Fatalf("header %s, want %s (%v)", header, want, err)
			}
			if again, err := k.Sign(typ, []byte(payload)); err != nil || again != token {
				t.Fatalf("signing the same twice: %s and %s (%v)", token, again, err)
			}
		}
	}
}

// TestSignatureOfTheStandard takes a key and its signature from the standard.
// (RFC 6979 appendix A.2.5, P-256 with SHA-256, "sample")
func TestSignatureOfTheStandard(t *testing.T) {
	number := func(hex string) *big.Int {
		n, ok := new(big.Int).SetString(hex, 16)
		if !ok {
			t.Fatal(hex)
		}
		return n
	}
	d := number("C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721")
	private, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), d.FillBytes(make([]byte, es256Half)))
	if err != nil {
		t.Fatal(err)
	}
	k := &SigningKey{Alg: ES256, private: private}
	got, err := k.signature(sha256.Sum256([]byte("sample")))
	if err != nil {
		t.Fatal(err)
	}
	r := number("EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716")
	s := number("F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8")
	if want := append(r.FillBytes(make([]byte, es256Half)), s.FillBytes(make([]byte, es256Half))...); string(got) != string(want) {
		t.Errorf("%x, want %x", got, want)
	}
}

func TestRawSignatureRefusesWhatIsNone(t *testing.T) {
	for _, der := range []string{"", "\x30\x00", "\x30\x03\x02\x01\x01", "\x30\x26\x02\x21\x01" + strings.Repeat("a", 32) + "\x02\x01\x01"} {
		if out, err := rawSignature([]byte(der)); err == nil {
			t.Errorf("%x gives %x", der, out)
		}
	}
	small, err := rawSignature([]byte("\x30\x06\x02\x01\x05\x02\x01\x07"))
	if err != nil || len(small) != 2*es256Half || small[31] != 5 || small[63] != 7 {
		t.Errorf("%x, %v", small, err)
	}
}

func BenchmarkSign(b *testing.B) {
	payload := []byte(`{"ver":1,"jti":"AT.0123456789abcdefghijklmnopqrstuvwxyzABCDEFG","iss":"https://id.example/oauth2/default","aud":"api://default",` +
		`"iat":1772366400,"exp":1772370000,"cid":"0oa0123456789abcdefg","client_id":"0oa0123456789abcdefg","scp":["bench"],"sub":"0oa0123456789abcdefg"}`)
	for _, alg := range []Alg{RS256, ES256} {
		b.Run(string(alg), func(b *testing.B) {
			k := testKey(b, alg)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := k.Sign("", payload); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
