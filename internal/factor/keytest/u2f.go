package keytest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"encoding/json"
	"math/big"
	"time"
)

// Register answers u2f.register, with the certificate of another key than the
// one that it makes. Host is the appId. (FIDO U2F Raw Message Formats 1.2
// section 4.3)
func (k *Key) Register(nonce string) map[string]string {
	k.T.Helper()
	client := k.u2fClient("navigator.id.finishEnrollment", nonce)
	secret := sha256.Sum256([]byte("the maker of keys"))
	maker, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), secret[:])
	if err != nil {
		k.T.Fatal(err)
	}
	about := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Keys in software"},
		NotBefore: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2060, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	certificate, err := x509.CreateCertificate(nil, about, about, &maker.PublicKey, maker)
	if err != nil {
		k.T.Fatal(err)
	}
	point, err := k.private.PublicKey.Bytes()
	if err != nil {
		k.T.Fatal(err)
	}
	app, said := sha256.Sum256([]byte(k.Host)), sha256.Sum256(client)
	message := append(append([]byte{0}, app[:]...), said[:]...)
	message = append(append(message, k.ID...), point...)
	signed := (&Key{T: k.T, private: maker}).sign(message)
	raw := append([]byte{5}, point...)
	raw = append(append(append(raw, byte(len(k.ID))), k.ID...), certificate...)
	return map[string]string{"clientData": text(client), "registrationData": text(append(raw, signed...))}
}

// Sign answers u2f.sign, with the counter gone up. (FIDO U2F Raw Message Formats
// 1.2 section 5.4)
func (k *Key) Sign(nonce string) map[string]string {
	k.T.Helper()
	k.Counter++
	client := k.u2fClient("navigator.id.getAssertion", nonce)
	raw := []byte{present}
	if k.Absent {
		raw[0] = 0
	}
	raw = binary.BigEndian.AppendUint32(raw, k.Counter)
	app, said := sha256.Sum256([]byte(k.Host)), sha256.Sum256(client)
	message := append(append(app[:], raw...), said[:]...)
	return map[string]string{"clientData": text(client), "signatureData": text(append(raw, k.sign(message)...))}
}

func (k *Key) u2fClient(typ, nonce string) []byte {
	k.T.Helper()
	if k.Type != "" {
		typ = k.Type
	}
	out, err := json.Marshal(map[string]string{"typ": typ, "challenge": nonce, "origin": k.Origin, "cid_pubkey": "unused"})
	if err != nil {
		k.T.Fatal(err)
	}
	return out
}
