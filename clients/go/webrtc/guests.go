package call

import (
	"encoding/json"
	"strings"
	"sync/atomic"

	signalbox "github.com/fastify-signalbox/fastify-signalbox/clients/go"
	"github.com/fastify-signalbox/fastify-signalbox/clients/go/internal/sealing"
)

const (
	maxSessions = 4_096 // nonces of guests that a host remembers; a hello that it has forgotten could be replayed
	maxTurning  = 64
)

// A guest is who said hello with one nonce.
type guest struct {
	id   string               // of the session
	link atomic.Pointer[link] // nil if the guest was refused, or has left
}

// dispatch gives a message to the session that it belongs to. One of an unknown session counts as a hello.
func (h *HostedCall) dispatch(message sealing.Message) {
	nonce, _, joined := strings.Cut(message.Session, ".")
	known := h.sessions[nonce]
	if joined && known != nil && known.id == message.Session {
		if l := known.link.Load(); l != nil && !l.isOver() {
			l.receive(message)
		}
		return
	}
	value, err := sealing.OpenHello(h.key, message)
	switch {
	case err == nil && known != nil:
		if l := known.link.Load(); l != nil && !l.isOver() {
			l.leave(refuse(CodeReplayed))
			return
		}
		err = refuse(CodeReplayed)
	case err == nil:
		err = h.welcome(nonce, value)
	}
	if err != nil {
		h.refused(asError(err))
	}
}

// welcome starts a session with a guest, or says why there is none.
func (h *HostedCall) welcome(nonce string, value json.RawMessage) error {
	hello, box, err := h.parseHello(value)
	if err != nil {
		return err
	}
	_, drop := splitLink(box.DropLink())
	own := sealing.NewNonce()
	session, err := sealing.NewSession(h.key, sealing.Host, drop, nonce, own)
	if err != nil {
		return err
	}
	// The limits come first: a guest that is told so has no session here.
	if len(h.sessions) >= maxSessions {
		h.turnAway(session, box, CodeUsedUp)
		return refuse(CodeUsedUp)
	}
	if h.count() >= h.limit {
		h.sessions[nonce] = &guest{id: nonce + "." + own}
		h.turnAway(session, box, CodeFull)
		return refuse(CodeFull)
	}
	l := h.core.newLink(sealing.Host)
	l.id, l.agreement.commitment = hello.id, hello.commitment
	known := &guest{id: nonce + "." + own}
	known.link.Store(l)
	h.sessions[nonce] = known
	l.begin(&inbox{session: session}, box)
	h.core.running.Add(2)
	go func() {
		defer h.core.running.Done()
		h.admit(l)
	}()
	go func() {
		defer h.core.running.Done()
		<-l.finished
		known.link.Store(nil)
		if l.err != nil && !l.connected {
			h.refused(l.err)
		}
	}()
	return nil
}

// count counts the guests that are connected, or may be soon.
func (h *HostedCall) count() int {
	count := 0
	for _, l := range h.core.all() {
		if !l.isOver() {
			count++
		}
	}
	return count
}

// turnAway tells a guest why it cannot join, in the first and only message of its session. If many have to be told at
// once, some are left to find out.
func (h *HostedCall) turnAway(session *sealing.Session, box *signalbox.Box, code Code) {
	if h.turning.Add(1) > maxTurning {
		h.turning.Add(-1)
		return
	}
	never := make(chan struct{})
	outbox := startOutbox(never, box, session, h.core.timeouts.full, func(error) {})
	h.core.running.Add(1)
	go func() {
		defer h.core.running.Done()
		defer h.turning.Add(-1)
		outbox.end(ending(refuse(code)), h.core.timeouts.boxes)
	}()
}

type hello struct{ id, commitment string }

func (h *HostedCall) parseHello(value json.RawMessage) (hello, *signalbox.Box, error) {
	members, ok := parseObject(value)
	drop, isText := members.text("drop")
	if !ok || !isText || !strings.HasPrefix(drop, "drop_") {
		return hello{}, nil, refuse(CodeFormat)
	}
	options := h.core.box()
	box, err := signalbox.Open(drop, &options)
	if err != nil {
		return hello{}, nil, refuse(CodeFormat)
	}
	about, _ := parseObject(members["hello"])
	found := hello{id: participantID(drop)}
	found.commitment, _ = about.text("commitment")
	if self, ok := about.text("self"); ok && sealing.CheckRandom(self) == nil {
		found.id = participantID(self)
	}
	if found.id == h.ID() {
		return hello{}, nil, refuse(CodeForeign)
	}
	return found, box, nil
}
