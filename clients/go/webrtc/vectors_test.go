package call

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	signalbox "github.com/fastify-signalbox/fastify-signalbox/clients/go"
	"github.com/fastify-signalbox/fastify-signalbox/clients/go/internal/sealing"
)

func TestVectorsOfVersions(t *testing.T) {
	vectors := readCallVectors(t).Versions
	check := func(why, code string, err error) {
		if code == "" && err != nil || code != "" && err != sealing.Error(code) {
			t.Errorf("%s: %v, not %s", why, err, code)
		}
	}
	for _, vector := range vectors.Invites {
		_, err := sealing.ParseInvite(vector.Invite)
		check(vector.Why, vector.Code, err)
	}
	for _, vector := range vectors.Messages {
		_, err := sealing.ParseMessage(vector.Message)
		check(vector.Why, vector.Code, err)
	}
	if len(vectors.Invites) < 11 || len(vectors.Messages) < 11 {
		t.Error(len(vectors.Invites), len(vectors.Messages))
	}
}

func TestVectorsOfParticipants(t *testing.T) {
	vectors := readCallVectors(t).Participants
	hosting := &HostedCall{key: sealing.NewKey(sealing.NewSecret(), vectors.HostDrop), core: newCore(context.Background(), commonOptions{box: signalbox.Options{Server: "https://box.example"}})}
	if hosting.ID() != vectors.HostID {
		t.Error(hosting.ID())
	}
	for _, vector := range vectors.Hellos {
		found, box, err := hosting.parseHello(vector.Value)
		if vector.Refused != "" {
			if !has(err, Code(vector.Refused)) {
				t.Errorf("%s: %v", vector.Why, err)
			}
		} else if err != nil || found.id != vector.ID || !strings.Contains(string(vector.Value), box.DropLink()[len("https://box.example/boxes/"):]) {
			t.Errorf("%s: %v, %v", vector.Why, found, err)
		}
	}
	if len(vectors.Hellos) < 14 {
		t.Error(len(vectors.Hellos))
	}
}

func TestVectorsOfNumbers(t *testing.T) {
	vectors := readCallVectors(t).Values
	for _, vector := range vectors {
		side := newGuestSide(t, true)
		for _, message := range vector.Messages {
			side.say(t, vector.Over, message)
		}
		ended, code := side.reported()
		if ended != (vector.Code != "") || code != vector.Code || side.router.received != side.numbers.received {
			t.Errorf("%s, over the %s: %v, %s, %d", vector.Why, vector.Over, ended, code, side.router.received)
		}
		if taken := encode(side.taken); len(side.taken)+len(vector.Taken) > 0 && !same(t, taken, encode(vector.Taken)) {
			t.Errorf("%s, over the %s: %s", vector.Why, vector.Over, taken)
		}
	}
	if len(vectors) < 35 {
		t.Error(len(vectors))
	}
}

func TestVectorsOfJoinedPieces(t *testing.T) {
	vectors := readCallVectors(t).Pieces.Joined
	for _, vector := range vectors {
		side := newGuestSide(t, true)
		for _, text := range vector.Texts {
			side.say(t, vector.Over, []byte(text))
		}
		whole := []byte(vector.Whole)
		if vector.Over == "connection" {
			whole = append(append([]byte{'['}, whole...), ']')
		}
		if ended, code := side.reported(); ended || !same(t, encode(side.found), whole) {
			t.Errorf("%s, over the %s: %.200s, %s", vector.Why, vector.Over, encode(side.found), code)
		}
		if (side.router.received == 0) != vector.Ignored {
			t.Errorf("%s, over the %s: %d", vector.Why, vector.Over, side.router.received)
		}
	}
	if len(vectors) < 13 {
		t.Error(len(vectors))
	}
}

func TestVectorsOfRefusedPieces(t *testing.T) {
	vectors := readCallVectors(t).Pieces.Refused
	for _, vector := range vectors {
		side := newGuestSide(t, true)
		for _, text := range vector.Texts {
			if ended, _ := side.reported(); ended {
				t.Errorf("%s, over the %s: too early", vector.Why, vector.Over)
			}
			side.say(t, vector.Over, []byte(text))
		}
		if ended, code := side.reported(); !ended || code != vector.Code {
			t.Errorf("%s, over the %s: %v, %s", vector.Why, vector.Over, ended, code)
		}
	}
	if len(vectors) < 59 {
		t.Error(len(vectors))
	}
}

func TestVectorsOfWhatIsSentInPieces(t *testing.T) {
	vectors := readCallVectors(t).Pieces.Sent
	for _, vector := range vectors {
		var sent []string
		if vector.Over == "connection" {
			channel := &fakeChannel{}
			(&control{channel: channel}).send(json.RawMessage(vector.Text))
			sent = channel.sent
		} else {
			for _, message := range messagesOf([]byte(vector.Text)) {
				sent = append(sent, string(message))
			}
		}
		if vector.Whole {
			if len(sent) != 1 || sent[0] != string(vector.Text) {
				t.Errorf("%s, over the %s", vector.Why, vector.Over)
			}
			continue
		}
		var text []byte
		for i, message := range sent {
			members, _ := parseObject([]byte(message))
			part, more, ok := members.piece()
			if text = append(text, part...); !ok || more != (i < len(sent)-1) || len(message) > 49_152 && vector.Over == "connection" {
				t.Errorf("%s, over the %s: %v, %v", vector.Why, vector.Over, ok, more)
			}
		}
		if len(sent) < 2 || !bytes.Equal(text, []byte(vector.Text)) {
			t.Errorf("%s, over the %s: %d", vector.Why, vector.Over, len(sent))
		}
	}
	if len(vectors) < 8 {
		t.Error(len(vectors))
	}
}

func TestVectorsOfWhatIsSaidAtTheEnd(t *testing.T) {
	vectors := readCallVectors(t).Endings.Said
	for _, vector := range vectors {
		var reason *Error
		if vector.Reason != "" {
			if reason = refuse(vector.Reason); reason.Code.Text() == "" {
				t.Error("unknown:", vector.Reason)
			}
		}
		side := newGuestSide(t, true)
		side.loop.wait(func() {
			side.router.answered = true
			side.finish(reason, true)
		})
		<-side.finished
		if sent := side.channel.sent; !same(t, []byte(sent[len(sent)-1]), vector.Connection) || !same(t, ending(reason), vector.Boxes) {
			t.Errorf("%s: %s, %s", vector.Reason, sent, ending(reason))
		}
	}
	if len(vectors) < 25 {
		t.Error(len(vectors))
	}
}

func TestVectorsOfWhatIsHeardAtTheEnd(t *testing.T) {
	vectors := readCallVectors(t).Endings.Heard
	for _, vector := range vectors {
		for _, connected := range []bool{false, true} {
			if vector.Connected != nil && *vector.Connected != connected {
				continue
			}
			why := fmt.Sprintf("%s, over the %s, connected: %v", vector.Why, vector.Over, connected)
			side := newGuestSide(t, connected)
			for range vector.Missing {
				side.host.Seal(json.RawMessage(`[]`))
			}
			for _, message := range vector.Messages {
				side.say(t, vector.Over, message)
			}
			ended, code := side.reported()
			if ended == vector.Continues || code != vector.Reported {
				t.Errorf("%s: %v, %s", why, ended, code)
			}
			if vector.Continues {
				side.say(t, "connection", []byte(`{"type":"signal","seq":1}`))
				if side.router.received != 1 {
					t.Error(why)
				}
			}
		}
	}
	if len(vectors) < 42 {
		t.Error(len(vectors))
	}
}
