package call

import (
	"context"
	"errors"
	"iter"
	"time"

	signalbox "github.com/fastify-signalbox/fastify-signalbox/clients/go"
	"github.com/fastify-signalbox/fastify-signalbox/clients/go/internal/hidden"
	"github.com/fastify-signalbox/fastify-signalbox/clients/go/internal/sealing"
)

// A Call is a call that this side has joined.
type Call struct {
	core   *core
	invite sealing.Invite
	host   *signalbox.Box       // where hellos go
	self   hidden.Value[string] // identifies this side, and is revealed only to the host
}

// errLeft is the cause of a context that Close has ended.
var errLeft = errors.New("signalbox: the call was closed")

// Join joins the call that the invite leads to, and returns when the host can see that. The context is that of the
// whole call: when it ends, the call does. options may be nil.
func Join(ctx context.Context, invite string, options *JoinOptions) (*Call, error) {
	if options == nil {
		options = &JoinOptions{}
	}
	parsed, err := sealing.ParseInvite(invite)
	if err != nil {
		return nil, asError(err)
	}
	common, err := options.common(parsed.Server)
	if err != nil {
		return nil, err
	}
	host, err := openHost(parsed, options.Server, common.box)
	if err != nil {
		return nil, err
	}
	c := &Call{core: newCore(ctx, common), invite: parsed, host: host, self: hidden.New(sealing.NewNonce())}
	l, err := c.sayHello()
	if err != nil {
		c.core.cancel(errLeft)
		c.core.running.Wait()
		return nil, endedBy(ctx, err)
	}
	go c.run(l)
	return c, nil
}

// openHost opens the host's box, unless the invite leads to another server than the expected one.
func openHost(invite sealing.Invite, server string, options signalbox.Options) (*signalbox.Box, error) {
	if server != "" {
		options.Server = server
	}
	host, err := signalbox.Open(invite.Server+"/boxes/"+invite.Key.HostDrop(), &options)
	if err != nil {
		return nil, &Error{CodeInvite, err}
	}
	return host, nil
}

// String names the call without revealing its invite.
func (c *Call) String() string { return "a call at " + c.invite.Server }

// GoString is String, for %#v.
func (c *Call) GoString() string { return c.String() }

// ID is this side's id, as the others see it in [Peer.ID].
func (c *Call) ID() string { return participantID(c.self()) }

// Peers returns the host once it is connected, and again if the connection was lost and this side has joined again by
// itself: then there is a new code to compare. The loop ends when the host leaves, or this side does. If the call ends
// for another reason, or the context does, that is the last pair. One loop at a time gets each peer.
func (c *Call) Peers(ctx context.Context) iter.Seq2[*Peer, error] { return c.core.each(ctx) }

// Close leaves the call, and tells the host. It returns when that is done, or when the context has ended.
func (c *Call) Close(ctx context.Context) error {
	c.core.cancel(errLeft)
	return c.core.wait(ctx)
}

// run follows the links, one after the other, until the call ends.
func (c *Call) run(l *link) {
	defer close(c.core.done)
	err := c.follow(l)
	if cause := context.Cause(c.core.ctx); cause == errLeft {
		err = nil
	} else if cause != nil {
		err = cause
	}
	c.core.cancel(errLeft)
	c.core.leaveAll(nil)
	c.core.running.Wait()
	c.core.finish(err)
}

func (c *Call) follow(l *link) error {
	patience := patience{mayJoin: true}
	for {
		began := time.Now()
		select {
		case <-l.finished:
		case <-c.core.ctx.Done():
			return nil
		}
		if l.err == nil {
			return nil
		}
		if !rejoins(l.err.Code) || c.core.compare && !patience.again(l.compared.Load()) {
			return l.err
		}
		if !c.core.compare && !patience.wait(c.core.ctx, time.Since(began) < c.core.timeouts.compare) {
			return nil
		}
		<-l.done
		next, err := c.sayHello()
		if err != nil {
			return endedBy(c.core.ctx, err)
		}
		l = next
	}
}

// rejoins reports whether a guest says hello again after an ending with this code.
func rejoins(code Code) bool {
	return code == CodeLost || code == CodeNoPath || code == CodeNoPathWithTURN
}

const (
	firstPause   = 250 * time.Millisecond
	longestPause = 15 * time.Second
)

// patience is how often a guest says hello again by itself. Each time is another guess for someone in the middle.
type patience struct {
	mayJoin bool
	short   int // connections in a row that did not last
}

// again reports whether it may do so now. compared is whether people had time to compare the code.
func (p *patience) again(compared bool) bool {
	may := p.mayJoin || compared
	p.mayJoin = compared
	return may
}

// wait waits longer each time if connections do not last. It reports false if the context ends first.
func (p *patience) wait(ctx context.Context, short bool) bool {
	if !short {
		p.short = 0
		return true
	}
	if p.short++; p.short == 1 {
		return true
	}
	timer := time.NewTimer(min(firstPause<<min(p.short-2, 10), longestPause))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// sayHello creates a box and a connection, and stores the hello in the host's box.
func (c *Call) sayHello() (*link, error) {
	servers := c.core.ice.servers(c.core.ctx, c.host)
	ctx, cancel := context.WithTimeout(c.core.ctx, c.core.timeouts.answer)
	defer cancel()
	options := c.core.box()
	own, err := createBox(ctx, c.invite.Server, &options)
	if err != nil {
		return nil, err
	}
	l := c.core.newLink(sealing.Guest)
	l.id = participantID(c.invite.Key.HostDrop())
	l.left = func() { c.core.deleteBox(own) }
	if err := c.introduce(ctx, l, own, servers); err != nil {
		l.leave(asError(err))
		<-l.done
		return nil, err
	}
	return l, nil
}

// createBox keeps trying for as long as the context allows: the URL comes from an invite, so it is right, and a guest
// that has lost its network may take a while to get it back.
func createBox(ctx context.Context, server string, options *signalbox.Options) (*signalbox.Box, error) {
	for {
		box, err := signalbox.Create(ctx, server, options)
		var unreachable *signalbox.UnreachableError
		if err == nil || ctx.Err() != nil || !errors.As(err, &unreachable) {
			return box, err
		}
	}
}
