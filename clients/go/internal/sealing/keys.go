// Package sealing seals the signaling of a call, so that the server that carries it cannot read it, or change it
// unnoticed. It follows docs/sealing.md, whose test vectors its tests check.
package sealing

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"github.com/fastify-signalbox/fastify-signalbox/clients/go/internal/hidden"
)

// A Role is a side of a conversation.
type Role string

// The two sides.
const (
	Host  Role = "host"
	Guest Role = "guest"
)

const (
	version    = 1
	label      = "signalbox v1"
	nonceBytes = 16
	keyIDBytes = 6
)

// canonical accepts each text in one spelling only. Otherwise two texts could mean the same bytes, and a sealed message
// could be altered unnoticed.
var canonical = base64.RawURLEncoding.Strict()

func fromBase64url(text string) ([]byte, bool) {
	// The decoder would skip line breaks.
	if strings.ContainsAny(text, "\r\n") {
		return nil, false
	}
	decoded, err := canonical.DecodeString(text)
	return decoded, err == nil
}

// NewNonce returns 16 random bytes in base64url. Each side contributes one to a session, so that its keys are new.
func NewNonce() string {
	return canonical.EncodeToString(randomBytes(nonceBytes))
}

// NewSecret returns the secret of a new invite.
func NewSecret() []byte { return randomBytes(32) }

func randomBytes(length int) []byte {
	random := make([]byte, length)
	rand.Read(random) // never fails
	return random
}

// parseNonce returns the bytes of a nonce in base64url.
func parseNonce(text string) ([]byte, error) {
	decoded, ok := fromBase64url(text)
	if !ok || len(decoded) != nonceBytes {
		return nil, ErrFormat
	}
	return decoded, nil
}

// A Key is the secret of an invite, and what all of its keys depend on.
type Key struct {
	// ID identifies the secret, and reveals nothing about it.
	ID       string
	hostDrop hidden.Value[string]
	secret   hidden.Value[[]byte]
}

// HostDrop is the drop address of the host's box.
func (k Key) HostDrop() string { return k.hostDrop() }

// NewKey returns the key of an invite with this secret.
func NewKey(secret []byte, hostDrop string) Key {
	key := Key{hostDrop: hidden.New(hostDrop), secret: hidden.New(secret)}
	key.ID = canonical.EncodeToString(key.derive(nil, keyIDBytes, "key id"))
	return key
}

// String identifies the key without revealing the secret.
func (k Key) String() string { return "the key " + k.ID }

// GoString is String, for %#v.
func (k Key) GoString() string { return k.String() }

func (k Key) derive(salt []byte, length int, context ...string) []byte {
	derived, err := hkdf.Key(sha256.New, k.secret(), salt, join(context...), length)
	if err != nil {
		panic(err) // only for a length that HKDF cannot give
	}
	return derived
}

func (k Key) aead(salt []byte, context ...string) cipher.AEAD {
	block, err := aes.NewCipher(k.derive(salt, 32, context...))
	if err != nil {
		panic(err) // only for another length of the key
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		panic(err) // only for another block size
	}
	return gcm
}

// join makes a context string, or additional data, of its parts.
func join(parts ...string) string {
	return strings.Join(append([]string{label}, parts...), "\n")
}
