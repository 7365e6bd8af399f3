package call

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/fastify-signalbox/fastify-signalbox/clients/go/internal/sealing"
	"github.com/pion/webrtc/v4"
)

type sealedVector struct{ Value, Message json.RawMessage }

func bytesOf(t *testing.T, text string) []byte {
	t.Helper()
	decoded, ok := fromBase64url(text)
	if !ok {
		t.Fatal(text)
	}
	return decoded
}

func sessionOf(t *testing.T, key sealing.Key, role sealing.Role, drop, guestNonce, hostNonce string) *sealing.Session {
	t.Helper()
	session, err := sealing.NewSession(key, role, drop, guestNonce, hostNonce)
	if err != nil {
		t.Fatal(err)
	}
	return session
}

// parsed returns a message that has the right form.
func parsed(t *testing.T, text json.RawMessage) sealing.Message {
	t.Helper()
	message, err := sealing.ParseMessage(text)
	if err != nil {
		t.Fatal(err)
	}
	return message
}

// compact is the JSON text of a value as every implementation writes it.
func compact(t *testing.T, text json.RawMessage) json.RawMessage {
	t.Helper()
	if !json.Valid(text) {
		t.Fatalf("%.100s", text)
	}
	return encode(text)
}

// sealHello is the message of a hello.
func sealHello(t *testing.T, key sealing.Key, nonce string, value json.RawMessage) sealing.Message {
	t.Helper()
	message, err := sealing.SealHello(key, nonce, compact(t, value))
	if err != nil {
		t.Fatal(err)
	}
	return message
}

func valuesIn(t *testing.T, batch json.RawMessage) []object {
	t.Helper()
	var values []object
	if err := json.Unmarshal(batch, &values); err != nil {
		t.Fatal(err)
	}
	return values
}

type recordedStep struct {
	From     sealing.Role
	Over     string
	Crossing int
	sealedVector
}

type recordedCall struct {
	Invite, GuestDrop, GuestNonce, HostNonce, Code string
	Steps                                          []recordedStep
	Reported                                       map[sealing.Role]*Code
}

// inOrder returns the steps after the hello as a side sees them: of two that cross, its own is the first.
func (r recordedCall) inOrder(role sealing.Role) []recordedStep {
	steps := slices.Clone(r.Steps[1:])
	for i := 1; i < len(steps); i++ {
		if steps[i].Crossing != 0 && steps[i].Crossing == steps[i-1].Crossing && steps[i].From == role {
			steps[i-1], steps[i] = steps[i], steps[i-1]
		}
	}
	return steps
}

func TestVectorsOfARecordedCall(t *testing.T) {
	vectors := readCallVectors(t)
	call := vectors.Conversation
	invite, err := sealing.ParseInvite(call.Invite)
	if err != nil {
		t.Fatal(err)
	}
	hello := call.Steps[0]
	if parsed(t, hello.Message).V != vectors.Version {
		t.Error(vectors.Version)
	}
	opened, err := sealing.OpenHello(invite.Key, parsed(t, hello.Message))
	if err != nil || !same(t, opened, hello.Value) || sealHello(t, invite.Key, call.GuestNonce, hello.Value) != parsed(t, hello.Message) {
		t.Fatalf("%s, %v", opened, err)
	}
	var said struct {
		Drop  string
		Hello struct{ Commitment, Self string }
	}
	if err := json.Unmarshal(opened, &said); err != nil || said.Drop != call.GuestDrop || participantID(said.Hello.Self) != vectors.Participants.Hellos[0].ID {
		t.Errorf("%v, %v", said, err)
	}
	for _, role := range []sealing.Role{sealing.Host, sealing.Guest} {
		t.Run(string(role), func(t *testing.T) {
			own := &agreement{commitment: said.Hello.Commitment}
			for _, step := range call.inOrder(role) {
				if step.From == role {
					first := valuesIn(t, step.Value)[0]
					found, err := parseDescription(first["description"])
					if err != nil {
						t.Fatal(err)
					}
					own.own = found.fingerprint
					own.random, _ = first.text("random")
					own.opening, _ = first.text("opening")
					break
				}
			}
			replay(t, call, invite.Key, role, own)
		})
	}
}

