package u2f

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/binary"
	"errors"
	"fmt"

	"usher/internal/factor"
	"usher/internal/keys"
)

// What stands in raw messages. (FIDO U2F Raw Message Formats 1.2 sections 4.3, 5.4)
const (
	reserved   = 0x05
	pointBytes = 65
	present    = 0x01
	// counterBytes follow the byte that tells of the user's presence.
	counterBytes = 4
)

// The types of client data. (FIDO U2F Raw Message Formats 1.2 section 7)
const (
	typeRegister = "navigator.id.finishEnrollment"
	typeSign     = "navigator.id.getAssertion"
)

var errMessage = errors.New("u2f: malformed message")

// clientData is what the browser says. (FIDO U2F Raw Message Formats 1.2 section 7)
type clientData struct {
	Type      string `json:"typ"`
	Challenge string `json:"challenge"`
	Origin    string `json:"origin"`
}

// asked tells whether it is about this nonce.
func (d *clientData) asked(nonce []byte, registers bool) bool {
	want := typeSign
	if registers {
		want = typeRegister
	}
	return d.Type == want && keys.Equal(d.Challenge, factor.Text(nonce))
}

// registration is what a key says about a pair of keys that it has made.
type registration struct {
	point       []byte // the public key, uncompressed
	handle      []byte
	certificate []byte // DER
	signature   []byte
}

// readRegistration takes the message apart.
// (FIDO U2F Raw Message Formats 1.2 section 4.3)
func readRegistration(raw []byte) (*registration, error) {
	if len(raw) < 2+pointBytes || raw[0] != reserved {
		return nil, errMessage
	}
	r := &registration{point: raw[1 : 1+pointBytes]}
	n, rest := int(raw[1+pointBytes]), raw[2+pointBytes:]
	if n == 0 || len(rest) < n {
		return nil, errMessage
	}
	r.handle, rest = rest[:n], rest[n:]
	var certificate asn1.RawValue
	var err error
	if r.signature, err = asn1.Unmarshal(rest, &certificate); err != nil {
		return nil, fmt.Errorf("u2f: read a certificate: %w", err)
	}
	r.certificate = certificate.FullBytes
	return r, nil
}

// fine tells whether the key that the certificate is of vouches for it.
func (r *registration) fine(appID string, client []byte) bool {
	if _, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), r.point); err != nil {
		return false
	}
	certificate, err := x509.ParseCertificate(r.certificate)
	if err != nil {
		return false
	}
	by, ok := certificate.PublicKey.(*ecdsa.PublicKey)
	if !ok || by.Curve != elliptic.P256() {
		return false
	}
	app, said := sha256.Sum256([]byte(appID)), sha256.Sum256(client)
	message := append([]byte{0}, app[:]...)
	message = append(message, said[:]...)
	message = append(append(message, r.handle...), r.point...)
	hash := sha256.Sum256(message)
	return ecdsa.VerifyASN1(by, hash[:], r.signature)
}

// signature is what a key says with one of its private keys.
type signature struct {
	presence  byte
	counter   uint32
	signature []byte
}

// readSignature takes the message apart.
// (FIDO U2F Raw Message Formats 1.2 section 5.4)
func readSignature(raw []byte) (*signature, error) {
	if len(raw) <= 1+counterBytes {
		return nil, errMessage
	}
	return &signature{raw[0], binary.BigEndian.Uint32(raw[1:]), raw[1+counterBytes:]}, nil
}

// fine tells whether it is by this public key, and somebody touched the key.
func (s *signature) fine(point []byte, appID string, client []byte) bool {
	public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
	if err != nil || s.presence&present == 0 {
		return false
	}
	app, said := sha256.Sum256([]byte(appID)), sha256.Sum256(client)
	message := append(app[:], s.presence)
	message = append(binary.BigEndian.AppendUint32(message, s.counter), said[:]...)
	hash := sha256.Sum256(message)
	return ecdsa.VerifyASN1(public, hash[:], s.signature)
}
