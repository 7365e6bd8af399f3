package call

import (
	"context"
	"crypto/sha256"
	"iter"
	"sync"

	signalbox "github.com/fastify-signalbox/fastify-signalbox/clients/go"
	"github.com/fastify-signalbox/fastify-signalbox/clients/go/internal/hidden"
	"github.com/pion/webrtc/v4"
)

// A core is what a host's call and a guest's have in common.
type core struct {
	ctx           context.Context // ends with the call
	cancel        context.CancelCauseFunc
	timeouts      timeouts
	compare       bool
	api           func(webrtc.SettingEngine) *webrtc.API
	configuration webrtc.Configuration
	prepare       func(*webrtc.PeerConnection) error
	box           hidden.Value[signalbox.Options]
	ice           *iceSource // TURN credentials are out of reach of fmt there
	running       sync.WaitGroup
	done          chan struct{} // closed when nothing of the call is left

	mu      sync.Mutex
	links   map[*link]bool
	peers   []*Peer // connected, and not yet taken by the loop
	over    bool
	err     error
	changed chan struct{} // closed and replaced whenever peers or over change
}

func newCore(ctx context.Context, common commonOptions) *core {
	c := &core{
		timeouts:      common.timeouts,
		compare:       !common.noCompare,
		api:           common.api,
		configuration: common.configuration,
		prepare:       common.prepare,
		box:           hidden.New(common.box),
		links:         map[*link]bool{},
		changed:       make(chan struct{}),
		done:          make(chan struct{}),
	}
	c.ctx, c.cancel = context.WithCancelCause(ctx)
	c.ice = &iceSource{ctx: c.ctx, fixed: common.iceServers, timeout: min(common.timeouts.servers, common.timeouts.answer)}
	return c
}

func (c *core) add(l *link) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.links[l] = true
}

func (c *core) remove(l *link) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.links, l)
}

func (c *core) all() []*link {
	c.mu.Lock()
	defer c.mu.Unlock()
	var links []*link
	for l := range c.links {
		links = append(links, l)
	}
	return links
}

// connected hands a new peer to the loop over Peers.
func (c *core) connected(l *link) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.peers = append(c.peers, l.peer)
	c.notify()
}

func (c *core) ended(l *link) {
	if l.peer != nil {
		close(l.peer.closed)
	}
}

// finish ends the loop over Peers, once what it has not taken yet is taken.
func (c *core) finish(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.over {
		c.over, c.err = true, err
		c.notify()
	}
}

func (c *core) notify() {
	close(c.changed)
	c.changed = make(chan struct{})
}

// next returns a peer, or how the loop ends, or what to wait for.
func (c *core) next() (peer *Peer, over bool, err error, changed <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.peers) > 0 {
		peer, c.peers = c.peers[0], c.peers[1:]
	}
	return peer, c.over, c.err, c.changed
}

func (c *core) each(ctx context.Context) iter.Seq2[*Peer, error] {
	return func(yield func(*Peer, error) bool) {
		for {
			peer, over, err, changed := c.next()
			switch {
			case ctx.Err() != nil:
				yield(nil, context.Cause(ctx))
				return
			case peer != nil:
				if !yield(peer, nil) {
					return
				}
				continue
			case over:
				if err != nil {
					yield(nil, err)
				}
				return
			}
			select {
			case <-changed:
			case <-ctx.Done():
			}
		}
	}
}

// leaveAll ends every link, at the same time, and returns when they are cleaned up.
func (c *core) leaveAll(reason *Error) {
	links := c.all()
	for _, l := range links {
		l.leave(reason)
	}
	for _, l := range links {
		<-l.done
	}
}

// wait returns when nothing of the call is left, or the context has ended.
func (c *core) wait(ctx context.Context) error {
	select {
	case <-c.done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// deleteBox is best effort: otherwise, the box expires.
func (c *core) deleteBox(box *signalbox.Box) {
	ctx, cancel := context.WithTimeout(context.Background(), c.timeouts.boxes)
	defer cancel()
	_ = box.Delete(ctx)
}

// participantID is who someone is, for everyone in the call.
func participantID(text string) string {
	sum := sha256.Sum256([]byte("signalbox v1\nparticipant\n" + text))
	return canonical.EncodeToString(sum[:16])
}
