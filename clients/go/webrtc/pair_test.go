package call

import (
	"encoding/json"
	"testing"

	"github.com/fastify-signalbox/fastify-signalbox/clients/go/internal/sealing"
)

type pairVectors struct {
	Host, Guest struct{ Self, ID string }
	Secret      string
	KeyID       string
	GuestNonce  string
	HostNonce   string
	Messages    []sealedVector
	Code        struct{ Opening, Random, HostFingerprint, GuestFingerprint, Digits string }
}

// This implementation has no mesh. Once two guests have a secret, they seal and compare like a host and a guest.
func TestVectorsOfAPairOfGuests(t *testing.T) {
	pair := readCallVectors(t).Pair
	if participantID(pair.Host.Self) != pair.Host.ID || participantID(pair.Guest.Self) != pair.Guest.ID {
		t.Error(pair.Host, pair.Guest)
	}
	key := sealing.NewKey(bytesOf(t, pair.Secret), pair.Host.ID)
	if key.ID != pair.KeyID {
		t.Error(key)
	}
	session := func(role sealing.Role) *sealing.Session {
		return sessionOf(t, key, role, pair.Guest.ID, pair.GuestNonce, pair.HostNonce)
	}
	sealingEnds := map[sealing.Role]*sealing.Session{sealing.Host: session(sealing.Host), sealing.Guest: session(sealing.Guest)}
	openingEnds := map[sealing.Role]*sealing.Session{sealing.Guest: session(sealing.Host), sealing.Host: session(sealing.Guest)}
	for _, vector := range pair.Messages {
		expected := parsed(t, vector.Message)
		var sealed sealing.Message
		var opened json.RawMessage
		var err error
		if expected.N == 0 {
			sealed = sealHello(t, key, pair.GuestNonce, vector.Value)
			opened, err = sealing.OpenHello(key, expected)
		} else {
			sealed = sealingEnds[expected.From].Seal(compact(t, vector.Value))
			opened, err = openingEnds[expected.From].Open(expected, nil)
		}
		if err != nil || sealed != expected || !same(t, opened, vector.Value) {
			t.Errorf("%s: %v", vector.Value, err)
		}
	}
	agreeOnACode(t, pair, sealingEnds)
	if len(pair.Messages) < 4 {
		t.Error(len(pair.Messages))
	}
}

// agreeOnACode takes the first exchange of two guests.
func agreeOnACode(t *testing.T, pair pairVectors, sessions map[sealing.Role]*sealing.Session) {
	t.Helper()
	hello, _ := parseObject(pair.Messages[0].Value)
	about, _ := parseObject(hello["hello"])
	commitment, _ := about.text("commitment")
	ends := map[sealing.Role]*agreement{
		sealing.Host:  {own: pair.Code.HostFingerprint, commitment: commitment, random: pair.Code.Random},
		sealing.Guest: {own: pair.Code.GuestFingerprint, opening: pair.Code.Opening},
	}
	for role, text := range map[sealing.Role]json.RawMessage{sealing.Guest: pair.Messages[1].Value, sealing.Host: pair.Messages[2].Value} {
		value := valuesIn(t, text)[0]
		found, err := parseDescription(value["description"])
		if err == nil {
			err = ends[role].first(role, sessions[role], value, found)
		}
		if err != nil || ends[role].code != pair.Code.Digits {
			t.Error(role, ends[role].code, err)
		}
	}
}
