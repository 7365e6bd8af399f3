package call

import (
	"context"
	"iter"
	"sync"

	"github.com/pion/webrtc/v4"
)

const (
	maxEarly      = 1_024
	maxEarlyBytes = 1 << 20
)

// A Channel is the open data channel of a peer, reliable and ordered. It has all methods of pion's DataChannel. The
// messages that arrive before the first call of OnMessage or Messages are kept for it; more than 1,024 of them, or more
// than 1 MiB, end the connection with CALL_ERR_FULL. After that, a sender that is faster than its receiver waits.
type Channel struct {
	*webrtc.DataChannel

	mu       sync.Mutex
	changed  *sync.Cond
	messages []webrtc.DataChannelMessage
	bytes    int
	read     bool // somebody reads the messages
	ended    bool
	overflow func()
	onClose  func()
}

func newChannel(channel *webrtc.DataChannel, overflow, closed func()) *Channel {
	c := &Channel{DataChannel: channel, overflow: overflow}
	c.changed = sync.NewCond(&c.mu)
	channel.OnMessage(c.arrive)
	channel.OnClose(func() {
		closed()
		c.mu.Lock()
		handler := c.onClose
		c.mu.Unlock()
		if handler != nil {
			handler()
		}
	})
	return c
}

// OnClose sets what is called when the channel closes. [Peer.Closed] also says why.
func (c *Channel) OnClose(handler func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.onClose = handler
}

func (c *Channel) isFull() bool { return len(c.messages) >= maxEarly || c.bytes >= maxEarlyBytes }

// arrive is called by pion, which reads no further before it returns.
func (c *Channel) arrive(message webrtc.DataChannelMessage) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.read && c.isFull() && !c.ended {
		c.changed.Wait()
	}
	if c.ended {
		return
	}
	if !c.read && (len(c.messages) == maxEarly || c.bytes+len(message.Data) > maxEarlyBytes) {
		c.overflow()
		return
	}
	c.messages = append(c.messages, message)
	c.bytes += len(message.Data)
	c.changed.Broadcast()
}

// end lets readers finish: what has arrived is still theirs.
func (c *Channel) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = true
	c.changed.Broadcast()
}

// next waits for a message. There is none if the channel has ended, or the context.
func (c *Channel) next(ctx context.Context) (webrtc.DataChannelMessage, bool) {
	stop := context.AfterFunc(ctx, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.changed.Broadcast()
	})
	defer stop()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.read = true
	for len(c.messages) == 0 && !c.ended && ctx.Err() == nil {
		c.changed.Wait()
	}
	if len(c.messages) == 0 || ctx.Err() != nil {
		return webrtc.DataChannelMessage{}, false
	}
	message := c.messages[0]
	c.messages = c.messages[1:]
	c.bytes -= len(message.Data)
	c.changed.Broadcast()
	return message, true
}

// OnMessage calls handler with each message, one at a time, beginning with those that have arrived already. Call it
// once, and do not use Messages as well.
func (c *Channel) OnMessage(handler func(webrtc.DataChannelMessage)) {
	go func() {
		for message, ok := c.next(context.Background()); ok; message, ok = c.next(context.Background()) {
			handler(message)
		}
	}()
}

// Messages returns the messages one at a time, beginning with those that have arrived already. The loop ends when the
// channel does; see [Peer.Err] for the reason. If the context ends first, its cause is the last pair.
func (c *Channel) Messages(ctx context.Context) iter.Seq2[webrtc.DataChannelMessage, error] {
	return func(yield func(webrtc.DataChannelMessage, error) bool) {
		for message, ok := c.next(ctx); ok; message, ok = c.next(ctx) {
			if !yield(message, nil) {
				return
			}
		}
		if ctx.Err() != nil {
			yield(webrtc.DataChannelMessage{}, context.Cause(ctx))
		}
	}
}
