package management_test

import (
	"crypto/aes"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"testing"

	"usher/internal/apptest"
)

const (
	yubiPublic  = "vvccccfiluij"
	yubiPrivate = "8792ebfe26cc"
	yubiKey     = "ecde18dbe76fbd0c33330f1c354871db"
)

// typed is what a YubiKey types at its n-th use: the block of its secrets and
// counters, encrypted, in its own alphabet.
func typed(t *testing.T, uses uint16, session byte) string {
	t.Helper()
	key, err := hex.DecodeString(yubiKey)
	if err != nil {
		t.Fatal(err)
	}
	block, err := hex.DecodeString(yubiPrivate)
	if err != nil {
		t.Fatal(err)
	}
	block = binary.LittleEndian.AppendUint16(block, uses)
	block = append(block, 1, 2, 3, session, 4, 5)
	crc := uint16(0xffff)
	for _, v := range block {
		crc ^= uint16(v)
		for range 8 {
			low := crc & 1
			if crc >>= 1; low != 0 {
				crc ^= 0x8408
			}
		}
	}
	block = binary.LittleEndian.AppendUint16(block, ^crc)
	c, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	c.Encrypt(block, block)
	out := yubiPublic
	for _, d := range hex.EncodeToString(block) {
		out += string("cbdefghijklnrtuv"[strings.IndexRune("0123456789abcdef", d)])
	}
	return out
}

// TestYubiKeys: a token that an administrator has made known is whose first
// password enrols it; each password is good once, and no earlier one after it.
func TestYubiKeys(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		allowFactors(t, app, "yubikey_token")
		const tokens = "/api/v1/org/factors/yubikey_token/tokens"
		seed := `{"serialNumber":"7886622","publicId":"` + yubiPublic + `","privateId":"` + yubiPrivate + `","aesKey":"` + yubiKey + `"}`
		ann, bob := factorsOf(t, app, "ann.token@example.org"), factorsOf(t, app, "bob.token@example.org")
		enrol := func(code string) string {
			return `{"factorType":"token:hardware","provider":"YUBICO","verify":{"passCode":"` + code + `"}}`
		}
		app.Post(ann, enrol(typed(t, 1, 0))).Fails(403, "E0000068")
		made := app.Post(tokens, seed).Want(200)
		if made.Text("status") != "UNASSIGNED" || made.Text("profile.serial") != "7886622" || strings.Contains(string(made.Body), yubiKey) {
			t.Fatalf("%s", made.Body)
		}
		app.Post(tokens, seed).Fails(400, "E0000001")
		app.Post(tokens, strings.Replace(seed, yubiKey, "00", 1)).Fails(400, "E0000001")
		app.Post(ann, enrol("cccccccccccccccccccccccccccccccccccccccccccc")).Fails(403, "E0000068")
		f := app.Post(ann, enrol(typed(t, 1, 0))).Want(200)
		if f.Text("status") != "ACTIVE" || f.Text("profile.credentialId") != "7886622" {
			t.Fatalf("%s", f.Body)
		}
		if a := app.Get(tokens + "/" + made.Text("id")).Want(200); a.Text("status") != "ACTIVE" {
			t.Errorf("%s", a.Body)
		}
		app.Get(tokens+"/ykk0").Fails(404, "E0000007")
		app.Post(bob, enrol(typed(t, 1, 1))).Fails(403, "E0000068")
		at := ann + "/" + f.Text("id") + "/verify"
		app.Post(at, passCode(typed(t, 1, 0))).Fails(403, "E0000082")
		if a := app.Post(at, passCode(typed(t, 2, 1))).Want(200); a.Text("factorResult") != "SUCCESS" {
			t.Errorf("%s", a.Body)
		}
		app.Post(at, passCode(typed(t, 2, 1))).Fails(403, "E0000082")
		app.Post(at, passCode(typed(t, 2, 0))).Fails(403, "E0000082")
		// The example of libyubikey: use 19, session 17.
		app.Post(at, passCode(yubiPublic+"hknhfjbrjnlnldnhcujvddbikngjrtgh")).Want(200)
		app.Post(at, passCode(typed(t, 19, 17))).Fails(403, "E0000082")
		app.Post(at, passCode("x"+typed(t, 3, 0)[1:])).Fails(403, "E0000068")
	})
}