// replay lets a side say what it said and hear what it heard.
func replay(t *testing.T, call recordedCall, key sealing.Key, role sealing.Role, own *agreement) {
	session := func() *sealing.Session {
		return sessionOf(t, key, role, call.GuestDrop, call.GuestNonce, call.HostNonce)
	}
	here, channel := session(), &fakeChannel{}
	in, controls := &inbox{session: here}, &control{channel: channel}
	batch, ended := []json.RawMessage{}, (*arrival)(nil)
	routes := router{send: [2]func(int64, object){
		throughBoxes: func(seq int64, value object) { batch = append(batch, withNumber(seq, value, nil)) },
		overConnection: func(seq int64, value object) {
			controls.send(withNumber(seq, value, object{"type": json.RawMessage(`"signal"`)}))
		},
	}}
	hear := func(value object, numbered bool) {
		fresh, err := routes.receive(value, numbered)
		if text, has := value["description"]; has && err == nil {
			var found description
			if found, err = parseDescription(text); err == nil && own.code == "" {
				err = own.first(role, here, value, found)
			}
			if found.fingerprint != own.fingerprint {
				t.Errorf("another fingerprint: %.100s", text)
			}
		}
		if err != nil || !fresh {
			t.Errorf("%.100s: %v, %v", encode(value), fresh, err)
		}
	}
	connected, sent, ends := false, 0, map[sealing.Role]int{}
	for _, step := range call.inOrder(role) {
		members, _ := parseObject(step.Value)
		kind, _ := members.text("type")
		if kind == "end" {
			ends[step.From]++
		}
		if step.Over == "connection" && !connected {
			if connected = true; own.code != call.Code {
				t.Error(own.code)
			}
			routes.setPath(true)
			controls.send(map[string]any{"type": "seen", "seq": routes.received})
		}
		switch {
		case step.From == role && step.Over == "boxes":
			if string(step.Value) != "null" {
				for _, value := range valuesIn(t, step.Value) {
					submit(t, &routes, value)
				}
				if !same(t, encode(batch), step.Value) {
					t.Errorf("%.200s", encode(batch))
				}
			} else if !same(t, ending(nil), step.Value) {
				t.Errorf("%s", ending(nil))
			}
			if here.Seal(compact(t, step.Value)) != parsed(t, step.Message) {
				t.Errorf("sealed otherwise: %.100s", step.Value)
			}
		case step.From == role:
			switch kind {
			case "signal":
				submit(t, &routes, members)
			case "end":
				controls.send(map[string]any{"type": "end"})
			}
			if sent++; len(channel.sent) < sent || !same(t, []byte(channel.sent[sent-1]), step.Value) {
				t.Errorf("%d: %.200s, not %.200s", sent, channel.sent, step.Value)
			}
		case step.Over == "boxes":
			found, err := in.open(parsed(t, step.Message))
			if err != nil {
				t.Fatal(err)
			}
			if found.ended {
				ended = &found
			} else if !same(t, encode(found.values), step.Value) {
				t.Errorf("%s", found.values)
			}
			for _, text := range found.values {
				value, _ := parseObject(text)
				hear(value, false)
			}
		default:
			found, members, err := controls.receive(webrtc.DataChannelMessage{IsString: true, Data: compact(t, step.Value)})
			if err != nil || found != kind {
				t.Fatal(found, err)
			}
			switch kind {
			case "signal":
				hear(members, true)
				controls.send(map[string]any{"type": "seen", "seq": routes.received})
			case "seen":
				seq, _ := members.number("seq")
				if err := routes.seen(seq); err != nil {
					t.Error(err)
				}
			}
		}
	}
	if reported := call.Reported[role]; reported != nil || ended == nil || ended.reason != "" || sent != len(channel.sent) {
		t.Error(reported, ended, sent, len(channel.sent))
	}
	if own.code != call.Code || ends[sealing.Host] != 1 || ends[sealing.Guest] != 1 {
		t.Error(own.code, ends)
	}
}

// submit sends what a value of the recording has besides its number and type.
func submit(t *testing.T, routes *router, recorded object) {
	t.Helper()
	value := object{}
	for name, member := range recorded {
		if name != "seq" && name != "type" {
			value[name] = member
		}
	}
	if err := routes.submit(value); err != nil {
		t.Error(err)
	}
}
