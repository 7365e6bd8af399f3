package call

import (
	"context"
	"strings"

	signalbox "github.com/fastify-signalbox/fastify-signalbox/clients/go"
	"github.com/fastify-signalbox/fastify-signalbox/clients/go/internal/sealing"
	"github.com/pion/webrtc/v4"
)

// introduce makes the connection of a new link, stores the hello, and starts to read the answer.
func (c *Call) introduce(ctx context.Context, l *link, own *signalbox.Box, servers []webrtc.ICEServer) error {
	made := make(chan error, 1)
	l.loop.do(func() { made <- l.connect(servers) })
	if err := <-made; err != nil {
		return &Error{CodeClosed, err}
	}
	_, drop := splitLink(own.DropLink())
	nonce := sealing.NewNonce()
	opening := sealing.NewNonce()
	l.loop.do(func() { l.agreement.opening = opening })
	l.drop = drop
	hello := encode(map[string]any{
		"drop":  drop,
		"hello": map[string]string{"commitment": sealing.Commit(opening, l.agreement.own), "self": c.self()},
	})
	message, err := sealing.SealHello(c.invite.Key, nonce, hello)
	if err != nil {
		return err
	}
	if err := storeMessage(ctx, c.host, message, c.core.timeouts.full); err != nil {
		return err
	}
	l.loop.do(func() {
		if !l.over && !l.described {
			l.awaitAnswer()
		}
	})
	c.core.running.Add(1)
	go func() {
		defer c.core.running.Done()
		c.read(l, own, reader{key: c.invite.Key, drop: drop, nonce: nonce})
	}()
	return nil
}

// read reads the guest's box until the link is over. The connection lives on if the box fails.
func (c *Call) read(l *link, own *signalbox.Box, reader reader) {
	for message, err := range own.Messages(l.ctx) {
		if l.ctx.Err() != nil {
			return
		}
		if err != nil {
			l.boxFailed(err)
			return
		}
		sealed, err := sealing.ParseMessage(message.Data)
		if err != nil {
			l.leave(asError(err))
			return
		}
		if l.inbox == nil {
			if err := reader.first(l, c.host, sealed); err != nil {
				l.leave(asError(err))
				return
			}
			continue
		}
		l.receive(sealed)
	}
}

// A reader makes the guest's session of the host's first message, which has the host's nonce.
type reader struct {
	key         sealing.Key
	drop, nonce string
}

func (r reader) first(l *link, host *signalbox.Box, message sealing.Message) error {
	own, theirs, joined := strings.Cut(message.Session, ".")
	if !joined || own != r.nonce {
		theirs = sealing.NewNonce() // of no session: the checks find out what is wrong
	}
	session, err := sealing.NewSession(r.key, sealing.Guest, r.drop, r.nonce, theirs)
	if err != nil {
		return err
	}
	opened := &inbox{session: session}
	found, err := opened.open(message)
	if err != nil {
		return err
	}
	l.begin(opened, host)
	l.loop.do(func() {
		opened.read(found)
		l.arrive(found)
	})
	return nil
}
