package call

import (
	"encoding/json"
	"strings"
	"testing"

	signalbox "github.com/fastify-signalbox/fastify-signalbox/clients/go"
	"github.com/fastify-signalbox/fastify-signalbox/clients/go/internal/sealing"
)

// fingerprintOfForger is that of a certificate that nobody has.
var fingerprintOfForger = "sha-256 " + strings.Repeat("AB:", 31) + "AB"

// A forger speaks the protocol by hand, on either side, so that it can break it. It has no connection.
type forger struct {
	t       *testing.T
	own     *signalbox.Box
	other   *signalbox.Box
	key     sealing.Key
	session *sealing.Session
	nonce   string
	opening string
	hello   sealing.Message // the guest's
	heard   chan sealing.Message
	values  chan object // what the other side says, once opened
}

func newForger(t *testing.T, url string) *forger {
	t.Helper()
	own, err := signalbox.Create(waiting(t), url, nil)
	if err != nil {
		t.Fatal(err)
	}
	f := &forger{t: t, own: own, nonce: sealing.NewNonce(), opening: sealing.NewNonce(), heard: make(chan sealing.Message, 100), values: make(chan object, 100)}
	go func() {
		defer close(f.heard)
		for message, err := range own.Messages(waiting(t)) {
			if err != nil {
				return
			}
			sealed, err := sealing.ParseMessage(message.Data)
			if err == nil {
				f.heard <- sealed
			}
		}
	}()
	return f
}

func (f *forger) drop() string {
	_, drop := splitLink(f.own.DropLink())
	return drop
}

// forgedGuest has said hello to a host, and got its first message.
func forgedGuest(t *testing.T, hosting *HostedCall) *forger {
	t.Helper()
	f := newForger(t, hosting.core.box().Server)
	f.key = hosting.key
	f.other, _ = signalbox.Open(hosting.own.DropLink(), nil)
	f.greet(encode(map[string]any{"drop": f.drop(), "hello": map[string]string{"commitment": sealing.Commit(f.opening, fingerprintOfForger)}}))
	f.follow(sealing.Guest, f.drop())
	return f
}

func (f *forger) greet(value json.RawMessage) {
	f.t.Helper()
	f.hello, _ = sealing.SealHello(f.key, f.nonce, value)
	f.store(f.hello)
}

// follow waits for the first message, and opens it and the following ones.
func (f *forger) follow(role sealing.Role, guestDrop string) {
	f.t.Helper()
	first := <-f.heard
	_, h, _ := strings.Cut(first.Session, ".")
	f.session, _ = sealing.NewSession(f.key, role, guestDrop, f.nonce, h)
	ends := &inbox{session: f.session}
	open := func(message sealing.Message) {
		found, err := ends.open(message)
		if err != nil {
			f.t.Error(err)
			return
		}
		for _, text := range found.values {
			value, _ := parseObject(text)
			f.values <- value
		}
		if found.ended {
			f.values <- object{"ended": encode(found.reason)}
		}
		ends.read(found)
	}
	open(first)
	go func() {
		for message := range f.heard {
			open(message)
		}
	}()
}

// forgedHost hosts a call that a real guest joins, and has got its hello.
func forgedHost(t *testing.T) (*forger, *Call) {
	t.Helper()
	url := server(t)
	f := newForger(t, url)
	f.key = sealing.NewKey(sealing.NewSecret(), f.drop())
	link, err := sealing.Invite{Server: url, Key: f.key}.Link(url + "/")
	if err != nil {
		t.Fatal(err)
	}
	joining := joined(t, link, JoinOptions{})
	f.hello = <-f.heard
	value, err := sealing.OpenHello(f.key, f.hello)
	if err != nil {
		t.Fatal(err)
	}
	members, _ := parseObject(value)
	drop, _ := members.text("drop")
	f.other, _ = signalbox.Open(drop, &signalbox.Options{Server: url})
	f.session, _ = sealing.NewSession(f.key, sealing.Host, drop, f.hello.Session, f.nonce)
	return f, joining
}

// store stores anything in the other side's box.
func (f *forger) store(message any) {
	f.t.Helper()
	if _, err := f.other.Send(waiting(f.t), message); err != nil {
		f.t.Fatal(err)
	}
}

// say seals a value, which is JSON text, and stores it.
func (f *forger) say(value string) { f.store(f.session.Seal(json.RawMessage(value))) }

// saySDP says a value with a description.
func (f *forger) saySDP(kind, sdp, more string) {
	f.say(`[{"description":` + string(encode(map[string]string{"type": kind, "sdp": sdp})) + more + `}]`)
}

func sdpWith(lines ...string) string {
	return "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n" + strings.Join(lines, "\r\n") + "\r\n"
}
