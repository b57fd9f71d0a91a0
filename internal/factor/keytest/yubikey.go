package keytest

import (
	"crypto/aes"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"testing"
)

// YubiKey is a token that types passwords: its secrets, in hex but for the public
// one, which is in its own alphabet.
type YubiKey struct {
	T                    testing.TB
	Public, Private, AES string
}

// Typed is what it types at a use: the block of its secrets and counters,
// encrypted, in its own alphabet. (Yubico OTP)
func (k YubiKey) Typed(uses uint16, session byte) string {
	k.T.Helper()
	key, err := hex.DecodeString(k.AES)
	if err != nil {
		k.T.Fatal(err)
	}
	block, err := hex.DecodeString(k.Private)
	if err != nil {
		k.T.Fatal(err)
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
		k.T.Fatal(err)
	}
	c.Encrypt(block, block)
	out := k.Public
	for _, d := range hex.EncodeToString(block) {
		out += string("cbdefghijklnrtuv"[strings.IndexRune("0123456789abcdef", d)])
	}
	return out
}
