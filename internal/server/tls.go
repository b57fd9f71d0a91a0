package server

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"usher/internal/env"
)

// TLSFiles loads a certificate chain and its key from PEM files.
func TLSFiles(certFile, keyFile string) (*tls.Config, error) {
	cert, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return nil, fmt.Errorf("TLS certificate: %w", err)
	}
	return tlsConfig(cert), nil
}

func tlsConfig(cert tls.Certificate) *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{cert}, NextProtos: []string{"h2", "http/1.1"}}
}

// The files of a development CA.
const (
	caCertFile = "dev-ca.pem"
	caKeyFile  = "dev-ca.key"
)

// Life times of what the development CA makes.
const (
	caLife   = 5 * 365 * 24 * time.Hour
	leafLife = 90 * 24 * time.Hour
)

// DevCA makes a certificate for the hosts (names or addresses) from a local CA
// in dir, which it makes at the first call. It returns the CA's file, for
// people to trust. The CA's key never leaves dir, readable to its owner alone.
func DevCA(dir string, hosts []string, clock env.Clock, rnd env.Rand) (*tls.Config, string, error) {
	caPath := filepath.Join(dir, caCertFile)
	ca, key, err := loadCA(dir)
	if errors.Is(err, os.ErrNotExist) {
		ca, key, err = makeCA(dir, clock, rnd)
	}
	if err != nil {
		return nil, "", fmt.Errorf("development CA in %s: %w", dir, err)
	}
	leafKey, err := ecdsa.GenerateKey(elliptic.P256(), reader{rnd})
	if err != nil {
		return nil, "", err
	}
	t := template(clock.Now(), leafLife, rnd, "Usher development")
	t.KeyUsage, t.ExtKeyUsage = x509.KeyUsageDigitalSignature, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	for _, h := range hosts {
		if ip := net.ParseIP(h); ip != nil {
			t.IPAddresses = append(t.IPAddresses, ip)
		} else {
			t.DNSNames = append(t.DNSNames, h)
		}
	}
	der, err := x509.CreateCertificate(reader{rnd}, t, ca, &leafKey.PublicKey, key)
	if err != nil {
		return nil, "", err
	}
	return tlsConfig(tls.Certificate{Certificate: [][]byte{der, ca.Raw}, PrivateKey: leafKey}), caPath, nil
}

func makeCA(dir string, clock env.Clock, rnd env.Rand) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), reader{rnd})
	if err != nil {
		return nil, nil, err
	}
	t := template(clock.Now(), caLife, rnd, "Usher development CA")
	t.IsCA, t.BasicConstraintsValid, t.MaxPathLenZero = true, true, true
	t.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	der, err := x509.CreateCertificate(reader{rnd}, t, t, &key.PublicKey, key)
	if err != nil {
		return nil, nil, err
	}
	keyDER, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, nil, err
	}
	if err := writePEM(filepath.Join(dir, caKeyFile), "EC PRIVATE KEY", keyDER, 0o600); err != nil {
		return nil, nil, err
	}
	if err := writePEM(filepath.Join(dir, caCertFile), "CERTIFICATE", der, 0o644); err != nil {
		return nil, nil, err
	}
	ca, err := x509.ParseCertificate(der)
	return ca, key, err
}

func loadCA(dir string) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	certDER, err := readPEM(filepath.Join(dir, caCertFile))
	if err != nil {
		return nil, nil, err
	}
	keyDER, err := readPEM(filepath.Join(dir, caKeyFile))
	if err != nil {
		return nil, nil, err
	}
	ca, err := x509.ParseCertificate(certDER)
	if err != nil {
		return nil, nil, err
	}
	key, err := x509.ParseECPrivateKey(keyDER)
	return ca, key, err
}

// template leaves an hour for clocks that are behind.
func template(now time.Time, life time.Duration, rnd env.Rand, name string) *x509.Certificate {
	serial := make([]byte, 16)
	rnd.Read(serial)
	serial[0] &= 0x7f
	return &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes(serial), Subject: pkix.Name{CommonName: name, Organization: []string{"Usher"}},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(life),
	}
}

func writePEM(path, kind string, der []byte, mode os.FileMode) error {
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), mode)
}

func readPEM(path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("%s holds no PEM block", path)
	}
	return block.Bytes, nil
}

// reader lends env.Rand to the standard library.
type reader struct{ env.Rand }

// Read implements io.Reader.
func (r reader) Read(p []byte) (int, error) {
	r.Rand.Read(p)
	return len(p), nil
}

var _ io.Reader = reader{}
