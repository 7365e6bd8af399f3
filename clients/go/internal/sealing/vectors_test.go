package sealing

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"os"
	"testing"
)

type vectors struct {
	Secret, HostDrop, GuestDrop, GuestNonce, HostNonce string
	Invite                                             struct{ ID, Link, Elsewhere string }
	Messages                                           []struct{ Value, Message json.RawMessage }
	Refused                                            []struct {
		Why, Code string
		Message   json.RawMessage
	}
	Code struct{ HostSDP, GuestSDP, HostFingerprint, GuestFingerprint, Opening, Commitment, Random, Digits string }
}

func readVectors(t *testing.T) (vectors, Key) {
	t.Helper()
	text, err := os.ReadFile("../../../../test/webrtc/sealing-vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	secret, err := base64.RawURLEncoding.DecodeString(v.Secret)
	if err != nil {
		t.Fatal(err)
	}
	return v, NewKey(secret, v.HostDrop)
}

func (v vectors) session(t *testing.T, key Key, role Role) *Session {
	t.Helper()
	session, err := NewSession(key, role, v.GuestDrop, v.GuestNonce, v.HostNonce)
	if err != nil {
		t.Fatal(err)
	}
	return session
}

func compact(t *testing.T, text json.RawMessage) json.RawMessage {
	t.Helper()
	var short bytes.Buffer
	if err := json.Compact(&short, text); err != nil {
		t.Fatal(err)
	}
	return short.Bytes()
}

func TestVectorsOfInvites(t *testing.T) {
	v, key := readVectors(t)
	const server = "https://box.example/call"
	for link, page := range map[string]string{v.Invite.Link: "https://box.example/call/", v.Invite.Elsewhere: "https://page.example/"} {
		if made, err := (Invite{server, key}).Link(page); err != nil || made != link {
			t.Errorf("%s: %s, %v", page, made, err)
		}
		if invite, err := ParseInvite(link); err != nil || invite.Server != server || invite.Key.ID != v.Invite.ID || invite.Key.HostDrop() != v.HostDrop {
			t.Errorf("%s: %v", link, err)
		}
	}
}

func TestVectorsOfMessages(t *testing.T) {
	v, key := readVectors(t)
	sealing := map[Role]*Session{Host: v.session(t, key, Host), Guest: v.session(t, key, Guest)}
	opening := map[Role]*Session{Guest: v.session(t, key, Host), Host: v.session(t, key, Guest)}
	for _, vector := range v.Messages {
		value := compact(t, vector.Value)
		expected, err := ParseMessage(vector.Message)
		if err != nil {
			t.Fatal(err)
		}
		var sealed Message
		var opened json.RawMessage
		if expected.N == 0 {
			sealed, _ = SealHello(key, v.GuestNonce, value)
			opened, err = OpenHello(key, expected)
		} else {
			sealed = sealing[expected.From].Seal(value)
			opened, err = opening[expected.From].Open(expected, nil)
		}
		if err != nil || sealed != expected || !bytes.Equal(opened, value) {
			t.Errorf("%s: %v, %s, %v", value, sealed, opened, err)
		}
		if text, err := json.Marshal(sealed); err != nil || !bytes.Equal(text, compact(t, vector.Message)) {
			t.Errorf("%s: %v", text, err)
		}
	}
	if len(v.Messages) < 3 {
		t.Errorf("%d messages", len(v.Messages))
	}
}

func TestVectorsOfWhatIsRefused(t *testing.T) {
	v, key := readVectors(t)
	for _, vector := range v.Refused {
		message, err := ParseMessage(vector.Message)
		if err == nil && message.N == 0 {
			_, err = OpenHello(key, message)
		} else if err == nil {
			_, err = v.session(t, key, Guest).Open(message, nil)
		}
		if err != Error(vector.Code) {
			t.Errorf("%s: %v", vector.Why, err)
		}
	}
	if len(v.Refused) < 10 {
		t.Errorf("%d refused", len(v.Refused))
	}
}

func TestVectorsOfTheCode(t *testing.T) {
	v, key := readVectors(t)
	c := v.Code
	for sdp, expected := range map[string]string{c.HostSDP: c.HostFingerprint, c.GuestSDP: c.GuestFingerprint} {
		if found, err := Fingerprint(sdp); err != nil || found != expected {
			t.Error(found, err)
		}
	}
	if commitment := Commit(c.Opening, c.GuestFingerprint); commitment != c.Commitment {
		t.Error(commitment)
	}
	if err := CheckCommitment(c.Commitment, c.Opening, c.GuestFingerprint); err != nil {
		t.Error(err)
	}
	for _, role := range []Role{Host, Guest} {
		if code := v.session(t, key, role).Code(c.Opening, c.Random, c.HostFingerprint, c.GuestFingerprint); code != c.Digits {
			t.Error(role, code)
		}
	}
}
