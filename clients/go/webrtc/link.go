package call

import (
	"context"
	"encoding/json"
	"sync"
	"sync/atomic"

	signalbox "github.com/fastify-signalbox/fastify-signalbox/clients/go"
	"github.com/fastify-signalbox/fastify-signalbox/clients/go/internal/sealing"
	"github.com/pion/webrtc/v4"
)

// A link is everything between this side and one other, from the hello to the end: the sealed session through the
// boxes, the connection, and the control channel. What has no lock belongs to the loop.
type link struct {
	core *core
	role sealing.Role
	id   string // of the other side
	drop string // the guest's drop address
	loop *loop
	ctx  context.Context // ends when the link is over
	stop context.CancelFunc
	done chan struct{} // closed when everything has been cleaned up
	left func()        // called while the link is cleaned up, once the other side has been told

	inbox  *inbox // belongs to the reader of the box; see begin
	outbox *outbox

	session    *sealing.Session
	agreement  agreement
	router     router
	candidates remoteCandidates
	media      mediaStore
	control    *control
	connection *webrtc.PeerConnection
	channel    *Channel
	peer       *Peer
	relayed    bool // a TURN server was tried

	offered   bool // the host has sent its offer
	described bool // the other side's first description has been taken
	connected bool
	pending   *webrtc.SessionDescription // the guest's offer, until it is answered
	restart   bool                       // the next offer restarts ICE
	openings  int                        // how many of the two channels are open
	held      []webrtc.DataChannelMessage
	heldBytes int
	flooded   bool // with sources of media, or data channels

	answering, connecting, breaking, restoring, closing *timer

	over     bool
	err      *Error
	finished chan struct{} // closed as soon as the link is over
	otherEnd chan struct{} // closed with the other side's end, or with the channel
	once     sync.Once
	compared atomic.Bool // people had time to compare the code
	reading  atomic.Bool // the code has been read
	verdict  verdict
}

func (c *core) newLink(role sealing.Role) *link {
	l := &link{core: c, role: role, done: make(chan struct{}), finished: make(chan struct{}), otherEnd: make(chan struct{})}
	l.ctx, l.stop = context.WithCancel(c.ctx)
	l.loop = startLoop(&c.running)
	l.router.send = [2]func(int64, object){
		throughBoxes: func(seq int64, value object) {
			if l.outbox != nil {
				if err := l.outbox.send(withNumber(seq, value, nil)); err != nil {
					l.boxFailed(err)
				}
			}
		},
		overConnection: func(seq int64, value object) {
			l.control.send(withNumber(seq, value, object{"type": json.RawMessage(`"signal"`)}))
		},
	}
	c.add(l)
	return l
}

// begin takes the session, whose two ends are the inbox here and the outbox in the loop. Only the reader of the box
// calls it.
func (l *link) begin(inbox *inbox, box *signalbox.Box) {
	session := inbox.session
	l.inbox = inbox
	outbox := startOutbox(l.done, box, session, l.core.timeouts.full, l.boxFailed)
	l.loop.do(func() {
		if !l.over { // otherwise, it is too late to tell anybody
			l.session, l.outbox = session, outbox
		}
	})
}

// receive takes a sealed message; only the reader of the box calls it.
func (l *link) receive(message sealing.Message) {
	found, err := l.inbox.open(message)
	l.loop.do(func() {
		if err != nil {
			l.fail(err)
			return
		}
		l.inbox.read(found)
		l.arrive(found)
	})
}

func (l *link) arrive(found arrival) {
	if l.over {
		return
	}
	if found.ended {
		if !l.connected || !onlySignaling(found.reason) {
			l.otherEnded(found.reason)
		}
		return
	}
	if l.role == sealing.Guest && !l.described {
		l.awaitAnswer()
	}
	for _, text := range found.values {
		value, ok := parseObject(text)
		if !ok {
			l.fail(refuse(CodeFormat))
		} else if fresh, err := l.router.receive(value, false); err != nil {
			l.fail(err)
		} else if fresh {
			l.take(value)
		}
		if l.over {
			return
		}
	}
}

// submit sends a value on the present way.
func (l *link) submit(value object) {
	if err := l.trySubmit(value); err != nil {
		l.fail(err)
	}
}

func (l *link) trySubmit(value object) error {
	size := 0
	for _, member := range value {
		size += len(member)
	}
	if size > maxText-1_024 { // the rest is for names and numbers
		return refuse(CodeTooLarge)
	}
	return l.router.submit(value)
}

// take takes a value in its turn.
func (l *link) take(value object) {
	if found, has := value["description"]; has {
		if err := l.takeDescription(value, found); err != nil {
			l.fail(err)
			return
		}
	}
	if found, has := value["candidate"]; has && l.described {
		if init, ok := parseCandidate(found); ok && l.candidates.admit(init.Candidate) {
			// One that pion cannot use, or of an offer that was ignored, leaves fewer paths to try.
			_ = l.connection.AddICECandidate(init)
		}
	}
}

func (l *link) awaitAnswer() {
	l.answering.stop()
	l.answering = l.loop.after(l.core.timeouts.answer, func() { l.fail(refuse(CodeNoPeer)) })
}

// boxFailed says that the boxes fail. A connection lives on without them.
func (l *link) boxFailed(err error) {
	l.loop.do(func() {
		reason := asError(err)
		if !l.connected || !onlySignaling(reason.Code) {
			l.fail(reason)
		}
	})
}

// fail ends the conversation for a reason of this side's, and tells the other.
func (l *link) fail(err error) { l.finish(asError(err), true) }

// otherEnded ends the conversation because the other side has ended it. Before there is a connection, leaving is an
// error too.
func (l *link) otherEnded(reason Code) {
	switch {
	case reason != "":
		l.finish(refuse(reason), false)
	case l.connected:
		l.finish(nil, false)
	default:
		l.finish(refuse(CodeClosed), false)
	}
}

// leave ends the conversation on purpose; reason may be nil.
func (l *link) leave(reason *Error) { l.loop.do(func() { l.finish(reason, true) }) }
