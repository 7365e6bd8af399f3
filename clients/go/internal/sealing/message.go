package sealing

import (
	"bytes"
	"crypto/cipher"
	"encoding/binary"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	minSealed = 22                             // the tag alone
	maxSealed = ((524_288+2+16)*4 + 3 - 1) / 3 // the largest batch with its tag
	maxNumber = 1<<53 - 1                      // what every language's numbers can hold
)

// A Message is what travels through a box. The server can read everything but Sealed; the seal authenticates all of it.
type Message struct {
	V       int    `json:"v"`
	To      string `json:"to"`
	Key     string `json:"key"`
	From    Role   `json:"from"`
	Session string `json:"session"`
	N       int64  `json:"n"`
	Sealed  string `json:"sealed"`
}

// ParseMessage checks the form only: exactly these members, each of the right type and length.
func ParseMessage(text []byte) (Message, error) {
	var members map[string]json.RawMessage
	if json.Unmarshal(text, &members) != nil || members == nil {
		return Message{}, ErrFormat
	}
	v, ok := numberIn(members["v"])
	if ok && v != version {
		return Message{}, ErrVersion
	}
	n, isNumber := numberIn(members["n"])
	if !ok || !isNumber || n != math.Trunc(n) || n < 0 || math.Signbit(n) || n > maxNumber || len(members) != 7 {
		return Message{}, ErrFormat
	}
	message := Message{V: version, N: int64(n)}
	var from string
	for name, into := range map[string]*string{"to": &message.To, "key": &message.Key, "from": &from, "session": &message.Session, "sealed": &message.Sealed} {
		value := members[name]
		if len(value) == 0 || value[0] != '"' || json.Unmarshal(value, into) != nil {
			return Message{}, ErrFormat
		}
	}
	message.From = Role(from)
	if len(message.Key) != 8 || message.From != Host && message.From != Guest || !isSession(message.Session) || len(message.Sealed) < minSealed {
		return Message{}, ErrFormat
	}
	if len(message.Sealed) > maxSealed {
		return Message{}, ErrTooLarge
	}
	return message, nil
}

func numberIn(value json.RawMessage) (float64, bool) {
	if len(value) == 0 || value[0] != '-' && (value[0] < '0' || value[0] > '9') {
		return 0, false
	}
	// An error means that it is too large, and then the number is infinite.
	number, _ := strconv.ParseFloat(string(value), 64)
	return number, true
}

func isSession(session string) bool {
	nonces := strings.Split(session, ".")
	for _, nonce := range nonces {
		if _, err := parseNonce(nonce); err != nil {
			return false
		}
	}
	return len(nonces) <= 2
}

// nonce is the number of the message: 4 zero bytes, then 8 bytes, big-endian.
func (m Message) nonce() []byte {
	return binary.BigEndian.AppendUint64(make([]byte, 4), uint64(m.N))
}

func (m Message) additionalData() []byte {
	return []byte(join(m.To, m.Key, string(m.From), m.Session, strconv.FormatInt(m.N, 10)))
}

// seal puts a value, as JSON text, into the message.
func (m Message) seal(key cipher.AEAD, value json.RawMessage) Message {
	m.Sealed = canonical.EncodeToString(key.Seal(nil, m.nonce(), value, m.additionalData()))
	return m
}

// open returns the JSON text of the value, without the white space that JSON allows around it.
func (m Message) open(key cipher.AEAD) (json.RawMessage, error) {
	sealed, ok := fromBase64url(m.Sealed)
	if !ok {
		return nil, ErrChanged
	}
	value, err := key.Open(nil, m.nonce(), sealed, m.additionalData())
	if err != nil {
		return nil, ErrChanged
	}
	if !utf8.Valid(value) || !json.Valid(value) {
		return nil, ErrFormat
	}
	return bytes.Trim(value, " \t\r\n"), nil
}
