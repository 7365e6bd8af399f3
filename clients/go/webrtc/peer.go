package call

import (
	"context"
	"sync"

	"github.com/fastify-signalbox/fastify-signalbox/clients/go/internal/hidden"
	"github.com/pion/webrtc/v4"
)

// A Peer is someone at the other end of a connection.
type Peer struct {
	link   hidden.Value[*link]
	closed chan struct{}
	tracks tracks
}

func newPeer(l *link) *Peer { return &Peer{link: hidden.New(l), closed: make(chan struct{})} }

// ID identifies the other side. It is the same for everyone in the call, and stays the same if the connection is lost
// and the guest joins again by itself.
func (p *Peer) ID() string { return p.link().id }

// String names the peer without revealing where it can be reached.
func (p *Peer) String() string { return "the peer " + p.ID() }

// GoString is String, for %#v.
func (p *Peer) GoString() string { return p.String() }

// Code is six digits, the same on both sides if nobody is in the middle. Show it, and ask people to compare it by
// reading it aloud. An attempt to join counts as successful only if Code was called and the connection then lasts for
// 20 seconds.
func (p *Peer) Code() string {
	p.link().readCode()
	return p.link().agreement.code
}

// Connection is the connection to the other side. Add tracks at any time: the library negotiates again. Use
// [Peer.OnTrack] to receive theirs, and leave OnNegotiationNeeded and OnICECandidate alone. To end the connection,
// close the peer instead. Do not print it: pion keeps the credentials of TURN servers in it.
func (p *Peer) Connection() *webrtc.PeerConnection { return p.link().connection }

// Channel is the open data channel to the other side.
func (p *Peer) Channel() *Channel { return p.link().channel }

// OnTrack calls handler with each track that the other side sends, in a goroutine of its own, beginning with those that
// have arrived already. If [HostOptions.Prepare] or [JoinOptions.Prepare] has set OnTrack on the connection, that is
// called instead.
func (p *Peer) OnTrack(handler func(*webrtc.TrackRemote, *webrtc.RTPReceiver)) {
	p.tracks.handle(handler)
}

// Closed returns a channel that is closed when the connection has ended.
func (p *Peer) Closed() <-chan struct{} { return p.closed }

// Err returns why the connection ended: nil while it has not, or if one side closed it on purpose.
func (p *Peer) Err() error {
	select {
	case <-p.closed:
	default:
		return nil
	}
	if p.link().err == nil {
		return nil
	}
	return p.link().err
}

// Close tells the other side, and closes the connection. It returns when that is done, or when the context has ended.
func (p *Peer) Close(ctx context.Context) error { return p.close(ctx, nil) }

// CloseWithCode is Close, and tells the other side why: for example CodeFull, if someone else takes its place. Codes
// that only concern one side arrive as CALL_ERR_CLOSED.
func (p *Peer) CloseWithCode(ctx context.Context, code Code) error { return p.close(ctx, refuse(code)) }

func (p *Peer) close(ctx context.Context, reason *Error) error {
	p.link().leave(reason)
	select {
	case <-p.link().done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// tracks keeps the tracks that arrive before there is a handler.
type tracks struct {
	mu      sync.Mutex
	handler func(*webrtc.TrackRemote, *webrtc.RTPReceiver)
	early   []track
}

type track struct {
	remote   *webrtc.TrackRemote
	receiver *webrtc.RTPReceiver
}

func (t *tracks) arrive(remote *webrtc.TrackRemote, receiver *webrtc.RTPReceiver) {
	t.mu.Lock()
	handler := t.handler
	if handler == nil && len(t.early) < maxSections {
		t.early = append(t.early, track{remote, receiver})
	}
	t.mu.Unlock()
	if handler != nil {
		handler(remote, receiver)
	}
}

func (t *tracks) handle(handler func(*webrtc.TrackRemote, *webrtc.RTPReceiver)) {
	t.mu.Lock()
	early := t.early
	t.handler, t.early = handler, nil
	t.mu.Unlock()
	for _, track := range early {
		go handler(track.remote, track.receiver)
	}
}
