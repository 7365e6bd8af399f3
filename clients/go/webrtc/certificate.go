package call

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	_ "crypto/sha256" // for crypto.SHA256
	_ "crypto/sha512" // for crypto.SHA384 and crypto.SHA512
	"fmt"
	"slices"
	"strings"

	"github.com/pion/webrtc/v4"
)

// newCertificate makes the certificate of one connection, and its fingerprint in the form of a description.
func newCertificate() (webrtc.Certificate, string, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return webrtc.Certificate{}, "", err
	}
	certificate, err := webrtc.GenerateCertificate(key)
	if err != nil {
		return webrtc.Certificate{}, "", err
	}
	found, err := certificate.GetFingerprints()
	if err != nil {
		return webrtc.Certificate{}, "", err
	}
	var lines []string
	for _, fingerprint := range found {
		lines = append(lines, fingerprint.Algorithm+" "+strings.ToUpper(fingerprint.Value))
	}
	slices.Sort(lines)
	return *certificate, strings.Join(slices.Compact(lines), ","), nil
}

// checkCertificate compares the certificate that the connection uses with the agreed fingerprint.
func checkCertificate(connection *webrtc.PeerConnection, agreed string) error {
	certificate := connection.SCTP().Transport().GetRemoteCertificate()
	if len(certificate) == 0 {
		return refuse(CodeUnverified)
	}
	for _, fingerprint := range strings.Split(agreed, ",") {
		algorithm, _, _ := strings.Cut(fingerprint, " ")
		if fingerprint == algorithm+" "+digest(algorithm, certificate) {
			return nil
		}
	}
	return refuse(CodeFingerprint)
}

func digest(algorithm string, certificate []byte) string {
	hash := map[string]crypto.Hash{"sha-256": crypto.SHA256, "sha-384": crypto.SHA384, "sha-512": crypto.SHA512}[algorithm]
	if !hash.Available() {
		return ""
	}
	sum := hash.New()
	sum.Write(certificate)
	return strings.ReplaceAll(fmt.Sprintf("% X", sum.Sum(nil)), " ", ":")
}
