package call

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/fastify-signalbox/fastify-signalbox/clients/go/internal/sealing"
	"github.com/pion/webrtc/v4"
)

// A longText is a text, or a list of texts, each with how often it is repeated.
type longText string

func (l *longText) UnmarshalJSON(text []byte) error {
	var whole string
	if json.Unmarshal(text, &whole) == nil {
		*l = longText(whole)
		return nil
	}
	var repeated [][2]any
	err := json.Unmarshal(text, &repeated)
	for _, part := range repeated {
		*l += longText(strings.Repeat(part[0].(string), int(part[1].(float64))))
	}
	return err
}

type limitVector struct {
	Why, Role string
	Turn      bool
	Steps     []struct {
		At    int
		Event string
	}
	Ends *struct {
		At   int
		Code Code // "" if the other side has left
	}
}

type callVectors struct {
	Versions struct {
		Invites  []struct{ Why, Invite, Code string }
		Messages []struct {
			Why, Code string
			Message   json.RawMessage
		}
	}
	Version      int
	Participants struct {
		HostDrop, HostID string
		Hellos           []struct {
			Why, ID, Refused string
			Value            json.RawMessage
		}
	}
	Pair   pairVectors
	Values []struct {
		Why, Over string
		Messages  []json.RawMessage
		Taken     []*int64
		Code      Code
	}
	Pieces struct {
		Sent []struct {
			Why, Over string
			Text      longText
			Whole     bool
		}
		Joined []struct {
			Why, Over string
			Texts     []longText
			Whole     longText
			Ignored   bool
		}
		Refused []struct {
			Why, Over string
			Texts     []longText
			Code      Code
		}
	}
	Endings struct {
		Said []struct {
			Reason            Code
			Boxes, Connection json.RawMessage
		}
		Heard []struct {
			Why, Over string
			Connected *bool
			Missing   int
			Messages  []json.RawMessage
			Reported  Code
			Continues bool
		}
	}
	Rates        rateVectors
	Limits       []limitVector
	Conversation recordedCall
}

func readCallVectors(t *testing.T) callVectors {
	t.Helper()
	_, here, _, _ := runtime.Caller(0)
	text, err := os.ReadFile(filepath.Join(filepath.Dir(here), "../../../test/webrtc/call-vectors.json"))
	if err != nil {
		t.Fatal(err)
	}
	var vectors callVectors
	if err := json.Unmarshal(text, &vectors); err != nil {
		t.Fatal(err)
	}
	return vectors
}

// same reports whether two JSON texts have the same value.
func same(t *testing.T, a, b []byte) bool {
	t.Helper()
	var values [2]any
	for i, text := range [][]byte{a, b} {
		if err := json.Unmarshal(text, &values[i]); err != nil {
			t.Fatal(err)
		}
	}
	return reflect.DeepEqual(values[0], values[1])
}

// A fakeChannel keeps what is sent.
type fakeChannel struct{ sent []string }

func (f *fakeChannel) Send([]byte) error { panic("the control channel has texts only") }

func (f *fakeChannel) SendText(text string) error {
	f.sent = append(f.sent, text)
	return nil
}

// A guestSide is a guest's end of both routes, for a host that says whatever it likes. It has no connection.
type guestSide struct {
	*link
	host    *sealing.Session
	channel *fakeChannel
	mirror  control // takes the same messages, to see them
	numbers router  // takes the same values, to see which count
	found   []json.RawMessage
	taken   []*int64
}

func newGuestSide(t *testing.T, connected bool) *guestSide {
	t.Helper()
	ends := newInbox(t) // whose roles do not matter here
	limits := brief(func(own *timeouts) { own.close = time.Millisecond })
	l := newCore(context.Background(), commonOptions{timeouts: *limits}).newLink(sealing.Guest)
	side := &guestSide{link: l, host: ends.sender, channel: &fakeChannel{}}
	l.loop.wait(func() {
		l.inbox, l.control = ends.inbox, &control{channel: side.channel}
		if l.connected = connected; connected {
			l.router.setPath(true)
		}
	})
	t.Cleanup(func() {
		l.leave(nil)
		<-l.done
	})
	return side
}

// say lets a message arrive: on the control channel, or through the boxes.
func (s *guestSide) say(t *testing.T, over string, text []byte) {
	t.Helper()
	if over == "connection" {
		message := webrtc.DataChannelMessage{IsString: true, Data: text}
		if kind, members, err := s.mirror.receive(message); err == nil && members != nil {
			s.found = append(s.found, encode(members))
			if kind == "signal" {
				s.number(members, true)
			}
		}
		s.loop.wait(func() { s.hear(message) })
		return
	}
	found, err := s.inbox.open(s.host.Seal(text))
	s.found = append(s.found, found.values...)
	for _, text := range found.values {
		if members, ok := parseObject(text); ok {
			s.number(members, false)
		}
	}
	s.loop.wait(func() {
		if err != nil {
			s.fail(err)
			return
		}
		s.inbox.read(found)
		s.arrive(found)
	})
}

// number notes the number of a value that counts, or nil.
func (s *guestSide) number(value object, numbered bool) {
	if fresh, _ := s.numbers.receive(value, numbered); !fresh {
		return
	}
	if seq, ok := value.number("seq"); ok {
		s.taken = append(s.taken, &seq)
	} else {
		s.taken = append(s.taken, nil)
	}
}

// reported returns whether it has ended, and why.
func (s *guestSide) reported() (ended bool, code Code) {
	select {
	case <-s.finished:
	default:
		return false, ""
	}
	if s.err != nil {
		code = s.err.Code
	}
	return true, code
}
