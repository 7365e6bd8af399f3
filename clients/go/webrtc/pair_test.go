package call

import (
	"crypto/ecdh"
	"crypto/sha256"
	"encoding/json"
	"strings"
	"testing"

	"github.com/fastify-signalbox/fastify-signalbox/clients/go/internal/sealing"
)

type pairVectors struct {
	Host, Guest struct{ Self, ID, PrivateKey, Key string }
	Meet        struct{ ToHost, ToGuest json.RawMessage }
	Shared      string
	Secret      string
	KeyID       string
	GuestNonce  string
	HostNonce   string
	Messages    []struct {
		sealedVector
		Relay struct{ FromGuest, FromHost json.RawMessage }
	}
	Code          struct{ Opening, Random, HostFingerprint, GuestFingerprint, Digits string }
	RefusedKeys   []struct{ Why, Key, Code string }
	RefusedHellos []struct {
		Why, Code string
		Message   json.RawMessage
	}
}

// This implementation has no mesh. The test follows the text up to the session, which is the usual one.
func TestVectorsOfAPairOfGuests(t *testing.T) {
	pair := readCallVectors(t).Pair
	curve := ecdh.P256()
	var shared []byte
	for i, guest := range []struct{ self, id, private, key, other string }{
		{pair.Host.Self, pair.Host.ID, pair.Host.PrivateKey, pair.Host.Key, pair.Guest.Key},
		{pair.Guest.Self, pair.Guest.ID, pair.Guest.PrivateKey, pair.Guest.Key, pair.Host.Key},
	} {
		private, err := curve.NewPrivateKey(bytesOf(t, guest.private))
		if err != nil {
			t.Fatal(err)
		}
		other, err := curve.NewPublicKey(bytesOf(t, guest.other))
		if err != nil {
			t.Fatal(err)
		}
		if shared, err = private.ECDH(other); err != nil || canonical.EncodeToString(shared) != pair.Shared {
			t.Errorf("%d: %x, %v", i, shared, err)
		}
		if canonical.EncodeToString(private.PublicKey().Bytes()) != guest.key || participantID(guest.self) != guest.id {
			t.Error(i)
		}
	}
	if pair.Host.ID >= pair.Guest.ID {
		t.Error("the lower id has the host's role")
	}
	for id, meet := range map[string]json.RawMessage{pair.Guest.ID + "," + pair.Guest.Key: pair.Meet.ToHost, pair.Host.ID + "," + pair.Host.Key: pair.Meet.ToGuest} {
		id, key, _ := strings.Cut(id, ",")
		if !same(t, meet, encode(map[string]string{"type": "meet", "id": id, "key": key})) {
			t.Errorf("%s", meet)
		}
	}
	secret := sha256.Sum256(append(shared, strings.Join([]string{"signalbox v1", "pair", pair.Host.Key, pair.Guest.Key}, "\n")...))
	key := sealing.NewKey(secret[:], pair.Host.ID)
	if canonical.EncodeToString(secret[:]) != pair.Secret || key.ID != pair.KeyID {
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
		from := map[sealing.Role]string{sealing.Host: pair.Host.ID, sealing.Guest: pair.Guest.ID}[expected.From]
		if !same(t, vector.Relay.FromGuest, encode(map[string]any{"type": "relay", "message": expected})) ||
			!same(t, vector.Relay.FromHost, encode(map[string]any{"type": "relay", "from": from, "message": expected})) {
			t.Errorf("%s", vector.Relay)
		}
	}
	agreeOnACode(t, pair, sealingEnds)
	for _, vector := range pair.RefusedKeys {
		if _, err := curve.NewPublicKey(bytesOf(t, vector.Key)); err == nil || vector.Code != string(CodeKey) {
			t.Error(vector.Why)
		}
	}
	for _, vector := range pair.RefusedHellos {
		opened, err := sealing.OpenHello(key, parsed(t, vector.Message))
		members, _ := parseObject(opened)
		if drop, ok := members.text("drop"); err != nil || !ok || drop == pair.Guest.ID || vector.Code != string(CodeFormat) {
			t.Errorf("%s: %s, %v", vector.Why, opened, err)
		}
	}
	if len(pair.Messages) < 4 || len(pair.RefusedKeys) < 3 || len(pair.RefusedHellos) < 2 {
		t.Error(len(pair.Messages), len(pair.RefusedKeys), len(pair.RefusedHellos))
	}
}

// agreeOnACode takes the first exchange of two guests.
func agreeOnACode(t *testing.T, pair pairVectors, sessions map[sealing.Role]*sealing.Session) {
	t.Helper()
	hello, _ := parseObject(pair.Messages[0].Value)
	about, _ := parseObject(hello["hello"])
	drop, _ := hello.text("drop")
	commitment, _ := about.text("commitment")
	if drop != pair.Guest.ID {
		t.Error(drop)
	}
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
