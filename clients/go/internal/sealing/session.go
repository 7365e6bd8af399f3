package sealing

import (
	"crypto/cipher"
	"encoding/json"
	"strings"
)

// SealHello seals the guest's first message, which says where the guest can be reached. value is JSON text.
func SealHello(key Key, guestNonce string, value json.RawMessage) (Message, error) {
	nonce, err := parseNonce(guestNonce)
	if err != nil {
		return Message{}, err
	}
	hello := Message{V: version, To: key.HostDrop(), Key: key.ID, From: Guest, Session: guestNonce}
	return hello.seal(key.aead(nonce, "hello", key.HostDrop()), value), nil
}

// OpenHello opens a guest's first message. It is all that an unknown guest can say, and it could be replayed to a host
// that has lost its memory. So the only safe thing to do with it is to answer.
func OpenHello(key Key, message Message) (json.RawMessage, error) {
	switch {
	case message.To != key.HostDrop():
		return nil, ErrForeign
	case message.Key != key.ID:
		return nil, ErrKey
	case message.From == Host:
		return nil, ErrReflected
	case strings.Contains(message.Session, "."):
		return nil, ErrForeign
	case message.N != 0:
		return nil, ErrOrder
	}
	nonce, err := parseNonce(message.Session)
	if err != nil {
		return nil, err
	}
	return message.open(key.aead(nonce, "hello", key.HostDrop()))
}

// A Session is a conversation between one guest and one host: it seals what this side sends, and opens what the other
// side sent. It is not safe for concurrent use.
type Session struct {
	key              Key
	role             Role
	guestDrop        string
	guestNonce       string
	id               string
	salt             []byte
	sealing, opening cipher.AEAD
	sent, received   int64 // the hello has the number 0, so the first message has 1
}

// NewSession returns this side's end of the session between the host and the guest with these nonces.
func NewSession(key Key, role Role, guestDrop, guestNonce, hostNonce string) (*Session, error) {
	g, err := parseNonce(guestNonce)
	if err != nil {
		return nil, err
	}
	h, err := parseNonce(hostNonce)
	if err != nil {
		return nil, err
	}
	s := &Session{key: key, role: role, guestDrop: guestDrop, guestNonce: guestNonce, id: guestNonce + "." + hostNonce, salt: append(g, h...)}
	s.sealing = s.aead(Host)
	s.opening = s.aead(Guest)
	if role == Guest {
		s.sealing, s.opening = s.opening, s.sealing
	}
	return s, nil
}

func (s *Session) aead(from Role) cipher.AEAD {
	return s.key.aead(s.salt, string(from), s.key.HostDrop(), s.guestDrop)
}

// ID is what the session's messages have in common: both nonces.
func (s *Session) ID() string { return s.id }

// Seal numbers and seals a value, which is JSON text. Store the messages in the order of these calls.
func (s *Session) Seal(value json.RawMessage) Message {
	to := s.key.HostDrop()
	if s.role == Host {
		to = s.guestDrop
	}
	s.sent++
	return Message{V: version, To: to, Key: s.key.ID, From: s.role, Session: s.id, N: s.sent}.seal(s.sealing, value)
}

// Open opens the other side's next message. afterGap decides which values are accepted even if an earlier message is
// missing; nil accepts none.
func (s *Session) Open(message Message, afterGap func(json.RawMessage) bool) (json.RawMessage, error) {
	box := s.guestDrop
	if s.role == Host {
		box = s.key.HostDrop()
	}
	switch {
	case message.From == s.role && (message.Session == s.id || message.Session == s.guestNonce):
		return nil, ErrReflected
	case message.To != box:
		return nil, ErrForeign
	case message.Key != s.key.ID:
		return nil, ErrKey
	case message.From == s.role || message.Session != s.id:
		return nil, ErrForeign
	case message.N <= s.received:
		return nil, ErrReplayed
	}
	value, err := message.open(s.opening)
	if message.N > s.received+1 && (err != nil || afterGap == nil || !afterGap(value)) {
		return nil, ErrOrder
	}
	if err != nil {
		return nil, err
	}
	s.received = message.N
	return value, nil
}
